#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares what the probe said and asked with what it should; prints each difference on a line.

usage: probe_expect.py zones DIR        writes each row's zone to DIR/ROW.zone
       probe_expect.py names            prints the hosts that need a certificate
       probe_expect.py rows GROUP       prints the names of its rows
       probe_expect.py domains ROW      prints the domains that its run asks about
       probe_expect.py results ROW      prints what its checks come to, each once
       probe_expect.py rowless FILE     the mechanisms in FILE that have no dishonest row
       probe_expect.py checks ROW FILE  FILE: what probe --format json or jsonl printed
       probe_expect.py honest FILE      prints the mechanisms with an honest check, each once
       probe_expect.py changes FILE     prints what is new, known and gone
       probe_expect.py hosts REQUESTS   prints who was asked
       probe_expect.py busiest REQUESTS prints how many were under way at one host at most
       probe_expect.py audit REQUESTS   no secret, no real address, nothing too much at once
       probe_expect.py listed DRY-RUN QUESTIONS REQUESTS
                                        what was asked is what --dry-run had listed
"""
import collections
import json
import os
import re
import sys
import urllib.parse

import probe_rows

RESERVED = ('example', 'test', 'invalid', 'example.com', 'example.net', 'example.org',
            probe_rows.SITE)
CONTROL_ADDRESSES = [f'0-authfence-probe@{name}' for name in probe_rows.CONTROLS]
LOCAL_PART = 'authfence-probe'
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]*")
SECRET_HEADERS = ('authorization', 'proxy-authorization', 'cookie')
PER_HOST = 4


def zones(folder):
    for name, row in probe_rows.ROWS.items():
        with open(os.path.join(folder, name + '.zone'), 'w', encoding='ascii') as file:
            file.writelines(line + '\n' for line in probe_rows.records(row))


def lines(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def checks_of(path):
    """The checks in either format."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        return [check for check in lines(path) if check['type'] == 'check']
    return whole['checks']


def short(check):
    result = {'finding': check['level'], 'inconclusive': '?'}[check['result']]
    domain = re.sub(r'^[^.]+(?=\.)', 'RANDOM', check['domain']) \
        if check.get('control') == 'negative' else check['domain']
    return domain, check['service'], result, tuple(check['hosts'])


def checks(name, path):
    """Differences between what ended as other than honest and ROW's expectation."""
    found = {short(check): check for check in checks_of(path) if check['result'] != 'honest'}
    want = set(probe_rows.ROWS[name].expect)
    if not checks_of(path):
        yield 'no checks at all'
    for check in sorted(want - set(found)):
        yield f'missing: {check}'
    for check in sorted(set(found) - want):
        yield f'too much: {check}: {found[check]["detail"]!a}'


def changes(path):
    """Of a run with a state file, in the order of its lines."""
    for line in lines(path):
        if line['type'] == 'gone':
            yield f'{line["finding"]} gone'
        elif line.get('change'):
            yield f'{line["service"]} {line["change"]}'


def rowless(path):
    played = {check[1] for row in probe_rows.MECHANISMS for check in row.expect}
    return sorted({check['service'] for check in checks_of(path)} - played)


def is_reserved(domain):
    return any(f'.{domain}'.endswith(f'.{name}') for name in RESERVED) or \
        domain.rpartition('.')[2].startswith('xn--')


def faults(request):
    headers = {name.lower(): value for name, value in request['headers']}
    said = urllib.parse.unquote(request['path']) + '\n' + request['body'] + '\n' + \
        '\n'.join(f'{name}: {value}' for name, value in request['headers'])
    for name in SECRET_HEADERS:
        if name in headers:
            yield f'header {name}'
    if 'password' in said.lower():
        yield 'the word password'
    if 'authfence' not in headers.get('user-agent', ''):
        yield f'user agent {headers.get("user-agent")}'
    for address in re.findall(ADDRESS, said):
        address = address.rpartition('=')[2].rpartition('/')[2]
        local, _, domain = address.partition('@')
        if address not in CONTROL_ADDRESSES and (local != LOCAL_PART or not is_reserved(domain)):
            yield f'address {address}'
    if request['method'] == 'POST' and 'xml' not in headers.get('content-type', ''):
        yield 'POST of something else than XML'
    if request['under_way'] > PER_HOST:
        yield f'{request["under_way"]} requests at once'


def requests_of(path):
    return [line for line in lines(path) if 'number' in line]


def audit(path):
    requests = requests_of(path)
    if not requests:
        yield 'no request at all'
    for request in requests:
        for fault in faults(request):
            yield f'{request["method"]} {request["host"]}{request["path"]}: {fault}'


def without_random(questions):
    """QUESTIONS with the random label, known from its MX question, replaced."""
    labels = {match.group(1) for match in (re.match(r'MX ([^.]+)\.test$', question)
                                           for question in questions) if match}
    return {re.sub(rf'\b{label}\b', 'RANDOM', question)
            for question in questions for label in labels}


def listed(dry_run, questions, requests):
    """A host that does not exist is listed and not asked; all else is both."""
    with open(dry_run, encoding='utf-8') as file:
        want = without_random({line.rstrip('\n').split('\t')[2] for line in file})
    with open(questions, encoding='utf-8') as file:
        asked = {line.strip() for line in file}
    asked |= {f'{request["method"]} {request["host"]}{request["path"]}'
              for request in requests_of(requests)}
    asked = without_random(asked)
    if not asked or not want:
        yield 'nothing asked, or nothing listed'
    for question in sorted(asked - want):
        yield f'asked, not listed: {question}'
    for question in sorted(want - asked):
        if not question.startswith(('GET ', 'POST ')):
            yield f'listed, not asked: {question}'


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == 'zones':
        zones(*arguments)
    elif verb == 'names':
        print('\n'.join(probe_rows.names()))
    elif verb == 'rows':
        print('\n'.join(row.name for row in probe_rows.GROUPS[arguments[0]]))
    elif verb == 'domains':
        print('\n'.join(probe_rows.ROWS[arguments[0]].domains))
    elif verb == 'honest':
        print(' '.join(sorted({check['service'] for check in checks_of(arguments[0])
                               if check['result'] == 'honest'})))
    elif verb == 'changes':
        print(', '.join(changes(*arguments)))
    elif verb == 'hosts':
        print(' '.join(sorted({request['host'] for request in requests_of(arguments[0])})))
    elif verb == 'busiest':
        print(max(request['under_way'] for request in requests_of(arguments[0])))
    elif verb == 'results':
        print(' '.join({check[2] for check in probe_rows.ROWS[arguments[0]].expect}))
    else:
        count = collections.Counter(
            {'checks': checks, 'rowless': rowless, 'audit': audit, 'listed': listed}[verb](
                *arguments))
        for difference, times in count.items():
            print(difference + (f' ({times} times)' if times > 1 else ''))
        return 1 if count else 0
    return 0


if __name__ == '__main__':
    sys.exit(main())
