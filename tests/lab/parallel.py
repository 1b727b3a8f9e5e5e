#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs in over many connections at once and prints for each line "USER SECRET" of standard input,
in their order, "done" or "ended".

usage: parallel.py asyncio|threads none|tls HOST PORT
"""
import asyncio
import concurrent.futures
import imaplib
import ssl
import sys

kind, tls, host, port = sys.argv[1:]
rows = [line.split() for line in sys.stdin]
context = ssl.create_default_context() if tls == 'tls' else None


async def log_in(row, ready):
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        await reader.readline()
        await ready.wait()  # nobody begins before all are connected
        for word in (b'a LOGIN ', row[0].encode(), b' ', row[1].encode(), b'\r\n'):
            writer.write(word)
            await writer.drain()
        return 'done' if b'welcome' in await reader.readline() else 'ended'
    except OSError:
        return 'ended'
    finally:
        writer.close()


async def all_at_once():
    ready = asyncio.Barrier(len(rows))
    return await asyncio.gather(*(log_in(row, ready) for row in rows))


def one(row):
    kind, more = (imaplib.IMAP4_SSL, {'ssl_context': context}) if context else (imaplib.IMAP4, {})
    try:
        link = kind(host, int(port), timeout=20, **more)
        link.login(*row)
        return 'done'
    except (OSError, imaplib.IMAP4.error):
        return 'ended'


if kind == 'asyncio':
    results = asyncio.run(all_at_once())
else:
    with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
        results = list(pool.map(one, rows))
print('\n'.join(results))
