# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A real slapd behind a relay that writes down what passes, and its clients; for scripts that have
# read lab.sh.
# shellcheck disable=SC2154 # lab, on_server and others are set by lab.sh

slapd_port=10389
slapd_name=$imap_name # the realm of users without one
# The DN of the only entry that can log in by a simple bind; it may act for everybody.
manager=uid=manager,dc=example,dc=com
ldap_program=ldapsearch
guard=() # before a client: the environment that loads the plugin

slapd_ready()
{
	"${on_server[@]}" ldapwhoami -x -H ldap://127.0.0.1:$slapd_port > "$lab/slapd-ready.log" 2>&1
}

# slapd_start MANAGER-SECRET
slapd_start()
{
	mkdir -p "$lab/slapd"
	cat > /etc/ldap/sasl2/slapd.conf <<-END
		pwcheck_method: auxprop
		auxprop_plugin: sasldb
		sasldb_path: $lab/sasldb
		mech_list: PLAIN DIGEST-MD5 SCRAM-SHA-256 SCRAM-SHA-1 NTLM
	END
	cat > "$lab/slapd.conf" <<-END
		include /etc/ldap/schema/core.schema
		sasl-host $slapd_name
		sasl-secprops none
		sasl-auxprops sasldb
		authz-regexp uid=proxy@sei\.co\.jp,cn=[^,]*,cn=auth $manager
		access to * by * read
		database ldif
		directory $lab/slapd
		suffix ""
		rootdn $manager
		rootpw $1
	END
	lab_start slapd "${on_server[@]}" slapd -d stats -s 0 -f "$lab/slapd.conf" \
		-h ldap://127.0.0.1:$slapd_port
	lab_wait slapd_ready
}

slapd_offers()
{
	"${on_server[@]}" ldapsearch -x -LLL -s base -b '' -H ldap://127.0.0.1:$slapd_port \
		supportedSASLMechanisms 2>&1 | grep -qx "supportedSASLMechanisms: $1"
}

# sasl_user LOGIN SECRET: lets slapd know LOGIN, a name or name@realm.
sasl_user()
{
	local realm=$slapd_name
	[ "${1%@*}" = "$1" ] || realm=${1##*@}
	printf %s "$2" | saslpasswd2 -p -c -f "$lab/sasldb" -u "$realm" "${1%@*}"
}

# ldap_run FOLDER COMMAND...: runs a client while a relay writes to FOLDER; sets status.
# shellcheck disable=SC2034 # status is for the caller
ldap_run()
{
	local folder=$1
	shift
	relay_start "$folder" ldap:389 $slapd_port
	as_tester "${guard[@]}" "$@" > "$lab/$folder.output" 2>&1
	status=$?
	lab_stop "$folder"
}

# ldap_search FOLDER HOST USER SECRET MECHANISM [OPTION...]: as ldap_run.
ldap_search()
{
	ldap_run "$1" $ldap_program -LLL -s base -b '' -O none,maxssf=0 -H "ldap://$2" -U "$3" -w "$4" \
		-Y "${@:5}"
}
