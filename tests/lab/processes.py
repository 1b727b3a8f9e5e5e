#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs in to an IMAP server from a process that came about in one way or another.

usage: processes.py KIND HOST PORT USER SECRET      (KIND: a function below)
"""
import os
import socket
import subprocess
import sys
import threading

host, port, user, secret = sys.argv[2:]
command = f'a LOGIN {user} {secret}\r\n'.encode()
curl = ['/usr/bin/curl', '-sS', '-m', '20', '-u', f'{user}:{secret}', f'imap://{host}:{port}/INBOX']


def connect():
    link = socket.create_connection((host, int(port)), 20)
    link.recv(4096)
    return link


def log_in(link):
    """0, or 1 if the server has not said yes."""
    try:
        link.sendall(command)
        return 0 if b'welcome' in link.recv(4096) else 1
    except OSError:
        return 1


def in_child(function):
    """The status of a forked process that calls FUNCTION."""
    child = os.fork()
    if child == 0:
        os._exit(function())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def vforked():
    return subprocess.run(curl).returncode


def spawned():
    child = os.posix_spawn(curl[0], curl, os.environ)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def forked():
    """The child says what the parent's connection carries."""
    link = connect()
    return in_child(lambda: log_in(link))


def threads():
    """Several threads fork while others connect."""
    status = []
    each = [threading.Thread(target=lambda: status.append(in_child(lambda: log_in(connect()))))
            for _ in range(8)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()
    return max(status)


def handed_over():
    """Another program gets the connection as its standard output."""
    link = connect()
    subprocess.run(['/bin/cat'], input=command, stdout=link)
    return 0 if b'welcome' in link.recv(4096) else 1


def copied():
    link = connect()
    copy = socket.fromfd(link.fileno(), socket.AF_INET, socket.SOCK_STREAM)
    copy.settimeout(20)
    link.close()
    return log_in(copy)


def file():
    """Word by word, as a file."""
    link = connect()
    with open(os.dup(link.fileno()), 'wb', buffering=0) as stream:
        for word in command.split(b' '):
            stream.write(word + (b'' if word.endswith(b'\n') else b' '))
    return 0 if b'welcome' in link.recv(4096) else 1


def passed_over():
    """By SCM_RIGHTS, to a process that never connected."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)

    def receive():
        link = socket.socket(fileno=socket.recv_fds(far, 1, 1)[1][0])
        link.settimeout(20)
        return log_in(link)

    child = os.fork()
    if child == 0:
        os._exit(receive())
    link = connect()
    socket.send_fds(near, [b'x'], [link.fileno()])
    link.close()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def sendfile():
    link = connect()
    with open('command', 'w+b', buffering=0) as file:
        file.write(command)
        os.sendfile(link.fileno(), file.fileno(), 0, len(command))
    return 0 if b'welcome' in link.recv(4096) else 1


def fast_open():
    """The command comes with the first packet; it is there before the greeting is read."""
    link = socket.socket()
    link.sendto(command, socket.MSG_FASTOPEN, (host, int(port)))
    try:
        return 0 if b'welcome' in link.recv(4096) + link.recv(4096) else 1
    except OSError:
        return 1


sys.exit(globals()[sys.argv[1]]())
