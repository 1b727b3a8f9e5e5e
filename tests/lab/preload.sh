# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Clients of all kinds, each in three runs: bare, with the preload guard, with it and an ordinary
# identity; for scripts that have read lab.sh.
# shellcheck disable=SC2154 # lab, build and others are set by lab.sh

reserved=email@example.com
ordinary=pat@sei.co.jp
preload_library=$build/preload/libauthfence-preload.so
home=$lab/home
line='verdict=block reason=reserved-identity-external-target stack=preload'
guard=() # before a client: the environment that loads the guard

# What a client can use: tls, set for each row, is none, starttls or tls (from the start).
declare -A port=(
	[imap,none]=143 [imap,starttls]=143 [imap,tls]=993
	[pop,none]=110 [pop,starttls]=110 [pop,tls]=995
	[smtp,none]=587 [smtp,starttls]=587 [smtp,tls]=465
	[ldap,none]=389 [ldap,starttls]=389 [ldap,tls]=636
	[http,none]=80 [http,tls]=443
)

as_client()
{
	as_tester env HOME="$home" TERM=vt100 "${guard[@]}" "$@"
}

# quoted NAME: as a URL has it.
quoted()
{
	echo "${1//@/%40}"
}

# shellcheck disable=SC2034 # for the caller
# pick NONE STARTTLS TLS: the words for this row, in the array `how`.
pick()
{
	case $tls in
	none) read -ra how <<< "$1" ;;
	starttls) read -ra how <<< "$2" ;;
	tls) read -ra how <<< "$3" ;;
	esac
}

# scheme NAME: of a URL in this row.
scheme()
{
	[ "$tls" = tls ] && echo "$1s" || echo "$1"
}

# listener SERVICE: the recorder's options for this row.
listener()
{
	case $tls in
	none) echo "$1:${port[$1,none]}" ;;
	starttls) echo "--starttls $1:${port[$1,none]}" ;;
	tls) echo "$1:${port[$1,tls]}:tls" ;;
	esac
}

# run CLIENT SERVICE USER SECRET RECORDER-OPTION...: leaves $lab/run and status; what the client
# said is in $lab/run.output.  A CLIENT is a function, called with USER SECRET PORT.
run()
{
	local client=$1 service=$2 user=$3 secret=$4 options
	shift 4
	rm -rf "$home"
	install -d -m 0700 -o tester "$home"
	: > "$lab/syslog"
	read -ra options <<< "$(listener "$service")"
	recorder_start run "$@" "${options[@]}"
	"$client" "$user" "$secret" "${port[$service,$tls]}" < /dev/null > "$lab/run.output" 2>&1
	status=$?
	lab_stop run
}

# Which logins the recorder saw, each once.
logins()
{
	sort -u "$lab/run/logins" | tr '\n' ' '
}

log_lines()
{
	grep -c verdict= "$lab/syslog"
}

# Did the client end, neither by a signal nor by our patience?
ended_well()
{
	[ "$status" -ne 124 ] && { [ "$status" -le 128 ] || [ "$status" -ge 160 ]; }
}

show_failure()
{
	[ "$failed" -gt "$1" ] || return
	sed 's/^/    said: /' "$lab/run.output" | cut -c 1-160 | tail -n 5
	sed 's/^/    log: /' "$lab/syslog" | tail -n 3
}

# three CLIENT PROGRAM SERVICE TLS MECHANISM[,...] [RECORDER-OPTION...]: PROGRAM is what must be
# there; `lines` says how many lines the log gets at most, if not one.
three()
{
	local client=$1 program=$2 service=$3 mechanism=$5 secret bare before=$failed name
	tls=$4 name="$client, $3 $5, TLS: $4"
	shift 5
	command -v "$program" > /dev/null || {
		skip "$name" "this release has no $program"
		return
	}
	set -- --auth "$mechanism" "$@"
	echo "# $name"

	guard=()
	secret=$(new_secret "$name")
	run "$client" "$service" $reserved "$secret" "$@"
	bare="$status, $(logins)"
	is "$name, bare: secrets at the recorder" "$(leaked run)" 1
	show_failure "$before"

	guard=(LD_PRELOAD="$preload_library")
	run "$client" "$service" $reserved "$secret" "$@"
	is "$name, guarded: secrets at the recorder" "$(leaked run)" 0
	is "$name, guarded: logins" "$(logins)" ''
	holds "$name, guarded: ended by itself (status $status)" ended_well
	holds "$name, guarded: log line" grep "$line service=$service identity=.*example.*com" \
		"$lab/syslog"
	holds "$name, guarded: $(log_lines) log lines" test "$(log_lines)" -le "${lines:-1}"
	is "$name, guarded: secret in the log" "$(grep -c "$secret" "$lab/syslog")" 0
	show_failure "$before"

	secret=$(new_secret "$name, ordinary")
	run "$client" "$service" $ordinary "$secret" "$@"
	is "$name, ordinary: secrets at the recorder" "$(leaked run)" 1
	is "$name, ordinary: status and logins" "$status, $(logins)" "$bare"
	is "$name, ordinary: log lines" "$(log_lines)" 0
	show_failure "$before"
}

# All programs believe the lab's authority.
trust_lab()
{
	cp "$lab/ca.pem" /usr/local/share/ca-certificates/lab.crt
	update-ca-certificates > "$lab/ca.log" 2>&1 || exit 3
}

# As a person at a terminal who types nothing.
at_screen()
{
	as_client python3 -B /tests/lab/terminal.py "$@"
}

# each MODES CLIENT PROGRAM SERVICE MECHANISM...: as `three`, for each TLS of MODES.
each()
{
	local mode
	for mode in $1; do
		three "$2" "$3" "$4" "$mode" "${@:5}"
	done
}
