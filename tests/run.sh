#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the unit suites and, as root, the integration tests; sums up what each of them says in its
# closing line "N passed, N failed[, N skipped]".
#
# usage: tests/run.sh [--unit] BUILD [SUITE]
set -u
cd "$(dirname "$0")/.." || exit 2
unit_only=no
[ "${1:-}" = --unit ] && unit_only=yes && shift
build=${1:?usage: tests/run.sh [--unit] BUILD [SUITE]} wanted=${2:-}
passed=0 failed=0 skipped=0 ran=0 bad=

# run_one NAME SECONDS COMMAND...: a crash, a hang or a missing closing line is a failure.  Leaves its
# log, and the closing line as it counts in NAME.sum.
run_one()
{
	local name=$1 limit=$2 log last status
	shift 2
	log=$build/tests/$name.log
	rm -f "$build/tests/$name.sum"
	timeout -k 10 "$limit" "$@" > "$log" 2>&1 < /dev/null
	status=$?
	last=$(grep -aE '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
	if [ -z "$last" ]; then
		last='0 passed, 1 failed'
		echo "$name: ended with status $status and without a summary" >> "$log"
	elif [ $status -ne 0 ] && [[ $last == *' 0 failed'* ]]; then
		last="${last%%,*}, 1 failed"
		echo "$name: ended with status $status" >> "$log"
	fi
	echo "$last" > "$build/tests/$name.sum"
}

# report NAME: what a run that has ended comes to.
report()
{
	local name=$1 last p f s
	last=$(cat "$build/tests/$name.sum")
	echo "== $name"
	[[ $last == *' 0 failed'* ]] || { bad="$bad $name"; cat "$build/tests/$name.log"; }
	grep -a '^skipped:' "$build/tests/$name.log"
	echo "   $last"
	read -r p _ f _ s _ <<< "${last//,/ }"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0})) ran=$((ran + 1))
}

wants()
{
	[ -z "$wanted" ] || [ "$wanted" = "$1" ]
}

# Each test of the lab has namespaces of its own, and most wait most of the time.
at_once=2
trap 'kill $(jobs -rp) 2> /dev/null; exit 1' INT TERM

mkdir -p "$build/tests"
for program in "$build"/tests/test_*; do
	case $program in *.*) continue ;; esac
	name=${program##*/test_}
	if [ -x "$program" ] && wants "$name"; then
		run_one "$name" 120 "$program"
		report "$name"
	fi
done
if [ $unit_only = no ]; then
	# Made here once, so that no test's time is spent on it.
	[ "$(id -u)" -ne 0 ] || tests/lab/setup.sh "$build/lab" || failed=$((failed + 1))
	names=
	for script in tests/integration/*.sh; do
		name=$(basename "$script" .sh)
		if [ ! -x "$script" ] || ! wants "$name"; then
			continue
		elif grep -q '^# needs: root' "$script" && [ "$(id -u)" -ne 0 ]; then
			echo "skipped: $name needs root for its namespaces (sudo make check)"
			skipped=$((skipped + 1))
			continue
		fi
		while [ "$(jobs -rp | wc -l)" -ge $at_once ]; do
			wait -n
		done
		run_one "$name" 300 "$script" "$build" &
		names="$names $name"
	done
	wait
	for name in $names; do
		report "$name"
	done
fi
[ $ran -gt 0 ] || { echo "no test is called '$wanted'"; failed=1; }
[ -z "$bad" ] || echo "failed:$bad"
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
