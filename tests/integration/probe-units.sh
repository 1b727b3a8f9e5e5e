#!/bin/bash
# SPDX-License-Identifier: MIT
# What watches with the command: the units as they are installed, the command that they run, and the
# alerts, which may only ask for what is written.  Nothing leaves the machine: the command either
# lists what it would send, or has a name server that nobody runs.
#
# usage: tests/integration/probe-units.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/probe-units.sh BUILD}")
cd "$(dirname "$0")/../.." || exit 3
. tests/report.sh
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
unset AUTHFENCE_POLICY SOURCE_DATE_EPOCH
units=$scratch/usr/lib/systemd/system
service=$units/authfence-probe.service
rules=$scratch/usr/share/doc/authfence/examples/authfence.rules.yml
manual=docs/authfence-probe.1

# In folders that are there, so that what the service runs is there, too.
env -u MAKEFLAGS -u MAKELEVEL make -s -o all B="$build" prefix="$scratch/usr" sysconfdir="$scratch/etc" \
	libdir="$scratch/usr/lib" pamdir="$scratch/usr/lib/security" install > "$scratch/log" 2>&1 || {
	cat "$scratch/log"
	exit 3
}

echo '# the units'
if command -v systemd-analyze > /dev/null; then
	is 'systemd-analyze verify' \
		"$(systemd-analyze verify --man=no "$service" "$units"/authfence-probe.timer 2>&1)" ''
else
	skip 'verifying the units' 'systemd-analyze is missing'
fi

# start OPTIONS: what the service runs, by hand; prints its status.  The names that systemd puts in
# stand in words of their own.
start()
{
	local command
	command=$(sed -n 's/^ExecStart=//p' "$service" | sed "s,%S,$scratch/state,")
	# shellcheck disable=SC2086 # split as systemd does it
	set -- ${command/\$AUTHFENCE_PROBE_OPTIONS/--root $scratch $1}
	mkdir -p "$scratch/state/authfence-probe"
	"$@" > "$scratch/out" 2>&1
	echo $?
}

echo '# what the service runs'
is 'dry run: status' "$(start '--dry-run --mechanism mx example.com')" 0
is 'dry run: the question' "$(grep -c '^example\.com	mx	MX example\.com$' "$scratch/out")" 1
is 'dry run: no state' "$(ls "$scratch/state/authfence-probe")" ''
nobody="--resolver 127.0.0.1:1 --deadline 2 --mechanism mx --metrics $scratch/authfence.prom"
is 'no name server: status' "$(start "$nobody example.com")" 3
is 'no name server: sums' "$(tail -n 1 "$scratch/out" | grep -o '0 honest, 0 findings, 1 inconclusive')" \
	'0 honest, 0 findings, 1 inconclusive'
is 'no name server: state' "$(ls "$scratch/state/authfence-probe")" findings.json

echo '# metrics and alerts'
metrics()
{
	grep -ohE 'authfence_[a-z_]+' "$@" | sort -u
}
is 'metrics written' "$(metrics "$scratch/authfence.prom" | grep -c .)" 6
is 'metrics written, but not in the manual page' \
	"$(comm -23 <(metrics "$scratch/authfence.prom") <(metrics "$manual"))" ''
is 'metrics in an alert, but not in the manual page' "$(comm -23 <(metrics "$rules") <(metrics "$manual"))" ''
if command -v promtool > /dev/null; then
	holds 'promtool check rules' promtool check rules "$rules"
elif python3 -c 'import yaml' 2> /dev/null; then
	is 'alerts with an expression and a summary' "$(
		python3 - "$rules" <<-END
			import sys, yaml
			rules = yaml.safe_load(open(sys.argv[1]))["groups"][0]["rules"]
			print(sum(bool(r["alert"] and r["expr"] and r["annotations"]["summary"]) for r in rules))
		END
	)" "$(grep -c 'alert:' "$rules")"
else
	skip 'reading the alerts' 'neither promtool nor PyYAML is there'
fi
summary
