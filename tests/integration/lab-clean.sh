#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# A run of the lab leaves nothing on the machine, whether it ends by itself or by kill -9: no process,
# no mount, no namespace, and the machine's own configuration as it was.
#
# usage: tests/integration/lab-clean.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"

# The second part of the script is what runs inside: it shows what its namespaces are, and waits.
if [ "${LAB:-}" = inside ] || [ "${2:-}" = stay ]; then
	lab_enter "$@"
	recorder_start r imap:143
	readlink /proc/self/ns/{mnt,pid,net,uts,ipc}
	"${on_server[@]}" readlink /proc/self/ns/net
	echo ready
	[ "${3:-}" != wait ] || sleep 600
	exit 0
fi

build=$(realpath "${1:?usage: $0 BUILD}")
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT

# A digest of the machine's configuration that a careless lab would reach.
machine()
{
	find /etc/pam.d /etc/hosts /etc/passwd /etc/ssl /etc/postfix /etc/authfence \
		/usr/share/ca-certificates /usr/share/keyrings -printf '%p %s %m %u %T@ %l\n' 2> /dev/null |
		sha256sum
}

# Processes of the run marked $1, by its mark in their environment.
processes()
{
	grep -lzx "AUTHFENCE_LAB=$1" /proc/[0-9]*/environ 2> /dev/null
}

# Namespaces listed in the file $1 that some process still lives in.
namespaces()
{
	readlink /proc/[0-9]*/ns/{mnt,pid,net,uts,ipc} 2> /dev/null | grep -Fxf "$1"
}

mounts()
{
	grep -F "$build/lab" /proc/self/mounts
}

# Waits up to ten seconds until the output of COMMAND is empty, and prints it.
until_empty()
{
	local try
	for ((try = 0; try < 100; try++)); do
		[ -n "$("$@")" ] || return
		sleep 0.1
	done
	"$@"
}

# left NAME MARK FILE: nothing of the run may be left.
left()
{
	grep : "$3" > "$3.ns"
	is "$1: namespaces shown" "$(wc -l < "$3.ns")" 6
	is "$1: processes left" "$(until_empty processes "$2")" ''
	is "$1: namespaces left" "$(until_empty namespaces "$3.ns")" ''
	is "$1: mounts left" "$(mounts)" ''
	is "$1: the machine's configuration" "$(machine)" "$before"
}

"$(dirname "$0")/../lab/setup.sh" "$build/lab" || exit 3
before=$(machine)

AUTHFENCE_LAB=$$-ended "$0" "$build" stay > "$scratch/ended" 2>&1
left 'ended by itself' $$-ended "$scratch/ended"

AUTHFENCE_LAB=$$-killed "$0" "$build" stay wait > "$scratch/killed" 2>&1 &
first=$!
lab_wait grep -q ready "$scratch/killed"
holds 'killed: it runs' test -n "$(processes $$-killed)"
kill -KILL $first
wait $first 2> /dev/null
left 'killed' $$-killed "$scratch/killed"
summary
