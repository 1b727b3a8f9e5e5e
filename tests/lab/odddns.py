#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A DNS server that misbehaves in one chosen way, and counts its questions.

usage: odddns.py --dir DIR --address ADDRESS --mode MODE
"""
import argparse
import os
import socket
import struct
import time

TYPE_A, TYPE_CNAME, TYPE_AAAA = 1, 5, 28
QUERY_RESPONSE, TRUNCATED, RECURSION = 0x8000, 0x0200, 0x0180
INTERNAL = bytes([10, 9, 8, 7])


def question(packet):
    """The question section of PACKET and its type."""
    end = packet.index(b'\0', 12) + 5
    return packet[12:end], struct.unpack('>H', packet[end - 4:end - 2])[0]


def reply(packet, flags=0, answers=(), change=0):
    asked, _kind = question(packet)
    number = struct.unpack('>H', packet[:2])[0] ^ change
    header = struct.pack('>HHHHHH', number, QUERY_RESPONSE | RECURSION | flags, 1, len(answers), 0, 0)
    return header + asked + b''.join(answers)


def record(kind, data, name=b'\xc0\x0c'):
    return name + struct.pack('>HHIH', kind, 1, 60, len(data)) + data


def honest(packet):
    return [reply(packet, answers=[record(TYPE_A, INTERNAL)] if question(packet)[1] == TYPE_A else [])]


def silent(_packet):
    return []


def half(packet):
    """An internal address for A, silence for AAAA."""
    return honest(packet) if question(packet)[1] == TYPE_A else []


def broken_half(packet):
    return honest(packet) if question(packet)[1] == TYPE_A else [reply(packet, flags=2)]


def other_id(packet):
    return [reply(packet, answers=[record(TYPE_A, INTERNAL)], change=1)]


def other_name(packet):
    answer = bytearray(honest(packet)[0])
    answer[13] ^= 1
    return [bytes(answer)]


def garbage(packet):
    return [packet[:2] + os.urandom(40), packet[:2], b'', packet]


def endless_name(packet):
    """A compression pointer to itself."""
    place = 12 + len(question(packet)[0])
    return [reply(packet, answers=[record(TYPE_A, INTERNAL, struct.pack('>H', 0xc000 | place))])]


def own_alias(packet):
    return [reply(packet, answers=[record(TYPE_CNAME, b'\xc0\x0c')])]


def late(packet):
    time.sleep(4)
    return honest(packet)


def flood(packet):
    """Answers that are not meant for this question, without end."""
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        yield reply(packet, change=1)
        time.sleep(0.0005)


MODES = {
    'honest': honest,
    'silent': silent,
    'refused': lambda packet: [reply(packet, flags=5)],
    'failing': lambda packet: [reply(packet, flags=2)],
    'half': half,
    'broken-half': broken_half,
    'truncated': lambda packet: [reply(packet, flags=TRUNCATED)],
    'other-id': other_id,
    'other-name': other_name,
    'garbage': garbage,
    'endless-name': endless_name,
    'own-alias': own_alias,
    'late': late,
    'flood': flood,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True)
    parser.add_argument('--address', required=True)
    parser.add_argument('--mode', required=True, choices=MODES)
    options = parser.parse_args()
    os.makedirs(options.dir, exist_ok=True)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((options.address, 53))
    with open(os.path.join(options.dir, 'questions'), 'wb', buffering=0) as log:
        with open(os.path.join(options.dir, 'ready'), 'wb'):
            pass
        while True:
            packet, peer = sock.recvfrom(4096)
            log.write(b'%d\n' % question(packet)[1])
            for answer in MODES[options.mode](packet):
                sock.sendto(answer, peer)


if __name__ == '__main__':
    main()
