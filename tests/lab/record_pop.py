# SPDX-License-Identifier: MIT
"""The POP3 part of recorder.py: a class to be combined with its Session."""
import os


class Pop:
    """Enough of RFC 1939 and RFC 5034 for a client to log in and to find an empty mailbox."""

    EMPTY = {
        'STAT': '+OK 0 0',
        'LIST': '+OK none\r\n.',
        'UIDL': '+OK none\r\n.',
    }

    def capabilities(self):
        lines = ['USER', 'UIDL', 'SASL ' + ' '.join(self.options.auth)]
        if self.offers_starttls():
            lines.append('STLS')
        return '\r\n'.join(['+OK', *lines, '.'])

    def log_in(self, verb, words):
        """True: logged in.  USER alone is not yet a login."""
        if verb == 'AUTH':
            initial = words[2] if len(words) > 2 else None
            name = words[1].decode('ascii', 'replace') if len(words) > 1 else ''
            return self.authenticate(name, initial, b'+ ')
        self.note('logins', verb + '-command')
        return True

    def serve(self):
        self.wire.send(f'+OK ready <{os.urandom(8).hex()}@recorder>')
        while True:
            words = self.wire.line().split(b' ')
            verb = words[0].decode('ascii', 'replace').upper()
            if verb == 'CAPA':
                self.wire.send(self.capabilities())
            elif verb in ('AUTH', 'PASS', 'APOP'):
                self.wire.send('+OK welcome' if self.log_in(verb, words) else '-ERR not so')
            elif verb == 'STLS' and self.offers_starttls():
                self.wire.send('+OK begin')
                self.begin_tls()
            else:
                self.wire.send(self.EMPTY.get(verb, '+OK so be it'))
            if verb == 'QUIT':
                return
