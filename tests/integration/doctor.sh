#!/bin/bash
# SPDX-License-Identifier: MIT
# authfence doctor as an administrator runs it.  As root, a machine with the guard is made of the real
# one, in a mount namespace whose writable layers are in memory: each broken state must be named.
#
# usage: tests/integration/doctor.sh BUILD
set -u
build=$(realpath "${1:?usage: tests/integration/doctor.sh BUILD}")
passed=0 failed=0 skipped=0
unset AUTHFENCE_POLICY SASL_PATH SOURCE_DATE_EPOCH

if [ "$(id -u)" -eq 0 ] && [ "${2:-}" != inside ]; then
	exec unshare --mount --propagation private "$0" "$build" inside
fi
scratch=$(mktemp -d)
trap 'cd /; umount -l "$scratch/layers" 2> /dev/null; rm -rf "$scratch"' EXIT
doctor=("$build/authfence" doctor)
library=$(ldd "$build/authfence" | awk '$1 ~ /^libsasl2/ {print $3}')
plugins=$(dirname "$(realpath "$library")")/sasl2

# expect STATUS TEXT COMMAND...: the command ends with STATUS, and a line has TEXT in it (a pattern).
expect()
{
	local want=$1 text=$2 got status
	shift 2
	got=$("$@" 2>&1 < /dev/null)
	status=$?
	if [ $status -eq "$want" ] && grep -qe "$text" <<< "$got"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n  status: got %s, want %s\n  output: %s\n  want in it: %s\n' "$*" $status \
			"$want" "$got" "$text"
	fi
}

lacks()
{
	local text=$1
	shift
	if "$@" 2>&1 | grep -qe "$text"; then
		failed=$((failed + 1))
		printf '%s\n  not wanted in it: %s\n' "$*" "$text"
	else
		passed=$((passed + 1))
	fi
}

echo '# arguments'
expect 0 'usage: authfence doctor' "${doctor[@]}" --help
expect 0 '^  doctor ' "$build/authfence" --help
expect 2 'unexpected argument "x"' "${doctor[@]}" x
expect 2 '"--rot" is unknown' "${doctor[@]}" --rot
expect 2 'No such file' "${doctor[@]}" --root "$scratch/none"
expect 2 'did you mean "json"' "${doctor[@]}" --format jsn

echo '# another root folder: files only'
tree=$scratch/tree
mkdir -p "$tree/usr/lib/sasl2"
expect 1 'FAILED  *guard .*nothing is guarded' "${doctor[@]}" --root "$tree"
cp "$library" "$tree/usr/lib/libsasl2.so.2"
expect 1 'FAILED  *sasl-plugin .*libauthfence.so: it is missing' "${doctor[@]}" --root "$tree"
cp "$build/sasl2/libauthfence.so" "$tree/usr/lib/sasl2/"
chmod -R go-w "$tree"
expect 0 'authfence is in force' "${doctor[@]}" --root "$tree"
expect 0 'skipped  *sasl-daemon .*not tried: programs of another root' "${doctor[@]}" --root "$tree"
expect 0 '"in_force":true' "${doctor[@]}" --root "$tree" --format json
chmod 666 "$tree/usr/lib/sasl2/libauthfence.so"
expect 1 'writable by others (mode 0666)' "${doctor[@]}" --root "$tree"
chmod 644 "$tree/usr/lib/sasl2/libauthfence.so"
mkdir -p "$tree/etc/pam.d"
printf 'auth required pam_ldap.so\n' > "$tree/etc/pam.d/"$'a\e[2Jb'
expect 1 'a\\x1b\[2Jb:1: pam_ldap.so' "${doctor[@]}" --root "$tree"
expect 1 '"result":"failed","detail":".*a\\u001B\[2Jb:1: pam_ldap.so' "${doctor[@]}" --root "$tree" --format json
rm -r "${tree:?}/etc"
mkdir -p "$tree/etc/authfence"
ln -s /etc/passwd "$tree/etc/authfence/policy.bin"
expect 1 'policy.bin is a symbolic link; in force is the built-in policy' "${doctor[@]}" --root "$tree"

