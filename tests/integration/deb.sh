#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The Debian packages: built on the machine, twice, and tried in the lab.  Installed, upgraded with
# a good and with a broken policy, downgraded, half upgraded and purged; with real clients, and with
# the stacks that pam-auth-update makes of five choices of profiles.
#
# usage: tests/integration/deb.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/mbsync.sh
. "$(dirname "$0")/../lab/mbsync.sh"

# build_package LOG TREE BUILD OPTION...
build_package()
{
	local log=$1 version
	version=$(sed -n 's/^VERSION *= *//p' "$2/Makefile")
	DEB_BUILD_OPTIONS=nocheck "$2/packaging/deb.sh" "$version" "${@:3}" > "$log" 2>&1 || {
		cat "$log"
		exit 3
	}
}

# On the machine: what the lab has no tools for.  The second build is made of the first one's copy of
# the tree, in another folder and another time zone.
build_packages()
{
	cd "$(dirname "$0")/../.." || exit 3
	build_package "$1/deb.log" . "$1"
	TZ=Asia/Tokyo build_package "$1/deb-again.log" "$1"/deb/authfence-*/ "$1/deb-again" --no-lintian
}

# Each drop-in within a profile, as an abstraction includes it.
parse_apparmor()
{
	local file
	for file in "$build"/deb/authfence-*/conf/apparmor/*/*; do
		{ echo 'profile test {' && cat "$file" && echo '}'; } | apparmor_parser -QT || return
	done
}

if [ "${LAB:-}" != inside ] && [ $# -gt 0 ]; then
	"$(dirname "$0")"/../../packaging/deps.sh --deb || {
		skip deb 'the tools that build packages cannot be had'
		summary
		exit
	}
	build_packages "$(realpath "$1")"
fi
lab_enter "$@"

packages='authfence libauthfence-preload libpam-authfence libsasl2-modules-authfence'
policy=/etc/authfence/policy.bin
site=/etc/authfence/policy.d/site.policy
stack=/etc/pam.d/common-auth
module=$(dirname "$(find /usr/lib -name pam_unix.so)")/pam_authfence.so
example=/usr/share/doc/libpam-authfence/examples/by-hand
mail_log=/var/log/postfix.log

# Everything on this machine that a package could leave behind, and what is in it.
machine()
{
	find / -xdev \( -path /tmp -o -path /var/lib/dpkg -o -path /var/cache/debconf -o -path /var/log \
		-o -path '/var/*/postfix' -o -path /home -o -name __pycache__ \) -prune \
		-o -printf '%p %y %m %u %g %l\n' | sort
	find /etc /var/lib/pam -type f -exec sha256sum {} + | sort -k 2
}

# packages_do OPTION...: dpkg, without waiting for a disk that is memory.
packages_do()
{
	DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io "$@" > $lab/dpkg.log 2>&1 || {
		cat $lab/dpkg.log
		return 1
	}
}

