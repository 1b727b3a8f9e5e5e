#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A relay in front of a real server that writes down every byte, for leaks.py.

Each connection leaves two files in DIR, as recorder.py's do: NNN-NAME-PORT.in, all that the client
sent, and .out, all that it was told.  A byte is on disk before it is passed on.

usage: relay.py DIR NAME:PORT SERVER-PORT     (the server listens on 127.0.0.1)
"""
import os
import select
import signal
import socket
import sys
import threading
import time

GRACE = 2  # seconds for connections under way at the end


def pump(source, sink, path):
    """Copies until the end of the stream, which is passed on too."""
    with open(path, 'wb', buffering=0) as file:
        try:
            while data := source.recv(65536):
                file.write(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def start(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def accept(listener, stop):
    """The connections until STOP can be read and no client is waiting any more."""
    while listener in select.select([listener, stop], [], [])[0]:
        yield listener.accept()[0]


def main():
    folder, listen, server = sys.argv[1:]
    name, port = listen.split(':')
    os.makedirs(folder)
    stop, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    listener = socket.create_server(('', int(port)))
    with open(os.path.join(folder, 'ready'), 'wb'):
        pass
    threads = []
    for serial, near in enumerate(accept(listener, stop), 1):
        far = socket.create_connection(('127.0.0.1', int(server)))
        path = os.path.join(folder, f'{serial:03}-{name}-{port}')
        threads.append(start(pump, near, far, path + '.in'))
        threads.append(start(pump, far, near, path + '.out'))
    deadline = time.monotonic() + GRACE
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))


if __name__ == '__main__':
    main()
