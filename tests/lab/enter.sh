#!/bin/bash
# SPDX-License-Identifier: MIT
# Second step into the lab (the first is lab_enter in lab.sh): runs as the first process of new
# mount, pid, network, UTS and IPC namespaces and builds what the script will see as its machine: the
# lab root under a writable layer in memory, the build as /authfence, the tests as /tests, both
# read-only.  The machine's own /etc is not in it.
#
# usage: enter.sh ROOT BUILD SCRIPT [ARGUMENT...]   (SCRIPT relative to tests/)
set -eu
root=$1 build=$2 script=$3
shift 3
tests=$(dirname "$(dirname "$(realpath "$0")")")

# The layer is mounted inside the root itself, so that no folder of the machine is needed for it,
# and by relative names, so that no path needs escaping.
cd "$root"
mount -t tmpfs -o mode=0755 lab mnt
mkdir mnt/upper mnt/work mnt/root
mount -t overlay -o lowerdir=.,upperdir=mnt/upper,workdir=mnt/work lab mnt/root
cd mnt/root

# lend FOLDER NAME: a read-only view; what is mounted below FOLDER is not in it.
lend()
{
	mkdir -p "$2"
	mount --bind "$1" "$2"
	mount -o remount,bind,ro "$2"
}

lend "$build" authfence
lend "$tests" tests
mount -t proc proc proc
mount -t tmpfs -o mode=0755 lab run
mkdir -p run/lock run/lab
mount -t tmpfs -o mode=1777 lab tmp
mount -t tmpfs -o mode=0755,size=64k lab dev
for node in null zero full random urandom tty; do
	: > "dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
hostname lab

exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
	LC_ALL=C.UTF-8 LAB=inside AUTHFENCE_LAB="${AUTHFENCE_LAB:-}" \
	AUTHFENCE_DEMO_UNGUARDED="${AUTHFENCE_DEMO_UNGUARDED:-}" \
	chroot . /bin/bash "/tests/$script" "$@"
