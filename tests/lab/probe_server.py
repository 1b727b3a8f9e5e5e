#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A web server, http and https, that plays every host that the probe may ask.

What it answers is the row of probe_rows.py that the file DIR/row names at that moment.  Certificates
are those of DIR: server, expired, stranger (of another name), unknown (of another authority), each
NAME.pem and NAME.key.  Every request is a line of JSON in DIR/requests when it has come, and one
more when it is about to be answered; audit them with probe_expect.py.

usage: probe_server.py --dir DIR [--delay MILLISECONDS]
"""
import argparse
import http.server
import itertools
import json
import os
import select
import socketserver
import ssl
import threading
import time
import urllib.parse

import probe_rows

CERTIFICATES = ('server', 'expired', 'stranger', 'unknown')


class Book:
    """What has been asked, and how much of it at once."""

    def __init__(self, folder):
        self.file = open(os.path.join(folder, 'requests'), 'w', encoding='utf-8')
        self.lock = threading.Lock()
        self.numbers = itertools.count()
        self.under_way = {}

    def write(self, **line):
        self.file.write(json.dumps(line) + '\n')
        self.file.flush()

    def request(self, host, **line):
        with self.lock:
            number = next(self.numbers)
            self.under_way[host] = self.under_way.get(host, 0) + 1
            self.write(number=number, time=time.time(), host=host, under_way=self.under_way[host],
                       **line)
        return number

    def answered(self, host, number, status):
        with self.lock:
            self.under_way[host] -= 1
            self.write(answer=number, time=time.time(), status=status)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    timeout = 40

    def setup(self):
        self.accepted = time.time()
        if self.server.contexts:
            self.request.settimeout(self.timeout)
            self.request.do_handshake()
        super().setup()

    def key(self, host):
        """The question as probe_rows.py names it."""
        path = urllib.parse.urlsplit(self.path).path
        last = urllib.parse.unquote(path.rpartition('/')[2])
        address = {
            probe_rows.SERVICES['autodetect']: ('autodetect', '/autodetect/detect',
                                                self.headers.get('X-Email', '')),
            probe_rows.SERVICES['office365']: ('office365',
                                               '/autodiscover/autodiscover.json/v1.0/', last),
            probe_rows.SERVICES['ispdb']: ('ispdb', '/autoconfig/v1.1/', '@' + last),
        }.get(host)
        if address is not None and path.startswith(address[1]):
            return f'{address[0]} {address[2].rpartition("@")[2]}'
        return f'{self.server.scheme}://{host}{path}'

    def answer(self):
        host = self.headers.get('Host', '').partition(':')[0]
        body = self.rfile.read(int(self.headers.get('Content-Length', '0')))
        place = f'{self.server.scheme}://{host}'
        number = self.server.book.request(
            place, method=self.command, path=self.path, accepted=self.accepted,
            headers=self.headers.items(), body=body.decode('utf-8', 'replace'))
        answer = probe_rows.answer(self.server.row(), self.key(host))
        time.sleep(self.server.delay)
        try:
            self.wait(answer.late)
            self.send(answer, lambda: self.server.book.answered(place, number, answer.status))
        except OSError:
            self.server.book.answered(place, number, None)
            self.close_connection = True

    def wait(self, seconds):
        """OSError if the client leaves before SECONDS have passed."""
        if seconds and select.select([self.connection], [], [], seconds)[0]:
            raise OSError

    def send(self, answer, at_last):
        """The client may ask the next question once it has the last byte: that is the end."""
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header('Content-Length', str(len(answer.body)))
        if answer.pause == 0:
            at_last()
        self.end_headers()
        if answer.pause == 0:
            self.wfile.write(answer.body)
            return
        for byte in answer.body:
            self.wait(answer.pause)
            self.wfile.write(bytes([byte]))
        at_last()

    do_GET = do_POST = answer

    def log_message(self, *_arguments):
        """The requests stand in DIR/requests."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256
    rows = {}

    def __init__(self, address, port, options, book, contexts):
        super().__init__((address, port), Handler)
        self.scheme = 'https' if contexts else 'http'
        self.book, self.contexts, self.delay = book, contexts, options.delay / 1000
        self.row_file = os.path.join(options.dir, 'row')
        if contexts:
            contexts['server'].sni_callback = self.choose
            self.socket = contexts['server'].wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False)

    def row(self):
        with open(self.row_file, encoding='ascii') as file:
            return probe_rows.ROWS[file.read().strip()]

    def choose(self, sock, name, _context):
        if name and probe_rows.of_site(name):
            sock.context = self.contexts[self.row().certificate]

    def handle_error(self, request, client_address):
        """Whoever does not trust a certificate ends the handshake: no error of the server."""


def contexts(folder):
    result = {}
    for name in CERTIFICATES:
        result[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        result[name].load_cert_chain(os.path.join(folder, name + '.pem'),
                                     os.path.join(folder, name + '.key'))
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True)
    parser.add_argument('--delay', type=float, default=0)
    options = parser.parse_args()
    book = Book(options.dir)
    servers = [Server(address, port, options, book, contexts(options.dir) if port == 443 else {})
               for address in (probe_rows.EXTERNAL, probe_rows.INTERNAL) for port in (80, 443)]
    for server in servers:
        threading.Thread(target=server.serve_forever).start()
    with open(os.path.join(options.dir, 'ready'), 'w', encoding='ascii'):
        pass


if __name__ == '__main__':
    main()
