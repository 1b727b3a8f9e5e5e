#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sets a mail account up as a mail program does: asks the auto-configuration service for ADDRESS and
takes its answer as it stands.

Writes a configuration of mbsync to standard output and the service's answer to the file ANSWER.
The password is read from the file PASSWORD by mbsync itself; the service does not get it, although
the real client sends it there, too.

usage: account.py --service URL --ca FILE --address ADDRESS --password FILE --mail DIR --answer FILE
"""
import argparse
import base64
import json
import ssl
import sys
import urllib.request

SSL_TYPES = {'ssl': 'IMAPS', 'starttls': 'STARTTLS', 'none': 'None'}

CONFIG = """\
IMAPAccount account
Host {hostname}
Port {port}
SSLType {ssl_type}
CertificateFile {ca}
User {username}
PassCmd "cat {password}"

IMAPStore far
Account account

MaildirStore near
Path {mail}/
Inbox {mail}/INBOX

Channel mail
Far :far:
Near :near:
Sync Pull
Create Near
SyncState *
"""


def ask(options):
    """The service's headers and body."""
    request = urllib.request.Request(options.service, headers={'X-Email': options.address})
    context = ssl.create_default_context(cafile=options.ca)
    with urllib.request.urlopen(request, timeout=20, context=context) as response:
        return response.status, response.headers, json.load(response)


def keep(path, status, headers, body):
    """The answer for people: status, headers that matter, the decoded debug header, the body."""
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'HTTP {status}\n')
        for name, value in headers.items():
            if name == 'x-debug-support':
                value = 'decoded: ' + base64.b64decode(value).decode()
            if name.startswith('x-'):
                file.write(f'{name}: {value}\n')
        file.write('\n' + json.dumps(body, indent=2) + '\n')


def main():
    parser = argparse.ArgumentParser()
    for name in ('service', 'ca', 'address', 'password', 'mail', 'answer'):
        parser.add_argument('--' + name, required=True)
    options = parser.parse_args()
    status, headers, body = ask(options)
    keep(options.answer, status, headers, body)
    offers = [entry for entry in body['protocols'] if entry['protocol'] == 'imap']
    if not offers:
        sys.exit('account: the service names no IMAP server')
    print(CONFIG.format(**offers[0], ssl_type=SSL_TYPES[offers[0]['encryption']], ca=options.ca,
                        password=options.password, mail=options.mail), end='')


if __name__ == '__main__':
    main()
