#!/bin/bash
# SPDX-License-Identifier: MIT
# What "make install" puts where, that "make uninstall" takes all of it away and nothing else, and the
# default policy: it changes no verdict, and each statement that it shows is one.
#
# usage: tests/integration/install.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/install.sh BUILD}")
cd "$(dirname "$0")/../.." || exit 3
. tests/report.sh
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
unset AUTHFENCE_POLICY SOURCE_DATE_EPOCH

# make_it TARGET: as a packager would, with folders of his own.
make_it()
{
	env -u MAKEFLAGS -u MAKELEVEL make -s -o all B="$build" DESTDIR="$scratch/root" prefix=/opt/af \
		sysconfdir=/opt/etc sasldir=/opt/sasl2 pamdir=/opt/security \
		guarddir=/opt/af/lib/authfence/guard "$1" > "$scratch/log" 2>&1 || cat "$scratch/log"
}

installed()
{
	(cd "$scratch/root" && find opt ! -type d -printf '%m %p\n' | sort -k 2)
}

echo '# install and uninstall'
make_it install
is 'what is installed' "$(installed)" "$(
	cat <<-END
		755 opt/af/bin/authfence
		644 opt/af/lib/authfence/guard/libauthfence-preload.so
		644 opt/af/lib/authfence/policy.d/default.policy
		644 opt/af/lib/systemd/system/authfence-probe.service
		644 opt/af/lib/systemd/system/authfence-probe.timer
		644 opt/af/lib/tmpfiles.d/authfence.conf
		644 opt/af/share/bash-completion/completions/authfence
		644 opt/af/share/doc/authfence/examples/authfence-preload.conf
		644 opt/af/share/doc/authfence/examples/authfence.rules.yml
		644 opt/af/share/man/man1/authfence-probe.1
		644 opt/af/share/man/man1/authfence.1
		644 opt/af/share/man/man5/authfence.policy.5
		644 opt/af/share/man/man7/authfence-preload.7
		644 opt/af/share/man/man7/authfence-sasl.7
		644 opt/af/share/man/man8/pam_authfence.8
		644 opt/sasl2/libauthfence.so
		644 opt/security/pam_authfence.so
	END
)"
[ -d "$scratch/root/opt/etc/authfence/policy.d" ]
is 'a folder for policies' $? 0
is 'folders: modes' "$(find "$scratch/root" -mindepth 1 -type d ! -perm 755)" ''
is 'the unit starts what is installed' \
	"$(grep -c '^ExecStart=/opt/af/bin/authfence probe' "$scratch"/root/opt/af/lib/systemd/system/*.service)" 1
touch "$scratch/root/opt/etc/authfence/policy.d/site.policy" "$scratch/root/opt/af/bin/other"
make_it uninstall
is 'what is left' "$(installed)" "644 opt/af/bin/other
644 opt/etc/authfence/policy.d/site.policy"
rm "$scratch/root/opt/etc/authfence/policy.d/site.policy"
make_it uninstall
is 'folders left' "$(find "$scratch/root/opt" -path '*authfence*')" ''

echo '# the default policy'
compile()
{
	SOURCE_DATE_EPOCH=1795000000 "$build/authfence" policy compile --output "$1" "$2" > "$scratch/log" 2>&1 || cat "$scratch/log"
}

# All but the policy's own name and generation.
verdicts()
{
	"$build/authfence" check --resolve no --root "$scratch" "$@" --batch < "$scratch/batch" |
		sed 's/"policy":{[^}]*}//'
}

for identity in alice alice@corp.net alice@example.com a@shop.test a@x.invalid a@home.arpa \
	a@dev.acme.internal $'a\tb@example.org'; do
	for target in localhost 127.0.0.1 10.20.0.1 10.99.0.1 192.88.99.7 mail.corp.lan \
		partner.corp.lan imap.lab.test imap.corp.net ''; do
		printf '%s\t%s\timap\n' "${identity/$'\t'/\\t}" "$target"
	done
done > "$scratch/batch"
compile "$scratch/default.bin" conf/default.policy
is 'default policy: no verdict changes' \
	"$(diff <(verdicts) <(verdicts --policy "$scratch/default.bin") | head -n 4)" ''
is 'cases' "$(verdicts | grep -c '"verdict"')" 80

# A statement without its "#" is "#" and no blank, or four in a block.
sed -E 's/^#([^[:space:]]|    )/\1/' conf/default.policy > "$scratch/all.policy"
compile "$scratch/all.bin" "$scratch/all.policy"
verdicts --policy "$scratch/all.bin" > "$scratch/all"
is 'all statements: reserve' "$(grep -c reserve:dev.acme.internal "$scratch/all")" 5
# The compiler lists what it knows when it meets what it does not.
printf 'policy 1;\nqqqq;\n' > "$scratch/unknown.policy"
known=$(compile "$scratch/none" "$scratch/unknown.policy" | sed -n 's/.*expected //p' | tr -d ',"' |
	sed 's/ or / /')
is 'all statements: keywords' "$(grep -oE '^[a-z-]+' "$scratch/all.policy" | sort -u | xargs)" \
	"$(xargs -n 1 <<< "$known" | sort | xargs)"
summary
