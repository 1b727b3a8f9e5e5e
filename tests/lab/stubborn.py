#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client that, like some mail programs, does not take no for an answer: refused by libsasl2, it
sends the password over the same connection by IMAP's LOGIN.

Opens all connections, logs in over the first one, and prints one line for each thing that happened:

  login: done | refused, and why
  HOST:PORT: works | ended      after a refusal, with --talk: for each connection, an exchanged line
  LOGIN: works | ended          after a refusal, without --talk
  flood: taken | an error       with --flood: 16 MiB more over the connection
  server: eof | nothing         with --ends: what the server has seen while this program still runs

usage: stubborn.py --user USER --secret SECRET --mechanism NAME [OPTION...] HOST:PORT...
"""
import argparse
import base64
import select
import signal
import socket
import ssl
import sys
import time

import libsasl

CHUNK = bytes(65536)
FLOOD = 16 << 20
PATIENCE = 10  # seconds


class Connection:
    """A connection that is read and written as MODE says: blocking, non-blocking, two (descriptors,
    one to write, one to read), tls, or epoll (an event loop has it)."""

    def __init__(self, text, mode, ca_file):
        host, port = text.split(':')
        self.text = text
        self.host = host
        self.reader = self.writer = socket.create_connection((host, int(port)))
        self.addresses = ['{};{}'.format(*end[:2]) for end in
                          (self.reader.getsockname(), self.reader.getpeername())]
        self.blocks = mode != 'non-blocking'
        self.reader.setblocking(self.blocks)
        if mode == 'two':
            self.writer = self.reader.dup()
        if mode == 'tls':
            context = ssl.create_default_context(cafile=ca_file)
            self.reader = self.writer = context.wrap_socket(self.reader, server_hostname=host)
        if mode == 'epoll':
            self.loop = select.epoll()
            self.loop.register(self.reader, select.EPOLLIN)

    def wait(self, sock, event):
        if self.blocks:
            return
        poll = select.poll()
        poll.register(sock, event)
        if not poll.poll(PATIENCE * 1000):
            sys.exit('a non-blocking descriptor never got ready')

    def write(self, data):
        while data:
            self.wait(self.writer, select.POLLOUT)
            data = data[self.writer.send(data):]

    def line(self):
        """The next line; empty at the end of the connection."""
        line = b''
        while not line.endswith(b'\n'):
            self.wait(self.reader, select.POLLIN)
            byte = self.reader.recv(1)
            if not byte:
                return b''
            line += byte
        return line.rstrip()

    def ask(self, text):
        """Sends a line and says how that went."""
        try:
            self.write(text.encode() + b'\r\n')
            return 'works' if self.line() else 'ended'
        except OSError as error:
            return f'ended ({error})'

    def flood(self):
        try:
            for _ in range(FLOOD // len(CHUNK)):
                self.write(CHUNK)
        except OSError as error:
            return str(error)
        return 'taken'


def log_in(connection, exchange, mechanism):
    """IMAP's AUTHENTICATE; raises libsasl.Error where libsasl2 refuses."""
    initial = exchange.start(mechanism)
    command = f'a1 AUTHENTICATE {mechanism}'.encode()
    if initial is not None:
        connection.write(command + b' ' + base64.b64encode(initial) + b'\r\n')
        return connection.line()
    connection.write(command + b'\r\n')
    challenge = base64.b64decode(connection.line().removeprefix(b'+ '))
    try:
        response = exchange.step(challenge)
    except libsasl.Error:
        connection.ask('*')
        raise
    connection.write(base64.b64encode(response) + b'\r\n')
    return connection.line()


def server_saw(path):
    """Waits for the recorder's note of the end of a connection."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with open(path, encoding='ascii') as file:
            ends = file.read().split()
        if ends:
            return ends[1]
        time.sleep(0.05)
    return 'nothing'


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument('--user', required=True)
    parser.add_argument('--secret', required=True)
    parser.add_argument('--mechanism', required=True)
    parser.add_argument('--service', default='imap')
    parser.add_argument('--mode', default='blocking')
    parser.add_argument('--ca')
    parser.add_argument('--no-name', action='store_true')
    parser.add_argument('--addresses', default='none', choices=['none', 'remote', 'both'])
    parser.add_argument('--talk', action='store_true')
    parser.add_argument('--flood', action='store_true')
    parser.add_argument('--ends')
    parser.add_argument('server', nargs='+')
    return parser.parse_args()


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as in a program written in C
    options = read_options()
    connections = [Connection(text, options.mode, options.ca) for text in options.server]
    for connection in connections:
        connection.line()
    first = connections[0]
    local, remote = first.addresses
    exchange = libsasl.Exchange(
        options.service, None if options.no_name else first.host,
        local if options.addresses == 'both' else None,
        remote if options.addresses != 'none' else None, options.user, options.secret)
    try:
        log_in(first, exchange, options.mechanism)
        print('login: done')
        return
    except libsasl.Error as error:
        print('login: refused,', error)
    if options.talk:
        for connection in connections:
            print(f'{connection.text}:', connection.ask('b1 NOOP'))
    else:
        print('LOGIN:', first.ask(f'a2 LOGIN "{options.user}" "{options.secret}"'))
    if options.flood:
        print('flood:', first.flood())
    if options.ends:
        print('server:', server_saw(options.ends))


if __name__ == '__main__':
    main()
