# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Stacks of PAM and people who log in through them; for scripts that have read lab.sh.
# shellcheck disable=SC2154 # lab, build and others are set by lab.sh

# The folder where libpam looks for modules named without one.
pam_folder()
{
	dirname "$(find /usr/lib /lib -name pam_permit.so 2> /dev/null | head -n 1)"
}

guard_install()
{
	install -m 0644 "$build/pam/pam_authfence.so" "$(pam_folder)/pam_authfence.so"
}

# The line that pam_authfence(8) recommends.
guard='auth [default=ignore perm_denied=die] pam_authfence.so'

# guard_line ARGUMENT...: the same with arguments.
guard_line()
{
	echo "$guard $*"
}

# pam_stack SERVICE MODULE [LINE...]: the service asks MODULE; LINEs stand before that.
pam_stack()
{
	local service=$1 module=$2
	shift 2
	printf '%s\n' "$@" "auth required $module" 'account required pam_permit.so' \
		'session required pam_permit.so' "password required $module" > "/etc/pam.d/$service"
}

# add_account NAME UID: whoever logs in as NAME sees who that is, and is out again.
add_account()
{
	echo "$1:x:$2:$2::/tmp:/usr/bin/id" >> /etc/passwd
}

# A terminal to sit at: /dev in the lab has none.
add_terminals()
{
	mkdir /dev/pts
	mount -t devpts -o newinstance,mode=0620,ptmxmode=0666 lab /dev/pts || exit 3
	ln -s pts/ptmx /dev/ptmx
}

# at_terminal USER PASSWORD COMMAND...: prints what a person sees who types these when asked.
at_terminal()
{
	local user=$1 password=$2
	shift 2
	timeout -k 5 60 python3 -B /tests/lab/terminal.py --answer 'login:' "$user" \
		--answer "$password_prompt" "$password" "$@"
}

# A line that asks for a password, and no sentence about one.
password_prompt='(?m)^[^:\n]*[Pp]assword(?: for [^ ]+)?:'

# asked FILE: whether a person was asked for a password.
asked()
{
	grep -qP "$password_prompt" "$1" && echo yes || echo no
}

# What follows tries one module, behind the service "lab".  The script says what it is:
#
#	module					the module with its arguments
#	server_up ADDRESS IDENTITY SECRET	the module would send the password of IDENTITY to ADDRESS,
#						where what comes is recorded anew
#	server_down				and no longer
#	arrived					prints how many secrets came in, or proofs of one

# login_at IDENTITY SECRET ADDRESS [COMMAND...]: one login, by COMMAND; sets verdict, secrets and logged
# (what the log says).
login_at()
{
	local identity=$1 secret=$2
	server_up "$3" "$1" "$2"
	shift 3
	[ $# -gt 0 ] || set -- pamtester lab "$identity" authenticate
	: > "$lab/syslog"
	verdict=out
	at_terminal "$identity" "$secret" "$@" > "$lab/seen" 2>&1 && verdict=in
	secrets=$(arrived)
	server_down
	logged=$(sed -n 's/.* verdict=\([a-z]*\) reason=\([a-z-]*\) .*/\1 \2/p' "$lab/syslog")
}

# passes NAME IDENTITY SECRET ADDRESS [COMMAND...]: the login succeeds, so the secret is at the server.
passes()
{
	local name=$1
	shift
	login_at "$@"
	is "$name: verdict" "$verdict" in
	is "$name: secrets at the server" "$secrets" 1
	is "$name: asked for a password" "$(asked "$lab/seen")" yes
	is "$name: log" "$logged" ''
}

# refused NAME REASON IDENTITY SECRET ADDRESS [COMMAND...]: the guard ends it, and before the password
# is asked for.
refused()
{
	local name=$1 reason=$2
	shift 2
	login_at "$@"
	is "$name: verdict" "$verdict" out
	is "$name: secrets at the server" "$secrets" 0
	is "$name: asked for a password" "$(asked "$lab/seen")" no
	is "$name: log" "$logged" "block $reason"
	is "$name: told why" "$(grep -c 'authfence: .* was not sent' "$lab/seen")" 1
	is "$name: secret in the log" "$(grep -c "$2" "$lab/syslog")" 0
}

# three_runs NAME RESERVED RESERVED-SECRET ORDINARY ORDINARY-SECRET: without the guard, with its one
# line, with it and an ordinary identity; then with it at an internal server.
three_runs()
{
	local name=$1
	echo "# $name"
	pam_stack lab "$module"
	passes "$name, without" "$2" "$3" "$external"
	pam_stack lab "$module" "$guard"
	refused "$name, with" reserved-identity-external-target "$2" "$3" "$external"
	passes "$name, ordinary" "$4" "$5" "$external"
	passes "$name, internal" "$2" "$3" "$internal"
}

# change_at IDENTITY SECRET ADDRESS: a change of the password, from SECRET to another; sets secrets.
change_at()
{
	server_up "$3" "$1" "$2"
	: > "$lab/syslog"
	timeout -k 5 60 python3 -B /tests/lab/terminal.py --answer '[Nn]ew [Pp]assword:' new-password \
		--answer '(?:again\)|[Nn]ew [Pp]assword):' new-password \
		--answer "$password_prompt" "$2" pamtester lab "$1" chauthtok > "$lab/seen" 2>&1
	secrets=$(arrived)
	server_down
}

# use_policy TEXT: TEXT is in force.
use_policy()
{
	echo "policy 1; $1" > "$lab/site.policy"
	mkdir -p /etc/authfence
	"$build/authfence" policy compile --output /etc/authfence/policy.bin "$lab/site.policy" \
		> "$lab/compile.log" 2>&1 || cat "$lab/compile.log"
}