echo '# what this shell would load'
if [ -d "$plugins" ]; then
	expect 1 'warning  *sasl-shell .* is refused (PLAIN\|EXTERNAL)' \
		env "SASL_PATH=$build/sasl2:$plugins" "${doctor[@]}"
	expect 1 'warning  *sasl-shell .*(EXTERNAL).*PLAIN is missing' \
		env "SASL_PATH=$build/sasl2" "${doctor[@]}"
	expect 1 "FAILED  *sasl-shell .*SASL_PATH=$scratch hides the system's plugin folder" \
		env "SASL_PATH=$scratch" "${doctor[@]}"
fi

# ---- as root: a whole machine ----

# layer FOLDER: writes to FOLDER go to memory.
layer()
{
	local name=$scratch/layers/${1//\//_}
	mkdir -p "$name/upper" "$name/work"
	chmod 755 "$name/upper"
	mount -t overlay -o "lowerdir=$1,upperdir=$name/upper,workdir=$name/work" overlay "$1"
}

make_machine()
{
	local security
	mkdir "$scratch/layers"
	mount -t tmpfs -o mode=0755 layers "$scratch/layers"
	security=$(dirname "$(find /lib/*/libpam.so.0 /lib64/libpam.so.0 2> /dev/null | head -n 1)")/security
	layer /etc && layer "$plugins" && layer "$(realpath "$security")" || return 1
	[ ! -d /usr/lib/pam.d ] || { layer /usr/lib/pam.d && rm -rf /usr/lib/pam.d/*; } || return 1
	rm -rf /etc/authfence /etc/pam.d
	mkdir -m 755 /etc/authfence /etc/pam.d
	install -m 644 "$build/sasl2/libauthfence.so" "$plugins/"
	install -m 644 "$build/pam/pam_authfence.so" "$security/"
	module=$security/pam_authfence.so
}

# compile TEXT: the active policy says it.
compile()
{
	printf 'policy 1;\n%s\n' "$1" > "$scratch/machine.policy"
	"$build/authfence" policy compile --output /etc/authfence/policy.bin "$scratch/machine.policy" \
		> /dev/null || failed=$((failed + 1))
}

pam_service()
{
	printf '%s\n' "$@" > /etc/pam.d/imap
}

test_plugin()
{
	echo '# the plugin at work'
	expect 0 'authfence is in force' "${doctor[@]}"
	expect 0 'ok  *sasl-daemon .*canary@example.com to 192.88.99.7 is refused' "${doctor[@]}"
	expect 0 'ok  *sasl-shell ' "${doctor[@]}"
	expect 1 "FAILED  *sasl-shell .*SASL_PATH=/nowhere hides" env SASL_PATH=/nowhere "${doctor[@]}"
	expect 1 'ok  *sasl-daemon ' env SASL_PATH=/nowhere "${doctor[@]}"
	expect 0 'warning  *sasl-shell ' env "SASL_PATH=$build/sasl2:$plugins" "${doctor[@]}"
	lacks '^FAILED\|^warning' "${doctor[@]}"
	chmod 666 "$plugins/libauthfence.so"
	expect 1 'FAILED  *sasl-plugin .*writable by others' "${doctor[@]}"
	expect 1 'skipped  *sasl-daemon .*anybody' "${doctor[@]}"
	chmod 644 "$plugins/libauthfence.so"
	truncate -s 4096 "$plugins/libauthfence.so"
	expect 1 'FAILED  *sasl-daemon .* dies (Bus error)' "${doctor[@]}"
	truncate -s 100 "$plugins/libauthfence.so"
	expect 1 'FAILED  *sasl-daemon .*does not load the guard: .*libauthfence.so' "${doctor[@]}"
	rm "$plugins/libauthfence.so"
	expect 1 'FAILED  *sasl-plugin .*it is missing' "${doctor[@]}"
	install -m 644 "$build/sasl2/libauthfence.so" "$plugins/"
	expect 0 'authfence is in force' "${doctor[@]}"
}

# A plugin that answers in the guard's place, if there is a compiler to make one.
test_rival()
{
	printf '%s\n' '#include <stddef.h>' '#include <string.h>' '#include <sasl/sasl.h>' \
		'#include <sasl/saslplug.h>' \
		'static int canon(void *g, sasl_client_params_t *p, const char *u, unsigned n, unsigned f,' \
		' char *o, unsigned m, unsigned *l) { (void)g, (void)p, (void)f;' \
		' if (n >= m) return SASL_BUFOVER; memmove(o, u, n); o[n] = 0; *l = n; return SASL_OK; }' \
		'static sasl_canonuser_plug_t plug = {0, 0, NULL, "INTERNAL", NULL, NULL, canon, NULL, NULL, NULL};' \
		'int sasl_canonuser_init(const sasl_utils_t *u, int m, int *v, sasl_canonuser_plug_t **p,' \
		' const char *n) { (void)u, (void)m, (void)n; *v = 5; *p = &plug; return SASL_OK; }' \
		> "$scratch/rival.c"
	cc -shared -fPIC -o "$scratch/librival.so" "$scratch/rival.c" || {
		failed=$((failed + 1))
		return
	}
	# The last one loaded is asked; a path of two folders gives the order.
	mkdir "$scratch/rival"
	cp "$scratch/librival.so" "$scratch/rival/"
	expect 1 'FAILED  *sasl-shell .*loaded but not asked' \
		env "SASL_PATH=$plugins:$scratch/rival" "${doctor[@]}"
}

test_policy()
{
	echo '# the policy'
	compile ''
	expect 0 'ok  *policy-file .*generation 1, whole' "${doctor[@]}"
	compile 'mode observe;'
	expect 0 'warning  *policy-mode .*mode observe' "${doctor[@]}"
	expect 0 'warning  *sasl-daemon .*lets the canary pass.*observed only' "${doctor[@]}"
	compile 'mode off;'
	expect 1 'FAILED  *policy-mode .*mode off' "${doctor[@]}"
	expect 1 'FAILED  *sasl-daemon .*mode-off' "${doctor[@]}"
	compile 'internal 192.88.99.0/24;'
	expect 0 'warning  *sasl-daemon .*target-internal' "${doctor[@]}"
	compile ''
	chmod 666 /etc/authfence/policy.bin
	expect 1 'FAILED  *policy-file .*writable by others (mode 0666); in force is the built-in' "${doctor[@]}"
	expect 1 'ok  *sasl-daemon .* is refused' "${doctor[@]}"
	chmod 644 /etc/authfence/policy.bin
	printf 'x' | dd of=/etc/authfence/policy.bin bs=1 seek=500 conv=notrunc status=none
	expect 1 'FAILED  *policy-file .*damaged; in force is the built-in' "${doctor[@]}"
	rm /etc/authfence/policy.bin
	mkdir -m 755 /etc/authfence/policy.d
	printf 'policy 1;\n' > /etc/authfence/policy.d/a.policy
	expect 1 'FAILED  *policy-sources .*nothing compiled' "${doctor[@]}"
	expect 1 'remedy: authfence policy apply$' "${doctor[@]}"
	compile ''
	expect 0 'ok  *policy-sources ' "${doctor[@]}"
	expect 0 'skipped  *policy-history ' "${doctor[@]}"
	rm "$tree/etc/authfence/policy.bin"
	mkdir -p "$tree/usr/lib/authfence/policy.d"
	printf 'policy 1;\n' > "$tree/usr/lib/authfence/policy.d/a.policy"
	expect 1 "remedy: authfence policy apply --root $tree\$" "${doctor[@]}" --root "$tree"
	touch -d '1 hour' /etc/authfence/policy.d/a.policy
	expect 1 'FAILED  *policy-sources .*a.policy was changed after' "${doctor[@]}"
	rm -r /etc/authfence/policy.d /etc/authfence/policy.bin
	compile 'mode off;'
	mv /etc/authfence/policy.bin "$scratch/off.bin"
	expect 1 'FAILED  *sasl-shell .*off.bin.*mode-off' \
		env "AUTHFENCE_POLICY=$scratch/off.bin" "${doctor[@]}"
}

test_pam()
{
	local guard='auth [default=ignore perm_denied=die] pam_authfence.so target=radius1.corp.net'
	echo '# PAM'
	pam_service "$guard" 'auth required pam_radius_auth.so'
	expect 0 'ok  *pam .*guarded services: imap' "${doctor[@]}"
	pam_service 'auth required pam_radius_auth.so' "$guard"
	expect 1 'FAILED  *pam .*imap:1: pam_radius_auth.so .* the guard stands after it' "${doctor[@]}"
	pam_service 'auth required pam_authfence.so' 'auth required pam_radius_auth.so'
	expect 1 'FAILED  *pam .*the control required of the guard does not end the stack' "${doctor[@]}"
	pam_service "${guard% *}" 'auth required pam_radius_auth.so'
	rm -f /etc/pam_radius_auth.conf
	expect 0 'warning  *pam .*where the password goes is not known: pam_radius_auth.so' "${doctor[@]}"
	expect 0 'remedy: write in the policy: pam-module "pam_radius_auth.so" target "HOST";' "${doctor[@]}"
	printf '192.88.99.7:1812 s3cr3t 3\n' > /etc/pam_radius_auth.conf
	chmod 600 /etc/pam_radius_auth.conf
	expect 0 'ok  *pam .*imap: pam_radius_auth.so sends to 192.88.99.7 port 1812 (external) as user$' \
		"${doctor[@]}"
	expect 0 '"detail":"imap: pam_radius_auth.so sends to 192.88.99.7 port 1812 (external) as user"' \
		"${doctor[@]}" --format json
	lacks 's3cr3t' "${doctor[@]}"
	chmod 644 /etc/pam_radius_auth.conf
	expect 0 'warning  *pam .*pam_radius_auth.conf holds secrets and can be read by everybody' "${doctor[@]}"
	rm /etc/pam_radius_auth.conf
	pam_service "$guard observe" 'auth required pam_radius_auth.so'
	expect 0 'warning  *pam .*only observes' "${doctor[@]}"
	pam_service 'auth required pam_radius_auth.so'
	expect 1 'FAILED  *pam .*no guard stands before it' "${doctor[@]}"
	pam_service "$guard" 'auth required pam_radius_auth.so'
	rm "$module"
	expect 1 'FAILED  *pam .*pam_authfence.so: it is missing' "${doctor[@]}"
	install -m 644 "$build/pam/pam_authfence.so" "$module"
	chmod 0 /etc/pam.d/imap
	# The build may lie where only root can go.
	install -m 755 "$build/authfence" /etc/authfence/command
	expect 3 'FAILED  *pam .*imap cannot be read whole: .*Permission denied' \
		setpriv --reuid=12345 --clear-groups /etc/authfence/command doctor
	rm /etc/pam.d/imap
	expect 0 'skipped  *pam .*not applicable' "${doctor[@]}"
}

# The trial must neither see nor shut what we have from our parent: the guard cuts connections.
test_inherited()
{
	cat > "$scratch/inherit.py" << 'PY'
import socket, subprocess, sys
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(1)
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
status = subprocess.run(sys.argv[1:], stdin=client, pass_fds=[client.fileno()],
                        stdout=subprocess.DEVNULL).returncode
client.sendall(b"alive")
print("status", status, peer.recv(5).decode())
PY
	expect 0 '^status 0 alive$' python3 "$scratch/inherit.py" "${doctor[@]}"
}

if [ "${2:-}" != inside ]; then
	echo 'skipped: doctor on a whole machine needs root for its mount namespace (sudo make check)'
	skipped=$((skipped + 1))
elif ! make_machine 2> "$scratch/why"; then
	echo "skipped: doctor on a whole machine: $(tail -n 1 "$scratch/why")"
	skipped=$((skipped + 1))
else
	test_plugin
	test_rival
	test_policy
	test_pam
	test_inherited
fi

echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
[ $failed -eq 0 ]
