#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The probe against a name server and a web server that play every mechanism: all honest, the incident
# of 2025, and each mechanism dishonest alone, which must be found there and nowhere else.
#
# usage: tests/integration/probe.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/probe.sh
. "$(dirname "$0")/../lab/probe.sh"
lab_enter "$@"
probe_start 0

# All default domains, honest; what was asked is what a dry run lists.
authfence_probe honest --format json
probe_agrees honest honest
holds 'honest: every reserved domain' grep -q xn--zckzah $play/honest.out
probe_questions > $play/questions.now
watch=(as_tester strace -f -qq -e 'trace=%network' -o "$play/own/trace"
	"$build/authfence" probe)
"${watch[@]}" --dry-run > $play/listed
is 'dry run: status' $? 0
is 'dry run: sockets of the network' "$(grep AF_INET $play/own/trace)" ''
"${watch[@]}" --resolver $probe_dns:53 --mechanism mx test > $play/watched.out
holds 'a real run, watched alike' grep -q AF_INET $play/own/trace
is 'dry run: list' "$(expect listed $play/listed $play/questions.now $play/requests.now)" ''
is 'honest: mechanisms that no row plays' "$(expect rowless $play/honest.out)" ''

# Nobody is asked who is left out, nor the name server about a host whose address is given; without
# an option the system's name server is asked.
probe_play honest
authfence_probe elsewhere --format json --service ispdb= --service autodetect= \
	--connect-to outlook.office365.com:443:192.88.99.7:443 test
is 'elsewhere: status' "$status" 0
is 'elsewhere: hosts' "$(expect hosts <(probe_requests))" https://outlook.office365.com
is 'elsewhere: questions about it' "$(probe_questions | grep office365)" ''
cp /etc/resolv.conf $play/resolv.conf
echo "nameserver $probe_dns" > /etc/resolv.conf
probe_mark
as_tester $build/authfence probe --mechanism mx test > $play/system.out
is 'name server of the system: status' $? 0
is 'name server of the system: questions' "$(probe_questions | tr '\n' ' ')" \
	'MX gmail.com MX outlook.com MX test '
cp $play/resolv.conf /etc/resolv.conf

authfence_probe site --format json --policy $play/site.bin
probe_agrees site honest
holds 'a reserved domain of the policy is asked about' grep -q dev.acme.internal $play/site.out

probe_play incident
authfence_probe incident --format json
probe_agrees incident incident
authfence_probe incident-lines --format jsonl
probe_agrees incident-lines incident
authfence_probe incident-text
is 'incident, for people: status' "$status" 1
for word in F1 example.com autodetect imapgms.jnet.sei.co.jp seeatest 2020-02-03; do
	holds "incident, for people: $word" grep -q "$word" $play/incident-text.out
done

for row in $(expect rows mechanisms); do
	probe_row "$row"
done
summary
