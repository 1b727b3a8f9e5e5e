#!/bin/bash
# SPDX-License-Identifier: MIT
# Policy files as an administrator has them: which of them count, validate, compile, diff, expect
# cases, JSON, a list of a million names.  Works in scratch root folders and needs no root.
#
# usage: tests/integration/policy-set.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/policy-set.sh BUILD}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck source-path=SCRIPTDIR source=../report.sh
. "$(dirname "$0")/../report.sh"
unset AUTHFENCE_POLICY
export SOURCE_DATE_EPOCH=1800000000 # 2027-01-15

umask 022
root=$scratch/root
vendor=$root/usr/lib/authfence/policy.d site=$root/etc/authfence/policy.d
mkdir -p "$vendor" "$site"
policy() { "$build/authfence" policy "$@"; }

# same STATUS WANT COMMAND...: the command ends with STATUS and prints just WANT, with the scratch
# folder's name as @.
same()
{
	local want_status=$1 want=$2 got status
	shift 2
	got=$("$@" 2>&1 < /dev/null)
	status=$?
	got=${got//$scratch/@}
	if [ $status -eq "$want_status" ] && [ "$got" = "$want" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n  status: got %s, want %s\n  got:\n%s\n  want:\n%s\n' "$*" $status \
			"$want_status" "$got" "$want"
	fi
}

# json STATUS EXPRESSION COMMAND...: the same, and the EXPRESSION in Python on the object is true.
json()
{
	local want_status=$1 expression=$2 got status
	shift 2
	got=$("$@" 2> "$scratch/err" < /dev/null)
	status=$?
	if [ $status -eq "$want_status" ] && python3 -m json.tool <<< "$got" > "$scratch/pretty" &&
		python3 -c 'import json,sys; o=json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' \
			"$expression" <<< "$got"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n  status: got %s, want %s\n  want: %s\n  got: %s\n' "$*" $status \
			"$want_status" "$expression" "$got"
		cat "$scratch/err"
	fi
}

mkdir "$scratch/slash"
echo 'mode off;' > "$scratch/slash/a.policy"
echo '# which files count'
same 2 '@/root/etc/authfence/policy.d: error: no *.policy here or in @/root/usr/lib/authfence/policy.d, expected at least one
authfence policy validate: 1 error' policy validate --root "$root"
cat > "$vendor/10-vendor.policy" <<- 'EOF'
	policy 1;
	mode observe;
	reserve "vendor.lan";
EOF
printf 'policy 1;\nwrong;\n' | tee "$vendor/20-replaced.policy" > "$vendor/30-masked.policy"
same 2 '@/root/usr/lib/authfence/policy.d/20-replaced.policy:2:1: error: unknown keyword "wrong", expected policy, mode, reserve, internal, external, resolver, on-block, log, exception, protect, service, expect or pam-module
wrong;
^
@/root/usr/lib/authfence/policy.d/30-masked.policy:2:1: error: unknown keyword "wrong", expected policy, mode, reserve, internal, external, resolver, on-block, log, exception, protect, service, expect or pam-module
wrong;
^
authfence policy validate: 2 errors' policy validate --root "$root"
printf 'policy 1;\ninternal "near.net";\n' > "$site/20-replaced.policy"
ln -s /dev/null "$site/30-masked.policy"
cat > "$site/05-site.policy" <<- 'EOF'
	policy 1;
	mode enforce;
	reserve file "names.txt";
	exception lab {
	    identity "*@example.com";
	    target   "imap.far.net";
	    port     993;
	    reason   "load test";
	    owner    "ops";
	    expires  2027-03-31;
	}
	expect block "a@example.com" to "far.net" via imap;
	expect allow "a@example.com" to "imap.far.net" port 993;
	expect block "a@below.listed.net" to "far.net" at 192.88.99.7;
EOF
printf '# one a line\nlisted.net\n' > "$site/names.txt"
same 0 '3 files, 4 rules, 3 expect cases passed' policy validate --root "$root"
same 0 '2 files, 3 rules, 3 expect cases passed' policy validate "$site"
same 2 '@/slash/a.policy:1:1: error: seen "mode", expected "policy 1;" as the first statement
mode off;
^
authfence policy validate: 1 error' policy validate "$scratch/slash//"
same 0 '1 file, 1 rule, 0 expect cases passed' policy validate "$site/20-replaced.policy"
same 0 '1 file, 1 rule, 0 expect cases passed' \
	bash -c "cat '$site/20-replaced.policy' | '$build/authfence' policy validate /dev/stdin"
mkdir "$scratch/empty"
same 2 '@/empty: error: no *.policy in this folder, expected at least one
@/none.policy: error: cannot be read: No such file or directory, expected a policy file
authfence policy validate: 2 errors' \
	policy validate "$scratch/empty" "$scratch/none.policy"
same 2 'authfence policy validate: --root: cannot open "@/none": No such file or directory, expected a folder' \
	policy validate --root "$scratch/none"
same 2 'authfence policy validate: --root stands twice, expected it once' \
	policy validate --root / --root /
SOURCE_DATE_EPOCH=9223372036854775807 same 2 \
	'authfence policy validate: SOURCE_DATE_EPOCH is "9223372036854775807", expected seconds from 1970 to the year 9999' \
	policy validate --root "$root"
ln -s nowhere "$site/99-dangling.policy"
same 2 '@/root/etc/authfence/policy.d/99-dangling.policy: error: cannot be read: No such file or directory, expected a policy file
authfence policy validate: 1 error' policy validate --root "$root"
rm "$site/99-dangling.policy"

echo '# the image names its files as the root folder does, and the site overrides the mode'
policy compile --root "$root" -o "$scratch/all.bin" > "$scratch/out"
check=("$build/authfence" check --resolve no --format json --policy "$scratch/all.bin")
json 1 'o["rule"] == {"name": "reserve:listed.net", "file": "/etc/authfence/policy.d/names.txt", "line": 2}' \
	"${check[@]}" a@listed.net 192.88.99.7
json 1 'o["mode"] == "enforce" and o["rule"]["file"] == "/usr/lib/authfence/policy.d/10-vendor.policy"' \
	"${check[@]}" a@vendor.lan 192.88.99.7
json 0 'o["output"].endswith("two.bin") and o["generation"] == 1 and o["bytes"] > 500' \
	policy compile --root "$root" --format json -o "$scratch/two.bin"
same 0 '' cmp "$scratch/all.bin" "$scratch/two.bin"
same 2 'authfence policy compile: no --output, expected --output FILE' policy compile --root "$root"
same 2 'authfence policy compile: output "@/root/etc/authfence/policy.d/05-site.policy" is one of the sources, expected another file' \
	policy compile --root "$root" -o "$site/05-site.policy"

echo '# expect cases stand in the way of an image, an expired exception does not'
cp "$site/05-site.policy" "$scratch/keep"
echo 'expect allow "a@listed.net" to "far.net";' >> "$site/05-site.policy"
case_failed='@/root/etc/authfence/policy.d/05-site.policy:15:1: error: "a@listed.net" to "far.net": seen block (reserved-identity-unknown-target, rule reserve:listed.net), expected allow
expect allow "a@listed.net" to "far.net";
^'
same 2 "$case_failed
authfence policy validate: 1 error" policy validate --root "$root"
same 2 "$case_failed
authfence policy compile: 1 error, nothing written" \
	policy compile --root "$root" -o "$scratch/none.bin"
same 1 '' test -e "$scratch/none.bin"
json 2 '[o["errors"], o["warnings"], len(o["diagnostics"])] == [1, 0, 1] and [o["diagnostics"][0][k] for k in ("line", "column", "severity")] == [15, 1, "error"]' \
	policy validate --root "$root" --format json
cp "$scratch/keep" "$site/05-site.policy"
json 0 'o["errors"] == 0 and o["warnings"] == 2 and o["passed"] == 2 and "expired" in o["diagnostics"][1]["message"]' \
	env SOURCE_DATE_EPOCH=1811808000 "$build/authfence" policy validate --root "$root" --format json
json 2 'o["diagnostics"][0]["line"] is None and o["diagnostics"][0]["file"].endswith("empty")' \
	policy validate --format json "$scratch/empty"

echo '# diff'
same 1 '+ exception:lab
    + expires: 2027-03-31
    + identity: *@example.com
    + owner: ops
    + port: 993
    + reason: load test
    + target: imap.far.net
+ internal:near.net
+ reserve:listed.net
+ reserve:vendor.lan
! "a@example.com" to "imap.far.net" port 993: block (reserved-identity-unknown-target, rule builtin:documentation) -> allow (exception, rule exception:lab)
! "a@below.listed.net" to "far.net" at 192.88.99.7: allow (ordinary-identity) -> block (reserved-identity-external-target, rule reserve:listed.net)' \
	policy diff --root "$root"
mkdir -p "$root/etc/authfence"
policy compile --root "$root" -o "$root/etc/authfence/policy.bin" > "$scratch/out"
same 0 'no difference from generation 1' policy diff --root "$root"
json 0 'o["from"] == 1 and o["changes"] == [] and o["expect"] == []' \
	policy diff --root "$root" --format json
sed -i 's/enforce/observe/; s/2027-03-31/2027-06-30/; s/port     993;/port 993, 143;/; s/"imap.far.net";/".far.net";/
	s/block "a@example.com" to "far.net"/allow "a@example.com" to "far.net" port 143/
	1a service ldap { unknown allow; }' "$site/05-site.policy"
rm "$site/20-replaced.policy" "$vendor/20-replaced.policy"
same 1 '~ exception:lab
    ~ expires: 2027-03-31 -> 2027-06-30
    + port: 143
    ~ target: imap.far.net -> .far.net
- internal:near.net
~ mode: enforce -> observe
+ service ldap
    + unknown: allow
! "a@example.com" to "far.net" port 143 via imap: block (reserved-identity-unknown-target, rule builtin:documentation) -> allow (exception, rule exception:lab)' \
	policy diff --root "$root"
json 1 '[c["what"] for c in o["changes"]] == ["exception:lab", "internal:near.net", "mode", "service ldap"] and o["changes"][0]["fields"][0] == {"field": "expires", "old": "2027-03-31", "new": "2027-06-30"} and o["expect"][0]["old"]["verdict"] == "block" and o["expect"][0]["new"]["rule"] == "exception:lab"' \
	policy diff --root "$root" --format json
same 2 'authfence policy diff: --from: "x" is no generation, expected a number' \
	policy diff --root "$root" --from x
same 2 'authfence policy diff: cannot use generation 7: no such file' \
	policy diff --root "$root" --from 7

echo '# a million names'
awk 'BEGIN { for (i = 0; i < 1000000; i++) print "name" i ".corp.net" }' > "$scratch/million.txt"
printf 'policy 1;\nreserve file "million.txt";\nexpect block "a@x.name999999.corp.net" to "far.net";\nexpect allow "a@name1000000.corp.net" to "far.net";\n' > "$scratch/million.policy"
start=$(date +%s%N)
same 0 '@/million.bin: '"$(policy compile -o "$scratch/million.bin" "$scratch/million.policy" |
	sed 's/^[^:]*: //; s/generation 1$/generation 2/')" \
	policy compile -o "$scratch/million.bin" "$scratch/million.policy"
echo "million names: $((($(date +%s%N) - start) / 2000000)) ms a compilation," \
	"$(stat -c %s "$scratch/million.bin") bytes"
check=("$build/authfence" check --resolve no --format json --policy "$scratch/million.bin")
json 1 'o["rule"]["name"] == "reserve:name567890.corp.net" and o["rule"]["line"] == 567891' \
	"${check[@]}" a@name567890.corp.net 192.88.99.7
json 0 'o["reason"] == "ordinary-identity"' "${check[@]}" a@name1000000.corp.net 192.88.99.7

summary
