# SPDX-License-Identifier: MIT
"""Says whether a response was computed from a secret, for leaks.py.

DIGEST-MD5, SCRAM and NTLM never send the secret, but whoever has the challenge and the response can
try passwords at leisure, so a response that verifies is a leak.  Both sides' messages are needed:
the functions get them as two lists, taken out of whatever the protocol wrapped them in.
"""
import base64
import ctypes
import hashlib
import hmac
import re
import struct


def ber_values(data):
    """The primitive values in a run of BER (X.690 s8.1); stops at what is none."""
    while len(data) >= 2:
        begin, size = 2, data[1]
        if size & 0x80:
            begin += size & 0x7f
            size = int.from_bytes(data[2:begin], 'big')
        if begin + size > len(data):
            return
        if data[0] & 0x20:
            yield from ber_values(data[begin:begin + size])
        else:
            yield data[begin:begin + size]
        data = data[begin + size:]


def md5_hex(*parts):
    return hashlib.md5(b':'.join(parts)).hexdigest().encode()


DIGEST_FIELD = re.compile(rb'([a-z-]+)=(?:"((?:\\.|[^"\\])*)"|([^",\s]+))')


def digest_md5(secret, received, _told):
    """RFC 2831 s2.1.2.1; all that the response is made of stands beside it."""
    for message in received:
        found = {name: re.sub(rb'\\(.)', rb'\1', quoted) or bare
                 for name, quoted, bare in DIGEST_FIELD.findall(message)}
        if not {b'username', b'nonce', b'cnonce', b'nc', b'digest-uri', b'response'} <= set(found):
            continue
        realm, qop = found.get(b'realm', b''), found.get(b'qop', b'auth')
        key = hashlib.md5(b':'.join([found[b'username'], realm, secret])).digest()
        first = [key, found[b'nonce'], found[b'cnonce']]
        if b'authzid' in found:
            first.append(found[b'authzid'])
        second = [b'AUTHENTICATE', found[b'digest-uri']]
        if qop != b'auth':
            second.append(b'0' * 32)
        if found[b'response'] == md5_hex(md5_hex(*first), found[b'nonce'], found[b'nc'],
                                         found[b'cnonce'], qop, md5_hex(*second)):
            return True
    return False


def http_digest(secret, received, _told):
    """RFC 7616 s3.4.1; the method is not in the header."""
    for message in received:
        found = {name: value or bare for name, value, bare in DIGEST_FIELD.findall(message)}
        if not {b'username', b'realm', b'nonce', b'uri', b'response'} <= set(found):
            continue
        key = md5_hex(found[b'username'], found[b'realm'], secret)
        middle = [found[name] for name in (b'nc', b'cnonce', b'qop') if name in found]
        for method in (b'GET', b'HEAD', b'PUT', b'POST', b'CONNECT'):
            answer = md5_hex(key, found[b'nonce'], *middle, md5_hex(method, found[b'uri']))
            if found[b'response'] == answer:
                return True
    return False


SCRAM_FIRST = re.compile(rb'[nyp][^,]*,[^,]*,(n=[^,]*,r=[^,]+.*)', re.DOTALL)
SCRAM_SERVER = re.compile(rb'r=([^,]+),s=([^,]+),i=(\d+).*', re.DOTALL)
SCRAM_FINAL = re.compile(rb'(c=[^,]*,r=([^,]+).*),p=([^,]+)', re.DOTALL)


def matches(pattern, messages):
    return [found for found in map(pattern.fullmatch, messages) if found]


def scram_proof(secret, salt, count, conversation, size):
    """RFC 5802 s3; the hash is known by its size."""
    name = {20: 'sha1', 28: 'sha224', 32: 'sha256', 48: 'sha384', 64: 'sha512'}[size]
    salted = hashlib.pbkdf2_hmac(name, secret, salt, count)
    key = hmac.digest(salted, b'Client Key', name)
    signature = hmac.digest(hashlib.new(name, key).digest(), conversation, name)
    return bytes(a ^ b for a, b in zip(key, signature))


def scram(secret, received, told):
    for server in matches(SCRAM_SERVER, told):
        for final in matches(SCRAM_FINAL, received):
            if final[2] != server[1]:
                continue
            proof, salt = base64.b64decode(final[3]), base64.b64decode(server[2])
            for first in matches(SCRAM_FIRST, received):
                conversation = b','.join([first[1], server[0], final[1]])
                if proof == scram_proof(secret, salt, int(server[3]), conversation, len(proof)):
                    return True
    return False


def des_key(half):
    """Seven bytes as the eight that DES wants; their parity bits do not matter."""
    bits = int.from_bytes(half, 'big')
    return bytes((bits >> (49 - 7 * i) & 0x7f) << 1 for i in range(8))


def ntlm_response(secret, challenge):
    """NTLMv1 ([MS-NLMP] s3.3.1), with the old primitives that Python itself no longer has and
    libsasl2's NTLM takes from the same library."""
    crypto = ctypes.CDLL('libcrypto.so.3')
    key, out = ctypes.create_string_buffer(16), ctypes.create_string_buffer(8)
    schedule = ctypes.create_string_buffer(128)
    password = secret.decode().encode('utf-16-le')
    crypto.MD4(password, ctypes.c_size_t(len(password)), key)
    padded, response = key.raw + bytes(5), b''
    for start in (0, 7, 14):
        crypto.DES_set_key_unchecked(des_key(padded[start:start + 7]), schedule)
        crypto.DES_ecb_encrypt(challenge, out, schedule, 1)
        response += out.raw
    return response


def ntlm(secret, received, told):
    challenges = [text[24:32] for text in told if text.startswith(b'NTLMSSP\0\2')]
    for text in received:
        if not text.startswith(b'NTLMSSP\0\3') or len(text) < 28:
            continue
        size, _, start = struct.unpack('<HHI', text[20:28])
        if any(text[start:start + size] == ntlm_response(secret, challenge)
               for challenge in challenges):
            return True
    return False


PROOFS = {'DIGEST-MD5 response': digest_md5, 'Digest response': http_digest, 'SCRAM proof': scram,
          'NTLM response': ntlm}


def prove(secret, received, told):
    """The kind of the first response in RECEIVED that was computed from SECRET, or None."""
    for name, verify in PROOFS.items():
        if verify(secret, received, told):
            return name
    return None
