#!/bin/bash
# SPDX-License-Identifier: MIT
# The probe in the lab, all default domains times all mechanisms, where the name server and the web
# server hold every answer back for 20 ms: how long it takes, against the longest chain of answers that
# had to be waited for (critical.py says how that is reckoned), and its memory; beside it the same DNS
# questions one after the other.
#
# usage: tests/bench/probe.sh BUILD (as root)
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/probe.sh
. "$(dirname "$0")/../lab/probe.sh"
lab_enter "$@"
late=20
probe_start $late

for run in 1 2 3 4 5; do
	probe_mark
	python3 -B /tests/bench/critical.py run $play/run.$run $build/authfence probe \
		--resolver $probe_dns:53 --cacert $lab/ca.pem --format json > $play/out.$run || {
		cat $play/out.$run
		exit 1
	}
	probe_requests > $play/requests.$run
	python3 -B /tests/bench/critical.py path $late $play/run.$run \
		"$(probe_questions | wc -l)" $play/requests.$run >> $play/paths || exit 1
done
sort -n $play/paths | sed -n '3s/^[^ ]* //p' # of five

probe_questions | awk '{ print $2, $1 }' > $play/batch
start=$(date +%s%N)
dig @$probe_dns -f $play/batch +tries=1 +noall > $play/dig.out 2>&1
printf 'the same %s DNS questions with dig, one after the other: %s ms\n' \
	"$(wc -l < $play/batch)" $((($(date +%s%N) - start) / 1000000))
