#!/bin/bash
# SPDX-License-Identifier: MIT
# The incident, replayed: a test account at example.com is set up from the answer that a mail
# auto-configuration service gave for years, and the mail client tries to log in there; then the same
# account logs in on a machine whose PAM stack sends passwords to a RADIUS server.  Each once as the
# machine is, once with the guard.  All servers are the lab's, the addresses too; the programs are
# real.  There is no policy file.
#
# The exit status is 0 only if in both halves the password reached the server without the guard and
# in neither did with it.  AUTHFENCE_DEMO_UNGUARDED=1 leaves the guard out of the second runs, so that
# the demo must fail.
#
# usage: sudo tests/lab/demo.sh BUILD
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=radius.sh
. "$(dirname "$0")/radius.sh"
lab_enter "$@"

address=email@example.com
service="https://$detect_name/autodetect/detect?app=outlookdesktopBasic"
home=/home/tester

say()
{
	printf '\n== %s\n' "$*"
}

# What stands in the files, indented; long lines folded.
show()
{
	cat "$@" | fold -s -w 96 | sed 's/^/   /' | grep . || echo '   (nothing)'
}

set_up()
{
	lab_start autoconf "${on_server[@]}" python3 -B /tests/lab/autoconf.py --dir $lab/autoconf \
		--cert $lab/server.pem --key $lab/server.key
	lab_wait test -e $lab/autoconf/ready
	new_secret "password of $address" > $home/password
	chown tester: $home/password
	chmod 0600 $home/password
	as_tester mkdir $home/mail
	as_tester python3 -B /tests/lab/account.py --service "$service" --ca $lab/ca.pem \
		--address "$address" --password $home/password --mail $home/mail \
		--answer $home/answer > $home/.mbsyncrc || exit 3
	chown tester: $home/.mbsyncrc
	lab_stop autoconf 2> /dev/null
}

# synchronise FOLDER [VARIABLE=VALUE]: one run of the mail client against a new recorder.
synchronise()
{
	local folder=$1 status
	shift
	: > $lab/syslog
	recorder_start "$folder" --auth PLAIN imap:143 imap:993:tls smtp:465:tls
	as_tester env "$@" mbsync mail > "$lab/$folder.output" 2>&1
	status=$?
	lab_stop "$folder"
	echo "the mail client (mbsync) said, and ended with status $status:"
	show "$lab/$folder.output"
	echo "the server at $external got, inside TLS:"
	cat "$lab/$folder"/*.in | tr -d '\r' > "$lab/$folder.got"
	show "$lab/$folder.got"
	echo "secrets in it:"
	leaked "$folder" > "$lab/$folder.count"
	tail -n +2 "$lab/$folder.leaks" | show
}

# sit_down NAME COMMAND...: somebody types the account's password where COMMAND asks for it.
sit_down()
{
	local name=$1 status
	shift
	at_terminal "$address" "$(cat $lab/password)" "$@" > "$lab/seen" 2>&1
	status=$?
	echo "$name showed, and ended with status $status:"
	show "$lab/seen"
}

# log_in FOLDER [LINE...]: two programs check a password by PAM, against a new RADIUS server; LINEs
# are the first of the stack.
log_in()
{
	local folder=$1
	shift
	: > $lab/syslog
	radius_stack su $external "$@"
	radius_start "$folder" $address "$(cat $lab/password)"
	echo 'the PAM stack:'
	grep ^auth /etc/pam.d/su | show
	sit_down su setpriv --reuid=tester --regid=tester --init-groups su $address
	sit_down pamtester pamtester su $address authenticate
	lab_stop "$folder"
	echo "the RADIUS server at $external got, read with the secret that it shares:"
	grep -E 'Packet-Type|User-|NAS-Identifier' "$lab/$folder"/*.in | tr -d '\t' | show
	echo "secrets in it:"
	leaked "$folder" > "$lab/$folder.count"
	tail -n +2 "$lab/$folder.leaks" | show
}

# First half: a client of libsasl2.
say "A test account, $address, is set up by asking"
show <<< "$service (the lab's own, with a certificate of the lab)"
set_up
echo 'the service answers, as the real one did from 2020 to 2026:'
show $home/answer
echo 'so the account becomes:'
sed -n '1,/^$/p' $home/.mbsyncrc | show
echo "where $imap_name is $(getent ahostsv4 $imap_name | awk '{ print $1; exit }') in the lab: external"

say 'Without authfence'
synchronise bare

say 'With authfence, no policy file, nothing changed in the account'
if [ "${AUTHFENCE_DEMO_UNGUARDED:-}" = 1 ]; then
	echo 'AUTHFENCE_DEMO_UNGUARDED=1: the guard is left out'
	synchronise guarded
else
	synchronise guarded SASL_PATH="$(guarded_path)"
fi
echo 'the log got:'
show $lab/syslog

# Second half: a PAM stack that sends passwords away.
say "The same account at the machine's own door: pam_radius_auth asks $external"
add_terminals
add_account $address 2001
guard_install
new_secret "password of $address" > $lab/password

say 'Without authfence'
log_in bare-pam

say 'With authfence, no policy file, one line more in the stack'
if [ "${AUTHFENCE_DEMO_UNGUARDED:-}" = 1 ]; then
	echo 'AUTHFENCE_DEMO_UNGUARDED=1: the guard is left out'
	log_in guarded-pam
else
	log_in guarded-pam "$guard"
fi
echo 'the log got:'
grep verdict= $lab/syslog | show

mail=$(cat $lab/bare.count) pam=$(cat $lab/bare-pam.count)
bare=$((mail + pam)) guarded=$(($(cat $lab/guarded.count) + $(cat $lab/guarded-pam.count)))
[ "$mail" -gt 0 ] || printf '\nthe mail client sent nothing, even without the guard: this shows nothing\n'
[ "$pam" -gt 0 ] || printf '\nthe PAM stack sent nothing, even without the guard: this shows nothing\n'
printf '\ndemo: without authfence %s credentials leaked, with authfence %s\n' "$bare" "$guarded"
[ "$mail" -gt 0 ] && [ "$pam" -gt 0 ] && [ "$guarded" -eq 0 ]
