# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The lab, as a library for the demo and the integration tests.
#
#	. tests/lab/lab.sh
#	lab_enter "$@"			# $1 is the build folder
#
# lab_enter runs the same script again inside the lab and returns only there: in a root of its own
# with real programs, as a client whose only neighbour is a second network namespace with servers.
#
#	10.9.8.1 and 192.88.99.1	client, where the script runs
#	192.88.99.7			server, external by the built-in table
#	10.9.8.7			the same server, internal
#	192.88.99.53			name server
#	192.88.99.54			for a name server that misbehaves
#
# All of it are namespaces without names: they end with the script, by kill -9 too, and leave no
# mount, no process and no file behind.
set -u
# shellcheck source-path=SCRIPTDIR source=../report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../report.sh"

lab=/run/lab       # inside the lab: everything that a run writes
build=/authfence   # the build folder, inside the lab
external=192.88.99.7
internal=10.9.8.7
odd_dns=192.88.99.54
imap_name=imapgms.jnet.sei.co.jp
smtp_name=smtpgms.jnet.sei.co.jp
detect_name=prod.autodetect.outlook.cloud.microsoft
internal_name=mail.corp.lan
# Before a command: run it in the server's network namespace, under the same process id.
on_server=(nsenter --net=/run/netns/server)

lab_enter()
{
	[ "${LAB:-}" = inside ] || lab_go_in "$@"
	trap 'exit 143' TERM INT
	lab_network
	lab_names
	lab_certificate
	lab_syslog
}

