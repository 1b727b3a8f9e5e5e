#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# Running programs and a policy that changes: saslauthd and Postfix's smtp client take a new one over
# without a restart; an smtp client in a chroot keeps the one it has, and the next one takes the new.
#
# usage: tests/integration/reload.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/radius.sh
. "$(dirname "$0")/../lab/radius.sh"
lab_enter "$@"

mail_log=/var/log/postfix.log
queue=/var/spool/postfix
reserved=email@example.com

# activate STATEMENT...: puts a policy of the next generation into force.
activate()
{
	mkdir -p /etc/authfence
	printf '%s\n' 'policy 1;' "$@" > $lab/site.policy
	$build/authfence policy compile --output /etc/authfence/policy.bin $lab/site.policy \
		>> $lab/compile.log 2>&1 || exit 3
}

# follows COMMAND...: whether it succeeds within ten seconds; a second is what is promised.
follows()
{
	local try
	for ((try = 0; try < 20; try++)); do
		"$@" && return
		sleep 0.5
	done
	return 1
}

# ---- saslauthd ----

logs_in()
{
	testsaslauthd -f $lab/saslauthd/mux -s smtp -u "${reserved%@*}" -r "${reserved#*@}" \
		-p "$secret" >> $lab/logins 2>&1
}

is_refused()
{
	! logs_in
}

try_saslauthd()
{
	echo '# saslauthd'
	secret=$(new_secret saslauthd)
	guard_install
	radius_stack smtp $external "$(guard_line target=$external)"
	radius_start radius $reserved "$secret"
	activate 'mode enforce;'
	mkdir $lab/saslauthd
	lab_start saslauthd-output saslauthd -d -a pam -r -m $lab/saslauthd -n 1
	lab_wait test -S $lab/saslauthd/mux
	holds 'saslauthd, first generation: refused' is_refused
	is 'saslauthd, first generation: secrets at the server' "$(leaked radius)" 0
	activate 'mode off;'
	holds 'saslauthd, second generation: logged in' follows logs_in
	activate 'mode enforce;'
	holds 'saslauthd, third generation: refused' follows is_refused
	lab_stop radius
}

# ---- Postfix ----

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
		smtp_sasl_mechanism_filter = PLAIN
		smtp_tls_security_level = none
		smtp_connection_cache_on_demand = no
		default_destination_concurrency_failed_cohort_limit = 1000
		default_process_limit = 1
		maillog_file = $mail_log
	END
	echo "[$smtp_name]:587 $reserved:$(new_secret postfix)" > /etc/postfix/password
	postconf -M | awk '$2 == "inet" { print $1 "/" $2 }' | xargs postconf -M -X
	mkdir -p $queue/etc
	cp /etc/hosts /etc/services /etc/resolv.conf /etc/nsswitch.conf $queue/etc/
	install -m 0644 $build/sasl2/libauthfence.so "$(sasl_folder)/libauthfence.so"
	postfix check || exit 3
}

message_settled()
{
	grep -qE 'status=(sent|deferred)' $mail_log
}

# send: prints what becomes of one message, and which process tried it.
send()
{
	: > $mail_log
	printf 'Subject: test\n\ntest\n' | sendmail -f pat@sei.co.jp someone@sei.co.jp
	lab_wait message_settled
	sed -nE 's/.*postfix\/smtp\[([0-9]+)\].* status=(sent|deferred).*/\1 \2/p' $mail_log |
		tail -n 1
	cat $mail_log >> $lab/postfix.maillog
	postsuper -d ALL > $lab/postsuper.log 2>&1
}

# gets WORD: one message is sent or deferred; the process stands in $lab/smtp.
gets()
{
	send > $lab/outcome
	cut -d ' ' -f 1 $lab/outcome > $lab/smtp
	[ "$(cut -d ' ' -f 2 $lab/outcome)" = "$1" ]
}

# try_postfix NAME CHROOT OLD: OLD is what the running process makes of the new policy.
try_postfix()
{
	local name=$1 process
	echo "# $name"
	postconf -F "smtp/unix/chroot=$2"
	activate 'mode enforce;'
	recorder_start recorder --auth PLAIN smtp:587
	"$(postconf -h daemon_directory)/master" -w || exit 3
	holds "$name, first generation: deferred" gets deferred
	process=$(cat $lab/smtp)
	activate 'mode off;'
	sleep 2 # the chrooted one must have had the time
	holds "$name, second generation: $3" follows gets "$3"
	is "$name: the same process" "$(cat $lab/smtp)" "$process"
	kill "$process"
	holds "$name, a new process: sent" follows gets sent
	holds "$name: another process" test "$(cat $lab/smtp)" != "$process"
	postfix stop > $lab/stop.log 2>&1
	lab_stop recorder
}

try_saslauthd
configure
try_postfix 'smtp' n sent
try_postfix 'smtp in a chroot' y deferred
summary
