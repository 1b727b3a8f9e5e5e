#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts the secrets that stand in a recorder's files, in any form that a login gives them.

Prints the number of distinct secrets found and, for each, one line "NAME: form, file".

usage: leaks.py SECRETS DIR...      (SECRETS has lines "NAME SECRET")
"""
import base64
import binascii
import glob
import hashlib
import hmac
import os
import re
import sys
import urllib.parse

import proofs

BASE64 = re.compile(rb'[A-Za-z0-9+/]{4,}={0,2}')
CHALLENGE = re.compile(rb'<[^<>\r\n]+>')  # of CRAM-MD5 and APOP


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def decoded(data):
    """Every run of base64 in DATA, decoded."""
    for run in BASE64.findall(data):
        run = run.rstrip(b'=')
        if len(run) % 4 == 1:
            run = run[:-1]
        try:
            yield base64.b64decode(run + b'=' * (-len(run) % 4))
        except binascii.Error:
            pass


def aligned(secret):
    """The part of SECRET's base64 that does not depend on what stands around it."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret)
        yield text[(before * 8 + 5) // 6: (before + len(secret)) * 8 // 6]


def forms(secret, challenges):
    """All that may be made of SECRET: (name of the form, lower-case bytes)."""
    yield 'plain', secret
    yield 'UTF-16', secret.decode().encode('utf-16-le')
    yield 'hex', secret.hex().encode()
    yield 'percent', urllib.parse.quote(secret, safe='').encode()
    for text in aligned(secret):
        yield 'base64', text
    for name in ('md5', 'sha1', 'sha256'):
        yield name, hashlib.new(name, secret).hexdigest().encode()
        for challenge in challenges:
            mac = hmac.new(secret, challenge, name).hexdigest()
            yield f'HMAC-{name} of a challenge', mac.encode()
            yield f'{name} of a challenge', hashlib.new(name, challenge + secret).hexdigest().encode()


def haystacks(data):
    """DATA as it came, with line ends taken out, and with base64 taken apart, in lower case."""
    joined = re.sub(rb'[\r\n]', b'', data)
    found = [data, joined, *decoded(data), *decoded(joined)]
    return [part.lower() for part in found]


def messages(data):
    """What stands in DATA one by one: the values of LDAP, the base64 of all other protocols, lines."""
    return [*proofs.ber_values(data), *decoded(data), *data.splitlines()]


def search(secret, path):
    """The form in which SECRET stands in the file PATH, or None."""
    told = read(path[:-len('.in')] + '.out')
    challenges = {text for part in [told, *decoded(told)] for text in CHALLENGE.findall(part)}
    places = haystacks(read(path))
    for name, form in forms(secret, challenges):
        if any(form.lower() in place for place in places):
            return name
    return proofs.prove(secret, messages(read(path)), messages(told))


def main():
    if len(sys.argv) < 3:
        sys.exit('usage: leaks.py SECRETS DIR...')
    secrets = [line.rsplit(' ', 1) for line in read(sys.argv[1]).decode().splitlines()]
    paths = [path for folder in sys.argv[2:] for path in sorted(glob.glob(folder + '/*.in'))]
    found = {}
    for name, secret in secrets:
        for path in paths:
            form = search(secret.encode(), path)
            if form and secret not in found:
                found[secret] = f'{name}: {form}, {os.path.basename(path)}'
    print(len(found))
    for line in found.values():
        print(line)


if __name__ == '__main__':
    main()
