#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs COMMAND on a terminal of its own, with a person before it, and prints all that the person sees.

The person answers the question that ends in PATTERN (a regular expression) with TEXT, once; asked the
same again, or nothing for half a minute, the person hangs up.  The exit status is the command's, or
128 and the signal that ended it.

usage: terminal.py [--answer PATTERN TEXT]... COMMAND [ARGUMENT...]
"""
import argparse
import os
import pty
import re
import select
import signal
import sys
import time

PATIENCE = 30  # seconds without a word


def is_gone(child):
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def listen(child, terminal):
    """The next bytes, or none when the command has ended or says nothing any more."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        gone = is_gone(child)
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            return os.read(terminal, 65536)
        except OSError:  # nobody has it open: some logins close it for a moment
            if gone:
                break
            time.sleep(0.02)
    return b''


def answer(answers, text):
    """The answer to the question that TEXT ends in, None if it has been given before; b'' to none."""
    for entry in answers:
        pattern, reply = entry
        if re.search(pattern.encode() + rb' ?\Z', text):
            entry[1] = None
            return None if reply is None else reply.encode() + b'\n'
    return b''


def converse(child, terminal, answers):
    seen = since = b''  # all, and what came since the last answer
    while True:
        data = listen(child, terminal)
        seen += data
        since += data
        if not data:
            return seen
        reply = answer(answers, since)
        if reply is None:
            return seen
        if reply:
            os.write(terminal, reply)
            since = b''


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--answer', nargs=2, action='append', default=[])
    parser.add_argument('command', nargs=argparse.REMAINDER)
    options = parser.parse_args()
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(options.command[0], options.command)
    seen = converse(child, terminal, options.answer)
    sys.stdout.write(seen.decode(errors='backslashreplace').replace('\r', ''))
    sys.stdout.flush()
    os.close(terminal)  # hangs up, if the command still runs
    signal.alarm(PATIENCE)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(128 - code if code < 0 else code)


if __name__ == '__main__':
    main()