# deb PACKAGE [VERSION]: its file; with VERSION a copy that calls itself so.
deb()
{
	local file=$lab/$1_${2:-}.deb
	if [ $# -eq 1 ]; then
		echo $build/deb/"$1"_[0-9]*.deb
		return
	fi
	dpkg-deb -R $build/deb/"$1"_[0-9]*.deb "$lab/$1" &&
		sed -i "s/^Version: .*/Version: $2/" "$lab/$1/DEBIAN/control" &&
		dpkg-deb -Znone -b "$lab/$1" "$file" > /dev/null
	rm -r "${lab:?}/$1"
	echo "$file"
}

all_debs()
{
	local package
	for package in $packages; do
		deb "$package" "$@"
	done
}

# login SERVICE USER PASSWORD: prints "in" or "out".
login()
{
	if pamtester "$1" "$2" authenticate <<< "$3" > $lab/login 2>&1; then
		echo in
	else
		echo out
	fi
}

# A wrong password costs two seconds, so not everywhere.
logins()
{
	is "$1: right password" "$(login lab tester right)" in
	[ "${2:-}" != both ] || is "$1: wrong password" "$(login lab tester wrong)" out
}

verdict()
{
	authfence check --resolve no "$@" | sed -n '1s/ .*//p'
}

message_settled()
{
	grep -qE 'status=(sent|deferred)' $mail_log
}

configure_postfix()
{
	cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
	cat > /etc/postfix/main.cf <<-END
		compatibility_level = 3.6
		myhostname = client.sei.co.jp
		mydestination =
		inet_interfaces = loopback-only
		relayhost = [$smtp_name]:587
		smtp_sasl_auth_enable = yes
		smtp_sasl_password_maps = texthash:$lab/password
		smtp_sasl_security_options =
		smtp_tls_security_level = none
		maillog_file = $mail_log
	END
	: > $lab/password
	postconf -M | awk '$2 == "inet" { print $1 "/" $2 }' | xargs postconf -M -X
	postconf -F smtp/unix/chroot=y
	mkdir -p /var/spool/postfix/etc
	cp /etc/hosts /etc/services /etc/resolv.conf /etc/nsswitch.conf /var/spool/postfix/etc/
	postfix check || exit 3
}

# send FOLDER USER SECRET: Postfix tries one message.
send()
{
	recorder_start "$1" --auth PLAIN smtp:587
	echo "[$smtp_name]:587 $2:$3" > $lab/password
	: > $mail_log
	"$(postconf -h daemon_directory)/master" -w || exit 3
	printf 'Subject: test\n\ntest\n' | sendmail -f pat@sei.co.jp someone@sei.co.jp
	lab_wait message_settled
	postfix stop 2>&1
	postsuper -d ALL 2>&1
	lab_stop "$1"
} > $lab/postfix.log

# fetch FOLDER USER SECRET [MECHANISM]: mbsync tries once; prints its status.
fetch()
{
	recorder_start "$1" --auth PLAIN imap:143
	run_mbsync "$1" $imap_name 143 None "${4:-PLAIN}" "$2" "$3"
	lab_stop "$1"
}

echo '# what was built'
for package in $packages; do
	holds "$package: the same bytes twice" cmp "$(deb "$package")" \
		$build/deb-again/deb/"$package"_[0-9]*.deb
done
holds 'lintian is content' grep -F 'neither errors nor warnings' $build/deb.log
if command -v apparmor_parser > /dev/null; then
	holds 'apparmor_parser takes the drop-ins' parse_apparmor
else
	skip 'parsing the AppArmor drop-ins' 'this release has no apparmor_parser'
fi

echo '# without the packages'
echo tester:right | chpasswd || exit 3
printf '@include common-auth\n@include common-account\n' > /etc/pam.d/lab
configure_postfix
logins without
secret=$(new_secret mbsync)
fetch bare email@example.com "$secret" > /dev/null
is 'without: mbsync' "$(leaked bare)" 1
secret=$(new_secret postfix)
send bare email@example.com "$secret"
is 'without: Postfix' "$(leaked bare)" 1
machine > $lab/before
cp $stack $lab/stack

echo '# installed'
# shellcheck disable=SC2046 # a list of files
holds 'dpkg -i' packages_do -i $(all_debs)
is 'policy: owner and mode' "$(stat -c '%U %a' $policy)" 'root 644'
is 'policy: a reserved identity' "$(verdict alice@example.com 192.88.99.7)" block
holds 'policy: in the history' grep '^\*  *1 .* apply ' <(authfence policy history)
is 'profile: first in common-auth' "$(grep -m 1 ^auth $stack)" \
	"auth	[default=ignore perm_denied=die]	pam_authfence.so "
logins installed both
secret=$(new_secret 'mbsync, installed')
fetch guarded email@example.com "$secret" > /dev/null
is 'installed: mbsync' "$(leaked guarded)" 0
holds 'installed: mbsync says why' grep authfence: $lab/guarded.home/output
secret=$(new_secret 'mbsync, ordinary')
is 'ordinary: mbsync ends with' "$(fetch ordinary pat@sei.co.jp "$secret")" 0
is 'ordinary: mbsync' "$(leaked ordinary)" 1
secret=$(new_secret 'postfix, installed')
send guarded email@example.com "$secret"
is 'installed: Postfix' "$(leaked guarded)" 0
holds 'installed: Postfix says why' grep 'verdict=block' $mail_log
secret=$(new_secret 'postfix, ordinary')
send ordinary pat@sei.co.jp "$secret"
holds 'ordinary: Postfix' grep status=sent $mail_log
is 'ordinary: Postfix' "$(leaked ordinary)" 1
holds "installed: the packages' own test" \
	sh $build/deb/authfence-*/debian/tests/smoke 2> $lab/smoke.log
holds 'installed: doctor' authfence doctor
holds 'installed: the probe' authfence probe --dry-run
is 'installed: the timer is off' "$(find /etc/systemd -name 'authfence*')" ''
mv "$module" $lab/module
logins 'half upgraded' both
mv $lab/module "$module"

echo '# the preload guard: nobody has it but who wants it'
is 'preload: not in a program' "$(grep -c libauthfence-preload /proc/self/maps)" 0
holds 'preload: authfence run' authfence run grep libauthfence-preload /proc/self/maps
secret=$(new_secret 'mbsync, LOGIN')
fetch command email@example.com "$secret" LOGIN > /dev/null
is 'preload: without, LOGIN' "$(leaked command)" 1
# shellcheck disable=SC2016 # a word of the dynamic linker
echo '/usr/$LIB/authfence/libauthfence-preload.so' > /etc/ld.so.preload
is 'image: in every program' "$(grep -c libauthfence-preload /proc/self/maps | sed 's/[1-9].*/some/')" some
is 'image: programs say nothing' "$(env true 2>&1)" ''
logins image both
secret=$(new_secret 'mbsync, LOGIN, image')
fetch image email@example.com "$secret" LOGIN > /dev/null
is 'image: LOGIN' "$(leaked image)" 0
secret=$(new_secret 'mbsync, LOGIN, image, ordinary')
is 'image: LOGIN, ordinary' "$(fetch image-ordinary pat@sei.co.jp "$secret" LOGIN)" 0
is 'image: LOGIN, ordinary arrives' "$(leaked image-ordinary)" 1
{
	holds 'image: remove the package' packages_do -r libauthfence-preload
	holds 'image: says what is left to do' grep 'remove its line from /etc/ld.so.preload' $lab/dpkg.log
	holds 'image: programs run all the same' env true
	rm /etc/ld.so.preload
} 2> /dev/null # each program complains
# shellcheck disable=SC2046
holds 'preload: install again' packages_do -i $(deb libauthfence-preload)

echo '# lines by hand'
{
	cat $example
	echo 'auth required pam_permit.so'
} > /etc/pam.d/by-hand
is 'by hand: reserved' "$(login by-hand email@example.com x)" out
holds 'by hand: says why' grep authfence: $lab/login
is 'by hand: ordinary' "$(login by-hand pat@sei.co.jp x)" in
rm /etc/pam.d/by-hand

echo '# upgraded and downgraded'
printf 'policy 1;\nreserve "acme.internal";\n' > $site
# shellcheck disable=SC2046
holds upgrade packages_do -i $(all_debs 9.0)
is 'upgrade: the policy is applied' "$(verdict bob@acme.internal 192.88.99.7)" block
logins upgrade
printf 'policy 1;\nreserv "acme.internal";\n' > $site
cp $policy $lab/policy
# shellcheck disable=SC2046
holds 'downgrade with a broken policy' packages_do -i $(all_debs)
holds 'downgrade: the policy stays' cmp $policy $lab/policy
holds 'downgrade: says what is broken' grep -F "$site:2:1: error" $lab/dpkg.log
is 'downgrade: the source stays' "$(tail -n 1 $site)" 'reserv "acme.internal";'
logins downgrade
printf 'policy 1;\nreserve "acme.internal", "lab.acme.internal";\n' > $site
holds 'downgrade: says what to run' grep -x 'authfence: authfence policy apply' $lab/dpkg.log
holds 'downgrade: what it says to run' authfence policy apply
is 'downgrade: the mended policy is applied' "$(authfence check --format json a localhost |
	grep -o '"generation":[0-9]*')" '"generation":3'
