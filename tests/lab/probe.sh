# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The probe's own corner of the lab: every name and every host that it may ask is played by a real
# name server (nsd, behind dnsdist, which logs each question and answer and can hold answers back)
# and by a web server (probe_server.py).  What they answer is one row of probe_rows.py at a time.
# For scripts that have read lab.sh.
# shellcheck disable=SC2154 # lab, build and on_server are set by lab.sh
play=/run/lab/play
probe_dns=192.88.99.54

# probe_start MILLISECONDS: the servers, as honest ones; each answer that much later.
probe_start()
{
	local late=$1
	rm -rf "${play:?}"
	install -d -m 0755 $play
	install -d -o tester $play/own
	echo honest > $play/row
	python3 -B /tests/lab/probe_expect.py zones $play || exit 3
	probe_certificates
	echo "policy 1; reserve \"dev.acme.internal\";" > $play/site.policy
	"$build/authfence" policy compile --output $play/site.bin $play/site.policy \
		> "$lab/compile.log" ||
		exit 3
	probe_names "$late"
	lab_start play "${on_server[@]}" python3 -B /tests/lab/probe_server.py --dir $play \
		--delay "$late"
	lab_wait test -e $play/ready
	probe_play honest
}

# probe_certificate NAME AUTHORITY DAYS HOST...
probe_certificate()
{
	local name=$1 authority=$2 days=$3
	shift 3
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" \
		-out "$name.csr" -subj "/CN=Lab $name" &&
		printf '%s\n' subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \
			"subjectAltName=$(printf ',DNS:%s' "$@" | cut -c 2-)" > "$name.ext" &&
		openssl x509 -req -in "$name.csr" -CA "$authority.pem" -CAkey "$authority.key" \
			-CAcreateserial -days "$days" -extfile "$name.ext" -out "$name.pem"
}

# One certificate for all hosts, and three that nobody should trust.
probe_certificates()
{
	local hosts
	mapfile -t hosts < <(python3 -B /tests/lab/probe_expect.py names)
	(
		cd $play &&
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
				-keyout other.key -out other.pem -days 2 -subj '/CN=Other authority' &&
			probe_certificate server "$lab/ca" 2 "${hosts[@]}" &&
			probe_certificate expired "$lab/ca" 0 "${hosts[@]}" &&
			probe_certificate stranger "$lab/ca" 2 stranger.sei.co.jp &&
			probe_certificate unknown other 2 "${hosts[@]}"
	) > "$lab/openssl.log" 2>&1 || {
		cat "$lab/openssl.log" >&2
		exit 3
	}
}

# The zone "." holds all names that exist, so that every other one does not.
probe_names()
{
	local late=$1
	cp $play/honest.zone $play/zone
	cat > $play/nsd.conf << END
server:
	ip-address: 127.0.0.1@5300
	username: ""
	zonesdir: "$play"
	pidfile: "$play/nsd.pid"
	xfrdfile: ""
	zonelistfile: "$play/zone.list"
	server-count: 1
	rrl-ratelimit: 0
	logfile: "$lab/nsd.log"
remote-control:
	control-enable: no
zone:
	name: .
	zonefile: zone
END
	cat > $play/dnsdist.conf << END
setLocal("$probe_dns:53")
setACL("0.0.0.0/0")
setSecurityPollSuffix("")
setMaxTCPClientThreads(2)
newServer({address="127.0.0.1:5300", mustResolve=false, sockets=4})
getServer(0):setUp()
addAction(AllRule(), LogAction("$lab/questions", false, false, false))
END
	[ "$late" -eq 0 ] || echo "addAction(AllRule(), DelayAction($late))" >> $play/dnsdist.conf
	lab_start nsd "${on_server[@]}" nsd -d -c $play/nsd.conf
	probe_dnsdist
}

probe_dnsdist()
{
	lab_start dnsdist "${on_server[@]}" dnsdist --supervised --disable-syslog -C $play/dnsdist.conf
	lab_wait probe_plays "$(cat $play/row)"
}

# True if the name server has ROW's zone by now.
probe_plays()
{
	[ "$(dig @$probe_dns +short +tries=1 +time=1 row.lab TXT 2> /dev/null)" = "\"$1\"" ]
}

# probe_play ROW: from now on the servers answer like that, and their logs are empty.
probe_play()
{
	cp "$play/$1.zone" $play/zone.new
	mv $play/zone.new $play/zone
	echo "$1" > $play/row
	kill -HUP "$(cat "$lab/nsd.pid")"
	lab_wait probe_plays "$1"
	probe_mark
}

# From here on probe_questions and probe_requests count.
probe_mark()
{
	wc -l < "$lab/questions" > $play/questions.mark
	wc -l < $play/requests > $play/requests.mark
}

# Questions that the name server has got, but for the lab's own.
probe_questions()
{
	tail -n "+$(($(cat $play/questions.mark) + 1))" "$lab/questions" |
		sed -n 's/.* for \([^ ]*\)\. \([A-Z]*\) with id .*/\2 \1/p' |
		grep -v ' row.lab$' | sort -u
}

probe_requests()
{
	tail -n "+$(($(cat $play/requests.mark) + 1))" $play/requests
}

# authfence_probe NAME OPTION...: the command against these servers, for at most a minute; it leaves
# $play/NAME.out and NAME.err and sets status and took, in milliseconds.
authfence_probe()
{
	local name=$1 start
	shift
	start=$(date +%s%N)
	as_tester "$build/authfence" probe --resolver $probe_dns:53 --cacert "$lab/ca.pem" "$@" \
		> "$play/$name.out" 2> "$play/$name.err"
	status=$?
	# shellcheck disable=SC2034 # for the caller
	took=$((($(date +%s%N) - start) / 1000000))
}

expect()
{
	python3 -B /tests/lab/probe_expect.py "$@" 2>&1
}

# row_status ROW: the exit status that its checks lead to.
row_status()
{
	case $(expect results "$1") in
	*'?'*) echo 3 ;;
	*F*) echo 1 ;;
	*) echo 0 ;;
	esac
}

# probe_row ROW [OPTION...]: the servers play it, its domains are asked about; the run must find what
# the row says and nothing else, and have asked for nothing that it must not.
probe_row()
{
	local row=$1 domains
	shift
	probe_play "$row"
	mapfile -t domains < <(expect domains "$row")
	authfence_probe "$row" --format json --policy $play/site.bin "$@" "${domains[@]}"
	probe_agrees "$row" "$row"
}

# probe_agrees NAME ROW: $play/NAME.out, the status of the run and its requests against ROW.
probe_agrees()
{
	is "$1: status" "$status" "$(row_status "$2")"
	is "$1: checks" "$(expect checks "$2" "$play/$1.out")" ''
	is "$1: messages" "$(cat "$play/$1.err")" ''
	probe_requests > $play/requests.now
	is "$1: requests" "$(expect audit $play/requests.now)" ''
}
