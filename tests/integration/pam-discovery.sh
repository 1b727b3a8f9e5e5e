#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# What the guard finds by itself with its one line, as libpam reads the same files: in stacks of
# several files, with modules that are not known, with servers that have names only; and what it does
# not even look for.  The password goes to a real RADIUS server by pam_radius_auth.
#
# usage: tests/integration/pam-discovery.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/radius.sh
. "$(dirname "$0")/../lab/radius.sh"
# shellcheck source=../lab/kerberos.sh
. "$(dirname "$0")/../lab/kerberos.sh"
lab_enter "$@"

reserved=email@example.com
ordinary=pat@sei.co.jp
name=radius.sei.co.jp
radius="auth required pam_radius_auth.so retry=1"
outside='reserved-identity-external-target'
unknown='reserved-identity-unknown-target'
secret=$(new_secret reserved)
other=$(new_secret ordinary)
more= # a second server

# server_up HOST IDENTITY SECRET
server_up()
{
	printf '%s\n' "$1:1812 $radius_shared 3" "$more" > /etc/pam_radius_auth.conf
	chmod 0600 /etc/pam_radius_auth.conf
	radius_start arrivals "$2" "$3"
}

server_down()
{
	lab_stop arrivals
}

arrived()
{
	leaked arrivals
}

# file NAME LINE...: a file of PAM.
file()
{
	printf '%s\n' "${@:2}" > "/etc/pam.d/$1"
}

# leaks NAME: the stack that stands there has no guard.
leaks()
{
	passes "$1, without" $reserved "$secret" $external
}

# stops NAME: it has one.
stops()
{
	refused "$1" $outside $reserved "$secret" $external
	passes "$1, ordinary" $ordinary "$other" $external
	passes "$1, internal" $reserved "$secret" $internal
}

# The line of the guard and that of the module, in several files.
includes()
{
	local common=("${radius/required/[success=1 default=ignore]}" 'auth requisite pam_deny.so'
		'auth required pam_permit.so')
	echo '# files of a stack'
	file lab '@include common-auth'
	file common-auth "${common[@]}"
	leaks '@include'
	file common-auth "$guard" "${common[@]}"
	stops '@include'

	file sub "$radius"
	file lab 'auth substack sub'
	leaks 'substack'
	file lab "$guard" 'auth substack sub'
	stops 'substack'

	file lab "$guard" 'auth [success=1 default=ignore] pam_unix.so' 'auth include sub' \
		'auth required pam_permit.so'
	stops 'include'
}

# Other places that libpam looks into.
places()
{
	cp /etc/pam.d/other $lab/other
	rm /etc/pam.d/lab
	file other "$radius"
	leaks 'other'
	file other "$guard" "$radius"
	stops 'other'
	cp $lab/other /etc/pam.d/other
	mkdir -p /usr/lib/pam.d
	printf '%s\n' "$guard" "$radius" > /usr/lib/pam.d/lab
	stops 'vendor folder'
	rm /usr/lib/pam.d/lab
	# shellcheck disable=SC1003 # ends of lines
	file lab 'auth [default=ignore \' '	perm_denied=die] \' ' pam_authfence.so # one line' \
		'AUTH REQUIRED pam_radius_auth.so \' '  [retry=1]'
	stops 'lines that go on'
}

servers()
{
	echo '# servers'
	file lab "$guard" "$radius"
	more="$external:1812 $radius_shared 3"
	refused 'second server outside' $outside $reserved "$secret" $internal
	more=
	echo "$internal $name" >> /etc/hosts
	refused 'a name' $unknown $reserved "$secret" $name
	holds 'a name: the row that settles it' grep -F "internal \"$name\";" $lab/seen
	use_policy "internal \"$name\";"
	passes 'a name, internal row' $reserved "$secret" $name
	rm /etc/authfence/policy.bin
	refused 'program that may not read' $unknown $reserved "$secret" $external \
		setpriv --reuid=tester --regid=tester --init-groups \
		pamtester lab $reserved authenticate
	file lab "$guard discover=no" "$radius"
	passes 'discover=no' $reserved "$secret" $external
}

