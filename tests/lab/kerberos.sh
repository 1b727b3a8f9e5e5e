# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A real KDC of MIT Kerberos on the lab's server, for two realms; for scripts that have read lab.sh.
# shellcheck disable=SC2154 # lab and on_server are set by lab.sh

kdc_realms=(EXAMPLE.COM SEI.CO.JP)

kdc_configuration()
{
	local realm
	echo '[realms]'
	for realm in "${kdc_realms[@]}"; do
		cat <<-END
			$realm = {
				database_name = $lab/kdc/$realm
				key_stash_file = $lab/kdc/$realm.stash
				kdc_listen = 88
				kdc_tcp_listen = 88
			}
		END
	done
	printf '[logging]\nkdc = FILE:%s\n' "$lab/kdc/log"
}

# kerberos_client ADDRESS: programs take ADDRESS for the KDC of both realms.
kerberos_client()
{
	local realm
	{
		printf '[libdefaults]\ndefault_realm = %s\n' "${kdc_realms[0]}"
		printf 'dns_lookup_kdc = false\ndns_lookup_realm = false\n[realms]\n'
		for realm in "${kdc_realms[@]}"; do
			printf '%s = {\n\tkdc = %s\n}\n' "$realm" "$1"
		done
	} > /etc/krb5.conf
}

on_kdc()
{
	"${on_server[@]}" env KRB5_KDC_PROFILE="$lab/kdc/kdc.conf" "$@"
}

kdc_start()
{
	local realm realms=()
	mkdir "$lab/kdc"
	: > "$lab/kdc/log"
	kdc_configuration > "$lab/kdc/kdc.conf"
	kerberos_client 127.0.0.1
	for realm in "${kdc_realms[@]}"; do
		on_kdc kdb5_util -r "$realm" create -s -P master > "$lab/kdc-create.log" 2>&1 || {
			cat "$lab/kdc-create.log" >&2
			exit 3
		}
		realms+=(-r "$realm")
	done
	lab_start kdc on_kdc krb5kdc -n "${realms[@]}"
	lab_wait grep -q 'commencing operation' "$lab/kdc/log"
}

# kdc_user NAME@REALM SECRET: a principal whose ticket needs a proof of the secret first.
kdc_user()
{
	on_kdc kadmin.local -r "${1##*@}" addprinc +requires_preauth -pw "$2" "$1" \
		> "$lab/kdc-user.log" 2>&1 || {
		cat "$lab/kdc-user.log" >&2
		exit 3
	}
}

# What the KDC is asked from now on, and how often with the proof that somebody knew a secret.
kdc_mark()
{
	wc -l < "$lab/kdc/log" > "$lab/kdc/mark"
}

kdc_questions()
{
	tail -n "+$(($(cat "$lab/kdc/mark") + 1))" "$lab/kdc/log" | grep -c 'AS_REQ'
}

kdc_proofs()
{
	tail -n "+$(($(cat "$lab/kdc/mark") + 1))" "$lab/kdc/log" | grep -c 'AS_REQ.*: ISSUE:'
}
