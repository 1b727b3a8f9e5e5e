#!/bin/bash
# SPDX-License-Identifier: MIT
# "policy apply" killed at every one of its system calls in turn, then each of them failing, on a root
# folder with a generation in force and on one without any folder of ours: the active file is the old
# image or the new one, whole, and the next run works and leaves nothing behind.  Then a disk that is
# full, and one that can not be written.
#
# usage: tests/integration/policy-crash.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/policy-crash.sh BUILD}")
inside=${2:-}
if [ "$(id -u)" -eq 0 ] && [ -z "$inside" ] && unshare --mount true 2> /dev/null; then
	exec unshare --mount --propagation private "$0" "$build" inside
fi
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
# shellcheck source-path=SCRIPTDIR source=../report.sh
. "$(dirname "$0")/../report.sh"
unset AUTHFENCE_POLICY SUDO_USER
export SOURCE_DATE_EPOCH=1800000000
root=$scratch/root site=etc/authfence log=$scratch/log
apply=("$build/authfence" policy apply --root "$root")
inject=("$build/tests/inject" "$scratch/count")

# What must be whole (at first there is nothing), and what must not be there.
active()
{
	sha256sum "$root/$site/policy.bin" 2> /dev/null
}

left()
{
	find "$root" -name '*.new' -printf '%P '
}

is_new()
{
	grep -q 'reserve:new' "$root/$site/policy.bin" &&
		"$build/authfence" policy history --root "$root" > /dev/null
}

start()
{
	rm -rf "$root"
	cp -a "$scratch/old" "$root"
}

# measure: one run without interference; sets calls, old and new.
measure()
{
	local status
	cp -a "$root" "$scratch/old"
	old=$(active)
	"${inject[@]}" 0 0 "${apply[@]}" > "$log" 2>&1
	status=$?
	[ $status -ne 125 ] || {
		skip 'all of it' 'system calls cannot be supervised here (seccomp)'
		summary
		exit
	}
	calls=$(cat "$scratch/count")
	is 'a run without interference' $status 0
	new=$(active)
	[ "$new" != "$old" ]
	is 'it makes a new image' $? 0
	echo "# $calls system calls"
}

# disturb N ERRNO: one run with its Nth call disturbed, and what comes after it.
disturb()
{
	local now status
	start
	"${inject[@]}" "$1" "$2" "${apply[@]}" > "$log" 2>&1
	status=$?
	now=$(active)
	# Who did it is a note that may be lost; the image is whole and the new one nevertheless.
	if [ "$now" = "$new" ] || { [ "$now" != "$old" ] && [ $status -eq 0 ] && is_new; }; then
		news=$((news + 1))
	elif [ "$now" != "$old" ] || [ $status -eq 0 ]; then
		echo "call $1, error $2: status $status, active: $now"
		return 1
	fi
	"${apply[@]}" > "$log" 2>&1 || { echo "call $1, error $2: the next run fails" && cat "$log" && return 1; }
	if ! is_new || [ -n "$(left)" ]; then
		echo "call $1, error $2: the next run leaves: $(left)"
		return 1
	fi
}

# sweep NAME ERRNO CALL...: all of them must be well, and both images must have been met.
sweep()
{
	local name=$1 error=$2 call bad=0
	shift 2
	news=0
	for call; do
		disturb "$call" "$error" || bad=$((bad + 1))
	done
	is "$name at each of $# calls" $bad 0
	echo "# $name: $# calls, the new image in force after $news"
	[ $news -gt 0 ] && [ $news -lt $# ]
	is "$name: before and after" $? 0
}

# Killed at every call; the first third, which is the loader's, gets no errors.
sweeps()
{
	local all
	measure
	mapfile -t all < <(seq "$calls")
	sweep "killed, $1" 0 "${all[@]}"
	sweep "EIO, $1" 5 "${all[@]:calls / 3}"
}

mkdir -p "$root/usr/lib/authfence/policy.d"
printf 'policy 1;\nreserve "new.acme.internal";\n' > "$root/usr/lib/authfence/policy.d/new.policy"
sweeps 'first apply'
rm -r "$root" "$scratch/old"
# A root with generation 1 in force and sources for generation 2.
mkdir -p "$root/$site/policy.d"
printf 'policy 1;\nreserve "old.acme.internal";\n' > "$root/$site/policy.d/site.policy"
"${apply[@]}" > "$log" 2>&1 || { cat "$log" && exit 3; }
printf 'policy 1;\nreserve "new.acme.internal";\nexpect block "a@new.acme.internal" to "8.8.8.8";\n' \
	> "$root/$site/policy.d/site.policy"
sweeps 'second apply'

# hindered NAME WHAT: a run ends with status 3, says WHAT, and leaves the old image and nothing else.
hindered()
{
	local before
	before=$(active)
	"${apply[@]}" > "$log" 2>&1
	is "$1: status" $? 3
	holds "$1: says so" grep -F "$2" "$log"
	is "$1: the active image" "$(active)" "$before"
	is "$1: leaves" "$(left)" ''
}

# full BYTES: a disk of our own with that much left for a new generation.
full()
{
	mount -t tmpfs -o size=1m tmpfs "$root" && cp -a "$scratch/old/." "$root" &&
		head -c 8m /dev/zero > "$root/filler" 2> /dev/null
	truncate -s -"$1" "$root/filler"
	hindered "full but for $1 bytes" 'No space left on device'
	rm "$root/filler"
	"${apply[@]}" > "$log" 2>&1
	is "full but for $1 bytes: room again" $? 0
	umount "$root"
}

start
if [ "$inside" = inside ]; then
	for size in 0 4096 8192; do
		full $size
	done
	mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"
	hindered 'read-only' 'Read-only file system'
	umount "$root"
	mount --bind "$root/$site" "$root/$site" && mount -o remount,bind,ro "$root/$site"
	hindered 'a read-only /etc' 'Read-only file system'
	umount "$root/$site"
else
	skip 'real disks that are full or read-only' 'a mount namespace needs root'
fi
summary
