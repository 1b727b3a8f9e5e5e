# SPDX-License-Identifier: MIT
"""The client's side of libsasl2, as far as a program of the lab needs it."""
import ctypes

OK, CONTINUE = 0, 1
CB_LIST_END, CB_USER, CB_AUTHNAME, CB_PASS = 0, 0x4001, 0x4002, 0x4004

Text = ctypes.POINTER(ctypes.c_char)
GetSimple = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(Text),
                             ctypes.POINTER(ctypes.c_uint))
GetSecret = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int,
                             ctypes.POINTER(ctypes.c_void_p))


class Callback(ctypes.Structure):
    _fields_ = [('id', ctypes.c_ulong), ('proc', ctypes.c_void_p), ('context', ctypes.c_void_p)]


def make_secret(password):
    """A sasl_secret_t."""

    class Secret(ctypes.Structure):
        _fields_ = [('len', ctypes.c_ulong), ('data', ctypes.c_char * (len(password) + 1))]

    return Secret(len(password), password)


class Error(Exception):
    """What sasl_errdetail() says."""


class Exchange:
    """One login.  NAME, LOCAL and REMOTE may be None, as with many clients."""

    def __init__(self, service, name, local, remote, user, password):
        self.lib = ctypes.CDLL('libsasl2.so.2')
        self.lib.sasl_errdetail.restype = ctypes.c_char_p
        self.user = ctypes.create_string_buffer(user.encode())
        self.secret = make_secret(password.encode())
        self.simple = GetSimple(self.give_user)
        self.pass_ = GetSecret(self.give_secret)
        simple = ctypes.cast(self.simple, ctypes.c_void_p)
        secret = ctypes.cast(self.pass_, ctypes.c_void_p)
        self.callbacks = (Callback * 4)((CB_USER, simple), (CB_AUTHNAME, simple),
                                        (CB_PASS, secret), (CB_LIST_END,))
        self.conn = ctypes.c_void_p()
        self.check(self.lib.sasl_client_init(None))
        self.check(self.lib.sasl_client_new(
            service.encode(), *(text and text.encode() for text in (name, local, remote)),
            self.callbacks, 0, ctypes.byref(self.conn)))

    def give_user(self, _context, _id, result, length):
        result[0] = ctypes.cast(self.user, Text)
        if length:
            length[0] = len(self.user.value)
        return OK

    def give_secret(self, _conn, _context, _id, result):
        result[0] = ctypes.addressof(self.secret)
        return OK

    def check(self, code):
        if code not in (OK, CONTINUE):
            detail = self.lib.sasl_errdetail(self.conn) if self.conn else b'code %d' % code
            raise Error((detail or b'').decode())

    def start(self, mechanism):
        """The initial response, or None."""
        out, length, chosen = Text(), ctypes.c_uint(), ctypes.c_char_p()
        self.check(self.lib.sasl_client_start(
            self.conn, mechanism.encode(), None, ctypes.byref(out), ctypes.byref(length),
            ctypes.byref(chosen)))
        return out[:length.value] if out else None

    def step(self, challenge):
        """The response to CHALLENGE."""
        out, length = Text(), ctypes.c_uint()
        self.check(self.lib.sasl_client_step(
            self.conn, challenge, len(challenge), None, ctypes.byref(out),
            ctypes.byref(length)))
        return out[:length.value]
