#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The preload guard and clients that reach the server through a proxy on their own machine, with
# what stands before their protocol: SOCKS, CONNECT, the PROXY line.
#
# usage: tests/integration/preload-tunnel.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
lab_enter "$@"
trust_lab

at=127.0.0.1:1080

# a_curl PROXY USER SECRET URL OPTION...
a_curl()
{
	as_client curl -sS -m 30 -x "$1://$at" -u "$2:$3" "${@:5}" "$4"
}

http_by() { a_curl "$1" "$2" "$3" "http://$detect_name:$4/"; }
http_socks4() { http_by socks4 "$@"; }
http_socks4a() { http_by socks4a "$@"; }
http_socks5() { http_by socks5 "$@"; }
http_socks5h() { http_by socks5h "$@"; }
https_socks5h() { a_curl socks5h "$1" "$2" "https://$detect_name:$3/"; }

imap_by() { a_curl "$1" "$2" "$3" "imap://$imap_name:$4/INBOX" --login-options AUTH=PLAIN; }
imap_socks4() { imap_by socks4 "$@"; }
imap_socks4a() { imap_by socks4a "$@"; }
imap_socks5() { imap_by socks5 "$@"; }
imap_socks5h() { imap_by socks5h "$@"; }
imap_connect() { imap_by http "$@"; }

# TLS that names no host, since an address is not sent as one (RFC 6066, section 3).
literal_by() { a_curl "$1" "$2" "$3" "https://$external:$4/" --insecure; }
literal_connect() { literal_by http "$@"; }
literal_socks4() { literal_by socks4 "$@"; }
literal_socks5() { literal_by socks5 "$@"; }

literal_wget()
{
	as_client env https_proxy="http://$at" wget -q -T 20 -t 1 -O - --no-check-certificate \
		--auth-no-challenge --user="$1" --password="$2" "https://$external:$3/"
}

literal_python()
{
	as_client python3 -c 'if True:
		import base64, http.client, ssl, sys
		user, secret, proxy, host, port = sys.argv[1:]
		context = ssl.create_default_context()
		context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
		link = http.client.HTTPSConnection(proxy, context=context, timeout=20)
		link.set_tunnel(host, int(port))
		basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
		link.request("GET", "/", headers={"Authorization": "Basic " + basic})
		link.getresponse().read()' "$1" "$2" $at $external "$3"
}

# No proxy here: curl speaks as one.  The recorder takes the line for the request's first.
http_haproxy()
{
	as_client curl -sS -m 30 --haproxy-protocol -u "$1:$2" "http://$detect_name:$3/"
}

lab_start proxy python3 -B /tests/lab/proxy.py ${at#*:}
lab_wait grep -q ready $lab/proxy.log
for proxy in socks4 socks4a socks5 socks5h; do
	each none "http_$proxy" curl http BASIC
	each none "imap_$proxy" curl imap PLAIN
done
each none imap_connect curl imap PLAIN
each tls https_socks5h curl http BASIC
each tls literal_connect curl http BASIC
each tls literal_socks4 curl http BASIC
each tls literal_socks5 curl http BASIC
each tls literal_wget wget http BASIC
each tls literal_python python3 http BASIC
each none http_haproxy curl http BASIC
lab_stop proxy 2> /dev/null
summary
