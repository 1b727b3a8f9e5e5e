#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# Postfix's smtp client as Debian runs it, in a chroot, with the plugin where a package would put it:
# libsasl2 loads it before the chroot, it decides inside.  And as others run it, without a chroot.
# Each case in three runs: without the guard, with it, with it and an ordinary identity.
#
# usage: tests/integration/postfix.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"

mail_log=/var/log/postfix.log
queue=/var/spool/postfix
refusal='authfence: verdict=block reason=reserved-identity-external-target stack=sasl service=smtp'
refusal="$refusal identity=email@example.com domain=example.com class=documentation target=$smtp_name"

# Debian's master.cf without the services that listen.
configure()
{
	cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
	cat > /etc/postfix/main.cf <<-END
		compatibility_level = 3.6
		myhostname = client.sei.co.jp
		mydestination =
		inet_interfaces = loopback-only
		inet_protocols = ipv4
		relayhost = [$smtp_name]:587
		smtp_sasl_auth_enable = yes
		smtp_sasl_password_maps = texthash:/etc/postfix/password
		smtp_sasl_security_options =
		smtp_tls_security_level = none
		maillog_file = $mail_log
		maximal_queue_lifetime = 1h
	END
	: > /etc/postfix/password
	postconf -M | awk '$2 == "inet" { print $1 "/" $2 }' | xargs postconf -M -X
	mkdir -p $queue/etc
	cp /etc/hosts /etc/services /etc/resolv.conf /etc/nsswitch.conf $queue/etc/
	postfix check || exit 3
}

message_settled()
{
	grep -qE 'status=(sent|deferred)' $mail_log
}

# send FOLDER MECHANISM USER SECRET: starts Postfix, lets it try one message, stops it.
send()
{
	recorder_start "$1" --auth "$2" smtp:587
	echo "[$smtp_name]:587 $3:$4" > /etc/postfix/password
	postconf -e "smtp_sasl_mechanism_filter = $2"
	: > $mail_log
	"$(postconf -h daemon_directory)/master" -w || exit 3 # "postfix start" checks for seconds
	printf 'Subject: test\n\ntest\n' | sendmail -f pat@sei.co.jp someone@sei.co.jp
	lab_wait message_settled
	postqueue -j > "$lab/$1.queue"
	readlink "/proc/$(pgrep -x smtp)/root" > "$lab/$1.root"
	postfix stop 2>&1
	[ ! -s "$lab/$1.queue" ] || postsuper -d ALL 2>&1
	lab_stop "$1"
	cp $mail_log "$lab/$1.maillog"
} > "$lab/postfix.log"

# try NAME MECHANISM CHROOT ROOT: the chroot, y or n, is asked for by name, since releases differ;
# ROOT is the folder that the client must then run in.
try()
{
	local name=$1 mechanism=$2 root=$4 plugin secret log
	has_mechanism "$mechanism" || return
	plugin=$(sasl_folder)/libauthfence.so
	echo "# $name"
	postconf -F "smtp/unix/chroot=$3"

	secret=$(new_secret "$name")
	rm -f "$plugin"
	send bare "$mechanism" email@example.com "$secret"
	holds "$name, without: sent" grep 'status=sent' $lab/bare.maillog
	is "$name, without: secrets at the recorder" "$(leaked bare)" 1

	install -m 0644 $build/sasl2/libauthfence.so "$plugin"
	send guarded "$mechanism" email@example.com "$secret"
	log=$lab/guarded.maillog
	is "$name, with: secrets at the recorder" "$(leaked guarded)" 0
	is "$name, with: SASL responses at the recorder" "$(answers guarded)" 0
	is "$name, with: root of the smtp process" "$(cat $lab/guarded.root)" "$root"
	holds "$name, with: deferred" grep -E 'dsn=4\.7\.0, status=deferred' "$log"
	holds "$name, with: the log says why" grep 'authorization failure' "$log"
	holds "$name, with: log line" grep -F "$refusal" "$log"
	holds "$name, with: connection cut" grep -F 'cut=yes' "$log"
	is "$name, with: log lines" "$(grep -c 'verdict=' "$log")" 1
	holds "$name, with: stays in the queue" grep '"queue_name": "deferred"' $lab/guarded.queue
	is "$name, with: secret in the log" "$(grep -c "$secret" "$log")" 0

	secret=$(new_secret "$name, ordinary")
	send ordinary "$mechanism" pat@sei.co.jp "$secret"
	holds "$name, ordinary: sent" grep 'status=sent' $lab/ordinary.maillog
	is "$name, ordinary: secrets at the recorder" "$(leaked ordinary)" 1
	is "$name, ordinary: log lines" "$(grep -c 'verdict=' $lab/ordinary.maillog)" 0
}

configure
try PLAIN PLAIN y $queue
try LOGIN LOGIN y $queue
try CRAM-MD5 CRAM-MD5 y $queue
try 'PLAIN without chroot' PLAIN n /
summary
