#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The probe against servers that answer nonsense, poison, too much, too late or not at all, and a name
# server that knows every name: nothing of that is honest, and nothing stands for a finding that it
# is not.  Then what a run leaves for the next one.
#
# usage: tests/integration/probe-broken.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/probe.sh
. "$(dirname "$0")/../lab/probe.sh"
lab_enter "$@"
probe_start 0

for row in $(expect rows broken); do
	probe_row "$row"
done

for row in broken-header-garbage broken-header204-escapes; do
	probe_play $row
	authfence_probe terminal test
	is "$row, for people: status" "$status" 1
	holds "$row, for people: the header is told" grep -q 'seeatest\|x-debug-support' $play/terminal.out
	is "$row, for people: bytes that move a terminal" \
		"$(LC_ALL=C grep -n '[^[:print:]]' $play/terminal.out)" ''
done

# Without an answered control nobody is clean.
probe_row no-control
authfence_probe unknown-control --format json --control nobody.sei.co.jp test
is 'a control that does not exist: status' "$status" 3
is 'a control that does not exist: who still answers' "$(expect honest $play/unknown-control.out)" \
	office365

# in_time NAME MILLISECONDS: generous; the bound itself is the option's.
in_time()
{
	holds "$1: in time ($took ms)" test "$took" -lt "$2"
}

probe_row patient
is 'patient: most requests at once to one host' "$(expect busiest $play/requests.now)" 4

probe_row broken-body --deadline 3
in_time broken-body 20000
probe_row broken-late --deadline 3
in_time broken-late 20000
probe_row broken-late-one --mechanism autoconfig --mechanism mx
in_time broken-late-one 50000
authfence_probe no-dns --format json --deadline 2 --resolver 192.88.99.99:53 test
is 'no name server: status' "$status" 3
is 'no name server: who is honest' "$(expect honest $play/no-dns.out)" ''
in_time no-dns 20000

# A name server that misbehaves, in the place of the real one.
lab_stop dnsdist 2> /dev/null
for mode in refused failing garbage flood; do
	odd_start $mode
	authfence_probe odd --format json --deadline 2 test
	is "name server, $mode: status" "$status" 3
	is "name server, $mode: who is honest" "$(expect honest $play/odd.out)" ''
	in_time "name server, $mode" 20000
	lab_stop odd
done
probe_dnsdist

# remember ROW CHANGE: a run with a state file; CHANGE stands in the lines of the findings.
remember()
{
	probe_play "$1"
	authfence_probe state --format jsonl --state $play/own/state --metrics $play/own/metrics test
	is "state, $1: $2" "$(expect changes $play/state.out)" "$2"
}

remember honest ''
remember mx 'mx new'
remember mx 'mx known'
remember guess-imap 'guess-imap new, test mx F2 gone'
for line in 'authfence_probe_findings{level="F2"} 1' 'authfence_probe_inconclusive 0'; do
	holds "metrics: $line" grep -qxF "$line" $play/own/metrics
done
summary
