# SPDX-License-Identifier: MIT
"""The HTTP part of recorder.py: a class to be combined with its Session, for HTTP/1.1 and HTTP/2.

Who asks without credentials is asked for them, as an origin or as a proxy; who has some gets an
empty Git repository's list, which is a text to all other clients.
"""
import os
import socket

NOTHING = b'0123456789abcdef0123456789abcdef01234567\trefs/heads/main\n'


class Http:
    """Basic (RFC 7617) and Digest (RFC 7616)."""

    def challenge(self):
        realm = f'realm="{socket.gethostname()}"'
        if 'DIGEST' in self.options.auth:
            return f'Digest {realm}, qop="auth", nonce="{os.urandom(8).hex()}"'
        return 'Basic ' + realm

    def judge(self, target, headers):
        """The status, and the headers beside Content-Length."""
        proxy = b'://' in target or headers.get(b':method') == b'CONNECT'
        given = headers.get(b'proxy-authorization' if proxy else b'authorization')
        if given is None and proxy:
            return 407, {'proxy-authenticate': self.challenge()}
        if given is None:
            return 401, {'www-authenticate': self.challenge()}
        self.note('logins', given.split(b' ')[0].decode('ascii', 'replace').upper())
        return 200, {'content-type': 'text/plain'}

    def headers(self):
        headers = {}
        while line := self.wire.line():
            name, _, value = line.partition(b':')
            headers[name.lower()] = value.strip()
        return headers

    def body(self, headers):
        if headers.get(b'expect', b'').lower() == b'100-continue':
            self.wire.send('HTTP/1.1 100 Continue\r\n')
        self.wire.exactly(int(headers.get(b'content-length', b'0')))

    def serve(self):
        if self.options.http2 and (not self.tls or self.wire.chosen() == 'h2'):
            self.serve_two()
            return
        while True:
            method, target, *_ = self.wire.line().split(b' ')
            headers = self.headers()
            headers[b':method'] = method
            self.body(headers)
            status, more = self.judge(target, headers)
            lines = [f'HTTP/1.1 {status} so', f'Content-Length: {len(NOTHING)}']
            lines += [f'{name}: {value}' for name, value in more.items()]
            self.wire.send('\r\n'.join(lines) + '\r\n')
            self.wire.send_raw(b'' if method == b'HEAD' else NOTHING)

    def serve_two(self):
        """What HPACK hid is written down beside what came."""
        import h2.config
        import h2.connection
        import h2.events
        link = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding=None))
        link.initiate_connection()
        self.wire.send_raw(link.data_to_send())
        while True:
            for event in link.receive_data(self.wire.some()):
                if isinstance(event, h2.events.RequestReceived):
                    headers = dict(event.headers)
                    self.wire.write_down(b''.join(b'\n%s: %s' % pair for pair in headers.items()))
                    status, more = self.judge(headers[b':path'], headers)
                    link.send_headers(event.stream_id,
                                      [(':status', str(status)), *more.items()])
                    link.send_data(event.stream_id, NOTHING, end_stream=True)
            self.wire.send_raw(link.data_to_send())
