#!/bin/bash
# SPDX-License-Identifier: MIT
# "authfence run": what the command gets (arguments, status, environment, the guard itself), what is
# said of commands that the guard cannot be in, and that nothing runs where there is no guard.
# Needs neither root nor a network.
#
# usage: tests/integration/run.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/run.sh BUILD}")
cd "$(dirname "$0")/../.." || exit 3
. tests/report.sh
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
unset AUTHFENCE_POLICY AUTHFENCE_PRELOAD LD_PRELOAD
guard=$build/preload/libauthfence-preload.so
authfence=$build/authfence

# run WORD...: under the guard of the build; what is said on standard error goes to $scratch/said.
run()
{
	"$authfence" run --library "$guard" "$@" 2> "$scratch/said"
}

# said NAME TEXT: TEXT stands in what the last run said; without TEXT it said nothing.
said()
{
	local said
	said=$(cat "$scratch/said")
	if [ -z "$2" ] || [[ $said != *"$2"* ]]; then
		is "$1" "$said" "$2"
	else
		passed=$((passed + 1))
	fi
}

# refused NAME STATUS TEXT WORD...: ends with STATUS, says TEXT, and nothing was run.
refused()
{
	local name=$1 status=$2 text=$3
	shift 3
	is "$name: output" "$("$authfence" run "$@" 2> "$scratch/said" || echo "status $?")" "status $status"
	said "$name" "$text"
}

echo '# what the command gets'
run sh -c 'exit 7'
is 'status' $? 7
# shellcheck disable=SC2016 # for the other shell
is 'status of a signal' "$(run sh -c 'kill -TERM $$' || echo $?)" 143
is 'arguments' "$(run printf '<%s>' a '' 'b  c' -- --observe '*' -x)" '<a><><b  c><--><--observe><*><-x>'
is 'arguments behind --' "$(run -- printf '<%s>' --help)" '<--help>'
is 'standard input' "$(echo word | run cat)" word
is 'open descriptors' "$(run sh -c 'ls /proc/self/fd')" "$(sh -c 'ls /proc/self/fd')"
is 'nothing is said' "$(cat "$scratch/said")" ''
is 'the guard is in it' "$(run grep -c 'libauthfence-preload.so$' /proc/self/maps | sed 's/^[1-9].*/yes/')" yes
is 'the guard is in what it starts' \
	"$(run env sh -c 'grep -o "libauthfence-preload.so$" /proc/self/maps | sort -u')" libauthfence-preload.so

