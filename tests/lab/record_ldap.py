# SPDX-License-Identifier: MIT
"""The LDAP part of recorder.py: a class to be combined with its Session."""

BIND, SEARCH, EXTENDED, UNBIND = 0x60, 0x63, 0x77, 0x42
START_TLS = b'1.3.6.1.4.1.1466.20037'
ANSWERS = {BIND: 0x61, SEARCH: 0x65, EXTENDED: 0x78}


def ber(tag, value):
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    return bytes([tag, 0x82]) + size.to_bytes(2, 'big') + value


class Ldap:
    """Enough of RFC 4511 for a client to bind, in clear or after StartTLS, and to find nothing."""

    def element(self):
        """One element of BER: its tag, its value."""
        tag, size = self.wire.exactly(2)
        if size & 0x80:
            size = int.from_bytes(self.wire.exactly(size & 0x7f), 'big')
        return tag, self.wire.exactly(size)

    def bind(self, value):
        """The password of a simple bind is the last element; an empty one is anonymous."""
        name = value[5:5 + value[4]]
        rest = value[5 + value[4]:]
        if name and rest[:1] == b'\x80' and len(rest) > 2:
            self.note('logins', 'SIMPLE-bind')

    def serve(self):
        while True:
            _, message = self.element()
            begin = 2 + message[1]
            number, tag = message[:begin], message[begin]
            size = message[begin + 1]
            value = message[begin + 2 + (size & 0x7f if size & 0x80 else 0):]
            if tag == UNBIND:
                return
            if tag == BIND:
                self.bind(value)
            result = b'\x0a\x01\x00\x04\x00\x04\x00'
            if tag in ANSWERS:
                self.wire.send_raw(ber(0x30, number + ber(ANSWERS[tag], result)))
            if tag == EXTENDED and START_TLS in value:
                self.begin_tls()
