#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# Servers notice nothing: Postfix's smtpd (saslauthd, sasldb; in its chroot), slapd and svnserve let
# the same people in and give them the same names with the plugin in libsasl2's folder as without
# it.  A server may have accounts of a reserved domain, and such a realm.
#
# A login is a line of a transcript: the client's answer and what the server has logged.  The clients
# have plugins of their own folder, without the guard, so that only the server is another one.
#
# usage: tests/integration/server.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"

plugin=$(sasl_folder)/libauthfence.so
clients=$lab/sasl2
queue=/var/spool/postfix
mail_log=/var/log/postfix.log
right=$(openssl rand -hex 12)

# USER<TAB>SECRET; of each user the next line tells what is special.
write_logins()
{
	printf '%s\t%s\n' \
		bob "$right" bob wrong nobody "$right" 'bob ' "$right" $'\tbob ' "$right" '   ' "$right" \
		alice@example.com "$right" alice@example.com wrong ALICE@EXAMPLE.COM "$right" \
		bob@r.sei.co.jp "$right" bob@example.com "$right" bob@example.org "$right" \
		$'b\xf6b' "$right" $'alice@example.com\xff' "$right"
}

# Once: the accounts of sasldb and of the system.
make_accounts()
{
	local account
	mkdir "$clients" $queue/etc /etc/postfix/sasl /etc/ldap/sasl2 2> /dev/null
	cp -a "$(sasl_folder)/." "$clients/"
	for account in bob@mail.sei.co.jp bob@r.sei.co.jp bob@example.com alice@example.com; do
		printf '%s' "$right" | SASL_PATH=$clients saslpasswd2 -p -c -f /etc/sasldb2 \
			-u "${account#*@}" "${account%@*}" || exit 3
	done
	for account in bob bob@r.sei.co.jp bob@example.com alice@example.com; do
		echo "$account:x:1500:1500::/nonexistent:/bin/false" >> /etc/passwd
		echo "$account:$(openssl passwd -6 "$right"):19000::::::" >> /etc/shadow
	done
	printf 'auth required pam_unix.so nodelay\naccount required pam_permit.so\n' > /etc/pam.d/smtp
	chmod 0644 /etc/sasldb2
	cp /etc/sasldb2 /etc/hosts /etc/services /etc/nsswitch.conf $queue/etc/
}

# sasl_config FILE MECHANISMS: passwords are in sasldb.
sasl_config()
{
	printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' 'sasldb_path: /etc/sasldb2' \
		"mech_list: $2" > "$1"
}

# note SERVER REALM MECHANISM: what comes in, as lines of the transcript.
note()
{
	sed "s/^/$1, realm \"$2\", $3: /" >> "$transcript"
}

# Which processes have the plugin; those of the name $1 that run now.
note_plugin()
{
	local pid
	for pid in $(pgrep -x "$1"); do
		grep -q libauthfence "/proc/$pid/maps" && echo "$1" >> "$transcript.loaded"
	done
}

# ---- Postfix ----

# PORT PASSWORDS REALM: an smtpd each.
smtpds="2501 saslauthd
2502 saslauthd example.com
2503 sasldb
2504 sasldb example.com"

configure_postfix()
{
	local port passwords realm
	cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
	cat > /etc/postfix/main.cf <<-END
		compatibility_level = 3.6
		myhostname = mail.sei.co.jp
		mydestination = sei.co.jp
		inet_interfaces = loopback-only
		inet_protocols = ipv4
		local_recipient_maps =
		smtpd_sasl_auth_enable = yes
		smtpd_sasl_security_options =
		maillog_file = $mail_log
	END
	while read -r port passwords realm; do
		postconf -M "$port/inet=$port inet n - y - - smtpd"
		postconf -P "$port/inet/smtpd_sasl_path=$passwords" \
			"$port/inet/smtpd_sasl_local_domain=$realm"
	done <<< "$smtpds"
	sasl_config /etc/postfix/sasl/sasldb.conf 'PLAIN LOGIN CRAM-MD5'
	printf 'pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n' > /etc/postfix/sasl/saslauthd.conf
	: > $mail_log
}

# try_smtpd PORT PASSWORDS REALM
try_smtpd()
{
	local mechanism
	for mechanism in PLAIN LOGIN CRAM-MD5; do
		[ "$2 $mechanism" != 'saslauthd CRAM-MD5' ] || continue # it needs the password itself
		write_logins | python3 -B /tests/lab/smtp_logins.py "$1" $mechanism 2>&1 |
			note "smtpd with $2" "$3" $mechanism
	done
}

try_postfix()
{
	local port passwords realm
	mkdir -p $queue/var/run/saslauthd
	# It ends by a signal to its process group.
	lab_start saslauthd setsid saslauthd -d -a pam -r -n 1 -m $queue/var/run/saslauthd
	lab_wait test -S $queue/var/run/saslauthd/mux
	configure_postfix
	postfix start > $lab/postfix.log 2>&1 || exit 3
	while read -r port passwords realm; do
		try_smtpd "$port" "$passwords" "$realm"
	done <<< "$smtpds"
	note_plugin smtpd
	postfix stop >> $lab/postfix.log 2>&1
	lab_stop saslauthd
	sed -En 's/.*(sasl_method=.*|SASL [^ ]* authentication failed: .*|authfence.*)/\1/p' $mail_log |
		note smtpd '' log
}

# ---- slapd ----

slapd_answers()
{
	SASL_PATH=$clients ldapwhoami -N -H ldap://127.0.0.1 -Y PLAIN -O none -U bob -w wrong 2>&1 |
		grep -q 'Invalid credentials'
}

