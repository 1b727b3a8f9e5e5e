#!/bin/bash
# SPDX-License-Identifier: MIT
# The incident, replayed: a test account at example.com is set up from the answer that a mail
# auto-configuration service gave for years, and the mail client tries to log in there; once as the
# machine is, once with the guard.  All servers are the lab's, the addresses too; the programs are
# real.  There is no policy file.
#
# The exit status is 0 only if the password reached the stranger's server without the guard and did
# not with it.  AUTHFENCE_DEMO_UNGUARDED=1 leaves the guard out of the second run, so that the demo
# must fail.
#
# usage: sudo tests/lab/demo.sh BUILD
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "$0")/lab.sh"
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

bare=$(cat $lab/bare.count) guarded=$(cat $lab/guarded.count)
printf '\ndemo: without authfence %s credentials leaked, with authfence %s\n' "$bare" "$guarded"
[ "$bare" -gt 0 ] && [ "$guarded" -eq 0 ]
