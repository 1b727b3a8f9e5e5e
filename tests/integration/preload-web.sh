#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: root
# The preload guard and clients of HTTP/1.1 and HTTP/2, over OpenSSL and GnuTLS.
#
# usage: tests/integration/preload-web.sh BUILD
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
# shellcheck source=../lab/preload.sh
. "$(dirname "$0")/../lab/preload.sh"
lab_enter "$@"
trust_lab

host=$detect_name

# url PORT
url()
{
	echo "$(scheme http)://$host:$1/repository"
}

# a_curl USER SECRET PORT OPTION...
a_curl()
{
	as_client curl -sS -m 30 -u "$1:$2" "${@:4}" "$(url "$3")"
}

curl_first() { a_curl "$@"; } # the credentials with the first request
curl_asked() { a_curl "$@" --anyauth; }
curl_digest() { a_curl "$@" --digest; }
curl_old() { a_curl "$@" --http1.1; }
curl_two() { a_curl "$@" --http2-prior-knowledge; }
curl_put() { a_curl "$@" -T /etc/services; }
curl_bearer()
{
	as_client curl -sS -m 30 -H "Authorization: Basic $(printf %s "$1:$2" | base64 -w 0)" \
		"$(url "$3")"
}

# The proxy asks; the request is for somebody else.
curl_proxy()
{
	as_client curl -sS -m 30 -x "http://$host:$3" -U "$1:$2" http://$internal_name/
}

a_wget() { as_client wget -q -T 20 -t 2 -O - --user="$1" --password="$2" "${@:4}" "$(url "$3")"; }
wget_asked() { a_wget "$@"; }
wget_first() { a_wget "$@" --auth-no-challenge; }

git_http()
{
	local where
	where=$(url "$3")
	as_client git ls-remote "${where/:\/\//:\/\/$(quoted "$1"):$2@}"
}

python_http()
{
	as_client python3 -c 'if True:
		import sys, urllib.request as request
		user, secret, url = sys.argv[1:]
		passwords = request.HTTPPasswordMgrWithDefaultRealm()
		passwords.add_password(None, url, user, secret)
		handler = request.HTTPBasicAuthHandler(passwords)
		request.build_opener(handler).open(url, timeout=20).read()' "$1" "$2" "$(url "$3")"
}

# A client that was asked for credentials tries a new connection when the first one ends: two lines.
each 'none tls' curl_first curl http BASIC
lines=2 each 'none tls' curl_asked curl http BASIC
lines=2 each 'none tls' curl_digest curl http DIGEST
each none curl_put curl http BASIC
each none curl_bearer curl http BASIC
each none curl_proxy curl http BASIC
each tls curl_first curl http BASIC --http2
lines=2 each tls curl_asked curl http BASIC --http2
lines=2 each tls curl_digest curl http DIGEST --http2
each tls curl_old curl http BASIC --http2
each none curl_two curl http BASIC --http2
lines=2 each 'none tls' wget_asked wget http BASIC
lines=2 each 'none tls' wget_first wget http BASIC
lines=2 each none wget_asked wget http DIGEST
lines=2 each 'none tls' git_http git http BASIC
lines=2 each tls git_http git http BASIC --http2
each 'none tls' python_http python3 http BASIC
summary
