# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# How a test script counts and closes: one line for what is wrong, and a last line for tests/run.sh.
passed=0 failed=0 skipped=0

# is NAME GOT WANT
is()
{
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s: got "%s", want "%s"\n' "$1" "$2" "$3"
	fi
}

# holds NAME COMMAND...: the command must succeed.
holds()
{
	local name=$1
	shift
	if "$@" > /dev/null; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$name: failed: $*"
	fi
}

# skip WHAT WHY: a case that cannot be run here.
skip()
{
	skipped=$((skipped + 1))
	echo "skipped: $1 because $2"
}

summary()
{
	local tail=
	[ $skipped -eq 0 ] || tail=", $skipped skipped"
	echo "$passed passed, $failed failed$tail"
	[ $failed -eq 0 ]
}
