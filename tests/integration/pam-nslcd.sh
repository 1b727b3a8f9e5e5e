#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# pam_ldap of nss-pam-ldapd, in front of a real nslcd and a real slapd, with the guard's one line: it
# finds in nslcd.conf where the password would go.
#
# usage: tests/integration/pam-nslcd.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/pam.sh
. "$(dirname "$0")/../lab/pam.sh"
# shellcheck source=../lab/directory.sh
. "$(dirname "$0")/../lab/directory.sh"
lab_enter "$@"

module=pam_ldap.so
reserved=alice@example.com
ordinary=pat@sei.co.jp
name=ldap.sei.co.jp
servers= # after the first

# The file as Debian's package leaves it: it may hold a password.
nslcd_configuration()
{
	cat > /etc/nslcd.conf <<-END
		uid nslcd
		gid nslcd
		uri ldap://$1/ $servers
		base $directory_base
	END
	chgrp nslcd /etc/nslcd.conf
	chmod 0640 /etc/nslcd.conf
}

# server_up HOST ...
server_up()
{
	relay_start arrivals ldap:389 $directory_port
	nslcd_configuration "$1"
	install -d -o nslcd -g nslcd /run/nslcd
	rm -f /run/nslcd/socket
	lab_start nslcd nslcd -n
	lab_wait test -S /run/nslcd/socket
}

server_down()
{
	lab_stop nslcd
	lab_stop arrivals
}

arrived()
{
	leaked arrivals
}

# A name is not resolved, so a row of the policy decides.
names()
{
	echo "$internal $name" >> /etc/hosts
	refused 'a name' reserved-identity-unknown-target $reserved "$secret" $name
	holds 'a name: the row that settles it' grep -F "internal \"$name\";" $lab/seen
	use_policy "internal \"$name\";"
	passes 'a name, internal row' $reserved "$secret" $name
	rm /etc/authfence/policy.bin
}

# A program of somebody who may not read nslcd.conf, such as a screen locker.
unprivileged()
{
	local as=(setpriv --reuid=tester --regid=tester --init-groups pamtester lab)
	refused 'unprivileged program' reserved-identity-unknown-target $reserved "$secret" \
		$external "${as[@]}" $reserved authenticate
	passes 'unprivileged program, ordinary' $ordinary "$other" $external "${as[@]}" \
		$ordinary authenticate
}

# change NAME LINE SECRETS IDENTITY SECRET
change()
{
	pam_stack lab $module "$2"
	change_at "$4" "$5" $external
	is "$1: secrets at the server" "$secrets" "$3"
}

add_terminals
guard_install
directory_start
secret=$(new_secret reserved)
other=$(new_secret ordinary)
directory_user $reserved 2001 "$secret"
directory_user $ordinary 2002 "$other"
three_runs pam_ldap $reserved "$secret" $ordinary "$other"
servers=ldap://$external/
refused 'second server outside' reserved-identity-external-target $reserved "$secret" $internal
servers=
names
unprivileged
change 'change, with' "${guard/auth/password}" 0 $reserved "$secret"
is 'change, with: asked for a password' "$(asked $lab/seen)" no
holds 'change, with: log line' grep -F '(lab:chauthtok): verdict=block' $lab/syslog
change 'change, without' '' 1 $reserved "$secret"
change 'change, ordinary' "${guard/auth/password}" 1 $ordinary "$other"
summary
