#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# isync's mbsync, each way of logging in, four times: without the guard, with it, with it and an
# ordinary identity, with it and a reserved identity at an internal server.
#
# usage: tests/integration/mbsync.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/mbsync.sh
. "$(dirname "$0")/../lab/mbsync.sh"
lab_enter "$@"

refusal='authorization failure: authfence:.*email@example\.com'
line='authfence: verdict=block reason=reserved-identity-external-target stack=sasl service=imap'
line="$line identity=email@example.com domain=example.com class=documentation target=$imap_name"

# try NAME RECORDER-OPTIONS PORT TLS MECHANISM
try()
{
	local name=$1 options=$2 port=$3 tls=$4 mechanism=$5 secret status
	echo "# $name"

	secret=$(new_secret "$name")
	# shellcheck disable=SC2086 # a list of options
	recorder_start bare --auth "$mechanism" $options
	status=$(run_mbsync bare $imap_name "$port" "$tls" "$mechanism" email@example.com "$secret")
	lab_stop bare
	is "$name, without: status" "$status" 0
	is "$name, without: secrets at the recorder" "$(leaked bare)" 1

	: > $lab/syslog
	# shellcheck disable=SC2086
	recorder_start guarded --auth "$mechanism" $options
	status=$(run_mbsync guarded $imap_name "$port" "$tls" "$mechanism" email@example.com "$secret" \
		SASL_PATH="$(guarded_path)")
	lab_stop guarded
	# Not "is 1": isync 1.5 fails an assertion of its own when CRAM-MD5 is refused.
	holds "$name, with: status $status" test "$status" -ne 0
	is "$name, with: secrets at the recorder" "$(leaked guarded)" 0
	is "$name, with: SASL responses at the recorder" "$(answers guarded)" 0
	holds "$name, with: the user is told" grep "$refusal" $lab/guarded.home/output
	holds "$name, with: log line" grep -F "$line" $lab/syslog
	holds "$name, with: connection cut" grep -F 'cut=yes' $lab/syslog
	is "$name, with: log lines" "$(grep -c verdict= $lab/syslog)" 1
	is "$name, with: secret in the log" "$(grep -c "$secret" $lab/syslog)" 0

	secret=$(new_secret "$name, ordinary")
	# shellcheck disable=SC2086
	recorder_start ordinary --auth "$mechanism" $options
	status=$(run_mbsync ordinary $imap_name "$port" "$tls" "$mechanism" pat@sei.co.jp "$secret" \
		SASL_PATH="$(guarded_path)")
	lab_stop ordinary
	is "$name, ordinary: status" "$status" 0
	is "$name, ordinary: secrets at the recorder" "$(leaked ordinary)" 1

	secret=$(new_secret "$name, internal")
	# shellcheck disable=SC2086
	recorder_start internal --auth "$mechanism" $options
	status=$(run_mbsync internal $internal_name "$port" "$tls" "$mechanism" email@example.com \
		"$secret" SASL_PATH="$(guarded_path)")
	lab_stop internal
	is "$name, internal: status" "$status" 0
	is "$name, internal: secrets at the recorder" "$(leaked internal)" 1
}

try PLAIN imap:143 143 None PLAIN
try CRAM-MD5 imap:143 143 None CRAM-MD5
try 'PLAIN over TLS' imap:993:tls 993 IMAPS PLAIN
try 'PLAIN after STARTTLS' '--starttls imap:143' 143 STARTTLS PLAIN
summary