authfence policy mode off --for 1h > /dev/null
cp $policy $lab/policy
# shellcheck disable=SC2046
holds 'upgrade while the guard is off' packages_do -i $(all_debs 9.0)
holds 'upgrade: the guard stays off' cmp $policy $lab/policy
holds 'upgrade: says what ends it' grep 'until the next "authfence policy apply"' $lab/dpkg.log
authfence policy rollback 1 > /dev/null
holds 'upgrade after a rollback' dpkg-reconfigure -f noninteractive authfence
is 'upgrade: what was taken back stays back' "$(verdict bob@acme.internal 192.88.99.7)" allow
rm $site
printf 'policy 1;\n reserve "elsewhere.internal";\n' > $lab/elsewhere.policy
authfence policy apply $lab/elsewhere.policy > /dev/null
# shellcheck disable=SC2046
holds 'upgrade without sources' packages_do -i $(all_debs 9.1)
is 'upgrade: an image from elsewhere stays' "$(verdict a@elsewhere.internal 192.88.99.7)" block

echo '# purged'
# shellcheck disable=SC2086 # a list of words
holds 'dpkg -P' packages_do -P $packages
machine > $lab/after
is 'purge leaves' "$(diff $lab/before $lab/after)" ''
holds 'purge: common-auth' cmp $stack $lab/stack
logins purged