# A module that is in no table, under a name of its own: pam_permit gets no password.
modules()
{
	local folder
	folder=$(pam_folder)
	echo '# modules'
	cp "$folder/pam_permit.so" "$folder/pam_stranger.so"
	file lab "$guard" 'auth required pam_stranger.so' "$radius"
	refused 'unknown module' $unknown $reserved "$secret" $internal
	holds 'unknown module: the row that settles it' \
		grep -F 'pam-module "pam_stranger.so"' $lab/seen
	use_policy 'pam-module "pam_stranger.so" local;'
	passes 'unknown module, local' $reserved "$secret" $internal
	refused 'unknown module, local, server outside' $outside $reserved "$secret" $external
	use_policy "pam-module \"pam_stranger.so\" target \"$external\";"
	refused 'unknown module, target outside' $outside $reserved "$secret" $internal
	use_policy "pam-module \"pam_stranger.so\" target \"$internal\";"
	passes 'unknown module, target inside' $reserved "$secret" $internal
	rm /etc/authfence/policy.bin

	file lab "$guard" 'auth optional pam_exec.so /bin/true' "$radius"
	passes 'pam_exec' $reserved "$secret" $internal
	file lab "$guard" 'auth optional pam_exec.so expose_authtok /bin/true' "$radius"
	refused 'pam_exec that gets the password' $unknown $reserved "$secret" $internal
}

# A guard that comes too late says so.
misplaced()
{
	echo '# misplaced'
	file lab "${radius/required/[success=ignore default=ignore]}" "$guard" "auth required pam_permit.so"
	login_at $reserved "$secret" $external
	is 'behind the forwarder: secrets at the server' "$secrets" 1
	holds 'behind the forwarder: log line' grep -F 'misplaced: pam_radius_auth.so in /etc/pam.d/lab line 1' \
		$lab/syslog
}

# What stays on this machine is nobody's business.
local_only()
{
	local line
	echo '# local only'
	useradd -M -p "$(openssl passwd -6 "$secret")" --badname $reserved
	for line in 'auth required pam_unix.so' 'auth required pam_permit.so'; do
		file lab "$guard" "$line"
		login_at $reserved "$secret" $external
		is "$line: verdict" "$verdict" in
		is "$line: log" "$logged" ''
	done
}

# opened IDENTITY LINE...: the files that a login opens, one a line, with how often.
opened()
{
	local identity=$1
	shift
	file lab "$@"
	strace -f -qq -e trace=open,openat -o $lab/trace pamtester lab "$identity" authenticate \
		< /dev/null > $lab/opened 2>&1
	sed -n 's/.*open\(at\)\{0,1\}([^"]*"\([^"]*\)".*/\2/p' $lab/trace | sort |
		uniq -c | sort
}

# by_guard IDENTITY LINE...: the files that are opened more often with the guard's line before LINEs,
# without the module and its libraries.
by_guard()
{
	opened "$@" > $lab/without
	opened "$1" "$guard" "${@:2}" > $lab/with
	comm -13 $lab/without $lab/with | awk '{ print $2 }' | grep -Ev '\.so|/locale/|gconv' | sort -u | xargs
}

# An ordinary identity pays for the policy only; so does a bare one, unless some module makes it more.
files_opened()
{
	local policy='/etc/authfence/policy.bin /etc/authfence/policy.bin.prev'
	local kerberos='auth required pam_krb5.so'
	echo '# files opened'
	: > /etc/pam_radius_auth.conf
	kerberos_client $external
	is 'ordinary' "$(by_guard $ordinary "$radius")" "$policy"
	is 'bare' "$(by_guard alice "$radius")" "$policy"
	is 'ordinary before an appending module' "$(by_guard $ordinary "$kerberos")" "$policy"
	holds 'bare before an appending module' grep -w /etc/pam.d/lab <<< "$(by_guard alice "$kerberos")"
	holds 'reserved' grep -w /etc/pam.d/lab <<< "$(by_guard $reserved "$radius")"
}

add_terminals
guard_install
includes
places
servers
modules
misplaced
local_only
files_opened
summary
