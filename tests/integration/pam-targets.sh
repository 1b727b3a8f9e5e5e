#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# Where the guard stands in a stack and what it is told of the target, in front of pam_radius_auth and
# a real RADIUS server: names and policy rows, controls that guard and controls that do not, a module
# file that is missing, and a change of the password.
#
# usage: tests/integration/pam-targets.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/radius.sh
. "$(dirname "$0")/../lab/radius.sh"
lab_enter "$@"

reserved=email@example.com
ordinary=pat@sei.co.jp
radius_name=radius.sei.co.jp

# log_in IDENTITY SERVER PASSWORD [LINE...]: types PASSWORD, for "-" the right one; sets verdict,
# packets (how many the RADIUS server got) and logged (what the log says).
log_in()
{
	local identity=$1 server=$2 password=$3 secret
	shift 3
	secret=$(new_secret "$identity")
	[ "$password" != - ] || password=$secret
	: > $lab/syslog
	radius_stack radius "$server" "$@"
	radius_start run "$identity" "$secret"
	verdict=out
	at_terminal "$identity" "$password" pamtester radius "$identity" authenticate \
		> $lab/seen 2>&1 && verdict=in
	lab_stop run
	packets=$(requests run)
	logged=$(sed -n 's/.* verdict=\([a-z]*\) reason=\([a-z-]*\) .*/\1 \2/p' $lab/syslog)
}

# row NAME VERDICT PACKETS LOGGED log_in-argument...
row()
{
	local name=$1 want_verdict=$2 want_packets=$3 want_logged=$4
	shift 4
	log_in "$@"
	is "$name: verdict" "$verdict" "$want_verdict"
	is "$name: packets at the server" "$packets" "$want_packets"
	is "$name: log" "$logged" "$want_logged"
}

targets()
{
	local line
	line=$(guard_line target=$external)
	row 'address' out 0 'block reserved-identity-external-target' $reserved $external - "$line"
	row 'address and port' out 0 'block reserved-identity-external-target' $reserved $external - \
		"${line}:1812"
	row 'internal address' in 1 '' $reserved $internal - "$(guard_line target=$internal)"
	row 'one of two external' out 0 'block reserved-identity-external-target' $reserved \
		$internal - "$(guard_line target=$internal target=$external)"
	row 'domain of a bare name' out 0 'block reserved-identity-external-target' email \
		$external - "$line domain=example.com"
	row 'ordinary domain of a bare name' in 1 '' email $external - "$line domain=sei.co.jp"
	row 'observe' in 1 'observe reserved-identity-external-target' $reserved $external - \
		"$line observe"
	holds 'observe: nothing said' test "$(grep -c authfence: $lab/seen)" -eq 0
	row 'quiet' out 0 'block reserved-identity-external-target' $reserved $external - \
		"$line quiet"
	holds 'quiet: nothing said' test "$(grep -c authfence: $lab/seen)" -eq 0
}

# A name is not resolved here, so without a row it is unknown.
names()
{
	local line
	line=$(guard_line target=$radius_name)
	echo "$internal $radius_name" >> /etc/hosts
	dns_mark
	row 'name' out 0 'block reserved-identity-unknown-target' $reserved $radius_name - "$line"
	holds 'name: the row that settles it' grep -F "internal \"$radius_name\";" $lab/seen
	row 'name, ordinary' in 1 '' $ordinary $radius_name - "$line"
	row 'name, unknown=allow' in 1 '' $reserved $radius_name - "$line unknown=allow"
	is 'name: questions at the name server' "$(dns_questions | grep -c .)" 0

	use_policy "internal \"$radius_name\";"
	row 'name, internal row' in 1 '' $reserved $radius_name - "$line"
	use_policy "external \"$radius_name\";"
	row 'name, external row' out 0 'block reserved-identity-external-target' $reserved \
		$radius_name - "$line"
	use_policy 'mode observe;'
	row 'name, mode observe' in 1 'observe reserved-identity-unknown-target' $reserved \
		$radius_name - "$line"
	rm /etc/authfence/policy.bin
	row 'name, policy gone' out 0 'block reserved-identity-unknown-target' $reserved \
		$radius_name - "$line"
}

# pam_authfence(8) says what other controls do; a module under them that lets in would be worse.
controls()
{
	local module="pam_authfence.so target=$external"
	row 'requisite' out 0 'block reserved-identity-external-target' $reserved $external - \
		"auth requisite $module"
	row 'requisite, ordinary' in 1 '' $ordinary $external - "auth requisite $module"
	row 'required' out 1 'block reserved-identity-external-target' $reserved $external - \
		"auth required $module"
	row 'sufficient, wrong password' out 1 '' $ordinary $external wrong \
		"auth sufficient $module"
	row 'wrong password' out 1 '' $ordinary $external wrong "$(guard_line target=$external)"
}

# Nobody is locked out by a file that an upgrade has lost; the line is no guard then, either.
missing_file()
{
	local file
	file=$(pam_folder)/pam_authfence.so
	rm "$file"
	row 'file missing' in 1 '' $ordinary $external - "$(guard_line target=$external)"
	row 'file missing, wrong password' out 1 '' $ordinary $external wrong \
		"$(guard_line target=$external)"
	row 'file missing, requisite' out 0 '' $ordinary $external - \
		"auth requisite pam_authfence.so target=$external"
	guard_install
	row 'file back' out 0 'block reserved-identity-external-target' $reserved $external - \
		"$(guard_line target=$external)"
}

# change IDENTITY [LINE...]: a change of the password; sets packets and secrets.  The RADIUS server takes
# no new one, but both passwords are out before it can say so.
change()
{
	local identity=$1 secret
	shift
	secret=$(new_secret "old password of $identity")
	radius_stack radius $external "$@"
	radius_start run "$identity" "$secret"
	timeout -k 5 60 python3 -B /tests/lab/terminal.py --answer 'New password:' new-password \
		--answer 'again\):' new-password --answer "$password_prompt" "$secret" \
		pamtester radius "$identity" chauthtok > $lab/seen 2>&1
	lab_stop run
	packets=$(requests run)
	secrets=$(leaked run)
}

# Version 3.0 of pam_radius_auth has no pam_sm_chauthtok().
password_stack()
{
	local line
	grep -q pam_sm_chauthtok "$(pam_folder)/pam_radius_auth.so" || {
		skip 'change of the password' 'this pam_radius_auth offers none'
		return
	}
	line=$(guard_line target=$external)
	change $reserved
	is 'change, without: old passwords at the server' "$secrets" 1
	is 'change, without: packets at the server' "$packets" 2
	: > $lab/syslog
	change $reserved "${line/auth/password}"
	is 'change, with: packets at the server' "$packets" 0
	is 'change, with: asked for a password' "$(asked $lab/seen)" no
	holds 'change, with: told why' grep -F "was not sent to $external" $lab/seen
	holds 'change, with: log line' grep -F '(radius:chauthtok): verdict=block' $lab/syslog
	change $ordinary "${line/auth/password}"
	is 'change, ordinary: old passwords at the server' "$secrets" 1
	is 'change, ordinary: packets at the server' "$packets" 2
}

add_terminals
guard_install
targets
names
controls
missing_file
password_stack
summary
