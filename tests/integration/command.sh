#!/bin/bash
# SPDX-License-Identifier: MIT
# The command as people and scripts use it: verdicts, exit statuses, JSON, batches, and what it
# says to bad input.  Needs neither root nor a network: no name is resolved.
#
# usage: tests/integration/command.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/command.sh BUILD}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck source-path=SCRIPTDIR source=../report.sh
. "$(dirname "$0")/../report.sh"
unset AUTHFENCE_POLICY SOURCE_DATE_EPOCH

# An empty root folder: whatever policy this machine has is not asked.
check=("$build/authfence" check --root "$scratch" --resolve no)

# expect STATUS TEXT COMMAND...: the command ends with STATUS, and TEXT stands in what it prints.
expect()
{
	local want=$1 text=$2 got status
	shift 2
	got=$("$@" 2>&1 < "${input:-/dev/null}")
	status=$?
	if [ $status -eq "$want" ] && [[ $got == *"$text"* ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n  status: got %s, want %s\n  output: %s\n  want in it: %s\n' "$*" $status \
			"$want" "$got" "$text"
	fi
}

echo '# verdicts and statuses'
expect 1 'block  alice@example.com -> 192.88.99.7:993' "${check[@]}" alice@example.com 192.88.99.7:993
expect 1 'reserved-identity-external-target' "${check[@]}" alice@example.com 192.88.99.7
expect 0 'target-local' "${check[@]}" alice@example.com localhost:143
expect 0 'target-internal' "${check[@]}" alice@example.com ipa.lab.test
expect 0 'ordinary-identity' "${check[@]}" alice@corp.net 192.88.99.7
expect 0 'no-domain' "${check[@]}" alice 192.88.99.7
expect 1 'reserved-identity-unknown-target' "${check[@]}" alice@example.com imap.corp.net
expect 1 'reserved-identity-unknown-target' "${check[@]}" alice@example.com ''
expect 1 'reserved-identity-external-target' "${check[@]}" --peer 8.8.8.8 alice@example.com localhost
expect 1 'reserved-identity-unknown-target' "${check[@]}" --service ldap alice@example.com localhost
expect 0 'target-local' "${check[@]}" --service ldap --peer ::1 alice@example.com localhost
expect 1 'b@shop.test' "${check[@]}" --authzid b@shop.test alice@corp.net 8.8.8.8
expect 1 'xn--bcher-kva.example' "${check[@]}" 'user@bücher.example' 8.8.8.8
expect 0 'no-domain' "${check[@]}" --form ntlm 'EXAMPLE\alice' 8.8.8.8
expect 1 'example.com' "${check[@]}" --form dn 'uid=jo,dc=example,dc=com' 8.8.8.8
expect 1 'example.com' "${check[@]}" --form krb5 'host/mail.corp.net@EXAMPLE.COM' 8.8.8.8
expect 1 'example.com' "${check[@]}" --form jid 'a@example.com/x@corp.net' 8.8.8.8
expect 1 'example.com' "${check[@]}" --form uri 'imap://user%40example.com@imap.corp.net/' 8.8.8.8
expect 1 'example.com' "${check[@]}" --form nai 'example.com!user@corp.net' 8.8.8.8
expect 1 'example.com' "${check[@]}" --form authzid 'u:user@example.com' 8.8.8.8
expect 1 'example.com' "${check[@]}" --form domain EXAMPLE.com. 8.8.8.8

echo '# JSON'
json='{"verdict":"block","reason":"reserved-identity-external-target","mode":"enforce","service":"imap",'
json+='"identity":{"input":"alice@example.com","domain":"example.com","class":"documentation",'
json+='"source":"RFC 2606 s3","registrable":"example.com","malformed":false},'
json+='"target":{"input":"192.88.99.7:993","host":"192.88.99.7","port":993,"class":"external",'
json+='"registrable":null,"addresses":[{"address":"192.88.99.7","class":"external",'
json+='"block":"192.88.99.0/24"}],"cnames":[],"rule":{"name":null,"file":null,"line":null}},'
json+='"rule":{"name":"builtin:documentation","file":null,"line":null},'
json+='"policy":{"source":"builtin","generation":0}}'
expect 1 "$json" "${check[@]}" --format json --service IMAP alice@example.com 192.88.99.7:993
expect 1 '"input":"a\u001B[2J@example.com"' "${check[@]}" --format json $'a\e[2J@example.com' 8.8.8.8
expect 1 '"input":"a\\xff@example.com"' "${check[@]}" --format json $'a\xff@example.com' 8.8.8.8
expect 1 '\x1b[2J@example.com -> 8.8.8.8' "${check[@]}" $'a\e[2J@example.com' 8.8.8.8

echo '# batch'
lines=$scratch/lines
printf 'alice@corp.net\t8.8.8.8\nalice\tlocalhost\timap\n' > "$lines"
input=$lines expect 0 '"ordinary-identity"' "${check[@]}" --batch
printf 'alice@corp.net\t8.8.8.8\nalice@example.com\t8.8.8.8:25\tsubmission\n' > "$lines"
input=$lines expect 1 '"service":"smtp"' "${check[@]}" --batch
printf 'a\\0b\\tc\\\\d\\x40example.com\t8.8.8.8\n' > "$lines"
input=$lines expect 1 '"input":"a\u0000b\tc\\d@example.com","domain":"example.com"' "${check[@]}" --batch
printf 'no tab\nalice@example.com\tlocalhost\n' > "$lines"
input=$lines expect 2 '"line":1}' "${check[@]}" --batch
input=$lines expect 2 '"target-local"' "${check[@]}" --batch
printf 'a\tb\tc\td\n' > "$lines"
input=$lines expect 2 'more than three fields' "${check[@]}" --batch
printf 'a\\q\tb\n' > "$lines"
input=$lines expect 2 'unknown escape' "${check[@]}" --batch
printf 'a\tb:x\n' > "$lines"
input=$lines expect 2 'port' "${check[@]}" --batch
printf 'alice@example.com\t8.8.8.8' > "$lines"
input=$lines expect 1 '"verdict":"block"' "${check[@]}" --batch
: > "$lines"
input=$lines expect 0 '' "${check[@]}" --batch

echo '# bad arguments: what was seen, what was expected'
expect 2 'usage: authfence' "$build/authfence"
expect 2 'unknown verb "chek" (did you mean "check"?)' "$build/authfence" chek
expect 2 '"--frm" is unknown' "${check[@]}" --frm x a b
expect 2 '"--form" lacks its value' "${check[@]}" --form
expect 2 'unknown value "ntml", expected one of: auto, ntlm' "${check[@]}" --form ntml a b
expect 2 '(did you mean "json"?)' "${check[@]}" --format jsn a b
expect 2 '"8.8.8.8.8" is no address' "${check[@]}" --peer 8.8.8.8.8 a b
expect 2 'is no date, expected YYYY-MM-DD' "${check[@]}" --on 2027-02-30 a b
expect 2 'expected IDENTITY and TARGET' "${check[@]}" alice@example.com
expect 2 'expected none beside --batch' "${check[@]}" --batch a b
expect 2 'no number from 1 to 65535' "${check[@]}" a imap.corp.net:65536
expect 2 '"[" without "]"' "${check[@]}" a '[::1'
expect 2 'a URL, expected HOST[:PORT]' "${check[@]}" a imaps://imap.corp.net
expect 2 'no such file' "${check[@]}" --policy "$scratch/none.bin" a b
expect 0 'usage: authfence check' "${check[@]}" --help
expect 0 'authfence ' "$build/authfence" --version
[ -c /dev/full ] && expect 3 'standard output' bash -c '"$@" > /dev/full' - "${check[@]}" a b

echo '# a compiled policy, and what is wrong with one'
compile=("$build/authfence" policy compile --output "$scratch/policy.bin")
printf 'policy 1;\nreserve "dev.acme.internal";\ninternal "imap.corp.net";\n' > "$scratch/good.policy"
printf 'policy 1;\nmode enforc;\n' > "$scratch/bad.policy"
expect 0 'generation 1' "${compile[@]}" "$scratch/good.policy"
expect 0 "at $scratch/good.policy:3" "${check[@]}" --policy "$scratch/policy.bin" a@dev.acme.internal imap.corp.net
expect 1 "at $scratch/good.policy:2" "${check[@]}" --policy "$scratch/policy.bin" a@dev.acme.internal 8.8.8.8
before=$(sha256sum < "$scratch/policy.bin")
expect 2 'bad.policy:2:6: error: seen "enforc", expected enforce, observe or off' "${compile[@]}" "$scratch/bad.policy"
input=$scratch/policy.bin expect 0 "$before" sha256sum
chmod 666 "$scratch/policy.bin"
expect 2 'not trusted' "${check[@]}" --policy "$scratch/policy.bin" a b
chmod 644 "$scratch/policy.bin"
printf 'x' | dd of="$scratch/policy.bin" bs=1 seek=500 conv=notrunc status=none
expect 2 'damaged' "${check[@]}" --policy "$scratch/policy.bin" a b

echo '# what check tells of exceptions and protects'
cat > "$scratch/clauses.policy" << 'END'
policy 1;
exception lab {
	identity "qa@shop.test";
	target "192.88.99.7";
	reason "load test";
	owner "ops@corp.net";
	expires 2027-03-31;
}
protect fin {
	identity "*@fin.corp.net";
	target "smtp.corp.net";
	owner "security@corp.net";
}
END
SOURCE_DATE_EPOCH=1795000000 expect 0 '1 exception, 1 protect' "${compile[@]}" "$scratch/clauses.policy"
clauses=("${check[@]}" --policy "$scratch/policy.bin" --resolve no)
lab=(qa@shop.test 192.88.99.7)
expect 0 'rule       exception:lab at ' "${clauses[@]}" --on 2027-03-31 "${lab[@]}"
expect 0 'owner      ops@corp.net' "${clauses[@]}" --on 2027-03-31 "${lab[@]}"
expect 0 '"reason":"load test","owner":"ops@corp.net","ticket":null,"expires":"2027-03-31"}' \
	"${clauses[@]}" --format json --on 2027-03-31 "${lab[@]}"
expect 1 'expired    exception:lab at ' "${clauses[@]}" --on 2027-04-01 "${lab[@]}"
expect 1 '"expired":{"name":"exception:lab"' "${clauses[@]}" --format json --on 2027-04-01 "${lab[@]}"
expect 1 "at $scratch/clauses.policy:2" "${clauses[@]}" --on 2027-04-01 "${lab[@]}"
expect 1 $'rule       builtin:testing\n  policy ' "${clauses[@]}" --on 2027-04-01 eve@shop.test 192.88.99.7
printf 'qa@shop.test\t192.88.99.7\n' > "$scratch/lines"
input=$scratch/lines expect 1 '"expired":{"name":"exception:lab"' \
	"${clauses[@]}" --on 2027-04-01 --batch
expect 1 'rule       protect:fin at ' "${clauses[@]}" eve@fin.corp.net 192.88.99.7
expect 1 'server     external' "${clauses[@]}" eve@fin.corp.net 192.88.99.7
expect 1 '"reason":null,"owner":"security@corp.net","ticket":null,"expires":null}' \
	"${clauses[@]}" --format json eve@fin.corp.net 192.88.99.7
expect 0 'protected-target' "${clauses[@]}" eve@fin.corp.net smtp.corp.net
sed 's/2027/2020/' "$scratch/clauses.policy" > "$scratch/past.policy"
SOURCE_DATE_EPOCH=1600000000 expect 0 '1 exception' "${compile[@]}" "$scratch/past.policy"
expect 1 'expired    exception:lab at ' "${clauses[@]}" "${lab[@]}"
expect 0 'rule       exception:lab at ' "${clauses[@]}" --on 1970-01-01 "${lab[@]}"

echo '# the active policy falls back as in a plugin (R9), and says so'
mkdir -p "$scratch/etc/authfence"
printf 'rubbish' > "$scratch/policy.bin"
cp "$scratch/policy.bin" "$scratch/etc/authfence/policy.bin"
expect 1 'policy.bin: ' "${check[@]}" alice@example.com 8.8.8.8
expect 0 'ordinary-identity' "${check[@]}" alice@corp.net 8.8.8.8

summary
