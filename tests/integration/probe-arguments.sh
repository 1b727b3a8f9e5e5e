#!/bin/bash
# SPDX-License-Identifier: MIT
# What `authfence probe` says to arguments, good and bad.  Nothing leaves the machine: the command
# either lists what it would send, or has a name server that nobody runs.
#
# usage: tests/integration/probe-arguments.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/probe-arguments.sh BUILD}")
cd "$(dirname "$0")/../.." || exit 3
. tests/report.sh
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
unset AUTHFENCE_POLICY SOURCE_DATE_EPOCH

# says STATUS TEXT ARGUMENT...: the command ends with STATUS, and TEXT stands in what it prints.
says()
{
	local want=$1 text=$2 got status
	shift 2
	got=$("$build/authfence" probe --root "$scratch" --resolver 127.0.0.1:1 --deadline 2 "$@" 2>&1)
	status=$?
	is "$*: status" $status "$want"
	[[ $got == *"$text"* ]] || is "$*: output" "$got" "$text"
}

echo '# what is asked'
says 0 'test	mx	MX test' --dry-run --mechanism mx TEST.
says 0 'xn--bcher-kva.test	mx	MX xn--bcher-kva.test' --dry-run --mechanism mx bücher.test
says 0 'gmail.com	mx	MX gmail.com' --dry-run --mechanism mx test
says 0 'corp.net	ispdb	GET https://h.net:8443/y/corp.net' --dry-run --mechanism ispdb --control corp.net \
	--service ispdb=h.net:8443/y/%D test
says 0 'GET https://[::1]:8443/autodetect/' --dry-run --mechanism autodetect \
	--service 'autodetect=[::1]:8443' test
says 0 '"question":"MX test"' --dry-run --format json --mechanism mx test
says 3 'No control was answered by dns' --mechanism mx --cacert tests/report.sh test
says 2 'nothing to ask' --mechanism address example.com
says 2 'nothing to ask' --mechanism autodetect --service autodetect= test
says 2 'nothing to ask' --dry-run --mechanism ispdb --service ispdb= test

echo '# what is refused'
says 2 '"" is no domain name' ''
says 2 '"." is no domain name' .
says 2 '"a..b" is no domain name' a..b
says 2 '"127.0.0.1" is no domain name' 127.0.0.1
says 2 '--control: "::1" is no domain name' --control ::1
says 2 'more than 8' --control a.net --control b.net --control c.net --control d.net \
	--control e.net --control f.net --control g.net --control h.net --control i.net
says 2 'expected seconds, 1 to 3600' --deadline 0
says 2 'expected seconds, 1 to 3600' --deadline 3601
says 2 'expected seconds, 1 to 3600' --deadline 5s
says 2 'expected seconds, 1 to 3600' --deadline -1
says 2 'did you mean "autodetect"?' --mechanism autodetct
says 2 'expected one of: text, json, jsonl' --format xml
says 2 'expected NAME=HOST' --service autodetect
says 2 'expected NAME=HOST' --service dns=h.net
says 2 'expected NAME=HOST' --service autodetect=h.net:99999
says 2 'expected NAME=HOST' --service autodetect=u@h.net
says 2 'expected NAME=HOST' --service autodetect=https://h.net/
says 2 'expected NAME=HOST' --service 'autodetect=h.net/a b'
says 2 'expected NAME=HOST' --service autodetect=/a
says 2 'expected NAME=HOST' --service 'autodetect=[::1'
says 2 'no address, expected ADDRESS:PORT' --resolver ns.test:53
says 2 'no port behind the host' --connect-to a
says 2 'the third part is no address' --connect-to a:443:b:443
says 2 'the last port is none' --connect-to a:443:127.0.0.1:0
says 2 'no such file' --policy "$scratch/none.bin"
says 2 'option "--bogus" is unknown' --bogus
says 3 'trusted certificates cannot be read' --cacert "$scratch/none.pem" test

echo '# what cannot be written'
says 3 '--state: ' --mechanism mx --state "$scratch/none/state" test
says 3 '--metrics: ' --mechanism mx --metrics "$scratch" test
for words in '--dry-run' '--format json' '--format jsonl' '--format text' '--help'; do
	# shellcheck disable=SC2086 # several words
	"$build/authfence" probe --root "$scratch" --resolver 127.0.0.1:1 --deadline 1 --mechanism mx \
		$words test > /dev/full 2> /dev/null
	is "$words to a full disk: status" $? 3
done
summary
