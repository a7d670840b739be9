#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Events are missed on purpose, and records are left that are not true.

Sockets die while nobody looks, and new ones are made at their addresses; others
change their state, and go on from there.  The counter "stale" against the
addresses in /proc/net/tcp (which are hashed, but the same for the same
address), gauges against ss, dwell times against the clock.  Prints KTAP.
"""
import os
import socket
import struct
import subprocess
import time

from ktap import run_tests, slow_kernel

PORT, PAIRS, MOVING = 7800, 60, 5
SLOW = slow_kernel()
KASAN = SLOW and not os.path.exists('/sys/kernel/debug/kcsan')
OLD = 10 if SLOW else 3		# seconds: how long the dead have lived, and no other
PAUSE = '/sys/module/tcpstates/parameters/test_pause'
PROC = '/proc/net/tcpstates'
ESTABLISHED = '01'		# in /proc/net/tcp
SS_NAMES = {'ESTAB': 'ESTABLISHED', 'FIN-WAIT-1': 'FIN_WAIT1',
            'FIN-WAIT-2': 'FIN_WAIT2'}


def lines(keyword):
    """Lines of /proc/tcpstates that begin so, as words."""
    with open(PROC, encoding='ascii') as file:
        return [line.split()[1:] for line in file
                if line.split()[0] == keyword]


def counter(name):
    return next(int(line[1]) for line in lines('counter') if line[0] == name)


def gauges():
    """Those that are not 0; entered - left = current for all of them."""
    found = {}
    for name, now, entered, left, *_ in lines('state'):
        if name == 'CLOSED':
            continue
        assert int(entered) - int(left) == int(now) >= 0, name
        if int(now):
            found[name] = int(now)
    return found


def kernels():
    """The same, of ss."""
    found = {}
    text = subprocess.run(['ss', '-Htan'], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    for line in text.splitlines():
        word = line.split()[0]
        name = SS_NAMES.get(word, word.replace('-', '_'))
        found[name] = found.get(name, 0) + 1
    return found


def edge(start, end):
    """How often, how often measured, the longest in seconds."""
    line = next(line for line in lines('transition') if line[:2] == [start, end])
    longest = 0 if line[5] == '-' else int(line[5]) / 1e6
    return int(line[2]), int(line[6]), longest


def addresses(*states):
    """Where the kernel keeps the sockets of this namespace."""
    with open('/proc/net/tcp', encoding='ascii') as file:
        rows = [line.split() for line in file][1:]
    found = [row[11] for row in rows if row[3] in states]
    assert len(set(found)) == len(found), 'addresses are not shown'
    return set(found)


def poll(seconds, what):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.1)
    assert what(), f'{gauges()}, ss {kernels()}'


def pause(value):
    with open(PAUSE, 'w', encoding='ascii') as file:
        file.write(str(int(value)))


def abort(sock):
    """A RST: nothing is left of it, nor of the other end when that is closed."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


class Pairs:
    """Connections, both ends of each."""

    def __init__(self, count):
        self.ends = []
        for _ in range(count):
            client = socket.create_connection(('127.0.0.1', PORT))
            self.ends.append((client, LISTENER.accept()[0]))

    def abort(self):
        for client, server in self.ends:
            abort(client)
            abort(server)


LISTENER = socket.socket()
LISTENER.bind(('127.0.0.1', PORT))
LISTENER.listen(PAIRS)


def agrees():
    return gauges() == kernels()


def moved_on():
    """connections that change their state unseen: stale, and the rest is right"""
    pairs = Pairs(MOVING)
    time.sleep(OLD)
    assert agrees() and counter('stale') == 0
    pause(True)
    for client, _ in pairs.ends:
        client.shutdown(socket.SHUT_WR)
    poll(5, lambda: kernels().get('CLOSE_WAIT') == MOVING)
    pause(False)
    assert gauges().get('ESTABLISHED') == 2 * MOVING, 'the pause is none'
    for client, server in pairs.ends:
        server.close()
        client.close()
    poll(2, agrees)
    assert kernels() == {'LISTEN': 1, 'TIME_WAIT': MOVING}
    assert counter('stale') == 2 * MOVING, counter('stale')
    assert counter('drift') == counter('untracked') == 0


def measured():
    """of those, times are measured from the first event on that was seen"""
    assert edge('CLOSE_WAIT', 'LAST_ACK') == (MOVING, 0, 0)
    assert edge('FIN_WAIT2', 'TIME_WAIT') == (MOVING, 0, 0)
    count, samples, longest = edge('LAST_ACK', 'CLOSED')
    assert (count, samples) == (MOVING, MOVING) and longest < OLD
    for end in 'FIN_WAIT1', 'CLOSE_WAIT', 'CLOSED':
        assert edge('ESTABLISHED', end) == (0, 0, 0), end


class State:
    """What one test leaves for the next"""
    dead = reused = pairs = since = None


def reborn():
    """sockets die unseen, others get their addresses: as many are stale"""
    old = Pairs(PAIRS)
    State.dead = addresses(ESTABLISHED)
    assert len(State.dead) == 2 * PAIRS
    time.sleep(OLD)
    poll(2, agrees)
    before = counter('stale')
    pause(True)
    old.abort()
    pause(False)
    assert addresses(ESTABLISHED) == set()
    assert gauges().get('ESTABLISHED') == 2 * PAIRS, 'the pause is none'
    State.since = time.monotonic()
    State.pairs = Pairs(PAIRS)
    State.reused = State.dead & addresses(ESTABLISHED)
    print(f'# {len(State.reused)} of {len(State.dead)} addresses are used again')
    stale = counter('stale') - before
    assert len(State.reused) == stale, f'{stale} of {len(State.reused)}'
    # KASAN keeps what has been freed from being used again for a while.
    assert stale or KASAN, 'no address was used again'


def gauges_follow():
    """the gauges have lost those, and keep those that are not found yet"""
    left = len(State.dead) - len(State.reused)
    here, there = gauges(), kernels()
    here['ESTABLISHED'] -= left
    assert here == there, f'{here}, {there}, {left} more in ESTABLISHED'


def young():
    """the times of the new ones are theirs, not those of the dead"""
    State.pairs.abort()
    longest = time.monotonic() - State.since
    assert longest < OLD, 'too slow here'
    # Of each pair one end is aborted, the other one gets the RST.
    count, samples, most = edge('ESTABLISHED', 'CLOSED')
    assert (count, samples) == (2 * PAIRS, 2 * PAIRS), f'{count} {samples}'
    assert 0 < most <= longest, f'{most} s, at most {longest}'


def swept():
    """the audit finds the rest: as many records are stale as died unseen"""
    poll(90, agrees)
    assert counter('stale') == 2 * MOVING + 2 * PAIRS, counter('stale')
    assert counter('drift') == len(State.dead) - len(State.reused)
    assert edge('ESTABLISHED', 'CLOSED')[:2] == (2 * PAIRS, 2 * PAIRS)


def afterwards():
    """what happens from then on is as ever"""
    stale, drift = counter('stale'), counter('drift')
    Pairs(PAIRS).abort()
    poll(2, agrees)
    assert edge('ESTABLISHED', 'CLOSED')[:2] == (4 * PAIRS, 4 * PAIRS)
    assert (counter('stale'), counter('drift')) == (stale, drift)


run_tests((moved_on, measured, reborn, gauges_follow, young, swept, afterwards))
