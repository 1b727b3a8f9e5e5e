#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes the lab root, once: a debootstrap root of the machine's own release with real clients and
# servers in it, from the apt sources that the machine uses.  On the machine nothing changes but
# the folder DIR.
#
# DIR appears by rename, so it is whole or absent; when the list of packages has changed, a copy of
# the old root is brought up to date instead of starting anew.
#
# usage: tests/lab/setup.sh DIR (as root)
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

packages='isync libsasl2-modules postfix dnsmasq-base python3 iproute2 openssl ca-certificates
	libc-ares2 libidn2-0 libpsl5 libjansson4 libnettle8 procps strace
	cyrus-clients ldap-utils subversion nmh libauthen-sasl-cyrus-perl libnet-ldap-perl python3-ldap
	slapd sasl2-bin freeradius freeradius-utils libpam-radius-auth pamtester
	openssh-server openssh-client sshpass sudo login passwd dovecot-imapd valgrind apparmor
	nslcd libpam-ldapd krb5-kdc krb5-admin-server krb5-user libpam-krb5
	sssd-ldap sssd-krb5 libpam-sss
	libcurl4 libexpat1 nsd dnsdist bind9-dnsutils
	mutt neomutt msmtp mailutils curl wget swaks fetchmail s-nail git git-email libmailtools-perl
	libio-socket-ssl-perl libauthen-sasl-perl python3-h2 restic libc6-i386
	libpython3.11-testsuite python3-twisted python3-tornado
	libdb5.3 libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0'
unpacked='exim4-daemon-light' # below /opt, since its package stands in the way of another one
profiles='krb5 ldap sss pwquality' # of PAM modules among those packages
# Ubuntu and later Debian renamed some libraries for 64-bit time_t.
alternatives=' libc-ares2:libcares2 libpsl5:libpsl5t64 libnettle8:libnettle8t64 libcurl4:libcurl4t64 '
alternatives+='libpython3.11-testsuite:libpython3.13-testsuite '

[ $# -eq 1 ] || {
	echo "usage: tests/lab/setup.sh DIR" >&2
	exit 2
}
root=$(realpath -m "$1") new=$root.tmp log=$root.log
stamp=etc/authfence-lab

fail()
{
	echo "lab: $*" >&2
	[ ! -s "$log" ] || tail -n 20 "$log" >&2
	umount "$new/proc" "$new/etc/apt" 2> /dev/null
	rm -rf --one-file-system "$new"
	exit 1
}

# Prints the value of KEY in os-release.
os_release()
{
	# shellcheck source=/dev/null
	(. /etc/os-release && eval "echo \"\${$1:-}\"")
}

# Prints "URI KEYRING" of each http source with suite $1 and component main: deb822 files, then
# one-line files.
find_sources()
{
	local file
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -f "$file" ] && awk -v suite="$1" '
			function has(list, word) { return index(" " list " ", " " word " ") }
			function flush() {
				if (uri != "" && has(types, "deb") && has(suites, suite) &&
					has(components, "main") && enabled != "no")
					print uri, key
				uri = types = suites = components = enabled = key = ""
			}
			/^#/ { next }
			/^[ \t]*$/ { flush(); next }
			{ field = tolower($1); sub(/^[^ \t]*[ \t]*/, ""); gsub(/[ \t]+/, " ") }
			field == "types:" { types = $0 }
			field == "suites:" { suites = $0 }
			field == "components:" { components = $0 }
			field == "enabled:" { enabled = tolower($0) }
			field == "signed-by:" && /^\// { key = $1 }
			field == "uris:" && match($0, /https?:[^ ]*/) { uri = substr($0, RSTART, RLENGTH) }
			END { flush() }' "$file"
	done
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null | awk -v suite="$1" '
		$1 == "deb" {
			key = ""
			if (match($0, /signed-by=[^] ]+/))
				key = substr($0, RSTART + 10, RLENGTH - 10)
			sub(/\[[^]]*\]/, "")
			if ($2 ~ /^https?:/ && $3 == suite && / main( |$)/)
				print $2, key
		}'
}

# Other people's repositories may use the release's name too, so each source is tried in turn.
bootstrap()
{
	local suite uri key proxy
	suite=$(os_release VERSION_CODENAME)
	[ -n "$suite" ] || fail "this machine's release has no VERSION_CODENAME in /etc/os-release"
	find_sources "$suite" | sort -u > "$log.sources"
	[ -s "$log.sources" ] || fail "no http source of '$suite' with component main in /etc/apt"
	# debootstrap knows nothing of apt's proxy.
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	[ -z "${proxy:-}" ] || [ "$proxy" = DIRECT ] || export http_proxy="${http_proxy:-$proxy}"
	while read -r uri key; do
		[ -f "$key" ] || key=
		case $key in *.asc) key= ;; esac # gpgv reads binary key rings only
		rm -rf --one-file-system "$new"
		debootstrap --variant=minbase --include=ca-certificates ${key:+"--keyring=$key"} \
			"$suite" "$new" "$uri" < /dev/null >> "$log" 2>&1 && break
	done < "$log.sources"
	rm "$log.sources"
	[ -x "$new/usr/bin/apt-get" ] || fail "debootstrap failed (whole log: $log)"
}

