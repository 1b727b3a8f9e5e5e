#!/bin/bash
# SPDX-License-Identifier: MIT
# Puts compilers, libraries and debootstrap on the machine by apt; touches nothing, and asks no
# network, when all are there.  Clients and servers never come here: they live in the lab root.
#
# usage: packaging/deps.sh [--if-root] [--lint] [--deb]
#   --if-root  without root say what is missing, and fail only if the build needs it
#   --lint     the tools of tests/lint.sh and make stress too
#   --deb      the tools of packaging/deb.sh too
set -u
export DEBIAN_FRONTEND=noninteractive

packages='gcc make pkg-config libc6-dev libsasl2-dev libc-ares-dev libidn2-dev libpsl-dev
	libjansson-dev libcunit1-dev libpam0g-dev nettle-dev libcurl4-openssl-dev libexpat1-dev'
lab='debootstrap gpgv'
lint='clang clang-format clang-tidy cppcheck shellcheck mandoc python3 valgrind'
deb='debhelper dpkg-dev lintian'
if_root=no

for option; do
	case $option in
	--if-root) if_root=yes ;;
	--lint) packages="$packages $lint" ;;
	--deb) packages="$packages $deb" ;;
	*)
		echo "deps: unknown option '$option', expected --if-root, --lint or --deb" >&2
		exit 2
		;;
	esac
done
# The lab needs root anyway.
if [ "$if_root" = no ] || [ "$(id -u)" -eq 0 ]; then
	packages="$packages $lab"
fi

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
	echo "deps: no apt here, so nothing is checked; needed is the like of: $packages" >&2
	exit 0
fi

missing=
for package in $packages; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "deps: missing:$missing" >&2
	echo "deps: install them with: sudo packaging/deps.sh $*" >&2
	exit 1
fi
echo "deps: installing:$missing"
apt-get -q -o Acquire::Retries=3 update || exit 1
# shellcheck disable=SC2086 # a list of words
if ! apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends $missing; then
	echo "deps: apt-get failed (see above)" >&2
	exit 1
fi
