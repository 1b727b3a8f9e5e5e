#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A relay in front of a real server that writes down every byte, for leaks.py.

Each connection leaves two files in DIR, as recorder.py's do: NNN-NAME-PORT.in, all that the client
sent, and .out, all that it was told.  A byte is on disk before it is passed on.

usage: relay.py --dir DIR NAME:PORT SERVER-PORT     (the server listens on 127.0.0.1)
"""
import argparse
import asyncio
import os
import signal

GRACE = 2  # seconds for connections under way at the end


async def pump(reader, writer, path):
    """Copies until the end of the stream, which is passed on too."""
    with open(path, 'wb', buffering=0) as file:
        try:
            while data := await reader.read(65536):
                file.write(data)
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.close()


class Relay:
    def __init__(self, options):
        self.options = options
        self.name, self.port = options.listen.split(':')
        self.serial = 0
        self.tasks = set()

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        self.serial += 1
        path = os.path.join(self.options.dir, f'{self.serial:03}-{self.name}-{self.port}')
        far_reader, far_writer = await asyncio.open_connection('127.0.0.1', self.options.server)
        await asyncio.gather(pump(reader, far_writer, path + '.in'),
                             pump(far_reader, writer, path + '.out'))
        far_writer.close()
        writer.close()

    async def run(self):
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        server = await asyncio.start_server(self.serve, '', int(self.port))
        with open(os.path.join(self.options.dir, 'ready'), 'wb'):
            pass
        await stop.wait()
        server.close()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=GRACE)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True)
    parser.add_argument('listen')
    parser.add_argument('server', type=int)
    options = parser.parse_args()
    os.makedirs(options.dir, exist_ok=True)
    asyncio.run(Relay(options).run())


if __name__ == '__main__':
    main()
