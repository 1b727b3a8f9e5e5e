#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# Programs that check passwords by PAM, in front of pam_radius_auth and a real RADIUS server, each in
# four runs: without the guard, with its one line, with it and an ordinary identity, and an ordinary
# identity with that line but without its file.  The guard finds the server by itself.
#
# usage: tests/integration/pam-radius.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/radius.sh
. "$(dirname "$0")/../lab/radius.sh"
lab_enter "$@"

reserved=email@example.com
ordinary=pat@sei.co.jp
sentence="authfence: the password of $reserved was not sent to $external: its domain is reserved"

sshd_listens()
{
	[ -n "$(ss -Hltn sport = :22)" ]
}

start_sshd()
{
	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f $lab/host_key
	cat > $lab/sshd_config <<-END
		ListenAddress 127.0.0.1
		HostKey $lab/host_key
		PidFile none
		UsePAM yes
		PasswordAuthentication yes
		KbdInteractiveAuthentication yes
		PrintMotd no
		PrintLastLog no
	END
	lab_start sshd /usr/sbin/sshd -D -f $lab/sshd_config
	lab_wait sshd_listens
}

start_saslauthd()
{
	mkdir $lab/saslauthd
	lab_start saslauthd-output saslauthd -d -a pam -r -m $lab/saslauthd -n 1
	lab_wait test -S $lab/saslauthd/mux
}

# Version 2.4 says the same in other words.
dovecot_databases()
{
	case $(dovecot --version) in
	2.[0-3].*)
		cat <<-END
			passdb {
			  driver = pam
			}
			userdb {
			  driver = passwd
			}
		END
		;;
	*)
		cat <<-END
			dovecot_config_version = 2.4.0
			dovecot_storage_version = 2.4.0
			passdb pam {
			}
			userdb passwd {
			}
		END
		;;
	esac
}

start_dovecot()
{
	mkdir $lab/dovecot
	dovecot_databases > $lab/dovecot.conf
	cat >> $lab/dovecot.conf <<-END
		base_dir = $lab/dovecot
		log_path = $lab/dovecot-output.log
		listen = 127.0.0.1
		protocols =
		ssl = no
		auth_failure_delay = 0
	END
	lab_start dovecot dovecot -F -c $lab/dovecot.conf
	lab_wait test -S $lab/dovecot/auth-client
}

# One login each: IDENTITY PASSWORD.
run_pamtester()
{
	at_terminal "$1" "$2" pamtester radius "$1" authenticate acct_mgmt
}

run_login()
{
	at_terminal "$1" "$2" login
}

run_su()
{
	at_terminal "$1" "$2" setpriv --reuid=tester --regid=tester --init-groups su "$1"
}

run_sudo()
{
	at_terminal "$1" "$2" setpriv --reuid="$1" --regid=tester --clear-groups sudo -k id
}

run_ssh()
{
	at_terminal "$1" "$3" ssh -F /dev/null -o PreferredAuthentications="$2" \
		-o NumberOfPasswordPrompts=1 -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -l "$1" 127.0.0.1
}

run_sshd_password()
{
	run_ssh "$1" password "$2"
}

run_sshd_keyboard()
{
	run_ssh "$1" keyboard-interactive "$2"
}

run_saslauthd()
{
	testsaslauthd -f $lab/saslauthd/mux -s smtp -u "${1%@*}" -r "${1#*@}" -p "$2"
}

run_dovecot()
{
	doveadm -c $lab/dovecot.conf auth test -x service=imap -x rip=192.0.2.7 "$1" "$2"
}

# log_in FOLDER PROGRAM SERVICE IDENTITY PASSWORD [LINE...]: one run against a new RADIUS server.
log_in()
{
	local folder=$1 program=$2 service=$3 identity=$4 password=$5
	shift 5
	: > $lab/syslog
	radius_stack "$service" $external "$@"
	radius_start "$folder" "$identity" "$password"
	"run_$program" "$identity" "$password" > "$lab/$folder.seen" 2>&1
	lab_stop "$folder"
}

# try PROGRAM SERVICE WELCOME ASKED TOLD: WELCOME is what a login shows, ASKED and TOLD whether a
# refused person is asked for a password all the same ("-": cannot be seen), and told why.
try()
{
	local name=$1 service=$2 welcome=$3 asked=$4 told=$5 line secret
	echo "# $name"
	line="pam_authfence($service:auth): verdict=block reason=reserved-identity-external-target"
	line="$line stack=pam service=$service identity=$reserved domain=example.com"
	line="$line class=documentation module=pam_radius_auth.so target=$external port=1812"

	secret=$(new_secret "$name")
	log_in bare "$name" "$service" $reserved "$secret"
	holds "$name, without: logged in" grep "$welcome" $lab/bare.seen
	is "$name, without: secrets at the server" "$(leaked bare)" 1
	[ "$asked" = - ] || is "$name, without: asked for a password" "$(asked $lab/bare.seen)" yes

	log_in guarded "$name" "$service" $reserved "$secret" "$guard"
	is "$name, with: logged in" "$(grep -c "$welcome" $lab/guarded.seen)" 0
	is "$name, with: packets at the server" "$(requests guarded)" 0
	is "$name, with: secrets at the server" "$(leaked guarded)" 0
	[ "$asked" = - ] ||
		is "$name, with: asked for a password" "$(asked $lab/guarded.seen)" "$asked"
	is "$name, with: told why" "$(grep -qF "$sentence" $lab/guarded.seen && echo yes || echo no)" \
		"$told"
	holds "$name, with: log line" grep -F "$line" $lab/syslog
	# 84: the facility authpriv (10), a warning (4).
	is "$name, with: log lines elsewhere" "$(grep verdict= $lab/syslog | grep -cv '^<84>')" 0
	is "$name, with: secret in the log" "$(grep -c "$secret" $lab/syslog)" 0

	secret=$(new_secret "$name, ordinary")
	log_in ordinary "$name" "$service" $ordinary "$secret" "$guard"
	holds "$name, ordinary: logged in" grep "$welcome" $lab/ordinary.seen
	is "$name, ordinary: secrets at the server" "$(leaked ordinary)" 1
	is "$name, ordinary: log lines" "$(grep -c verdict= $lab/syslog)" 0

	line=$guard
	log_in lost "$name" "$service" $ordinary "$secret" "${line/pam_authfence/pam_lost}"
	holds "$name, file missing: logged in" grep "$welcome" $lab/lost.seen
}

add_terminals
add_account $reserved 2001
add_account $ordinary 2002
echo 'ALL ALL=(ALL) ALL' > /etc/sudoers.d/lab
guard_install
start_sshd
start_saslauthd
start_dovecot

try pamtester radius 'successfully authenticated' no yes
try login login 'uid=2' no yes
try su su 'uid=2' no yes
# sudo makes its modules silent.
try sudo sudo 'uid=0' no no
# The client asks by itself, and the server has no way to tell why.
try sshd_password sshd 'uid=2' yes no
try sshd_keyboard sshd 'uid=2' no yes
try saslauthd smtp 'OK "Success."' - no
try dovecot dovecot 'auth succeeded' - no
summary
