#!/bin/bash
# SPDX-License-Identifier: MIT
# Policy files laid out by `policy fmt`, and images printed as text by `policy show`: what happens to
# files, links and modes, and that the text of an image parses back to itself.  Needs no root.
#
# usage: tests/integration/policy-text.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/policy-text.sh BUILD}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck source-path=SCRIPTDIR source=../report.sh
. "$(dirname "$0")/../report.sh"
unset AUTHFENCE_POLICY SOURCE_DATE_EPOCH
cd "$scratch" || exit 2

# is NAME GOT WANT
is()
{
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n  got:  %s\n  want: %s\n' "$1" "$2" "$3"
	fi
}

# ends NAME STATUS COMMAND...: the command ends with STATUS.
ends()
{
	local name=$1 want=$2
	shift 2
	"$@" > out 2> err
	is "$name" $? "$want"
}

fmt=("$build/authfence" policy fmt)
show=("$build/authfence" policy show)

echo '# fmt'
printf 'policy 1;mode off;# x\n' > a.policy
chmod 640 a.policy
ln -s a.policy link.policy
ends 'check finds it' 1 "${fmt[@]}" --check a.policy
is 'check names it' "$(cat out)" a.policy
ends 'a link is followed' 0 "${fmt[@]}" link.policy
is 'the new text' "$(cat a.policy)" $'policy 1;\nmode off;  # x'
is 'the mode stays' "$(stat -c %a a.policy)" 640
is 'the link stays' "$(readlink link.policy)" a.policy
ends 'nothing left to do' 0 "${fmt[@]}" --check a.policy
printf 'policy 1;mode' > bad.policy
ends 'a broken file' 2 "${fmt[@]}" bad.policy
is 'is not touched' "$(cat bad.policy)" 'policy 1;mode'
is 'standard input' "$(printf 'policy   1;' | "${fmt[@]}" -)" 'policy 1;'
ends 'no file' 2 "${fmt[@]}"
ends 'both options' 2 "${fmt[@]}" --check --stdout a.policy
is 'nothing is left behind' "$(echo *)" 'a.policy bad.policy err link.policy out'

echo '# show'
cat > all.policy <<'END'
policy 1;
mode observe;
reserve "dev.acme.internal", "a.acme.internal";
internal 10.20.0.0/16, "*.corp.lan", 2001:db8::/32;
external ::/0, "partner.corp.lan";
service ldap { mode off; unknown allow; resolve off; on-block refuse; }
protect finance { identity "*@*.f.acme.internal", "a\\b@.g.acme.internal"; target ".t.net", 10.0.0.0/8; }
resolver { server 127.0.0.1 port 5353; within 300ms; }
log { identity domain; }
END
day=$(date -u -d '+30 days' +%F)
echo "exception x { identity \"q\\\"a@example.com\"; target \"imap.t.net\"; port 993, 143; service pop3;
	reason \"a \\\"b\\\" # c\"; owner o; ticket T-1; expires $day; }" | sed 's/owner o/owner "o"/' >> all.policy
ends 'an image' 0 "$build/authfence" policy compile --output all.bin all.policy
"${show[@]}" --policy all.bin > once.policy
ends 'its text' 0 "$build/authfence" policy compile --output once.bin once.policy
"${show[@]}" --policy once.bin > twice.policy
statements()
{
	sed 's/  # [^"]*:[0-9]*$//; /^# /d' "$1"
}
is 'parses back to itself' "$(statements twice.policy)" "$(statements once.policy)"
is 'and says something' "$(grep -c . once.policy)" 33
is 'the built-in policy' "$("${show[@]}" --root "$scratch" | tail -n 1)" 'policy 1;'
ends 'JSON' 0 python3 -c 'import json,sys; json.loads(sys.argv[1])["exceptions"][0]["ports"] == [993, 143] or sys.exit(1)' "$("${show[@]}" --format json --policy all.bin)"
ends 'no image' 2 "${show[@]}" --policy all.policy

summary
