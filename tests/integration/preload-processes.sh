#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The preload guard in processes of all kinds: children, threads, inherited connections, closed
# standard streams, /etc/ld.so.preload; and those that it must leave alone or cannot see: in secure
# execution, statically linked, with system calls of their own, of 32 bits.
#
# usage: tests/integration/preload-processes.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"

# On the machine, which has a compiler.
compile_programs()
{
	local out=$1/tests/lab here source
	here=$(dirname "$0")/../lab source=$here/unguarded.c
	mkdir -p "$out"
	${CC:-cc} -O1 -static -o "$out/static" "$source" || exit 3
	${CC:-cc} -O1 -DRAW -D_GNU_SOURCE -o "$out/raw" "$source" || exit 3
	# A program of 32 bits, if compiler and lab have what it takes.
	rm -f "$out/short"
	${CC:-cc} -O1 -m32 -nostdlib -fno-pie -no-pie -o "$out/short" "$here/short.c" \
		-Wl,-dynamic-linker,/lib/ld-linux.so.2 "$1/lab/lib32/libc.so.6" 2> /dev/null
	true
}

[ "${LAB:-}" = inside ] || compile_programs "${1:?usage: $0 BUILD}"
lab_enter "$@"
trust_lab
programs=$build/tests/lab

# ---- guarded ----

process()
{
	as_client env -C "$home" python3 -B /tests/lab/processes.py "$1" $imap_name "$4" "$2" "$3"
}

curl_imap() { as_client curl -sS -m 20 -u "$1:$2" "$(scheme imap)://$imap_name:$3/INBOX"; }
curl_closed() { curl_imap "$@" <&- >&- 2>&-; }
curl_fast() { as_client curl -sS -m 20 --tcp-fastopen -u "$1:$2" "imap://$imap_name:$3/INBOX"; }
wget_closed()
{
	as_client wget -q -T 20 -t 1 -O /dev/null --user="$1" --password="$2" --auth-no-challenge \
		"$(scheme http)://$detect_name:$3/" <&- >&- 2>&-
}
shell_redirected()
{
	# shellcheck disable=SC2016 # the inner shell's
	as_client bash -c 'exec 5<> "/dev/tcp/$0/$1" && read -r -t 20 -u 5 &&
		printf "a LOGIN %s %s\r\n" "$2" "$3" >&5 && read -r -t 20 -u 5 && [[ $REPLY == *welcome* ]]' \
		$imap_name "$3" "$1" "$2"
}
openssl_client()
{
	printf 'a LOGIN %s %s\r\nb LOGOUT\r\n' "$1" "$2" |
		as_client openssl s_client -quiet -connect "$imap_name:$3"
}
for kind in vforked spawned forked threads handed_over copied file fast_open passed_over \
	sendfile; do
	eval "python_$kind() { process $kind \"\$@\"; }"
done

each none python_vforked curl imap none
each none python_spawned curl imap none
each none python_forked python3 imap none
lines=8 each none python_threads python3 imap none
each none python_handed_over python3 imap none
each none python_copied python3 imap none
each none python_file python3 imap none
each none python_fast_open python3 imap none
each tls openssl_client openssl imap none
each none curl_fast curl imap none
each 'none tls' curl_closed curl imap none
each 'none tls' wget_closed wget http BASIC

# ---- left alone ----

# unaffected CLIENT PROGRAM SERVICE MECHANISM: the same with the guard as without.
unaffected()
{
	local client=$1 program=$2 service=$3 mechanism=$4 secret bare name="$1, unaffected"
	tls=none
	command -v "$program" > /dev/null || {
		skip "$name" "there is no $program"
		return
	}
	echo "# $name"
	secret=$(new_secret "$name")
	guard=()
	run "$client" "$service" $reserved "$secret" --auth "$mechanism"
	bare="$status $(logins) $(leaked run) $(cat $lab/run.output)"
	is "$name, bare: secrets at the recorder" "$(leaked run)" 1
	guard=(LD_PRELOAD="$preload_library")
	run "$client" "$service" $reserved "$secret" --auth "$mechanism"
	is "$name" "$status $(logins) $(leaked run) $(cat $lab/run.output)" "$bare"
	is "$name: log lines" "$(log_lines)" 0
}

static_imap() { as_client "$programs/static" $external "$3" "$1" "$2"; }
raw_imap() { as_client "$programs/raw" $external "$3" "$1" "$2"; }
# Written in Go; what it is told by this server is no repository.
restic_http()
{
	RESTIC_PASSWORD=none as_client timeout 5 restic --no-cache --quiet cat config \
		-r "rest:http://$(quoted "$1"):$2@$detect_name:$3/"
	echo ended
} > /dev/null 2>&1
install -m 4755 "$(command -v curl)" $lab/setuid
setuid_imap() { as_client $lab/setuid -sS -m 20 -u "$1:$2" "imap://$imap_name:$3/INBOX"; }

unaffected static_imap "$programs/static" imap none
unaffected raw_imap "$programs/raw" imap none
unaffected restic_http restic http BASIC
# Nor does it see what goes out by no function that it stands before, or over a connection that
# another process made and handed over.
unaffected python_passed_over python3 imap none
unaffected python_sendfile python3 imap none
unaffected shell_redirected bash imap none
unaffected setuid_imap $lab/setuid imap none

# The dynamic linker of 32 bits says in a line that it takes no library of 64, and goes on.
if [ -x "$programs/short" ]; then
	guard=(LD_PRELOAD="$preload_library")
	is '32 bits: output' "$(as_client "$programs/short" 2> $lab/short.errors)" 'short'
	is '32 bits: complaints' "$(grep -vc 'cannot be preloaded' $lab/short.errors)" 0
else
	skip '32 bits' 'the machine or the lab cannot make or run such a program'
fi

# ---- /etc/ld.so.preload ----

echo '# /etc/ld.so.preload'
echo "$preload_library" > /etc/ld.so.preload
guard=()
tls=none
secret=$(new_secret 'image')
run curl_imap imap $reserved "$secret"
is 'ld.so.preload, reserved: secrets at the recorder' "$(leaked run)" 0
is 'ld.so.preload, reserved: log lines' "$(log_lines)" 1
run curl_imap imap $ordinary "$secret"
is 'ld.so.preload, ordinary: status and secrets' "$status $(leaked run)" '0 1'
run setuid_imap imap $reserved "$secret"
is 'ld.so.preload, set-user-ID: status and secrets' "$status $(leaked run)" '0 1'
is 'ld.so.preload, sudo' "$(sudo -n id -un 2>&1)" root
is 'ld.so.preload, su' "$(su tester -c 'id -un' 2>&1)" tester
: > /etc/ld.so.preload
run curl_imap imap $reserved "$secret"
is 'ld.so.preload, taken back: status and secrets' "$status $(leaked run)" '0 1'
summary
