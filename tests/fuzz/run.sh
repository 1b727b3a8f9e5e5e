#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds each fuzz_*.c of this folder with libFuzzer, AddressSanitizer and UBSan and lets it run,
# starting from its seeds in tests/data/fuzz.  New inputs stay in the build folder.
#
# usage: LIBS="-lfoo ..." tests/fuzz/run.sh BUILD [SECONDS-EACH]; make fuzz has the libraries
set -eu
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/fuzz/run.sh BUILD [SECONDS-EACH]} each=${2:-60}
passed=0 failed=0

command -v clang > /dev/null || { echo "clang is missing (packaging/deps.sh --lint)"; exit 2; }
mkdir -p "$build"
make B="$build/objects" CC=clang CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined" \
	"$build/objects/libafence.a" tool-objects > "$build.log" 2>&1 || { cat "$build.log"; exit 1; }
read -ra libs <<< "${LIBS:?}"
mapfile -t tools < <(find "$build/objects/tools" "$build/objects/plugins" -name '*.o' ! -name main.o)
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c) topic=${source##*fuzz_}
	topic=${topic%.c}
	mkdir -p "$build/corpus/$topic"
	clang -std=c11 -D_GNU_SOURCE -Iinclude -Icommon -Itools -g -O1 -fsanitize=fuzzer,address,undefined \
		-o "$build/$name" "$source" \
		"${tools[@]}" "$build/objects/libafence.a" \
		"${libs[@]}"
	echo "== $name, $each s"
	if "$build/$name" -max_total_time="$each" -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="$build/" "$build/corpus/$topic" "tests/data/fuzz/$topic" \
		> "$build/$name.log" 2>&1; then
		grep -E 'stat::number_of_executed_units|stat::new_units' "$build/$name.log"
		passed=$((passed + 1))
	else
		tail -n 40 "$build/$name.log"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