# Lends the root the machine's apt configuration while apt runs: a copy that is gone with this mount
# namespace, without the hooks of the machine's own tools, and with its certificates for https.
lend_apt()
{
	local lent=$new/etc/apt
	mount -t tmpfs -o mode=0755 lab "$lent" || return
	cp -a /etc/apt/. "$lent/" || return
	mkdir -p "$lent/apt.conf.d" || return
	printf '#clear %s;\n' DPkg::Pre-Invoke DPkg::Post-Invoke DPkg::Pre-Install-Pkgs \
		APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success \
		> "$lent/apt.conf.d/zz-lab"
	if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
		cp /etc/ssl/certs/ca-certificates.crt "$lent/machine.crt" || return
		echo 'Acquire::https::CaInfo "/etc/apt/machine.crt";' >> "$lent/apt.conf.d/zz-lab"
	fi
	mkdir -p "$new/usr/share/keyrings" || return
	cp -an /usr/share/keyrings/. "$new/usr/share/keyrings/" || return
	cat /etc/resolv.conf > "$new/etc/resolv.conf"
	cat /etc/hosts > "$new/etc/hosts"
	mount -t proc proc "$new/proc"
}

has_package()
{
	chroot "$new" apt-cache show --no-all-versions "$1" > /dev/null 2>&1
}

# Prints the packages that this release has, some of them under their other names; tests of a
# program that is missing say so.
choose_packages()
{
	local name other
	for name in $packages; do
		other=${alternatives#*" $name:"}
		if [ "$other" != "$alternatives" ] && ! has_package "$name"; then
			name=${other%% *}
		fi
		if has_package "$name"; then
			echo "$name"
		else
			echo "lab: this release has no package $name" >&2
		fi
	done
}

install_packages()
{
	lend_apt || fail "could not lend the machine's apt configuration to the root"
	printf '#!/bin/sh\nexit 101\n' > "$new/usr/sbin/policy-rc.d"
	chmod 0755 "$new/usr/sbin/policy-rc.d"
	echo 'postfix postfix/main_mailer_type select No configuration' |
		chroot "$new" debconf-set-selections
	chroot "$new" apt-get -q -o Acquire::Retries=3 update >> "$log" 2>&1 ||
		fail "apt-get update failed (whole log: $log)"
	# shellcheck disable=SC2046 # a list of words
	chroot "$new" apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends \
		$(choose_packages) >> "$log" 2>&1 || fail "apt-get install failed (whole log: $log)"
	# Packages of PAM modules put them into every stack; tests have stacks of their own.  Without
	# the profiles no later pam-auth-update brings them back.
	# shellcheck disable=SC2086 # a list of words
	chroot "$new" pam-auth-update --package --remove $profiles >> "$log" 2>&1 ||
		fail "pam-auth-update failed (whole log: $log)"
	# shellcheck disable=SC2086 # likewise
	(cd "$new/usr/share/pam-configs" && rm -f $profiles) || fail "no folder of PAM profiles"
	# shellcheck disable=SC2016 # the inner shell's
	chroot "$new" sh -c 'cd /var/cache/apt/archives && for name; do
		apt-get -q download "$name" && dpkg -x "$name"_*.deb "/opt/$name" || exit
	done' sh $unpacked >> "$log" 2>&1 || fail "could not unpack $unpacked (whole log: $log)"
	chroot "$new" apt-get clean
	rm -rf "$new"/var/lib/apt/lists/*
	: > "$new/etc/resolv.conf"
	echo '127.0.0.1 localhost' > "$new/etc/hosts"
	chroot "$new" id -u tester > /dev/null 2>&1 ||
		chroot "$new" useradd -u 1000 -m -s /bin/bash tester || fail "useradd failed"
}

[ "$(id -u)" -eq 0 ] || fail "making the lab root needs root"
want=$(echo "$(os_release VERSION_CODENAME) $packages $unpacked $alternatives" | sha256sum | cut -d' ' -f1)

# Everything below runs in mount and pid namespaces of its own, so that an interrupted run leaves no
# mount and no process; one run at a time for one DIR.
if [ "${LAB_SETUP_INSIDE:-no}" = no ]; then
	if [ "$(cat "$root/$stamp" 2> /dev/null)" = "$want" ]; then
		exit 0
	fi
	mkdir -p "$(dirname "$root")" || exit 1
	exec 9> "$root.lock" || exit 1
	flock 9
	LAB_SETUP_INSIDE=yes exec unshare --mount --propagation private --pid --fork --kill-child \
		--mount-proc "$0" "$root"
fi

if [ "$(cat "$root/$stamp" 2> /dev/null)" = "$want" ]; then
	exit 0
fi
: > "$log"
rm -rf --one-file-system "$new"
if [ -f "$root/$stamp" ]; then
	echo "lab: bringing $root up to date"
	cp -a --reflink=auto "$root" "$new" || fail "could not copy $root"
	rm -f "$new/$stamp"
else
	command -v debootstrap > /dev/null || fail "debootstrap is missing (sudo make deps)"
	echo "lab: making $root (about two minutes, once)"
	bootstrap
fi
install_packages
umount "$new/proc" "$new/etc/apt" || fail "could not unmount"
echo "$want" > "$new/$stamp"
sync -f "$new"
rm -rf --one-file-system "$root.old"
[ ! -e "$root" ] || mv "$root" "$root.old"
mv "$new" "$root" || fail "could not rename $new to $root"
rm -rf --one-file-system "$root.old" "$log"