# A module that asks a directory, and its profile: in the lab a copy of pam_unix.so, since only who
# asks for the password matters, and when.
#
# profile NAME PRIORITY FIRST LATER: what the module is told as the first of the stack, and later.
profile()
{
	cp "${module%/*}/pam_unix.so" "${module%/*}/pam_$1.so"
	cat > "/usr/share/pam-configs/$1" <<-END
		Name: Logins of $1
		Default: no
		Priority: $2
		Auth-Type: Primary
		Auth-Initial:
			[success=end default=ignore]	pam_$1.so $3
		Auth:
			[success=end default=ignore]	pam_$1.so $4
	END
}

is_on()
{
	grep -c pam_authfence.so $stack
}

# try_profiles WANT ON OFF: the packaged guard beside the profiles ON, with OFF switched off.
try_profiles()
{
	# shellcheck disable=SC2086 # lists of words
	pam-auth-update --package --enable $2 --disable $3
	cp $stack $lab/stack
	logins "$2 without"
	# shellcheck disable=SC2046
	holds "$2: install" packages_do -i $(deb libpam-authfence)
	is "$2: the guard is on" "$(is_on)" "$1"
	[ "$1" = 1 ] || holds "$2: says what to do" grep pam-auth-update $lab/dpkg.log
	logins "$2"
	# Packages of other modules do this all the time.
	pam-auth-update --package
	is "$2, another package: the guard is on" "$(is_on)" "$1"
	logins "$2, another package"
	holds "$2: purge" packages_do -P libpam-authfence
	holds "$2: common-auth" cmp $stack $lab/stack
}

echo '# beside other profiles'
export DEBIAN_FRONTEND=noninteractive
profile krb5 704 minimum_uid=1000 'minimum_uid=1000 try_first_pass'
profile ldap 129 '' use_first_pass
profile sss 128 forward_pass use_first_pass
try_profiles 1 unix 'krb5 ldap sss'
try_profiles 1 'unix ldap' 'krb5 sss'
try_profiles 0 ldap 'unix krb5 sss'
try_profiles 0 sss 'unix krb5 ldap'
try_profiles 1 krb5 'unix ldap sss'

# Removed, not purged: dpkg then calls the next installation an upgrade.
pam-auth-update --package --enable ldap --disable unix krb5 sss
# shellcheck disable=SC2046
holds 'ldap: install' packages_do -i $(deb libpam-authfence)
holds 'ldap: remove' packages_do -r libpam-authfence
# shellcheck disable=SC2046
holds 'ldap: install again' packages_do -i $(deb libpam-authfence)
pam-auth-update --package
is 'ldap, installed again: the guard is on' "$(is_on)" 0
logins 'ldap, installed again' both
# What the package then says to do.
cp $stack $lab/stack
echo "uri ldap://$external/" > /etc/nslcd.conf
{ grep -m 1 ^auth $example && cat $lab/stack; } > $stack
pam-auth-update --package
is 'ldap, by hand: the guard is first' "$(grep -m 1 ^auth $stack)" "$(grep -m 1 ^auth $example)"
is 'ldap, by hand: right password' "$(login lab tester right)" in
is 'ldap, by hand: reserved' "$(login lab email@example.com right)" out
holds 'ldap, by hand: says why' grep authfence: $lab/login
cp $lab/stack $stack
holds 'ldap: purge' packages_do -P libpam-authfence

# The trap is real: forced on, the guard locks out; and it closes later, too.
pam-auth-update --package --enable krb5 sss --disable unix ldap
# shellcheck disable=SC2046
holds 'krb5 sss: install' packages_do -i $(deb libpam-authfence)
is 'krb5 sss: the guard is on' "$(is_on)" 1
DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=2 sh /var/lib/dpkg/info/libpam-authfence:*.prerm remove
is 'krb5 sss, one of two architectures removed: the guard is on' "$(is_on)" 1
rm /usr/share/pam-configs/krb5
pam-auth-update --package
is 'sss, krb5 gone: right password' "$(login lab tester right)" out
dpkg-trigger --no-await --by-package=base-files /usr/share/pam-configs
packages_do --triggers-only --pending
is 'sss, krb5 gone, triggered: the guard is on' "$(is_on)" 0
logins 'sss, krb5 gone, triggered'
summary
