#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A mail server that lets everybody in and writes down every byte it receives.

Each connection leaves two files in DIR, both after TLS: NNN-PROTOCOL-PORT.in, all that the client
sent, and .out, all that it was told (the challenges).  DIR/answers has one line for each SASL
response, DIR/logins one for each completed login, DIR/ends one for each connection that the client
has ended ("eof") or that ended otherwise ("broken").  The server knows no secret: what reached it
is read off the files afterwards by leaks.py.

usage: recorder.py --dir DIR [--auth MECHANISM,...|none] [--starttls] [--http2] [--max BYTES]
                   [--idle SECONDS] [--cert FILE --key FILE] PROTOCOL:PORT[:tls]...

A further protocol is a further subclass of Session with a serve() method.
"""
import argparse
import base64
import os
import re
import signal
import socket
import ssl
import threading
import time

import record_http
import record_ldap
import record_pop

LINE_MAX = 65536  # a longer line ends the connection
CONNECTION_MAX = 4 << 20  # bytes taken from one connection, if not told otherwise
IDLE = 20  # seconds without a byte, if not told otherwise


class Closed(Exception):
    """The client has gone, or has used up its bounds."""


class Wire:
    """One connection; whatever arrives is on disk before anybody looks at it."""

    def __init__(self, sock, path, options):
        self.sock = sock
        self.most = options.max
        self.buffer = b''
        self.received = open(path + '.in', 'wb', buffering=0)
        self.sent = open(path + '.out', 'wb', buffering=0)
        self.total = 0
        self.end = 'broken'
        sock.settimeout(options.idle)

    def fill(self):
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise Closed from error
        self.received.write(data)
        self.total += len(data)
        if not data:
            self.end = 'eof'
        if not data or self.total > self.most:
            raise Closed
        self.buffer += data

    def line(self):
        while b'\n' not in self.buffer:
            if len(self.buffer) > LINE_MAX:
                raise Closed
            self.fill()
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.rstrip(b'\r')

    def exactly(self, count):
        if count > self.most:
            raise Closed
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def some(self):
        """Whatever comes next."""
        if not self.buffer:
            self.fill()
        data, self.buffer = self.buffer, b''
        return data

    def write_down(self, data):
        self.received.write(data)

    def send(self, text):
        data = text.encode() if isinstance(text, str) else text
        self.send_raw(data + b'\r\n')

    def send_raw(self, data):
        self.sent.write(data)
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Closed from error

    def start_tls(self, context):
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except OSError as error:
            raise Closed from error
        self.buffer = b''

    def chosen(self):
        """The protocol that TLS agreed upon (ALPN), or None."""
        return self.sock.selected_alpn_protocol()

    def drain(self):
        """Says goodbye and takes what still comes: a client may write on all the same."""
        try:
            # Not the method of ssl's socket, which would go on reading without TLS.
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
        except OSError:
            pass
        try:
            while True:
                self.fill()
                self.buffer = b''
        except Closed:
            pass

    def close(self):
        self.sock.close()
        self.received.close()
        self.sent.close()


def plain(_server):
    yield b''


def login(_server):
    yield b'Username:'
    yield b'Password:'


def cram_md5(server):
    yield f'<{os.urandom(8).hex()}.{time.time():.0f}@{server}>'.encode()


# Each yields the server's challenges in turn; every response is accepted.
MECHANISMS = {'PLAIN': plain, 'LOGIN': login, 'CRAM-MD5': cram_md5}
SCHEMES = ('BASIC', 'DIGEST')  # of HTTP


def mechanisms(text):
    return [] if text == 'none' else text.split(',')


class Session:
    """What all protocols share: the options, STARTTLS, and the SASL exchange."""

    def __init__(self, wire, options, protocol, tls):
        self.wire = wire
        self.options = options
        self.protocol = protocol
        self.tls = tls

    def note(self, name, text):
        with open(os.path.join(self.options.dir, name), 'a', encoding='ascii') as file:
            file.write(f'{self.protocol} {text}\n')

    def offers_starttls(self):
        return self.options.starttls and not self.tls

    def begin_tls(self):
        self.wire.start_tls(self.options.context)
        self.tls = True

    def authenticate(self, mechanism, initial, prompt):
        """Runs one exchange; PROMPT is what stands before a challenge.  False: abandoned."""
        mechanism = mechanism.upper()
        if mechanism not in self.options.auth:
            return False
        for challenge in MECHANISMS[mechanism](socket.gethostname()):
            response, initial = initial, None  # RFC 4422 s3: answers the first challenge
            if response is None:
                self.wire.send(prompt + base64.b64encode(challenge))
                response = self.wire.line()
            if response in (b'*', b'', b'QUIT'):
                return False
            self.note('answers', mechanism)
        self.note('logins', mechanism)
        return True


class Imap(Session):
    """Enough of RFC 3501 for a client to log in and to synchronise an empty INBOX."""

    LITERAL = re.compile(rb'\{(\d+)(\+?)\}$')

    def command(self):
        """One command with its literals, as the words of its line."""
        line = self.wire.line()
        while True:
            literal = self.LITERAL.search(line)
            if not literal:
                return line
            if not literal.group(2):
                self.wire.send('+ go on')
            line = line[: literal.start()] + self.wire.exactly(int(literal.group(1)))
            line += self.wire.line()

    def capabilities(self):
        words = ['IMAP4rev1', 'SASL-IR'] + ['AUTH=' + name for name in self.options.auth]
        if self.offers_starttls():
            words.append('STARTTLS')
        return ' '.join(words)

    def log_in(self, verb, words):
        if verb == 'LOGIN':
            self.note('logins', 'LOGIN-command')
            return True
        initial = words[3] if any(words[3:]) else None  # Mutt: a blank and nothing
        return self.authenticate(words[2].decode('ascii', 'replace'), initial, b'+ ')

    def answer(self, verb, words):
        """The untagged lines before the closing OK."""
        replies = {
            'CAPABILITY': ['CAPABILITY ' + self.capabilities()],
            'NAMESPACE': ['NAMESPACE (("" "/")) NIL NIL'],
            'LIST': [r'LIST (\HasNoChildren) "/" INBOX'],
            'SELECT': [r'FLAGS (\Seen \Deleted)', '0 EXISTS', '0 RECENT',
                       'OK [UIDVALIDITY 1] only', 'OK [UIDNEXT 1] next'],
            'LOGOUT': ['BYE bye'],
        }
        replies['EXAMINE'] = replies['SELECT']
        replies['UID'] = ['SEARCH'] if words[2:3] == [b'SEARCH'] else []
        for reply in replies.get(verb, []):
            self.wire.send('* ' + reply)

    def serve(self):
        self.wire.send(f'* OK [CAPABILITY {self.capabilities()}] ready')
        while True:
            words = self.command().split(b' ')
            tag = words[0].decode('ascii', 'replace')
            verb = words[1].decode('ascii', 'replace').upper() if len(words) > 1 else ''
            if verb in ('LOGIN', 'AUTHENTICATE') and len(words) > 2:
                done = self.log_in(verb, words)
                self.wire.send(f'{tag} ' + ('OK welcome' if done else 'NO not so'))
                continue
            if verb == 'STARTTLS' and self.offers_starttls():
                self.wire.send(f'{tag} OK begin')
                self.begin_tls()
                continue
            self.answer(verb, words)
            self.wire.send(f'{tag} OK done')
            if verb == 'LOGOUT':
                return


class Smtp(Session):
    """Enough of RFC 5321 and RFC 4954 to take a message."""

    def greet(self):
        lines = ['recorder', '8BITMIME', 'AUTH ' + ' '.join(self.options.auth)]
        if self.offers_starttls():
            lines.append('STARTTLS')
        for line in lines[:-1]:
            self.wire.send('250-' + line)
        self.wire.send('250 ' + lines[-1])

    def auth(self, words):
        initial = words[2] if len(words) > 2 else None
        name = words[1].decode('ascii', 'replace') if len(words) > 1 else ''
        done = self.authenticate(name, initial, b'334 ')
        self.wire.send('235 2.7.0 welcome' if done else '535 5.7.8 not so')

    def data(self):
        self.wire.send('354 go on')
        while self.wire.line() != b'.':
            pass
        self.wire.send('250 2.0.0 taken')

    def serve(self):
        self.wire.send('220 recorder ESMTP')
        while True:
            words = self.wire.line().split(b' ')
            verb = words[0].decode('ascii', 'replace').upper()
            if verb in ('EHLO', 'HELO'):
                self.greet()
            elif verb == 'AUTH':
                self.auth(words)
            elif verb == 'DATA':
                self.data()
            elif verb == 'STARTTLS' and self.offers_starttls():
                self.wire.send('220 2.0.0 begin')
                self.begin_tls()
            elif verb == 'QUIT':
                self.wire.send('221 2.0.0 bye')
                return
            else:
                self.wire.send('250 2.0.0 so be it')


class Pop(record_pop.Pop, Session):
    """POP3."""


class Ldap(record_ldap.Ldap, Session):
    """LDAP."""


class Http(record_http.Http, Session):
    """HTTP/1.1 and HTTP/2."""


PROTOCOLS = {'imap': Imap, 'pop': Pop, 'smtp': Smtp, 'ldap': Ldap, 'http': Http}


class Recorder:
    """The listeners and the sessions under way."""

    def __init__(self, options):
        self.options = options
        self.threads = []
        self.serial = 0
        self.lock = threading.Lock()

    def listen(self, text):
        protocol, port, *rest = text.split(':')
        listener = socket.create_server(('', int(port)), backlog=128)
        threading.Thread(target=self.accept, daemon=True,
                         args=(listener, protocol, int(port), rest == ['tls'])).start()

    def accept(self, listener, protocol, port, tls):
        while True:
            sock = listener.accept()[0]
            with self.lock:
                self.serial += 1
                name = f'{self.serial:03}-{protocol}-{port}'
            thread = threading.Thread(target=self.session, args=(sock, name, protocol, tls))
            thread.daemon = True
            self.threads.append(thread)
            thread.start()

    def session(self, sock, name, protocol, tls):
        wire = Wire(sock, os.path.join(self.options.dir, name), self.options)
        try:
            if tls:
                wire.start_tls(self.options.context)
            PROTOCOLS[protocol](wire, self.options, protocol, tls).serve()
        except Closed:
            pass
        wire.drain()
        self.note_end(name, wire.end)
        wire.close()

    def note_end(self, name, end):
        with open(os.path.join(self.options.dir, 'ends'), 'a', encoding='ascii') as file:
            file.write(f'{name} {end}\n')

    def finish(self):
        """Gives sessions under way two seconds to reach their end."""
        deadline = time.monotonic() + 2
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True)
    parser.add_argument('--auth', default='PLAIN', type=mechanisms)
    parser.add_argument('--starttls', action='store_true')
    parser.add_argument('--http2', action='store_true')
    parser.add_argument('--max', default=CONNECTION_MAX, type=int)
    parser.add_argument('--idle', default=IDLE, type=int)
    parser.add_argument('--cert')
    parser.add_argument('--key')
    parser.add_argument('listen', nargs='+')
    options = parser.parse_args()
    unknown = [name for name in options.auth if name not in (*MECHANISMS, *SCHEMES)]
    if unknown:
        parser.error(f'unknown mechanism {unknown[0]}, expected one of '
                     + ', '.join((*MECHANISMS, *SCHEMES)))
    os.makedirs(options.dir, exist_ok=True)
    options.context = None
    if options.cert:
        options.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        options.context.load_cert_chain(options.cert, options.key)
        options.context.set_alpn_protocols(['h2', 'http/1.1'] if options.http2 else ['http/1.1'])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    recorder = Recorder(options)
    for text in options.listen:
        recorder.listen(text)
    for name in ('answers', 'logins', 'ends', 'ready'):
        with open(os.path.join(options.dir, name), 'w', encoding='ascii'):
            pass
    signal.sigwait([signal.SIGTERM])
    recorder.finish()


if __name__ == '__main__':
    main()