# log_in_ldap MECHANISM: one line a login.
log_in_ldap()
{
	local user secret
	write_logins | while IFS= read -r user; do
		secret=${user#*$'\t'} user=${user%$'\t'*}
		SASL_PATH=$clients ldapwhoami -N -Q -H ldap://127.0.0.1 -Y "$1" -O none -U "$user" \
			-w "$secret" 2>&1 | tr '\n' ' '
		echo
	done
}

# try_slapd REALM
try_slapd()
{
	local realm=$1 mechanism
	printf '%s\n' 'include /etc/ldap/schema/core.schema' 'sasl-host mail.sei.co.jp' \
		'sasl-auxprops sasldb' 'sasl-secprops none' ${realm:+"sasl-realm $realm"} > $lab/slapd.conf
	sasl_config /etc/ldap/sasl2/slapd.conf 'PLAIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-256'
	lab_start slapd slapd -f $lab/slapd.conf -h ldap://127.0.0.1 -d stats
	lab_wait slapd_answers
	for mechanism in PLAIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-256; do
		log_in_ldap $mechanism | note slapd "$realm" $mechanism
	done
	note_plugin slapd
	lab_stop slapd
	sed -En 's/.* (BIND .*|authfence.*|RESULT tag=97 .*)/\1/p' $lab/slapd.log |
		sed -E 's/ [qe]time=[^ ]*//g' | note slapd "$realm" log
}

# ---- svnserve ----

svnserve_answers()
{
	svn info --non-interactive svn://127.0.0.1/none 2>&1 | grep -q E210005
}

# log_in_svn: one line a login; what is not an error is not repeated.
log_in_svn()
{
	local user secret
	write_logins | while IFS= read -r user; do
		secret=${user#*$'\t'} user=${user%$'\t'*}
		SASL_PATH=$clients svn info --non-interactive --no-auth-cache --username "$user" \
			--password "$secret" svn://127.0.0.1/repository 2>&1 |
			grep -E '^(svn: |Revision)' | tr '\n' ' '
		echo
	done
}

# try_svnserve REALM MECHANISM
try_svnserve()
{
	local realm=$1 mechanism=$2
	rm -rf $lab/svn
	mkdir $lab/svn
	svnadmin create $lab/svn/repository || exit 3
	printf '%s\n' '[general]' 'anon-access = none' "realm = $realm" '[sasl]' 'use-sasl = true' \
		> $lab/svn/repository/conf/svnserve.conf
	mkdir -p /etc/sasl2
	sasl_config /etc/sasl2/svn.conf "$mechanism"
	: > $lab/svn/log
	lab_start svnserve svnserve --daemon --foreground --listen-host 127.0.0.1 --root $lab/svn \
		--log-file $lab/svn/log
	lab_wait svnserve_answers
	log_in_svn | note svnserve "$realm" "$mechanism"
	note_plugin svnserve
	lab_stop svnserve
	sed -En 's/.* ([^ ]+ repository open) .*/\1/p; /authfence/p' $lab/svn/log |
		note svnserve "$realm" log
}

# run_all NAME: everything, to the file $lab/NAME.transcript.
run_all()
{
	local mechanism
	transcript=$lab/$1.transcript
	: > "$transcript"
	: > "$transcript.loaded"
	try_postfix
	try_slapd ''
	try_slapd example.com
	for mechanism in PLAIN CRAM-MD5 DIGEST-MD5; do
		try_svnserve example.com $mechanism
	done
}

# One test a line.
compare()
{
	local without with i
	mapfile -t without < $lab/without.transcript
	mapfile -t with < $lab/with.transcript
	is 'lines of the transcripts' ${#with[@]} ${#without[@]}
	for ((i = 0; i < ${#without[@]}; i++)); do
		is "${without[i]%%: *}" "${with[i]:-}" "${without[i]}"
	done
}

# What must stand in the transcript, or the comparison shows nothing.
shown='smtpd with saslauthd, realm "", PLAIN: 235 2.7.0 Authentication successful, then 250 2.1.5 Ok
smtpd with sasldb, realm "example.com", CRAM-MD5: 235 2.7.0 Authentication successful, then 250 2.1.5 Ok
smtpd with sasldb, realm "", LOGIN: 535 5.7.8 Error: authentication failed: authentication failure
smtpd, realm "", log: sasl_method=PLAIN, sasl_username=bob
smtpd, realm "", log: sasl_method=PLAIN, sasl_username=bob@example.com
smtpd, realm "", log: sasl_method=LOGIN, sasl_username=alice@example.com
smtpd, realm "", log: sasl_method=CRAM-MD5, sasl_username=alice@example.com
slapd, realm "", log: BIND authcid="bob" authzid="bob"
slapd, realm "", log: BIND authcid="alice@example.com" authzid="alice@example.com"
slapd, realm "example.com", log: BIND authcid="bob@example.com" authzid="bob@example.com"
slapd, realm "example.com", SCRAM-SHA-256: dn:uid=alice@example.com,cn=example.com,cn=scram-sha-256,cn=auth
slapd, realm "", DIGEST-MD5: dn:uid=alice@example.com,cn=digest-md5,cn=auth
svnserve, realm "example.com", DIGEST-MD5: Revision: 0
svnserve, realm "example.com", log: alice repository open'

expect()
{
	local line
	while read -r line; do
		holds "without the plugin: $line" grep -F "$line" $lab/without.transcript
	done <<< "$shown"
}

make_accounts
run_all without
install -m 0644 $build/sasl2/libauthfence.so "$plugin"
run_all with
expect
compare
is 'servers with the plugin, without it' "$(sort -u $lab/without.transcript.loaded)" ''
is 'servers with the plugin' "$(sort -u $lab/with.transcript.loaded | tr '\n' ' ')" \
	'slapd smtpd svnserve '
is 'lines of the guard' "$(cat $lab/with.transcript $lab/syslog | grep -c authfence)" 0
summary
