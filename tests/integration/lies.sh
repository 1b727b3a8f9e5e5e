#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# What a liar gains who is asked for names: nothing.  libldap believes the PTR record of its peer,
# which belongs to whoever has the address; and of a name the guard wants all the addresses.  Each lie
# in two runs, without the guard and with it; beside them honest servers, which stay allowed.
#
# usage: tests/integration/lies.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/ldap.sh
. "$(dirname "$0")/../lab/ldap.sh"
# shellcheck source=../lab/svn.sh
. "$(dirname "$0")/../lab/svn.sh"
# shellcheck source=../lab/mbsync.sh
. "$(dirname "$0")/../lab/mbsync.sh"
lab_enter "$@"

reserved=alice@example.com
row_name=ldap.corp.lan # named internal by a policy
pointer=--ptr-record=7.99.88.192.in-addr.arpa

# names_start OPTION...: the name server for client and guard from here on.
names_start()
{
	rm -f $lab/names.log
	lab_start names "${on_server[@]}" dnsmasq --keep-in-foreground --conf-file=/dev/null \
		--no-resolv --no-hosts --user=root --pid-file --listen-address=$odd_dns \
		--bind-interfaces --local=/#/ --log-facility=- "$@"
	echo "nameserver $odd_dns" > /etc/resolv.conf
	lab_wait grep -qs 'dnsmasq.*: started' $lab/names.log
}

# policy_use [STATEMENT]: the policy of the guard; without a statement the built-in one.
policy_use()
{
	policy=/nowhere
	if [ $# -gt 0 ]; then
		policy=$lab/lies.bin
		echo "policy 1; $1" > $lab/lies.policy
		$build/authfence policy compile --output $policy $lab/lies.policy \
			> $lab/compile.log || exit 3
	fi
}

guard_on()
{
	guard=(env SASL_PATH="$(guarded_path)" AUTHFENCE_POLICY="$policy")
	: > $lab/syslog
}

# refused NAME TARGET REASON CLIENT [ARGUMENT...]: CLIENT FOLDER USER SECRET ARGUMENT... sets status.
refused()
{
	local name=$1 target=$2 reason=$3 client=$4 secret
	shift 4
	secret=$(new_secret "$name")
	guard=()
	"$client" bare $reserved "$secret" "$@"
	is "$name, without: status" "$status" 0
	is "$name, without: secrets at the server" "$(leaked bare)" 1
	guard_on
	"$client" guarded $reserved "$secret" "$@"
	holds "$name, with: status $status" test "$status" -ne 0
	is "$name, with: secrets at the server" "$(leaked guarded)" 0
	holds "$name, with: reason" grep -F "reason=$reason " $lab/syslog
	holds "$name, with: target" grep -F " target=$target " $lab/syslog
}

# allowed NAME CLIENT [ARGUMENT...]: with the guard.
allowed()
{
	local name=$1 client=$2 secret
	shift 2
	secret=$(new_secret "$name")
	guard_on
	"$client" allowed $reserved "$secret" "$@"
	is "$name: status" "$status" 0
	is "$name: secrets at the server" "$(leaked allowed)" 1
}

# Clients for refused and allowed.

# ldap FOLDER USER SECRET HOST [OPTION...]
ldap()
{
	sasl_user "$2" "$3"
	ldap_search "$1" "$4" "$2" "$3" PLAIN "${@:5}"
}

# svn FOLDER USER SECRET HOST
svn()
{
	svn_user "$2" "$3"
	svn_run "$1" "$4" "$2" "$3"
}

# imap FOLDER USER SECRET HOST
imap()
{
	recorder_start "$1" imap:143
	status=$(run_mbsync "$1" "$4" 143 None PLAIN "$2" "$3" "${guard[@]:1}")
	lab_stop "$1"
}

far='reserved-identity-external-target'
dark='reserved-identity-unknown-target'
slapd_start "$(new_secret manager)"

# lie NAME PTR POLICY [OPTION...]: the far server says that it is PTR; the name server's further options.
lie()
{
	local name=$1 claim=$2
	policy_use ${3:+"$3"}
	names_start "$pointer,$claim" "${@:4}"
	refused "$name" "$claim" $far ldap $external
	refused "$name, name as typed" $external $far ldap $external -N
	lab_stop names
}

echo '# a far server'
internal_row="internal \"$row_name\";"
lie 'localhost' localhost ''
lie 'below localhost' ldap.localhost ''
lie 'a literal' $internal ''
lie 'an internal host' $internal_name '' --host-record=$internal_name,$internal
lie 'a host with two addresses' near.sei.co.jp '' \
	--host-record=near.sei.co.jp,$internal --host-record=near.sei.co.jp,$external
lie 'an internal row, no such name' $row_name "$internal_row"
lie 'an internal row, other address' $row_name "$internal_row" --host-record=$row_name,$internal

# With borrowed rights the guard resolves nothing, and a name below test counts as a laboratory's; not
# if a liar says it.  Such a process hears neither SASL_PATH nor AUTHFENCE_POLICY.
borrowed()
{
	local plugin
	plugin=$(sasl_folder)/libauthfence.so
	[ ${#guard[@]} -eq 0 ] || install -m 0644 $build/sasl2/libauthfence.so "$plugin"
	ldap_program=$lab/ldapsearch ldap "$@"
	rm -f "$plugin"
}

install -m 4755 "$(command -v ldapsearch)" $lab/ldapsearch
names_start "$pointer,ldap.lab.test" --host-record=ldap.lab.test,$internal
policy_use
refused 'a laboratory, borrowed rights' ldap.lab.test $far borrowed $external
lab_stop names

echo '# honest servers'
policy_use
names_start --host-record=$internal_name,$internal
allowed 'an internal server' ldap $internal
allowed 'an internal server, name as typed' ldap $internal_name -N
lab_stop names
names_start
allowed 'an internal server, no PTR' ldap $internal
lab_stop names
policy_use "$internal_row"
names_start --host-record=$row_name,$external
allowed 'an internal row' ldap $external
allowed 'an internal row, name as typed' ldap $row_name -N
lab_stop names
# The other way round the name counts: it can make things worse.
policy_use 'external "partner.corp.lan";'
names_start --host-record=partner.corp.lan,$internal
refused 'an external row' partner.corp.lan $far ldap $internal
lab_stop names

# The client asks an honest name server, the guard one that is silent about AAAA.
echo '# half a name'
printf 'nameserver 192.88.99.53\n' > /etc/resolv.conf
policy_use "resolver { server $odd_dns; within 300ms; }"
svnserve_start PLAIN
odd_start half
refused 'half a name, svn' $internal_name $dark svn $internal_name
refused 'half a name, mbsync' $internal_name $dark imap $internal_name
allowed 'half a name, ldapsearch, where the peer alone counts' ldap $internal_name -N
lab_stop odd
odd_start honest
allowed 'the whole name, svn' svn $internal_name
allowed 'the whole name, mbsync' imap $internal_name
lab_stop odd
policy_use "resolver { server $odd_dns; within 300ms; } internal \"$imap_name\";"
for mode in silent half garbage other-id; do
	odd_start $mode
	refused "an internal row, $mode" $imap_name $far ldap $external
	lab_stop odd
done
lab_stop svnserve
lab_stop slapd
summary
