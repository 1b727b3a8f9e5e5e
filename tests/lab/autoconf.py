#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A mail auto-configuration service that answers as a real one did in 2025.

It gives every address the answer that email@example.com got on 2025-12-08: the same body, the same
headers.  It speaks HTTPS with a certificate of the lab and writes one line for each question to
DIR/questions.

usage: autoconf.py --dir DIR --cert FILE --key FILE
"""
import argparse
import base64
import http.server
import json
import os
import ssl
import urllib.parse

PROVIDER = 'seeatest'
DOMAIN = 'example.com'


def protocol(name, host, port):
    return {'protocol': name, 'hostname': host, 'port': port, 'encryption': 'ssl',
            'username': 'email@example.com', 'validated': False}


PROTOCOLS = [
    protocol('imap', 'imapgms.jnet.sei.co.jp', 993),
    protocol('smtp', 'smtpgms.jnet.sei.co.jp', 465),
]
ANSWER = {'email': 'email@example.com', 'services': [], 'protocols': PROTOCOLS}
DEBUG = {
    'decision': 'autoDv2 > autoDv1 > fixed db provider > fixed db domain protocols > '
                'db provider > db domain protocols',
    'autoD': {'v1': None, 'v2': None},
    'db': {
        'provider': {
            'Id': PROVIDER,
            'Protocols': [{'Protocol': entry['protocol'], 'Hostname': entry['hostname'],
                           'Port': entry['port'], 'Encryption': 'Ssl'} for entry in PROTOCOLS],
            'CreatedAt': '2020-02-03T05:31:23',
            'UpdatedAt': '2020-02-03T09:12:59',
            'IsCrowdsourced': False,
        },
        'domain': {'Domain': DOMAIN, 'ProviderId': PROVIDER},
    },
}


def compact(value):
    return json.dumps(value, separators=(',', ':')).encode()


BODY = compact(ANSWER)
HEADERS = {
    'Content-Type': 'application/json; charset=utf-8',
    'x-provider-id': PROVIDER,
    'x-debug-support': base64.b64encode(compact(DEBUG)).decode(),
    'x-autodv2-error': 'ENOTFOUND',
    'x-response-time': '3472',
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    timeout = 20

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        with open(os.path.join(self.server.folder, 'questions'), 'a', encoding='ascii') as file:
            file.write(f'{self.path} X-Email={self.headers.get("X-Email")!a}\n')
        query = urllib.parse.parse_qs(url.query)
        if url.path != '/autodetect/detect' or query.get('app') != ['outlookdesktopBasic']:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Length', str(len(BODY)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_arguments):
        """The questions stand in DIR/questions."""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True)
    parser.add_argument('--cert', required=True)
    parser.add_argument('--key', required=True)
    options = parser.parse_args()
    os.makedirs(options.dir, exist_ok=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    server = http.server.HTTPServer(('', 443), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.folder = options.dir
    with open(os.path.join(options.dir, 'ready'), 'w', encoding='ascii'):
        pass
    server.serve_forever()


if __name__ == '__main__':
    main()
