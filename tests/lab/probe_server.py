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
import itertools
import json
import os
import select
import socketserver
import ssl
import sys
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
        self.open, self.under_way = set(), {}

    def write(self, **line):
        self.file.write(json.dumps(line) + '\n')
        self.file.flush()

    def request(self, host, **line):
        with self.lock:
            number = next(self.numbers)
            self.open.add(number)
            self.under_way[host] = self.under_way.get(host, 0) + 1
            self.write(number=number, time=time.time(), host=host, under_way=self.under_way[host],
                       **line)
        return number

    def answered(self, host, number, status):
        """Once for each request, whatever happens to its last bytes."""
        with self.lock:
            if number in self.open:
                self.open.remove(number)
                self.under_way[host] -= 1
                self.write(answer=number, time=time.time(), status=status)


class Connection(socketserver.StreamRequestHandler):
    """Reads and writes HTTP by hand: the library's own way takes so long that it would be measured."""
    disable_nagle_algorithm = True
    timeout = 40

    def setup(self):
        self.accepted = time.time()
        if self.server.contexts:
            self.request.settimeout(self.timeout)
            self.request.do_handshake()
        super().setup()

    def handle(self):
        line = self.rfile.readline()
        while line:
            method, path, _version = line.decode('latin-1').split()
            headers = []
            while (line := self.rfile.readline()) not in (b'\r\n', b''):
                name, _, value = line.decode('latin-1').partition(':')
                headers.append((name, value.strip()))
            self.answer(method, path, headers)
            line = self.rfile.readline()

    def answer(self, method, path, headers):
        value = {name.lower(): value for name, value in headers}
        host = value.get('host', '').partition(':')[0]
        place = f'{self.server.scheme}://{host}'
        body = self.rfile.read(int(value.get('content-length', '0')))
        number = self.server.book.request(
            place, method=method, path=path, accepted=self.accepted, headers=headers,
            body=body.decode('utf-8', 'replace'))
        key = question(self.server.scheme, host, path, value.get('x-email', ''))
        answer = probe_rows.answer(self.server.row(), key)
        time.sleep(self.server.delay)
        try:
            self.wait(answer.late)
            self.send(answer, lambda: self.server.book.answered(place, number, answer.status))
        except OSError:
            self.server.book.answered(place, number, None)
            raise

    def wait(self, seconds):
        """OSError if the client leaves before SECONDS have passed."""
        if seconds and select.select([self.connection], [], [], seconds)[0]:
            raise OSError

    def send(self, answer, at_last):
        """The client may ask the next question once it has the last byte: that is the end."""
        headers = ''.join(f'{name}: {value}\r\n' for name, value in answer.headers.items())
        if answer.status != 204:
            headers += f'Content-Length: {len(answer.body)}\r\n'
        head = f'HTTP/1.1 {answer.status} Played\r\n{headers}\r\n'.encode('latin-1', 'replace')
        if answer.pause == 0:
            at_last()
            self.wfile.write(head + answer.body)
            return
        self.wfile.write(head)
        for byte in answer.body:
            self.wait(answer.pause)
            self.wfile.write(bytes([byte]))
        at_last()


def question(scheme, host, path, email):
    """A request as probe_rows.py names it."""
    path = urllib.parse.urlsplit(path).path
    last = urllib.parse.unquote(path.rpartition('/')[2])
    service, prefix, address = {
        probe_rows.SERVICES['autodetect']: ('autodetect', '/autodetect/detect', email),
        probe_rows.SERVICES['office365']: ('office365', '/autodiscover/autodiscover.json/v1.0/', last),
        probe_rows.SERVICES['ispdb']: ('ispdb', '/autoconfig/v1.1/', '@' + last),
    }.get(host, (None, None, None))
    if service is not None and path.startswith(prefix):
        return f'{service} {address.rpartition("@")[2]}'
    return f'{scheme}://{host}{path}'


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, port, options, book, contexts):
        super().__init__((address, port), Connection)
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
        """Whoever does not trust a certificate, or has waited long enough, leaves."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


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
