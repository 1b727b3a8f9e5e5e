#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# A client that, refused, sends the password another way over the same connection: the cut stops it,
# and nothing else would.  And a process with several connections: only the one that was meant is
# cut, in doubt none.
#
# usage: tests/integration/stubborn.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"

reserved=email@example.com
ordinary=pat@sei.co.jp
refused='^login: refused, SASL(-14): authorization failure: authfence:'

echo 'policy 1; on-block refuse;' > $lab/refuse.policy
$build/authfence policy compile --output $lab/refuse.bin $lab/refuse.policy > $lab/compile.log ||
	exit 3

# CRAM-MD5 is refused in the middle of the exchange, PLAIN before it.
mechanism=CRAM-MD5
has_mechanism $mechanism || mechanism=PLAIN

# stubborn USER SECRET OPTION...: leaves $lab/run, status, and the output in $lab/run.output.
stubborn()
{
	local user=$1 secret=$2
	shift 2
	: > $lab/syslog
	recorder_start run --auth PLAIN,CRAM-MD5 imap:143 imap:993:tls imap:389
	as_tester env "${guard[@]}" python3 -B /tests/lab/stubborn.py --ca $lab/ca.pem \
		--user "$user" --secret "$secret" --mechanism $mechanism "$@" > $lab/run.output 2>&1
	status=$?
	lab_stop run
}

logins()
{
	tr '\n' ' ' < $lab/run/logins
}

# said NAME: what the program printed about NAME.
said()
{
	sed -n "s/^$1: //p" $lab/run.output
}

# try NAME OPTION...
try()
{
	local name=$1 secret
	shift
	echo "# $name"

	secret=$(new_secret "$name")
	guard=()
	stubborn $reserved "$secret" "$@"
	is "$name, without: said" "$(cat $lab/run.output)" 'login: done'
	is "$name, without: secrets at the recorder" "$(leaked run)" 1

	guard=(SASL_PATH="$(guarded_path)" AUTHFENCE_POLICY="$lab/refuse.bin")
	stubborn $reserved "$secret" "$@"
	holds "$name, refusal only: refused" grep "$refused" $lab/run.output
	is "$name, refusal only: SASL responses at the recorder" "$(answers run)" 0
	is "$name, refusal only: logins" "$(logins)" 'imap LOGIN-command '
	is "$name, refusal only: secrets at the recorder" "$(leaked run)" 1
	holds "$name, refusal only: log line" grep -F 'cut=no' $lab/syslog

	guard=(SASL_PATH="$(guarded_path)")
	stubborn $reserved "$secret" --flood --ends $lab/run/ends "$@"
	is "$name, cut: status" "$status" 0
	holds "$name, cut: refused" grep "$refused" $lab/run.output
	is "$name, cut: what LOGIN got" "$(said LOGIN)" ended
	is "$name, cut: 16 MiB more" "$(said flood)" taken
	is "$name, cut: what the server saw" "$(said server)" eof
	is "$name, cut: SASL responses at the recorder" "$(answers run)" 0
	is "$name, cut: secrets at the recorder" "$(leaked run)" 0
	is "$name, cut: lines after the refusal" "$(cat $lab/run/*.in | grep -avc AUTHENTICATE)" 0
	holds "$name, cut: log line" grep -F 'cut=yes' $lab/syslog

	secret=$(new_secret "$name, ordinary")
	stubborn $ordinary "$secret" "$@"
	is "$name, ordinary: said" "$(cat $lab/run.output)" 'login: done'
	is "$name, ordinary: secrets at the recorder" "$(leaked run)" 1
}

try 'name and addresses' --addresses both $imap_name:143
try 'name and peer' --addresses remote $imap_name:143
try 'name only' $imap_name:143
try 'addresses only' --no-name --addresses both $imap_name:143
try 'neither' --no-name $imap_name:143
try 'PLAIN' --mechanism PLAIN $imap_name:143
try 'non-blocking' --mode non-blocking $imap_name:143
try 'two descriptors' --mode two $imap_name:143
try 'TLS' --mode tls $imap_name:993
try 'TLS, PLAIN, addresses' --mode tls --mechanism PLAIN --addresses both $imap_name:993

# Three servers at three addresses.
second_name=imap2.jnet.sei.co.jp
ldap_name=ldap.jnet.sei.co.jp
"${on_server[@]}" ip address add 192.88.99.8/24 dev server0
"${on_server[@]}" ip address add 192.88.99.9/24 dev server0
printf '%s\n' "192.88.99.8 $second_name" "192.88.99.9 $ldap_name" >> /etc/hosts
imap=$imap_name:143
second=$second_name:143
ldap=$ldap_name:389

# crowd NAME CUT WANT OPTION...: the login is refused; afterwards a line is exchanged over each
# connection of the process.  WANT has a word for each of them, in their order.
crowd()
{
	local name=$1 cut=$2 want=$3
	shift 3
	echo "# $name"
	guard=(SASL_PATH="$(guarded_path)")
	stubborn $reserved "$(new_secret "$name")" --talk "$@"
	is "$name: status" "$status" 0
	holds "$name: refused" grep "$refused" $lab/run.output
	is "$name: connections" "$(sed -n '2,$s/.*: //p' $lab/run.output | tr '\n' ' ')" "$want "
	holds "$name: log line" grep -F "cut=$cut" $lab/syslog
	is "$name: secrets at the recorder" "$(leaked run)" 0
}

all=(--addresses both)
crowd 'first of three' yes 'ended works works' "${all[@]}" $imap $second $ldap
crowd 'second of three' yes 'ended works works' "${all[@]}" $second $ldap $imap
crowd 'LDAP of three' yes 'ended works works' --service ldap "${all[@]}" $ldap $imap $second
crowd 'first of three, by name' yes 'ended works works' $imap $second $ldap
crowd 'second of three, by name' yes 'ended works works' $second $ldap $imap
crowd 'LDAP of three, by name' yes 'ended works works' --service ldap $ldap $imap $second
crowd 'two to one peer, by addresses' yes 'ended works works' "${all[@]}" $imap $imap $ldap
crowd 'two to one peer, by peer' no 'works works works' --addresses remote $imap $imap $ldap
crowd 'two to one peer, by name' no 'works works works' $imap $imap $ldap
crowd 'several and no name' no 'works works works' --no-name $imap $second $ldap
crowd 'in an epoll set' no works --mode epoll "${all[@]}" $imap
summary
