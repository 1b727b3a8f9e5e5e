#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes each datagram that comes to the socket SOCKET as one line to FILE.

usage: syslog.py SOCKET FILE
"""
import os
import socket
import sys

sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
with open(sys.argv[2], 'ab', buffering=0) as log:
    while True:
        log.write(sock.recv(65536).strip(b'\0\n') + b'\n')
