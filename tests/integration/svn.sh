#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# Subversion's client with a real svnserve, each choice of mechanisms four times: without the guard,
# with it, with it and an ordinary identity, with it and a reserved identity at an internal server.
#
# usage: tests/integration/svn.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/svn.sh
. "$(dirname "$0")/../lab/svn.sh"
lab_enter "$@"

reserved=alice@example.com
ordinary=pat@sei.co.jp
line='authfence: verdict=block reason=reserved-identity-external-target stack=sasl service=svn'
line="$line identity=$reserved domain=example.com class=documentation target=$imap_name port=3690"
line="$line address=$external"

# refused NAME MESSAGE: at the external server, without the guard and with it.
refused()
{
	local name=$1 message=$2 secret
	secret=$(new_secret "$name")
	svn_user $reserved "$secret"

	guard=()
	svn_run bare $imap_name $reserved "$secret"
	is "$name, without: status" "$status" 0
	is "$name, without: secrets at the server" "$(leaked bare)" 1

	: > $lab/syslog
	guard=(env SASL_PATH="$(guarded_path)")
	svn_run guarded $imap_name $reserved "$secret"
	is "$name, with: status" "$status" 1
	is "$name, with: secrets at the server" "$(leaked guarded)" 0
	is "$name, with: user at the server" "$(cat $lab/guarded/*.in | grep -acF $reserved)" 0
	holds "$name, with: the user is told" grep "$message" $lab/guarded.output
	holds "$name, with: log line" grep -F "$line" $lab/syslog
	holds "$name, with: connection cut" grep -F 'cut=yes' $lab/syslog
	is "$name, with: log lines" "$(grep -c verdict= $lab/syslog)" 1
	is "$name, with: secret in the log" "$(grep -c "$secret" $lab/syslog)" 0
}

# allowed NAME HOST USER [REALM]: with the guard.
allowed()
{
	local name=$1 host=$2 user=$3 realm=${4:-${3##*@}} secret
	secret=$(new_secret "$name")
	svn_user "${user%@*}@$realm" "$secret"
	: > $lab/syslog
	svn_run allowed "$host" "$user" "$secret" "$realm"
	is "$name: status" "$status" 0
	is "$name: secrets at the server" "$(leaked allowed)" 1
	is "$name: log lines" "$(grep -c verdict= $lab/syslog)" 0
}

# try MECHANISMS MESSAGE
try()
{
	echo "# $1"
	svnserve_start "$1"
	refused "$1" "$2"
	guard=(env SASL_PATH="$(guarded_path)")
	allowed "$1, ordinary" $imap_name $ordinary
	allowed "$1, internal" $internal_name $reserved
	lab_stop svnserve
}

# The client drops the mechanism that was refused and tries the next; its own words come last.
try PLAIN 'E210007: Cannot negotiate authentication mechanism'
for mechanisms in CRAM-MD5 'PLAIN CRAM-MD5'; do
	try "$mechanisms" "authorization failure: authfence: .*$reserved was not sent to $imap_name"
done

# Limits, on purpose: a change here is a change of what the manual says.
echo '# limits'
svnserve_start CRAM-MD5
allowed 'bare name in a reserved realm' $imap_name alice example.com
# Where libsasl2 has no CRAM-MD5 the client has one of its own.
guard=(env "SASL_PATH=$build/sasl2")
allowed 'without the mechanisms of libsasl2' $imap_name $reserved
lab_stop svnserve
summary
