#!/bin/bash
# SPDX-License-Identifier: MIT
# The life of a policy as an administrator sees it: apply, dry runs, failures that change nothing,
# history, rollback, modes that end, rules on trial, two runs at once, links in the way.  Works in
# scratch root folders and needs no root.
#
# usage: tests/integration/policy-apply.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/policy-apply.sh BUILD}")
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
# shellcheck source-path=SCRIPTDIR source=../report.sh
. "$(dirname "$0")/../report.sh"
unset AUTHFENCE_POLICY SUDO_USER
export SOURCE_DATE_EPOCH=1800000000 # 2027-01-15T08:00:00Z
umask 022
stranger=192.88.99.7

# policy VERB OPTION...: on the root folder of the case.
policy()
{
	"$build/authfence" policy "$1" --root "$root" "${@:2}"
}

# fresh NAME: a root folder without generations.
fresh()
{
	echo "# $1"
	root=$scratch/${1//[^a-z]/-}
	site=$root/etc/authfence history=$root/var/lib/authfence/history
	mkdir -p "$site/policy.d"
}

# source_is STATEMENT...
source_is()
{
	printf '%s\n' 'policy 1;' "$@" > "$site/policy.d/site.policy"
}

# expect STATUS TEXT COMMAND...: the command ends with STATUS, and TEXT stands in what it prints.
expect()
{
	local want=$1 text=$2 got status
	shift 2
	got=$("$@" 2>&1 < /dev/null)
	status=$?
	if [ $status -eq "$want" ] && [[ $got == *"$text"* ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n  status: got %s, want %s\n  output: %s\n  want in it: %s\n' "$*" $status \
			"$want" "$got" "$text"
	fi
}

# judge NAME WANT IDENTITY OPTION...: the first word of check's answer, at a stranger's server.
judge()
{
	is "$1" "$("$build/authfence" check --root "$root" --resolve no "${@:4}" "$3" $stranger |
		sed -n '1s/ .*//p')" "$2"
}

# Everything in the root folder: names, kinds, modes, content.
everything()
{
	(cd "$root" && find . ! -name lock -printf '%p %y %m %l %T@\n' | sort &&
		find . -type f ! -name lock -exec sha256sum {} + | sort)
}

# unchanged STATUS TEXT COMMAND...: as expect, and nothing below the root is different.
unchanged()
{
	local before
	before=$(everything)
	expect "$@"
	is "after \"${*:3}\" in $root" "$(diff <(echo "$before") <(everything))" ''
}

# rows: the history in short, "ACTION BASE MODE", the active one with a star.
rows()
{
	policy history | awk 'NR > 1 { print ($1 == "*" ? $1 $2 " " $4 " " $7 : $1 " " $3 " " $6) }' |
		paste -sd ,
}

fresh 'applied and taken back'
source_is 'reserve "a.acme.internal";' 'expect block "x@a.acme.internal" to "8.8.8.8";'
expect 0 'no generation yet' policy history
expect 3 'the built-in policy is in force, there is none before it' policy rollback
unchanged 0 'generation 1 would be active: 1 reserve' policy apply --dry-run
expect 0 'generation 1 active: 1 reserve, 0 internal, 0 external, 0 exception, 0 protect; 1 expect case passed' \
	policy apply
judge 'applied' block x@a.acme.internal
is 'the mode of the active file' "$(stat -c %a "$site/policy.bin")" 644
is 'the history has its bytes' "$(cmp "$site/policy.bin" "$history/policy.1" 2>&1)" ''
unchanged 0 'unchanged, generation 1 stays active' policy apply
unchanged 0 '"changed":false' policy apply --format json
source_is 'reserve "b.acme.internal";' 'expect allow "x@b.acme.internal" to "8.8.8.8";'
unchanged 2 '1 error, nothing activated' policy apply
unchanged 2 'seen block' policy apply
unchanged 2 'seen block' policy apply --dry-run
source_is 'reserv "b.acme.internal";'
unchanged 2 'site.policy:2:1: error' policy apply
unchanged 2 '"errors":1' policy apply --format json
source_is 'reserve "b.acme.internal";'
unchanged 0 '"generation":2' policy apply --dry-run --format json
expect 0 '"active":true' policy apply --format json
judge 'the new one' block x@b.acme.internal
judge 'no more' allow x@a.acme.internal
is 'the one before' "$(cmp "$site/policy.bin.prev" "$history/policy.1" 2>&1)" ''
expect 0 'generation 3 active: the content of 1' policy rollback
judge 'taken back' block x@a.acme.internal
judge 'taken back, the new one' allow x@b.acme.internal
expect 0 'generation 4 active: the built-in policy' policy rollback
judge 'built-in, the registry' block x@shop.test
judge 'built-in, our own' allow x@a.acme.internal
unchanged 3 'in the history: 1 2 3 4' policy rollback
expect 0 '"base":2' policy rollback --format json 2
judge 'by number' block x@b.acme.internal
is history "$(rows)" '1 apply 0,2 apply 1,3 rollback 1,4 rollback 0,*5 rollback 2'
expect 0 '"action":"rollback"' policy history --format json
expect 0 '"created":"2027-01-15T08:00:00Z"' policy history --format json
expect 0 'generation 6 active: the built-in policy' policy rollback 0
unchanged 3 'generation 9 is not there' policy rollback 9
unchanged 2 'seen "x", expected one generation' policy rollback x
unchanged 2 'expected one generation' policy rollback 1 2
unchanged 2 'expected one generation' policy rollback 01

fresh 'history that is lost or damaged'
source_is 'reserve "a.acme.internal";'
policy apply > /dev/null
source_is 'reserve "b.acme.internal";'
policy apply > /dev/null
printf 'x' | dd of="$history/policy.1" bs=1 seek=300 conv=notrunc status=none
expect 3 'damaged' policy history
unchanged 3 'policy.1": damaged' policy rollback
cp "$history/policy.2" "$history/policy.1"
unchanged 3 'policy.1": damaged' policy rollback 1
rm "$history/policy.1"
unchanged 3 'generation 1 is not there' policy rollback
printf 'rubbish' > "$site/policy.bin"
unchanged 3 'policy.bin": damaged' policy mode off
expect 3 'policy.bin": damaged' policy history
expect 0 'the content of 2' policy rollback
judge 'a whole one again' block x@b.acme.internal
is 'the damaged one is not the one before' "$("$build/authfence" check --policy "$site/policy.bin.prev" \
	--resolve no x@a.acme.internal $stranger | sed -n '1s/ .*//p')" block
rm -r "$history" "$site/policy.bin"
source_is 'reserve "c.acme.internal";'
expect 0 'generation 2 active' policy apply

fresh 'a mode that ends'
expect 0 'generation 1 active: mode off until 2027-01-17T08:00:00Z, then enforce' policy mode off --for 2d
judge 'off, without sources' allow x@shop.test
judge 'off, the day before its end' allow x@shop.test --on 2027-01-16
judge 'off, the day after' block x@shop.test --on 2027-01-18
expect 0 'mode observe' policy mode observe
judge 'for good' observe x@shop.test --on 2028-01-01
expect 0 'then observe' policy mode enforce --for 1h
judge 'on for an hour' block x@shop.test --on 2027-01-15
judge 'and back' observe x@shop.test --on 2027-01-16
source_is 'reserve "a.acme.internal";' 'service ldap { mode observe; }'
expect 0 'generation 4 active' policy apply
judge 'apply ends it' block x@shop.test --on 2027-01-16
expect 0 'service ldap keeps its own mode: observe' policy mode off
judge 'off for good' allow x@shop.test --on 2028-01-01
judge 'but not there' observe x@shop.test --on 2028-01-01 --service ldap
expect 0 '"until":null' policy mode --format json enforce
for time in '' 0s 31d 1 1w -1s 1.5h 99999999999999999999s; do
	unchanged 2 'expected a time from 1s to 30d' policy mode off --for "$time"
done
unchanged 2 'mode: unknown value "enforse", expected one of: enforce, observe, off (did you mean "enforce"?)' \
	policy mode enforse
unchanged 2 'expected one mode' policy mode

fresh 'rules on trial'
source_is 'reserve "a.acme.internal";' 'protect fin { identity "*@fin.corp.net"; target "192.88.99.0/24"; owner "o@corp.net"; }'
policy apply > /dev/null
source_is 'reserve "a.acme.internal", "new.acme.internal";' 'internal "near.net";' \
	'protect fin { identity "*@fin.corp.net"; target "smtp.corp.net"; owner "o@corp.net"; }' \
	'expect block "x@new.acme.internal" to "8.8.8.8";'
expect 0 $'these only observe until "authfence policy promote":\n  reserve:new.acme.internal\n  protect:fin' \
	policy apply --observe-new
judge 'old' block x@a.acme.internal
judge 'new' observe x@new.acme.internal
judge 'what the new form of a protect would refuse' observe x@fin.corp.net
is 'what the old one does' "$("$build/authfence" check --root "$root" --resolve no x@fin.corp.net 8.8.8.8 |
	sed -n '1s/ .*//p')" block
expect 0 'reserve:new.acme.internal' "$build/authfence" check --root "$root" --resolve no x@new.acme.internal 8.8.8.8
expect 0 ', on trial' policy history
unchanged 0 'unchanged' policy apply --observe-new --dry-run
expect 0 'generation 3 active: 2 rules promoted' policy promote
judge 'promoted' block x@new.acme.internal
judge 'the new form' block x@fin.corp.net
is 'trials are over' "$(policy history | tail -n 1 | grep -c 'on trial')" 1
unchanged 0 'nothing is on trial' policy promote
expect 0 'generation 4 active' policy apply
is 'nothing left of it' "$(policy history | tail -n 1 | grep -c 'on trial')" 0

fresh 'twenty are kept'
for i in $(seq 23); do
	source_is "reserve \"n$i.acme.internal\";"
	policy apply > /dev/null
done
is kept "$(find "$history" -name 'policy.*' -printf '%f\n' | sort -V | paste -sd ' ')" \
	"$(seq -f 'policy.%g' 4 23 | paste -sd ' ')"

fresh 'two at once'
source_is 'reserve "a.acme.internal";'
policy apply > /dev/null
exec 9< "$root/var/lib/authfence/lock"
flock 9
source_is 'reserve "b.acme.internal";'
policy apply > "$scratch/second" 2>&1 9<&- &
second=$!
until grep -q waiting "$scratch/second"; do sleep 0.1; done
exec 9<&-
wait $second
is 'the second waits and ends well' $? 0
holds 'it says so' grep -F 'generation 2 active' "$scratch/second"
for mode in off observe enforce; do
	policy mode $mode > "$scratch/$mode" 2>&1 &
done
policy apply > /dev/null 2>&1
wait
is 'four more' "$(policy history | tail -n 1 | awk '{ print $2 }')" \
	"$(find "$history" -name 'policy.*' | wc -l)"
exec 9< "$root/var/lib/authfence/lock"
flock 9
unchanged 3 'another run still holds it' policy mode off 9<&-
exec 9<&-

fresh 'links lead nowhere'
source_is 'reserve "a.acme.internal";'
mkdir -p "$scratch/outside" "$root/var/lib"
echo precious > "$scratch/outside/policy.bin"
ln -s "$scratch/outside/policy.bin" "$site/policy.bin"
expect 3 'not trusted' policy mode off
rm -r "$root/var/lib/authfence"
ln -s "$scratch/outside" "$root/var/lib/authfence"
unchanged 3 'var/lib/authfence' policy apply
rm "$root/var/lib/authfence"
ln -s "$scratch/outside/policy.bin" "$site/policy.bin.new"
ln -s "$scratch/outside/policy.bin" "$site/policy.bin.prev"
expect 0 'generation 1 active' policy apply
is 'a link is replaced, not followed' "$(stat -c %F "$site/policy.bin")" 'regular file'
ln -s "$scratch/outside/policy.bin" "$history/policy.2"
expect 3 'not trusted' policy rollback 2
source_is 'reserve "b.acme.internal";'
expect 0 'generation 3 active' policy apply
rm -r "${root:?}/var/lib/authfence"
mkdir "$root/var/lib/authfence"
chmod 777 "$root/var/lib/authfence"
unchanged 3 'cannot trust' policy mode off
is 'outside' "$(find "$scratch/outside" -type f -exec grep -H . {} +)" \
	"$scratch/outside/policy.bin:precious"
summary
