#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The preload guard and programs that send mail without libsasl2.
#
# usage: tests/integration/preload-smtp.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
lab_enter "$@"
trust_lab

# Mail that is sent comes from an address that has nothing to do with the login.
from=pat@sei.co.jp

a_mutt()
{
	local program=$1 user=$2 secret=$3 at=$4
	pick no yes no
	printf '%s\n' "set smtp_url=\"$(scheme smtp)://$(quoted "$user")@$smtp_name:$at/\"" \
		"set smtp_pass=\"$secret\" ssl_starttls=${how[0]} ssl_force_tls=no" \
		"set ssl_ca_certificates_file=$lab/ca.pem sleep_time=0" \
		"set from=$from use_envelope_from=no hostname=lab copy=no folder=~" > "$home/rc"
	as_client "$program" -n -F "$home/rc" -s test bob@sei.co.jp <<< hello
}

mutt_smtp() { a_mutt mutt "$@"; }
neomutt_smtp() { a_mutt neomutt "$@"; }

msmtp_auth()
{
	local auth=$1
	shift
	pick --tls=off '--tls=on --tls-starttls=on' '--tls=on --tls-starttls=off'
	as_client msmtp "${how[@]}" --host=$smtp_name --port="$3" --auth="$auth" --user="$1" \
		--passwordeval="echo $2" --from=$from bob@sei.co.jp <<< hello
}

msmtp_plain() { msmtp_auth plain "$@"; }
msmtp_login() { msmtp_auth login "$@"; }
msmtp_cram() { msmtp_auth cram-md5 "$@"; }

mailutils_smtp()
{
	as_client mail -E "set sendmail=$(scheme smtp)://$(quoted "$1"):$2@$smtp_name:$3;auth=plain" \
		-s test bob@sei.co.jp <<< hello
}

a_curl()
{
	pick '' --ssl-reqd ''
	as_client curl -sS -m 30 "${how[@]}" --login-options "AUTH=$1" -u "$2:$3" \
		--mail-from $from --mail-rcpt bob@sei.co.jp -T - "$(scheme smtp)://$smtp_name:$4/lab" <<< hello
}

curl_plain() { a_curl PLAIN "$@"; }
curl_login() { a_curl LOGIN "$@"; }
curl_cram() { a_curl CRAM-MD5 "$@"; }

a_swaks()
{
	pick '' --tls --tlsc
	as_client swaks --server $smtp_name:"$4" "${how[@]}" --auth "$1" --auth-user "$2" \
		--auth-password "$3" --from $from --to bob@sei.co.jp
}

swaks_plain() { a_swaks PLAIN "$@"; }
swaks_login() { a_swaks LOGIN "$@"; }
swaks_cram() { a_swaks CRAM-MD5 "$@"; }

snail_smtp()
{
	pick '' '-S smtp-use-starttls' ''
	as_client s-nail -n -S v15-compat -S "mta=$(scheme smtp)://$(quoted "$1"):$2@$smtp_name:$3" \
		-S smtp-auth=plain "${how[@]}" \
		-S from=$from -S sendwait -S hostname=lab -s test bob@sei.co.jp <<< hello
}

git_send()
{
	pick none tls ssl
	printf '%s\n' "From: $from" 'Subject: [PATCH] test' '' hello > "$home/0001-test.patch"
	as_client git -c user.name=Pat -c user.email=$from send-email --quiet --confirm=never \
		--suppress-cc=all --from=$from --to=bob@sei.co.jp --smtp-server=$smtp_name \
		--smtp-server-port="$3" --smtp-encryption="${how[0]}" --smtp-user="$1" \
		--smtp-pass="$2" --smtp-auth=PLAIN "$home/0001-test.patch"
}

python_smtp() { as_client python3 -B /tests/lab/pymail.py smtp "$tls" $smtp_name "$3" "$1" "$2"; }

aio_smtp() { as_client python3 -B /tests/lab/aiosmtp.py $smtp_name "$3" "$1" "$2"; }

perl_smtp() { as_client /tests/lab/smtp.pl Perl $smtp_name "$3" PLAIN "$1" "$2" "$tls"; }

# Exim delivers in the foreground.  It empties its environment unless told otherwise; and where its
# file is set-user-ID, as Debian has it, deliveries begin in secure execution and have no guard.
exim=/opt/exim4-daemon-light/usr/sbin/exim4
exim_smtp()
{
	pick '* : smtp' ': * smtp' ': * smtps' # clear at, TLS at, protocol
	rm -rf /var/spool/exim4
	install -m 0755 $exim $lab/exim4
	install -d -o Debian-exim -g Debian-exim /var/spool/exim4 $lab/exim
	cat > $lab/exim.conf <<-END
		primary_hostname = lab
		keep_environment = LD_PRELOAD : AUTHFENCE_*
		exim_path = $lab/exim4
		log_file_path = $lab/exim/%slog
		tls_advertise_hosts =
		begin routers
		out:
		  driver = manualroute
		  transport = out
		  route_list = * $smtp_name::$3 byname
		begin transports
		out:
		  driver = smtp
		  allow_localhost
		  hosts_require_auth = *
		  hosts_avoid_tls = ${how[0]}
		  hosts_require_tls = ${how[1]}
		  protocol = ${how[2]}
		begin retry
		* * F,1h,1h
		begin authenticators
		plain:
		  driver = plaintext
		  public_name = PLAIN
		  client_send = ^$1^$2
	END
	printf '%s\n' "From: $from" 'To: bob@sei.co.jp' 'Subject: test' '' hello |
		timeout -k 5 60 env "${guard[@]}" $lab/exim4 \
			-C $lab/exim.conf -odf -f $from bob@sei.co.jp
	set -- $?
	cat $lab/exim/*log
	return "$1"
}

useradd --system Debian-exim
each 'none starttls tls' mutt_smtp mutt smtp PLAIN
each none mutt_smtp mutt smtp CRAM-MD5
each 'none starttls tls' neomutt_smtp neomutt smtp PLAIN
each 'none starttls tls' msmtp_plain msmtp smtp PLAIN
each none msmtp_login msmtp smtp LOGIN
each none msmtp_cram msmtp smtp CRAM-MD5
each 'none tls' mailutils_smtp mail smtp PLAIN
each 'none starttls tls' curl_plain curl smtp PLAIN
each none curl_login curl smtp LOGIN
each none curl_cram curl smtp CRAM-MD5
each 'none starttls tls' swaks_plain swaks smtp PLAIN
each none swaks_login swaks smtp LOGIN
each none swaks_cram swaks smtp CRAM-MD5
each 'none starttls tls' snail_smtp s-nail smtp PLAIN
each 'none starttls tls' git_send /usr/lib/git-core/git-send-email smtp PLAIN
each 'none starttls tls' python_smtp python3 smtp PLAIN
each none python_smtp python3 smtp CRAM-MD5
# The recorder's patience outlasts the client's minute, so that nobody else ends one that hangs.
each tls aio_smtp python3 smtp PLAIN --idle 90
each 'none starttls tls' perl_smtp perl smtp PLAIN
each 'none starttls tls' exim_smtp $exim smtp PLAIN
summary
