#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs in to an SMTP server once for each line "USER<TAB>SECRET" of standard input and prints the
server's answer to each.  Who is let in begins a message, so that the server logs the name that it
has given the client, and drops it.  No SASL library has a say in what is sent.

usage: smtp_logins.py PORT PLAIN|LOGIN|CRAM-MD5
"""
import base64
import hmac
import socket
import sys


class Connection:
    def __init__(self, port):
        self.file = socket.create_connection(('127.0.0.1', port), 20).makefile('rwb')
        self.reply()

    def reply(self):
        """The last line of an answer."""
        while True:
            line = self.file.readline()
            if line[3:4] != b'-':
                return line.rstrip(b'\r\n')

    def ask(self, line):
        self.file.write(line + b'\r\n')
        self.file.flush()
        return self.reply()

    def plain(self, user, secret):
        return self.ask(b'AUTH PLAIN ' + base64.b64encode(b'\0' + user + b'\0' + secret))

    def login(self, user, secret):
        self.ask(b'AUTH LOGIN')
        self.ask(base64.b64encode(user))
        return self.ask(base64.b64encode(secret))

    def cram_md5(self, user, secret):
        challenge = base64.b64decode(self.ask(b'AUTH CRAM-MD5')[4:])
        digest = hmac.new(secret, challenge, 'md5').hexdigest().encode()
        return self.ask(base64.b64encode(user + b' ' + digest))


METHODS = {'PLAIN': Connection.plain, 'LOGIN': Connection.login, 'CRAM-MD5': Connection.cram_md5}


def log_in(port, method, user, secret):
    connection = Connection(port)
    connection.ask(b'EHLO client')
    answer = method(connection, user, secret)
    if answer.startswith(b'2'):
        connection.ask(b'MAIL FROM:<pat@sei.co.jp>')
        answer += b', then ' + connection.ask(b'RCPT TO:<pat@sei.co.jp>')
    connection.ask(b'QUIT')
    return answer.decode('ascii', 'backslashreplace')


for row in sys.stdin.buffer.read().splitlines():
    name, word = row.rsplit(b'\t', 1)
    print(log_in(int(sys.argv[1]), METHODS[sys.argv[2]], name, word), flush=True)
