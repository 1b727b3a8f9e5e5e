#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A proxy on 127.0.0.1 that speaks SOCKS 4, 4a and 5 (RFC 1928) and HTTP's CONNECT.

A stand-in: what counts is the bytes that a client sends before it reaches another host, which every
proxy takes alike; a real one that speaks all of these would need a package and a configuration of
its own.  It goes where it is asked to and lets everybody in.  Ends at SIGTERM.

usage: proxy.py PORT
"""
import asyncio
import contextlib
import socket
import struct
import sys

WAIT = 30  # seconds for one connection
GONE = (OSError, EOFError, asyncio.LimitOverrunError, asyncio.TimeoutError)


async def asked_socks4(reader, _writer):
    """What all three return: the host, its port, and the answer when it is reached."""
    _, port, address = struct.unpack('>BH4s', await reader.readexactly(7))
    await reader.readuntil(b'\0')
    host = socket.inet_ntoa(address)
    if host.startswith('0.0.0.'):
        host = (await reader.readuntil(b'\0'))[:-1].decode()
    return host, port, b'\0\x5a' + bytes(6)


async def asked_socks5(reader, writer):
    await reader.readexactly((await reader.readexactly(1))[0])
    writer.write(b'\5\0')
    if (await reader.readexactly(4))[3] == 1:
        host = socket.inet_ntoa(await reader.readexactly(4))
    else:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    port, = struct.unpack('>H', await reader.readexactly(2))
    return host, port, b'\5\0\0\1' + bytes(6)


async def asked_http(reader, _writer):
    target = (await reader.readuntil(b'\r\n\r\n')).split()[1].decode()
    host, port = target.rsplit(':', 1)
    return host, int(port), b'HTTP/1.1 200 so\r\n\r\n'


ASKED = {b'\4': asked_socks4, b'\5': asked_socks5, b'C': asked_http}


async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def lead(reader, writer):
    asked = ASKED[await reader.readexactly(1)]
    host, port, granted = await asked(reader, writer)
    far_reader, far_writer = await asyncio.open_connection(host, port)
    writer.write(granted)
    with contextlib.closing(far_writer):
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def serve(reader, writer):
    with contextlib.closing(writer), contextlib.suppress(*GONE):
        await asyncio.wait_for(lead(reader, writer), WAIT)


async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', int(sys.argv[1]))
    print('ready', flush=True)
    await server.serve_forever()


if __name__ == '__main__':
    asyncio.run(main())