# On the machine: makes the root where it is missing and becomes the first process of the lab.
lab_go_in()
{
	local here script machine_build
	if [ $# -lt 1 ] || [ ! -d "$1" ]; then
		echo "usage: $0 BUILD" >&2
		exit 2
	fi
	[ "$(id -u)" -eq 0 ] || {
		echo "$0: the lab needs root" >&2
		exit 2
	}
	machine_build=$(realpath "$1")
	here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
	script=$(realpath "$0")
	script=${script#"$(dirname "$here")/"}
	shift
	"$here/setup.sh" "$machine_build/lab" || exit 3
	exec unshare --mount --propagation private --pid --fork --kill-child --net --uts --ipc \
		"$here/enter.sh" "$machine_build/lab" "$machine_build" "$script" /authfence "$@" \
		< /dev/null
}

lab_network()
{
	ip link set lo up
	ip netns add server
	ip link add client0 type veth peer name server0 netns server
	ip address add 10.9.8.1/24 dev client0
	ip address add 192.88.99.1/24 dev client0
	ip link set client0 up
	"${on_server[@]}" ip link set lo up
	"${on_server[@]}" ip address add $internal/24 dev server0
	"${on_server[@]}" ip address add $external/24 dev server0
	"${on_server[@]}" ip address add 192.88.99.53/24 dev server0
	"${on_server[@]}" ip address add $odd_dns/24 dev server0
	"${on_server[@]}" ip link set server0 up
}

# The lab's DNS: a real server that logs every question to $lab/dns.log.
lab_names()
{
	printf '127.0.0.1 localhost lab\n' > /etc/hosts
	printf 'nameserver 192.88.99.53\nsearch .\n' > /etc/resolv.conf
	: > $lab/dns.log
	"${on_server[@]}" dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file \
		--listen-address=192.88.99.53 --bind-interfaces --local=/#/ \
		--host-record=$imap_name,$external --host-record=$smtp_name,$external \
		--host-record=$detect_name,$external --host-record=$internal_name,$internal \
		--srv-host=_kerberos._udp.example.com,$imap_name,88 \
		--log-queries --log-facility=$lab/dns.log || exit 3
}

# Questions that the name server has got since the mark that the file $lab/dns.mark keeps.
dns_mark()
{
	wc -l < $lab/dns.log > $lab/dns.mark
}

dns_questions()
{
	tail -n "+$(($(cat $lab/dns.mark) + 1))" $lab/dns.log |
		sed -n 's/.* query\[\([A-Z]*\)\] \([^ ]*\) from .*/\1 \2/p'
}

# A private certificate authority and one certificate for all names of the lab.
lab_certificate()
{
	(
		cd $lab &&
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
				-keyout ca.key -out ca.pem -days 2 -subj '/CN=Lab authority' \
				-addext keyUsage=critical,keyCertSign,cRLSign &&
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
				-keyout server.key -out server.csr -subj '/CN=Lab server' &&
			printf '%s\n' subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \
				"subjectAltName=DNS:$imap_name,DNS:$smtp_name,DNS:$detect_name,DNS:$internal_name" \
				> server.ext &&
			openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
				-days 2 -extfile server.ext -out server.pem
	) > $lab/openssl.log 2>&1 || {
		cat $lab/openssl.log >&2
		exit 3
	}
	chmod 0755 $lab
}

# What programs say to syslog stands in $lab/syslog.
lab_syslog()
{
	: > $lab/syslog
	lab_start syslog python3 /tests/lab/syslog.py /dev/log $lab/syslog
	lab_wait test -S /dev/log
}

# lab_start NAME COMMAND...: a process in the background; its output goes to $lab/NAME.log.
lab_start()
{
	local name=$1
	shift
	: > "$lab/$name.log"
	"$@" >> "$lab/$name.log" 2>&1 &
	echo $! > "$lab/$name.pid"
}

lab_stop()
{
	local pid
	pid=$(cat "$lab/$1.pid") && rm "$lab/$1.pid" && kill "$pid"
	wait "$pid"
}

# Waits up to ten seconds until COMMAND succeeds.
lab_wait()
{
	local try
	for ((try = 0; try < 200; try++)); do
		"$@" && return
		sleep 0.05
	done
	echo "lab: gave up waiting for: $*" >&2
	tail -n 5 $lab/*.log >&2
	exit 3
}

# recorder_start FOLDER OPTION...: a recording server with an empty $lab/FOLDER.
recorder_start()
{
	local name=$1
	shift
	rm -rf "${lab:?}/$name"
	lab_start "$name" "${on_server[@]}" python3 -B /tests/lab/recorder.py --dir "$lab/$name" \
		--cert $lab/server.pem --key $lab/server.key "$@"
	lab_wait test -e "$lab/$name/ready"
}

# relay_start FOLDER NAME:PORT SERVER-PORT: a recording relay in front of a real server on 127.0.0.1,
# with an empty $lab/FOLDER.
relay_start()
{
	rm -rf "${lab:?}/$1"
	lab_start "$1" "${on_server[@]}" python3 -B /tests/lab/relay.py "$lab/$1" "$2" "$3"
	lab_wait test -e "$lab/$1/ready"
}

# odd_start MODE: the name server that misbehaves, with an empty $lab/odd.
odd_start()
{
	rm -rf $lab/odd
	lab_start odd "${on_server[@]}" python3 -B /tests/lab/odddns.py --dir $lab/odd \
		--address $odd_dns --mode "$1"
	lab_wait test -e $lab/odd/ready
}

# new_secret NAME: prints a fresh secret and enters it in the list that leaks.py looks for.
new_secret()
{
	local secret
	secret=$(openssl rand -hex 12)
	echo "$1 $secret" >> $lab/secrets
	echo "$secret"
}

# leaked FOLDER: how many distinct secrets stand in what the recorder got.
leaked()
{
	python3 -B /tests/lab/leaks.py $lab/secrets "$lab/$1" | tee "$lab/$1.leaks" | head -n 1
}

# SASL responses that the recorder got, whatever they were made of.
answers()
{
	wc -l < "$lab/$1/answers"
}

# The folder where libsasl2 looks for plugins by itself.
sasl_folder()
{
	dirname "$(find /usr/lib /usr/lib64 -name 'libplain.so' -path '*/sasl2/*' 2> /dev/null |
		head -n 1)"
}

# has_mechanism MECHANISM: releases differ in what they build of libsasl2.
has_mechanism()
{
	local file=${1,,}
	file=${file%-sha-*}
	[ -e "$(sasl_folder)/lib${file//-/}.so" ] || {
		skip "$1" 'libsasl2 of this release does not have it'
		false
	}
}

# SASL_PATH with the plugin of the build before the system's own.
guarded_path()
{
	echo "$build/sasl2:$(sasl_folder)"
}

# as_tester COMMAND...: as an ordinary user, for at most a minute.
as_tester()
{
	setpriv --reuid=tester --regid=tester --init-groups env HOME=/home/tester \
		timeout -k 5 60 "$@"
}
