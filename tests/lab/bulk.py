#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A web server for files below DIR: gives them, and says of what is sent to it only the SHA-256.

usage: bulk.py DIR PORT [CERT KEY]      (prints a line when it is ready)
"""
import functools
import hashlib
import http.server
import ssl
import sys

BLOCK = 1 << 16


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_PUT(self):
        digest, left = hashlib.sha256(), int(self.headers['Content-Length'])
        while left > 0:
            block = self.rfile.read(min(left, BLOCK))
            if not block:
                break
            digest.update(block)
            left -= len(block)
        text = digest.hexdigest().encode() + b'\n'
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)


folder, port, *pair = sys.argv[1:]
server = http.server.ThreadingHTTPServer(
    ('', int(port)), functools.partial(Handler, directory=folder))
if pair:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print('ready', flush=True)
server.serve_forever()
