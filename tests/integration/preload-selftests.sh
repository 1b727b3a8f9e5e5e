#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# Test suites that packages ship with their programs, under the preload guard: each of their tests
# ends as it does without.
#
# usage: tests/integration/preload-selftests.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
lab_enter "$@"
install -d -m 0700 -o tester "$home"

# Each prints one line a test: its name, and how it ended.
regrtest()
{
	as_suite python3 -B -m test --junit-xml "$folder/results" "$@"
	python3 -c 'if True:
		import sys, xml.etree.ElementTree as tree
		for case in tree.parse(sys.argv[1]).iter("testcase"):
			kinds = {child.tag for child in case} & {"error", "failure", "skipped"}
			print(case.get("name"), *sorted(kinds) or ["ok"])' "$folder/results"
}

python_mail() { regrtest test_imaplib test_smtplib test_poplib test_ftplib test_httplib; }
python_ssl() { regrtest test_ssl; }
python_socket() { regrtest test_socket; }
twisted() { as_suite trial3 --temp-directory "$folder/trial" twisted.mail; verbose; }
# How those with a time limit end depends on the machine's load.
tornado() { as_suite python3 -m tornado.test --verbose; verbose | grep -v 'performance\|timeout'; }

as_suite()
{
	(cd "$folder" && setpriv --reuid=tester --regid=tester --init-groups env HOME="$folder" \
		"${guard[@]}" timeout -k 5 250 "$@") > "$folder/output" 2>&1
}

verbose()
{
	sed -nE 's/ *\.\.\. */ /; s/^ *(test[^ ]*.* (ok|skipped.*|\[[A-Z]*\]|FAIL|ERROR))$/\1/p' \
		"$folder/output"
}

# start SUITE FILE: FILE must be there.
start()
{
	local how folder
	[ -e "$2" ] || {
		skip "$1" 'its tests are not in this release'
		return
	}
	started+=("$1")
	for how in bare guarded; do
		guard=()
		[ $how = bare ] || guard=(LD_PRELOAD="$preload_library")
		folder=$lab/$1-$how
		install -d -o tester "$folder"
		"$1" | sort > "$folder.results" &
		jobs+=($!)
	done
}

# They wait more than they work, so all run side by side.
started=() jobs=()
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
packages=/usr/lib/python3/dist-packages
start python_mail "$library/test/test_imaplib.py"
start python_ssl "$library/test/test_ssl.py"
start python_socket "$library/test/test_socket.py"
start twisted $packages/twisted/mail/test/test_imap.py
start tornado $packages/tornado/test/__main__.py
wait "${jobs[@]}"
for name in "${started[@]}"; do
	echo "# $name: $(wc -l < "$lab/$name-bare.results") tests"
	holds "$name: tests" test -s "$lab/$name-bare.results"
	is "$name: what differs" "$(diff "$lab/$name-bare.results" "$lab/$name-guarded.results")" ''
done
summary