echo '# environment'
is 'LD_PRELOAD' "$(run printenv LD_PRELOAD)" "$guard"
is 'relative' "$(cd "$build" && "$authfence" run --library "preload/${guard##*/}" printenv LD_PRELOAD)" "$guard"
is 'LD_PRELOAD of others stays' "$(LD_PRELOAD='libm.so.6 libdl.so.2' run printenv LD_PRELOAD)" \
	"$guard:libm.so.6:libdl.so.2"
is 'nested: once' "$(run "$authfence" run --library "$guard" printenv LD_PRELOAD)" "$guard"
mkdir "$scratch/other"
cp "$guard" "$scratch/other/"
is 'nested: the inner one counts' \
	"$(LD_PRELOAD=$scratch/other/${guard##*/}:libm.so.6 run printenv LD_PRELOAD)" "$guard:libm.so.6"
is 'a name that begins like it' \
	"$(LD_PRELOAD="$scratch/${guard##*/}.old" run printenv LD_PRELOAD 2> /dev/null)" \
	"$guard:$scratch/${guard##*/}.old"
# shellcheck disable=SC2016
observed='echo ${AUTHFENCE_PRELOAD-unset}'
is '--observe' "$(run --observe sh -c "$observed")" observe
is 'without it' "$(run sh -c "$observed")" unset
is 'within another --observe' "$(AUTHFENCE_PRELOAD=observe run sh -c "$observed")" unset
is 'within off' "$(AUTHFENCE_PRELOAD=off run sh -c "$observed")" unset
is 'others stay' "$(AUTHFENCE_POLICY=/nowhere run printenv AUTHFENCE_POLICY)" /nowhere

echo '# no guard, nothing is run'
refused 'missing' 3 'nothing was run, the guard cannot be loaded' --library "$scratch/none.so" echo ran
refused 'no library' 3 'nothing was run, the guard cannot be loaded' --library README.md echo ran
refused 'another library' 3 'this is not the preload guard' --library "$build/sasl2/libauthfence.so" echo ran
refused 'a name with a blank' 3 'blanks and colons separate libraries' --library "$scratch/a b.so" echo ran
if [ ! -e "/usr/lib/$(gcc -print-multiarch 2> /dev/null)/authfence/${guard##*/}" ]; then
	refused 'not installed' 3 'package libauthfence-preload' echo ran
else
	skip 'the guard that is not installed' 'it is'
fi

echo '# bad arguments, and commands that are none'
refused 'no command' 2 'no command; see authfence run --help'
refused 'no command behind --' 2 'no command' --
refused 'unknown option' 2 '"--obsrve" is unknown' --obsrve echo ran
refused 'no value' 2 '"--library" lacks its value' --library
refused 'not found' 3 'nowhere-to-be: no such command in PATH' --library "$guard" nowhere-to-be
refused 'empty name' 3 'no such command in PATH' --library "$guard" ''
refused 'no such file' 3 '/nowhere/true: No such file' --library "$guard" /nowhere/true
refused 'a folder' 3 'Permission denied' --library "$guard" /usr

echo '# where PATH leads'
mkdir "$scratch/bin" "$scratch/first" "$scratch/first/guarded"
printf '#!/bin/sh\necho guarded\n' > "$scratch/bin/guarded"
printf 'echo no interpreter\n' > "$scratch/bin/bare"
chmod +x "$scratch/bin/"*
is 'not a folder' "$(PATH=$scratch/first:$scratch/bin:$PATH run guarded)" guarded
is 'a script without #!' "$(PATH=$scratch/bin:$PATH run bare)" 'no interpreter'
is 'here, first' "$(cd "$scratch/bin" && PATH=:/nowhere run guarded 2>&1)" guarded
is 'here, last' "$(cd "$scratch/bin" && PATH=/nowhere: run guarded 2>&1)" guarded
is 'here, empty PATH' "$(cd "$scratch/bin" && PATH='' run guarded 2>&1)" guarded
is 'no PATH' "$(unset PATH && run printf word)" word

echo '# where the guard cannot be'
rights='runs with rights of others (set-user-ID, capabilities), so the guard is not in it'
cp "$(type -P true)" "$scratch/bin/rights"
if [ "$(id -u)" -eq 0 ]; then
	chown 65534 "$scratch/bin/rights" && chmod 4755 "$scratch/bin/rights"
	run "$scratch/bin/rights"
	is 'set-user-ID: runs' $? 0
	said 'set-user-ID' "authfence run: warning: $scratch/bin/rights $rights"
	PATH=$scratch/bin:$PATH run rights
	said 'set-user-ID, found in PATH' "authfence run: warning: $scratch/bin/rights $rights"
	chown 0 "$scratch/bin/rights"
else
	run su --help > /dev/null
	said 'set-user-ID' "$rights"
fi
chmod 4755 "$scratch/bin/rights"
run "$scratch/bin/rights"
said 'set-user-ID of oneself' ''
chmod 4755 "$scratch/bin/guarded"
run "$scratch/bin/guarded" > /dev/null
said 'set-user-ID of a script' ''
if echo 'int main(void) { return 5; }' | gcc -x c -static -o "$scratch/bin/static" - 2> /dev/null; then
	PATH=$scratch/bin:$PATH run static
	is 'static: runs' $? 5
	said 'static' "authfence run: warning: $scratch/bin/static is statically linked, so the guard is not in it"
	printf '#! %s word\n' "$scratch/bin/static" > "$scratch/bin/script"
	chmod +x "$scratch/bin/script"
	run "$scratch/bin/script"
	is 'script of it: runs' $? 5
	said 'script of it' "warning: $scratch/bin/static is statically linked"
else
	skip 'a static program' 'gcc cannot make one here'
fi
summary
