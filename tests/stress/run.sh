#!/bin/bash
# SPDX-License-Identifier: MIT
# The drivers of this folder, which `make stress-programs` has built: as they are; with the plugins,
# built with AddressSanitizer and UBSan, or with ThreadSanitizer where policies change; and under
# valgrind, in smaller numbers.  A run is a test.
#
# usage: tests/stress/run.sh [--quick] BUILD     (--quick: as they are only)
set -u
cd "$(dirname "$0")/../.." || exit 2
quick=no
[ "${1:-}" = --quick ] && quick=yes && shift
build=$(realpath "${1:?usage: tests/stress/run.sh [--quick] BUILD}")
asan=$build/asan
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0

# The name server is one that never answers.
make_policy()
{
	printf '%s\n' 'policy 1;' 'resolver { server 127.0.0.1 port 1; within 1ms; }' "$2" \
		> "$scratch/$1.policy"
	"$build/authfence" policy compile --output "$scratch/$1.bin" "$scratch/$1.policy" > /dev/null
}

# run NAME COMMAND...: the last line must say that nothing failed, the status must agree.
run()
{
	local name=$1 last status
	shift
	timeout -k 5 900 "$@" > "$scratch/log" 2>&1
	status=$?
	last=$(tail -n 1 "$scratch/log")
	if [ $status -eq 0 ] && [[ $last == *' 0 failed' ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		cat "$scratch/log"
	fi
	echo "$name: $last"
}

# sasl NAME BUILD MODE NUMBER [KILOBYTES]: behind the command WITH, if there is one.
sasl()
{
	local name=$1 from=$2
	shift 2
	run "$name, $1, $2 authentications" env AUTHFENCE_POLICY="$scratch/$1.bin" \
		"${with[@]}" "$from/stress/sasl" "$from" "$@"
}

# pam NAME BUILD NUMBER [KILOBYTES]: the same.
pam()
{
	local name=$1 from=$2
	shift 2
	run "$name, $1 logins" "${with[@]}" "$from/stress/pam" "$from" "$scratch/reserve.bin" "$@"
}

# reload NAME BUILD GENERATIONS: the same.
reload()
{
	local name=$1 from=$2
	shift 2
	rm -rf "$scratch/reload" && mkdir "$scratch/reload"
	run "$name, $1 generations" "${with[@]}" "$from/stress/reload" "$build/authfence" \
		"$scratch/reload" "$@"
}

# Silence means something only if a policy that is used too long is noticed.
with_thread_sanitizer()
{
	local tsan=$build/tsan
	local -x TSAN_OPTIONS=halt_on_error=1
	if ! MAKEFLAGS='' make -j2 B="$tsan" CFLAGS='-O1 -g -fsanitize=thread' "$tsan/stress/reload" \
		> "$scratch/make" 2>&1; then
		tail -n 20 "$scratch/make"
		failed=$((failed + 1))
		return
	fi
	reload 'thread sanitizer, reload' "$tsan" 200
	rm -rf "$scratch/reload" && mkdir "$scratch/reload"
	timeout -k 5 900 "$tsan/stress/reload" "$build/authfence" "$scratch/reload" 200 early \
		> "$scratch/log" 2>&1
	if grep -q 'WARNING: ThreadSanitizer: ' "$scratch/log"; then
		passed=$((passed + 1))
		echo 'thread sanitizer, planted use after release: noticed'
	else
		failed=$((failed + 1))
		cat "$scratch/log"
		echo 'thread sanitizer, planted use after release: not noticed'
	fi
}

with_sanitizers()
{
	local flags='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined'
	# Not with the jobs of the make that may have started this.
	if ! MAKEFLAGS='' make -j2 B="$asan" CFLAGS="$flags -fno-sanitize-recover=all" \
		stress-programs > "$scratch/make" 2>&1; then
		tail -n 20 "$scratch/make"
		failed=$((failed + 1))
		return
	fi
	sasl 'sanitizers, sasl' "$asan" enforce 100000 0
	sasl 'sanitizers, sasl' "$asan" observe 20000 0
	pam 'sanitizers, pam' "$asan" 100000 0
	reload 'sanitizers, reload' "$asan" 200
	run 'sanitizers, 20000 names' "$asan/stress/differential" "$asan" 20000
}

# What libsasl2 itself loses (its copy of a name that is too long) is no business of this project.
with_valgrind()
{
	local with=(valgrind --quiet --error-exitcode=9)
	if ! command -v valgrind > /dev/null; then
		echo 'skipped: the runs under valgrind because it is missing (apt-get install valgrind)'
		skipped=$((skipped + 1))
		return
	fi
	run 'valgrind, 1000 names' "${with[@]}" "$build/stress/differential" "$build" 1000
	with+=(--leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite)
	sasl 'valgrind, sasl' "$build" enforce 10000 0
	sasl 'valgrind, sasl' "$build" observe 2000 0
	reload 'valgrind, reload' "$build" 40
	# So few that it does not fork: in a child, what its parent's other threads hold is lost.
	pam 'valgrind, pam' "$build" 960 0
}

make_policy enforce '' || exit 2
make_policy observe 'mode observe;' || exit 2
make_policy refuse 'on-block refuse;' || exit 2
make_policy reserve 'reserve "dev.acme.org";' || exit 2
with=()
sasl 'sasl' "$build" enforce 100000
sasl 'sasl' "$build" observe 20000
sasl 'sasl' "$build" refuse 20000
pam 'pam' "$build" 100000
if [ $quick = yes ]; then
	reload 'reload' "$build" 40
else
	reload 'reload' "$build" 200
	with_thread_sanitizer
	with_sanitizers
	with_valgrind
fi
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ]
