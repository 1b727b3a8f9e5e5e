#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# What has nothing to do with reserved identities is the same with the preload guard as without it:
# long transfers, many connections in one process, the self-tests of what Debian ships with its own.
#
# usage: tests/integration/preload-harm.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
lab_enter "$@"
trust_lab
install -d -m 0700 -o tester "$home"

guarded=(LD_PRELOAD="$preload_library")

# both NAME OUTPUT COMMAND...: prints OUTPUT and succeeds, bare and guarded.
both()
{
	local name=$1 output=$2
	shift 2
	guard=()
	is "$name, bare" "$("$@" 2>&1 < /dev/null; echo "$?")" "$output"$'\n0'
	guard=("${guarded[@]}")
	is "$name, guarded" "$("$@" 2>&1 < /dev/null; echo "$?")" "$output"$'\n0'
}

echo '# transfers'
mkdir $lab/web
head -c 200M /dev/urandom > $lab/web/big
sum=$(sha256sum < $lab/web/big | cut -d ' ' -f 1)
git init -q $lab/source
(cd $lab/source && cp -r /usr/share/perl5 . && git add . &&
	git -c user.name=Pat -c user.email=$ordinary commit -q -m test)
git clone -q --bare $lab/source $lab/web/test.git
git -C $lab/web/test.git repack -a -d -q
git -C $lab/web/test.git update-server-info
commit=$(git -C $lab/source rev-parse HEAD)
chmod -R a+rX $lab/web
lab_start bulk "${on_server[@]}" python3 -B /tests/lab/bulk.py $lab/web 80
lab_start bulks "${on_server[@]}" python3 -B /tests/lab/bulk.py $lab/web 443 $lab/server.pem \
	$lab/server.key
lab_wait grep -q ready $lab/bulk.log
lab_wait grep -q ready $lab/bulks.log

# With credentials, so that the connection is watched.
a_curl() { as_client curl -sS -u "$ordinary:secret" "$@"; }
download() { a_curl "$1/big" | sha256sum | cut -d ' ' -f 1; }
upload() { a_curl -T $lab/web/big "$1/big"; }
wget_download()
{
	as_client wget -q -O - --user=$ordinary --password=x "$1/big" | sha256sum | cut -d ' ' -f 1
}
clone()
{
	rm -rf "$home/clone"
	as_client git clone -q "$1/test.git" "$home/clone" &&
		as_client git -C "$home/clone" fsck --full --no-progress &&
		as_client git -C "$home/clone" rev-parse HEAD
}

for url in "http://$detect_name" "https://$detect_name"; do
	both "curl, 200 MB down, ${url%%:*}" "$sum" download "$url"
	both "curl, 200 MB up, ${url%%:*}" "$sum" upload "$url"
	both "wget, 200 MB down, ${url%%:*}" "$sum" wget_download "$url"
	both "git clone, ${url%%:*}" "$commit" clone "$url"
done
lab_stop bulk 2> /dev/null
lab_stop bulks 2> /dev/null

head -c 15M $lab/web/big | base64 -w 76 | sed 's/$/\r/' > $lab/message
wanted=$(sha256sum < $lab/message)
chmod 0644 $lab/message
python_append()
{
	as_client python3 -c 'if True:
		import imaplib, sys
		name, tls, user, path = sys.argv[1:]
		link = imaplib.IMAP4_SSL(name) if tls == "tls" else imaplib.IMAP4(name)
		link.login(user, "secret")
		print(link.append("INBOX", None, None, open(path, "rb").read())[0])
		link.logout()' $imap_name "$tls" $ordinary $lab/message
}
curl_append()
{
	a_curl -T $lab/message "$(scheme imap)://$imap_name/INBOX"
}

# What the server got as a literal.
appended()
{
	python3 -c 'if True:
		import hashlib, re, sys
		data = open(sys.argv[1], "rb").read()
		found = re.search(rb"APPEND [^\r]*\{(\d+)\}\r\n", data)
		text = data[found.end():found.end() + int(found[1])]
		print(hashlib.sha256(text).hexdigest() + "  -")' $lab/run/*.in
}

for tls in none tls; do
	for client in python_append curl_append; do
		read -ra options <<< "$(listener imap)"
		recorder_start run --max 50000000 "${options[@]}"
		guard=("${guarded[@]}")
		holds "$client, 20 MB, TLS: $tls" "$client"
		lab_stop run
		is "$client, 20 MB, TLS: $tls: right" "$(appended)" "$wanted"
	done
done

echo '# a hundred connections of one process'
# Every third is a reserved one.
for ((i = 0; i < 100; i++)); do
	[ $((i % 3)) -eq 0 ] && user=$reserved || user=$ordinary
	echo "$user $(openssl rand -hex 12)"
done > $lab/rows
count=$(grep -c $ordinary $lab/rows)
for kind in asyncio threads; do
	for tls in none tls; do
		name="100 connections, $kind, TLS: $tls"
		read -ra options <<< "$(listener imap)"
		: > $lab/syslog
		recorder_start run "${options[@]}"
		guard=("${guarded[@]}")
		as_client python3 -B /tests/lab/parallel.py $kind $tls $imap_name "${port[imap,$tls]}" \
			< $lab/rows > $lab/run.output 2>&1
		lab_stop run
		is "$name: each of them" "$(cat $lab/run.output)" \
			"$(sed "s/^$reserved .*/ended/; s/^$ordinary .*/done/" $lab/rows)"
		is "$name: logins" "$(wc -l < $lab/run/logins)" "$count"
		is "$name: reserved secrets" "$(cat $lab/run/*.in |
			grep -cFf <(sed -n "s/^$reserved //p" $lab/rows))" 0
		is "$name: ordinary secrets" "$(cat $lab/run/*.in |
			grep -cFf <(sed -n "s/^$ordinary //p" $lab/rows))" "$count"
		holds "$name: log lines" test "$(log_lines)" -ge 1
	done
done
summary
