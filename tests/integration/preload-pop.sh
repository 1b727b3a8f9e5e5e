#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The preload guard and clients of POP3 that use neither libsasl2 nor PAM for it.
#
# usage: tests/integration/preload-pop.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
# shellcheck source=../lab/pam.sh
. "$(dirname "$0")/../lab/pam.sh"
lab_enter "$@"
add_terminals
trust_lab

a_mutt()
{
	local program=$1 user=$2 secret=$3 at=$4
	pick no yes no
	printf '%s\n' "set pop_user=\"$user\" pop_pass=\"$secret\" ssl_starttls=${how[0]}" \
		"set ssl_force_tls=no ssl_ca_certificates_file=$lab/ca.pem sleep_time=0 folder=~" > "$home/rc"
	at_screen "$program" -n -F "$home/rc" -e 'push qn' -f "$(scheme pop)://$imap_name:$at/"
}

mutt_pop() { a_mutt mutt "$@"; }
neomutt_pop() { a_mutt neomutt "$@"; }

mailutils_pop()
{
	as_client messages "$(scheme pop)://$(quoted "$1"):$2@$imap_name:$3"
}

a_curl()
{
	pick '' --ssl-reqd ''
	as_client curl -sS -m 30 "${how[@]}" --login-options "AUTH=$1" -u "$2:$3" \
		"$(scheme pop3)://$imap_name:$4/"
}

curl_plain() { a_curl PLAIN "$@"; }
curl_command() { a_curl '*' "$@"; }
curl_apop() { a_curl +APOP "$@"; }

fetchmail_pop()
{
	pick "sslproto ''" "sslproto 'auto'" ssl
	printf '%s\n' "poll $imap_name protocol ${protocol:-pop3} port $3 auth password" \
		"user \"$1\" password \"$2\" ${how[*]} mda cat" > "$home/rc"
	chmod 0600 "$home/rc"
	chown tester: "$home/rc"
	as_client fetchmail -f "$home/rc" --nosyslog -k
}

fetchmail_apop() { protocol=apop fetchmail_pop "$@"; }

snail_pop()
{
	pick '' '-S pop3-use-starttls' ''
	as_client s-nail -n -S v15-compat "${how[@]}" -e -f \
		"$(scheme pop3)://$(quoted "$1"):$2@$imap_name:$3"
}

python_pop() { as_client python3 -B /tests/lab/pymail.py pop "$tls" $imap_name "$3" "$1" "$2"; }

pop3test_user()
{
	pick '' '' -s
	as_client /usr/lib/cyrus/bin/pop3test "${how[@]}" -m user -p "$3" \
		-u "$1" -a "$1" -w "$2" $imap_name
}

# Mutt and NeoMutt fall back to APOP, and come back to try it again: three lines.
lines=3 each 'none starttls tls' mutt_pop mutt pop PLAIN
lines=3 each none mutt_pop mutt pop CRAM-MD5
lines=3 each none mutt_pop mutt pop none
lines=3 each 'none starttls tls' neomutt_pop neomutt pop PLAIN
each 'none tls' mailutils_pop messages pop none
each 'none starttls tls' curl_plain curl pop PLAIN
each none curl_command curl pop none
each none curl_apop curl pop none
each 'none starttls tls' fetchmail_pop fetchmail pop none
each none fetchmail_apop fetchmail pop none
each 'none starttls tls' snail_pop s-nail pop none
each 'none starttls tls' python_pop python3 pop none
each 'none tls' pop3test_user /usr/lib/cyrus/bin/pop3test pop none
summary
