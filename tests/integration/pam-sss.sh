#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# pam_sss in front of a real sssd, which asks a real slapd or a real KDC, with the guard's one line: it
# finds the server in sssd.conf, and there too what a bare name gets at a KDC.
#
# usage: tests/integration/pam-sss.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/pam.sh
. "$(dirname "$0")/../lab/pam.sh"
# shellcheck source=../lab/directory.sh
. "$(dirname "$0")/../lab/directory.sh"
# shellcheck source=../lab/kerberos.sh
. "$(dirname "$0")/../lab/kerberos.sh"
lab_enter "$@"

module=pam_sss.so
authority=ldap

# sssd_domain DOMAIN HOST: names come from the directory, passwords go to the authority, both at HOST.
sssd_domain()
{
	cat <<-END
		[domain/$1]
		id_provider = ldap
		auth_provider = $authority
		ldap_uri = ldap://$2
		ldap_search_base = ou=$1,$directory_base
		ldap_auth_disable_tls_never_use_in_production = true
		krb5_server = $2
		krb5_realm = ${1^^}
		krb5_ccname_template = FILE:/tmp/ticket.%U
	END
}

# server_up HOST ...
server_up()
{
	relay_start arrivals ldap:389 $directory_port
	kdc_mark
	{
		printf '[sssd]\nservices = pam\ndomains = example.com, sei.co.jp\n'
		sssd_domain example.com "$1"
		sssd_domain sei.co.jp "$1"
	} > /etc/sssd/sssd.conf
	chmod 0600 /etc/sssd/sssd.conf
	rm -rf /var/lib/sss/db/* /var/lib/sss/pipes/private/pam
	lab_start sssd sssd -i --logger=stderr
	lab_wait test -S /var/lib/sss/pipes/private/pam
}

server_down()
{
	lab_stop sssd
	lab_stop arrivals
}

arrived()
{
	case $authority in
	ldap) leaked arrivals ;;
	krb5) kdc_proofs ;;
	esac
}

add_terminals
guard_install
directory_start
kdc_start
rm /etc/krb5.conf # sssd tells libkrb5 where its KDC is
secret=$(new_secret reserved)
other=$(new_secret ordinary)
directory_user alice 2001 "$secret" example.com
directory_user pat 2002 "$other" sei.co.jp
kdc_user alice@EXAMPLE.COM "$secret"
kdc_user pat@SEI.CO.JP "$other"
three_runs 'pam_sss, LDAP' alice@example.com "$secret" pat@sei.co.jp "$other"
authority=krb5
three_runs 'pam_sss, Kerberos' alice@example.com "$secret" pat@sei.co.jp "$other"
three_runs 'pam_sss, Kerberos, bare name' alice "$secret" pat@sei.co.jp "$other"
summary
