#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# pam_krb5 in front of a real KDC, with the guard's one line: it finds the KDC in krb5.conf, and the
# realm that a bare name gets there.  What goes to a KDC is no password but a proof that can be
# attacked by whoever has it.
#
# usage: tests/integration/pam-krb5.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/pam.sh
. "$(dirname "$0")/../lab/pam.sh"
# shellcheck source=../lab/kerberos.sh
. "$(dirname "$0")/../lab/kerberos.sh"
lab_enter "$@"

outside='reserved-identity-external-target'
unknown='reserved-identity-unknown-target'
module='pam_krb5.so ignore_root no_ccache'

# server_up ADDRESS ...
server_up()
{
	kerberos_client "$1"
	kdc_mark
}

server_down()
{
	:
}

arrived()
{
	kdc_proofs
}

# quiet_at_kdc NAME REASON IDENTITY: refused without a word to any KDC.
quiet_at_kdc()
{
	refused "$1" "$2" "$3" "$secret" $external
	is "$1: questions at the KDC" "$(kdc_questions)" 0
}

# with LINE-ARGUMENT: the module has it, too.
with()
{
	pam_stack lab "$module $1" "$guard"
}

# The realm is that of the line, whatever krb5.conf says.
arguments()
{
	kdc_realms=(SEI.CO.JP EXAMPLE.COM) # the first is the default
	pam_stack lab "$module" "$guard"
	passes 'bare name, ordinary realm' pat "$other" $external
	with realm=EXAMPLE.COM
	quiet_at_kdc 'realm=' $outside alice
	kdc_realms=(EXAMPLE.COM SEI.CO.JP)
	with realm=SEI.CO.JP
	passes 'realm=, ordinary' pat "$other" $external
}

# A service whose environment names another krb5.conf for libkrb5.
environment()
{
	local as=(env KRB5_CONFIG=/etc/other.conf:/etc/krb5.conf pamtester lab)
	kerberos_client $external
	cp /etc/krb5.conf /etc/other.conf
	pam_stack lab "$module" "$guard"
	refused 'KRB5_CONFIG' $outside alice "$secret" $internal "${as[@]}" alice authenticate
	passes 'KRB5_CONFIG, ordinary' pat@SEI.CO.JP "$other" $internal "${as[@]}" pat@SEI.CO.JP \
		authenticate
	chmod 0666 /etc/other.conf
	refused 'KRB5_CONFIG, not to be trusted' $unknown alice@EXAMPLE.COM "$secret" $internal \
		"${as[@]}" alice@EXAMPLE.COM authenticate
}

# Where DNS says who the KDC of example.com is, it may name anybody: the domain asked for decides.
found_by_dns()
{
	kerberos_client()
	{
		printf '[libdefaults]\ndefault_realm = EXAMPLE.COM\ndns_lookup_kdc = true\n' > /etc/krb5.conf
	}
	pam_stack lab "$module"
	passes 'KDC by DNS, without' alice "$secret" $external
	pam_stack lab "$module" "$guard"
	dns_mark
	quiet_at_kdc 'KDC by DNS, with' $unknown alice
	is 'KDC by DNS, with: questions at the name server' "$(dns_questions | grep -c .)" 0
}

add_terminals
guard_install
kdc_start
secret=$(new_secret reserved)
other=$(new_secret ordinary)
kdc_user alice@EXAMPLE.COM "$secret"
kdc_user pat@SEI.CO.JP "$other"
three_runs 'pam_krb5' alice@EXAMPLE.COM "$secret" pat@SEI.CO.JP "$other"
quiet_at_kdc 'again' $outside alice@EXAMPLE.COM
three_runs 'pam_krb5, bare name' alice "$secret" pat@SEI.CO.JP "$other"
arguments
environment
found_by_dns
summary
