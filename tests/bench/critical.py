#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reckons, from what the lab's servers saw of one run, how long it had to take at least.

A host is asked once its addresses are known, four requests at once, on connections that are new: its
path is the slower one of its A and AAAA answers, plus the quickest connection to it (from accept to
the first request, so without the network), plus the sum of its requests' times divided by four, or
the longest of them if that is more.  The times are those that the servers took, the delay included.
No other question of the default domains depends on an answer.  All questions and requests together
are at least their sum divided by 256.  The critical path is the longest of all these.

usage: critical.py run OUT COMMAND...   OUT gets wall time in ms and peak memory in MiB
       critical.py path DELAY OUT ANSWERS QUESTIONS REQUESTS
"""
import collections
import json
import re
import resource
import subprocess
import sys
import time

PER_HOST, IN_ALL = 4, 256
LINE = re.compile(r'\[(\S+)\] (?:Packet from|Answer to) (\S+) for (\S+?)\.? (\S+) (?:\([^)]*\) )?'
                  r'with id (\d+)')


def run(out, *command):
    """The exit status of COMMAND, whose peak is at least that of this program."""
    start = time.monotonic()
    status = subprocess.run(command, check=False).returncode
    wall = (time.monotonic() - start) * 1000
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with open(out, 'w', encoding='ascii') as file:
        file.write(f'{wall} {peak}\n')
    return status


def dns_log(path):
    with open(path, encoding='utf-8') as file:
        for line in file:
            match = LINE.match(line)
            if match:
                when, peer, name, kind, number = match.groups()
                yield (peer, name.lower(), kind, number), float(when)


def dns_times(questions, answers, delay):
    """Milliseconds that each (name, type) took."""
    ended = dict(dns_log(answers))
    return {key[1:3]: (ended[key] - when) * 1000 + delay
            for key, when in dns_log(questions) if key in ended}


def web_times(path):
    """By host: milliseconds of each request, and of the quickest connection."""
    requests, times = {}, collections.defaultdict(list)
    connections = collections.defaultdict(lambda: float('inf'))
    with open(path, encoding='utf-8') as file:
        for line in map(json.loads, file):
            if 'number' in line:
                requests[line['number']] = line
                host = line['host']
                connections[host] = min(connections[host], (line['time'] - line['accepted']) * 1000)
            else:
                request = requests[line['answer']]
                times[request['host']].append((line['time'] - request['time']) * 1000)
    return times, connections


def paths(dns, times, connections):
    """(milliseconds, what) of everything that had to be waited for."""
    for host, spent in times.items():
        name = host.partition('://')[2]
        addresses = max(dns[name, 'A'], dns[name, 'AAAA'])
        yield (addresses + connections[host] + max(max(spent), sum(spent) / PER_HOST),
               f'{len(spent)} requests to {host}')
    yield max(dns.values()), 'one DNS answer'
    count = len(dns) + sum(map(len, times.values()))
    yield ((sum(dns.values()) + sum(map(sum, times.values()))) / IN_ALL,
           f'{count} answers, {IN_ALL} at once')


def path(delay, out, answers, questions, requests):
    with open(out, encoding='ascii') as file:
        wall, peak = map(float, file.read().split())
    dns = dns_times(questions, answers, float(delay))
    times, connections = web_times(requests)
    longest, what = max(paths(dns, times, connections))
    web = sum(map(len, times.values()))
    print(f'{wall / longest:.3f} probe: {len(dns)} DNS questions and {web} requests in {wall:.0f} ms; '
          f'critical path {longest:.0f} ms ({what}); ratio {wall / longest:.2f} (bound: 1.5), '
          f'peak {peak:.1f} MiB (bound: 64)')
    return 0


if __name__ == '__main__':
    sys.exit({'run': run, 'path': path}[sys.argv[1]](*sys.argv[2:]))
