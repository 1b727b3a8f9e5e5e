#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reckons, from what the lab's servers saw of one run, how long it had to take at least.

A host is asked once its addresses are known, on four connections, each of which answers one request
after the other: its path is the answer to A and AAAA, which are asked at once, plus the times of its
connections (from accept to the first request) and requests divided by four, or by their number if
that is less.  Those times are what the web server saw, its delay included; an answer of the name
server takes its delay.  No other question of the default domains depends on an answer.  All
questions and requests together are at least their sum divided by 256.  The critical path is the
longest of all these.

usage: critical.py run OUT COMMAND...   OUT gets wall time in ms and peak memory in MiB
       critical.py path DELAY OUT QUESTIONS REQUESTS
                               QUESTIONS: their number
"""
import collections
import json
import resource
import subprocess
import sys
import time

PER_HOST, IN_ALL = 4, 256


def run(out, *command):
    """The exit status of COMMAND, whose peak is at least that of this program."""
    start = time.monotonic()
    status = subprocess.run(command, check=False).returncode
    wall = (time.monotonic() - start) * 1000
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with open(out, 'w', encoding='ascii') as file:
        file.write(f'{wall} {peak}\n')
    return status


def web_times(path):
    """By host: milliseconds of each request, and of each connection before its first one."""
    requests, times = {}, collections.defaultdict(list)
    connections = collections.defaultdict(dict)
    with open(path, encoding='utf-8') as file:
        for line in map(json.loads, file):
            if 'number' in line:
                requests[line['number']] = line
                connections[line['host']].setdefault(
                    line['accepted'], (line['time'] - line['accepted']) * 1000)
            else:
                request = requests[line['answer']]
                times[request['host']].append((line['time'] - request['time']) * 1000)
    return times, {host: list(taken.values()) for host, taken in connections.items()}


def paths(delay, questions, times, connections):
    """(milliseconds, what) of everything that had to be waited for."""
    for host, spent in times.items():
        yield (delay + (sum(connections[host]) + sum(spent)) / min(PER_HOST, len(spent)),
               f'{len(spent)} requests to {host}')
    count = questions + sum(map(len, times.values()))
    yield ((questions * delay + sum(map(sum, times.values()))) / IN_ALL,
           f'{count} answers, {IN_ALL} at once')


def path(delay, out, questions, requests):
    with open(out, encoding='ascii') as file:
        wall, peak = map(float, file.read().split())
    times, connections = web_times(requests)
    longest, what = max(paths(float(delay), int(questions), times, connections))
    web = sum(map(len, times.values()))
    print(f'{wall / longest:.3f} probe: {questions} DNS questions and {web} requests in {wall:.0f} ms; '
          f'critical path {longest:.0f} ms ({what}); ratio {wall / longest:.2f} (bound: 1.5), '
          f'peak {peak:.1f} MiB (bound: 64)')
    return 0


if __name__ == '__main__':
    sys.exit({'run': run, 'path': path}[sys.argv[1]](*sys.argv[2:]))
