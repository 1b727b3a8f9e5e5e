#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The preload guard and simple binds, which no client of LDAP hands to libsasl2.
#
# usage: tests/integration/preload-ldap.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
lab_enter "$@"
trust_lab

# dn USER: the same person as a DN.
dn()
{
	local domain=${1#*@}
	echo "uid=${1%@*},dc=${domain//./,dc=}"
}

# url PORT
url()
{
	echo "$(scheme ldap)://$imap_name:$1"
}

trusting=(env LDAPTLS_CACERT=/etc/ssl/certs/ca-certificates.crt)

ldapsearch_simple()
{
	pick '' -ZZ ''
	as_client "${trusting[@]}" ldapsearch "${how[@]}" -x -LLL -s base -b '' \
		-H "$(url "$3")" -D "$(dn "$1")" -w "$2"
}

# The name as Active Directory takes it.
ldapsearch_address()
{
	as_client "${trusting[@]}" ldapsearch -x -LLL -s base -b '' -H "$(url "$3")" -D "$1" -w "$2"
}

curl_ldap() { as_client curl -sS -m 30 -u "$(dn "$1"):$2" "$(url "$3")/dc=x?cn?base"; }

python_ldap()
{
	as_client "${trusting[@]}" python3 -c 'if True:
		import ldap, sys
		url, tls, name, secret = sys.argv[1:]
		link = ldap.initialize(url)
		if tls == "starttls":
			link.start_tls_s()
		link.simple_bind_s(name, secret)' "$(url "$3")" "$tls" "$(dn "$1")" "$2"
}

perl_ldap()
{
	# shellcheck disable=SC2016 # Perl's
	as_client perl -MNet::LDAP -e '
		my ($url, $tls, $name, $secret) = @ARGV;
		my $link = Net::LDAP->new($url, verify => "require",
			cafile => "/etc/ssl/certs/ca-certificates.crt") or die "no connection: $@\n";
		$link->start_tls(verify => "require",
			cafile => "/etc/ssl/certs/ca-certificates.crt") if $tls eq "starttls";
		my $result = $link->bind($name, password => $secret);
		die $result->error, "\n" if $result->code;' "$(url "$3")" "$tls" "$(dn "$1")" "$2"
}

each 'none starttls tls' ldapsearch_simple ldapsearch ldap none
each none ldapsearch_address ldapsearch ldap none
each 'none tls' curl_ldap curl ldap none
each 'none starttls tls' python_ldap python3 ldap none
each 'none starttls tls' perl_ldap perl ldap none
summary
