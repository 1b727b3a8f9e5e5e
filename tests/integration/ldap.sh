#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# libldap's clients with a real slapd, each mechanism four times: without the guard, with it, with it
# and an ordinary identity, with it and a reserved identity at an internal server.  Then what is
# refused in other spellings, and what passes because nobody can see the domain or nobody asks.
#
# usage: tests/integration/ldap.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/ldap.sh
. "$(dirname "$0")/../lab/ldap.sh"
lab_enter "$@"

reserved=alice@example.com
ordinary=pat@sei.co.jp
proxy=proxy@sei.co.jp # may act for others, see slapd_start
line='authfence: verdict=block reason=reserved-identity-external-target stack=sasl service=ldap'

# Clients: each is called with FOLDER HOST USER SECRET MECHANISM [OPTION...] and sets status.

python_ldap()
{
	ldap_run "$1" python3 -B /tests/lab/ldapbind.py "ldap://$2" "$5" "$3" "$4"
}

# As a user of the realm example.com, which the plugin does not get to see.
search_realm()
{
	sasl_user "$3@example.com" "$4"
	ldap_search "$@" -R example.com
}

# simple_bind FOLDER HOST DN SECRET
simple_bind()
{
	ldap_run "$1" ldapsearch -LLL -s base -b '' -H "ldap://$2" -x -D "$3" -w "$4"
}

# What the server got, with UTF-16 as ASCII.
received()
{
	cat "$lab/$1"/*.in | tr -d '\0'
}

# refused NAME USER CLIENT MECHANISM [OPTION...]: at the external server, without the guard and with it.
refused()
{
	local name=$1 user=$2 client=$3 secret
	shift 3
	secret=$(new_secret "$name")
	sasl_user "$user" "$secret"

	guard=()
	"$client" bare $external "$user" "$secret" "$@"
	is "$name, without: status" "$status" 0
	is "$name, without: secrets at the server" "$(leaked bare)" 1
	is "$name, without: user at the server" "$(received bare | grep -acF "$user")" 1

	: > $lab/syslog
	guard=(env SASL_PATH="$(guarded_path)")
	"$client" guarded $external "$user" "$secret" "$@"
	holds "$name, with: status $status" test "$status" -ne 0
	is "$name, with: secrets at the server" "$(leaked guarded)" 0
	is "$name, with: user at the server" "$(received guarded | grep -acF "$user")" 0
	holds "$name, with: the user is told" \
		grep "authorization failure: authfence: .* not sent to $imap_name:" $lab/guarded.output
	holds "$name, with: log line" grep -F "$line" $lab/syslog
	holds "$name, with: domain and server in the log" \
		grep -F "domain=example.com class=documentation target=$imap_name" $lab/syslog
	holds "$name, with: connection cut" grep -F 'cut=yes' $lab/syslog
	is "$name, with: log lines" "$(grep -c verdict= $lab/syslog)" 1
	is "$name, with: secret in the log" "$(grep -c "$secret" $lab/syslog)" 0
}

# allowed NAME HOST USER CLIENT MECHANISM [OPTION...]: with the guard.
allowed()
{
	local name=$1 host=$2 user=$3 client=$4 secret
	shift 4
	secret=$(new_secret "$name")
	sasl_user "$user" "$secret"
	: > $lab/syslog
	guard=(env SASL_PATH="$(guarded_path)")
	"$client" allowed "$host" "$user" "$secret" "$@"
	is "$name: status" "$status" 0
	is "$name: secrets at the server" "$(leaked allowed)" 1
	is "$name: log lines" "$(grep -c verdict= $lab/syslog)" 0
}

# has MECHANISM: releases differ in what they build of libsasl2.
has()
{
	slapd_offers "$1" || {
		skip "$1" 'libsasl2 of this release does not have it'
		false
	}
}

# try NAME CLIENT MECHANISM
try()
{
	echo "# $1"
	refused "$1" $reserved "$2" "$3"
	allowed "$1, ordinary" $external $ordinary "$2" "$3"
	allowed "$1, internal" $internal $reserved "$2" "$3"
}

manager_secret=$(new_secret manager)
slapd_start "$manager_secret"
for mechanism in PLAIN DIGEST-MD5 SCRAM-SHA-256 SCRAM-SHA-1 NTLM; do
	has $mechanism || continue
	try "ldapsearch $mechanism" ldap_search $mechanism
done
try 'python-ldap PLAIN' python_ldap PLAIN

# The identity to act for, in the forms of RFC 4513 s5.2.1.8; libsasl2's NTLM has none.
for mechanism in PLAIN DIGEST-MD5 SCRAM-SHA-256; do
	has $mechanism || continue
	echo "# authzid, $mechanism"
	refused "dn: authzid, $mechanism" $proxy ldap_search $mechanism -X dn:uid=alice,dc=example,dc=com
	refused "u: authzid, $mechanism" $proxy ldap_search $mechanism -X u:alice@example.com
	allowed "ordinary authzid, $mechanism" $external $proxy ldap_search $mechanism \
		-X dn:uid=pat,dc=sei,dc=co,dc=jp
done

echo '# a DN as the login'
refused 'a DN as the login' uid=alice,dc=example,dc=com ldap_search PLAIN
allowed 'a DN as the login, ordinary' $external uid=pat,dc=sei,dc=co,dc=jp ldap_search PLAIN

# Limits, on purpose: a change here is a change of what the manual says.
echo '# limits'
if has NTLM; then
	refused 'NTLM, domain as a DNS name' 'example.com\alice' ldap_search NTLM
	allowed 'NTLM, domain as a NetBIOS name' $external 'EXAMPLE\alice' ldap_search NTLM
fi
if has DIGEST-MD5; then
	allowed 'DIGEST-MD5, domain only in the realm' $external alice search_realm DIGEST-MD5
fi
allowed 'bare name' $external alice ldap_search PLAIN
: > $lab/syslog
simple_bind simple $external $manager "$manager_secret"
is 'simple bind, which is not SASL: status' "$status" 0
is 'simple bind, which is not SASL: secrets at the server' "$(leaked simple)" 1
is 'simple bind, which is not SASL: log lines' "$(grep -c verdict= $lab/syslog)" 0
lab_stop slapd
summary
