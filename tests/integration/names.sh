#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# What the guard asks the DNS, seen by real name servers: nothing for an ordinary identity, A and
# AAAA for a reserved one; and that a name server which is silent or lies neither holds a decision up
# beyond its budget nor lets a credential out.
#
# usage: tests/integration/names.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/mbsync.sh
. "$(dirname "$0")/../lab/mbsync.sh"
lab_enter "$@"

reserved=email@example.com
ordinary=pat@sei.co.jp
longest=4000 # milliseconds; the budget is 1 s, the rest is for a slow machine

# decide IDENTITY TARGET [OPTION...]: sets status, reason, and took in milliseconds.
decide()
{
	local identity=$1 target=$2 start
	shift 2
	start=$(date +%s%N)
	as_tester $build/authfence check --format json "$@" "$identity" "$target" > $lab/decision
	status=$?
	took=$((($(date +%s%N) - start) / 1000000))
	reason=$(sed -n 's/.*"reason":"\([a-z-]*\)".*/\1/p' $lab/decision)
}

# asks NAME IDENTITY TARGET STATUS QUESTIONS: the questions that one decision causes.
asks()
{
	dns_mark
	decide "$2" "$3"
	is "check $1: status" "$status" "$4"
	is "check $1: questions" "$(dns_questions | sort | tr '\n' ' ')" "$5"
}

asks 'ordinary' $ordinary $imap_name 0 ''
asks 'bare name' pat $imap_name 0 ''
asks 'special name' pat@corp.lan $imap_name 0 ''
asks 'reserved, external name' $reserved $imap_name 1 "A $imap_name AAAA $imap_name "
asks 'reserved, internal name' $reserved $internal_name 0 "A $internal_name AAAA $internal_name "
asks 'reserved, no such name' $reserved nowhere.sei.co.jp 1 \
	'A nowhere.sei.co.jp AAAA nowhere.sei.co.jp '
asks 'reserved, literal' $reserved $external 1 ''
asks 'reserved, localhost' $reserved localhost 0 ''

# client NAME IDENTITY HOST [VARIABLE=VALUE...]: sets status, took, secrets, and asked, the number of
# questions at the lab's name server.
client()
{
	local name=$1 identity=$2 host=$3 start
	shift 3
	recorder_start client imap:143
	dns_mark
	start=$(date +%s%N)
	status=$(run_mbsync client "$host" 143 None PLAIN "$identity" "$(new_secret "$name")" "$@")
	took=$((($(date +%s%N) - start) / 1000000))
	lab_stop client
	asked=$(dns_questions | grep -c .)
	secrets=$(leaked client)
}

client 'client alone' $ordinary $imap_name
is 'client alone: status' "$status" 0
own=$asked
client 'client, ordinary' $ordinary $imap_name SASL_PATH="$(guarded_path)"
is 'client, ordinary: status' "$status" 0
is 'client, ordinary: questions beside its own' $((asked - own)) 0
client 'client, reserved' $reserved $imap_name SASL_PATH="$(guarded_path)"
is 'client, reserved: status' "$status" 1
is 'client, reserved: questions, since the peer says enough' $((asked - own)) 0
client 'client, internal' $reserved $internal_name SASL_PATH="$(guarded_path)"
is 'client, internal: status' "$status" 0
is 'client, internal: questions beside its own' $((asked - own)) 2

# From here on the guard, by its policy, asks a name server that the client does not use.
echo "policy 1; resolver { server $odd_dns; }" > $lab/odd.policy
$build/authfence policy compile --output $lab/odd.bin $lab/odd.policy > $lab/compile.log || exit 3

odd_questions()
{
	wc -l < $lab/odd/questions
}

odd_start honest
decide $reserved $imap_name --policy $lab/odd.bin
is 'honest: status' "$status" 0
is 'honest: reason' "$reason" target-internal
is 'honest: questions' "$(odd_questions)" 2
lab_stop odd

for mode in silent refused failing half broken-half truncated other-id other-name garbage \
	endless-name own-alias late flood; do
	odd_start $mode
	decide $ordinary $imap_name --policy $lab/odd.bin
	is "$mode, ordinary: status" "$status" 0
	is "$mode, ordinary: questions" "$(odd_questions)" 0
	decide $reserved $imap_name --policy $lab/odd.bin
	is "$mode: status" "$status" 1
	is "$mode: reason" "$reason" reserved-identity-unknown-target
	holds "$mode: in time ($took ms)" test "$took" -lt $longest
	lab_stop odd
done

# lies MODE HOST: the peer or the missing answer must outweigh what the name server says.
lies()
{
	odd_start "$1"
	client "client, $1" $reserved "$2" SASL_PATH="$(guarded_path)" AUTHFENCE_POLICY=$lab/odd.bin
	is "client, $1: status" "$status" 1
	is "client, $1: secrets" "$secrets" 0
	holds "client, $1: in time ($took ms)" test "$took" -lt $longest
	client "client, $1, ordinary" $ordinary "$2" SASL_PATH="$(guarded_path)" \
		AUTHFENCE_POLICY=$lab/odd.bin
	is "client, $1, ordinary: status" "$status" 0
	is "client, $1, ordinary: secrets" "$secrets" 1
	lab_stop odd
}

lies honest $imap_name # calls the far server internal
lies silent $internal_name
lies flood $internal_name
summary
