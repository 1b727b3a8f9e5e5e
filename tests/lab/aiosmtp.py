#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs in to SMTP with AUTH PLAIN through asyncio's streams over TLS, which have no descriptor.

It waits for each reply without end, so that who hangs is seen to hang.

usage: aiosmtp.py HOST PORT USER SECRET
"""
import asyncio
import base64
import ssl
import sys


async def expect(reader, digit):
    while (line := await reader.readuntil(b'\n'))[3:4] == b'-':
        pass
    if line[:1] != digit:
        sys.exit(f'server: {line!r}')


async def main():
    host, port, user, secret = sys.argv[1:]
    reader, writer = await asyncio.open_connection(host, int(port),
                                                   ssl=ssl.create_default_context())
    await expect(reader, b'2')
    response = base64.b64encode(f'\0{user}\0{secret}'.encode()).decode()
    for command in ('EHLO lab', 'AUTH PLAIN ' + response, 'QUIT'):
        writer.write(command.encode() + b'\r\n')
        await writer.drain()
        await expect(reader, b'2')
    writer.close()


asyncio.run(main())
