#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The preload guard and clients of IMAP that use neither libsasl2 nor PAM for it.
#
# usage: tests/integration/preload-imap.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
# shellcheck source=../lab/pam.sh
. "$(dirname "$0")/../lab/pam.sh"
# shellcheck source=../lab/mbsync.sh
. "$(dirname "$0")/../lab/mbsync.sh"
lab_enter "$@"
add_terminals
trust_lab

# Mutt and NeoMutt end by themselves when the mailbox is empty.
a_mutt()
{
	local program=$1 user=$2 secret=$3 at=$4
	pick no yes no
	printf '%s\n' "set imap_user=\"$user\" imap_pass=\"$secret\" ssl_starttls=${how[0]}" \
		"set ssl_force_tls=no ssl_ca_certificates_file=$lab/ca.pem sleep_time=0 folder=~" > "$home/rc"
	at_screen "$program" -n -F "$home/rc" -z -f "$(scheme imap)://$imap_name:$at/INBOX"
}

mutt_imap() { a_mutt mutt "$@"; }
neomutt_imap() { a_mutt neomutt "$@"; }

mailutils_imap()
{
	as_client messages "$(scheme imap)://$(quoted "$1"):$2@$imap_name:$3/INBOX"
}

a_curl()
{
	pick '' --ssl-reqd ''
	as_client curl -sS -m 30 "${how[@]}" --login-options "AUTH=$1" -u "$2:$3" \
		"$(scheme imap)://$imap_name:$4/INBOX"
}

curl_plain() { a_curl PLAIN "$@"; }
curl_login() { a_curl LOGIN "$@"; }
curl_cram() { a_curl CRAM-MD5 "$@"; }
curl_command() { a_curl '*' "$@"; }

fetchmail_imap()
{
	pick "sslproto ''" "sslproto 'auto'" ssl
	printf '%s\n' "poll $imap_name protocol imap port $3 auth password" \
		"user \"$1\" password \"$2\" ${how[*]} mda cat" > "$home/rc"
	chmod 0600 "$home/rc"
	chown tester: "$home/rc"
	as_client fetchmail -f "$home/rc" --nosyslog -k
}

snail_imap()
{
	pick '' '-S imap-use-starttls' ''
	as_client s-nail -n -S v15-compat -S imap-auth=login "${how[@]}" \
		-e -f "$(scheme imap)://$(quoted "$1"):$2@$imap_name:$3/INBOX"
}

python_imap() { as_client python3 -B /tests/lab/pymail.py imap "$tls" $imap_name "$3" "$1" "$2"; }

mbsync_login()
{
	pick None STARTTLS IMAPS
	status=$(run_mbsync mbsync $imap_name "$3" "${how[0]}" LOGIN "$1" "$2" "${guard[@]}")
	cat $lab/mbsync.home/output
	return "$status"
}

imtest_login()
{
	pick '' '' -s
	as_client /usr/lib/cyrus/bin/imtest "${how[@]}" -m login -p "$3" -u "$1" -a "$1" -w "$2" \
		$imap_name
}

# Mutt and NeoMutt fall back to LOGIN: two lines.
lines=2 each 'none starttls tls' mutt_imap mutt imap PLAIN
lines=2 each none mutt_imap mutt imap CRAM-MD5
lines=2 each none mutt_imap mutt imap none
lines=2 each 'none starttls tls' neomutt_imap neomutt imap PLAIN
lines=2 each none neomutt_imap neomutt imap none
each 'none tls' mailutils_imap messages imap none
each 'none starttls tls' curl_plain curl imap PLAIN
each none curl_login curl imap LOGIN
each none curl_cram curl imap CRAM-MD5
each 'none tls' curl_command curl imap none
each 'none starttls tls' fetchmail_imap fetchmail imap none
each 'none starttls tls' snail_imap s-nail imap none
each 'none starttls tls' python_imap python3 imap none
each 'none tls' mbsync_login mbsync imap none
each 'none tls' imtest_login /usr/lib/cyrus/bin/imtest imap none
summary
