#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Listeners whose accept queues are full, and then are not, over and over.

    alerts_flap.py FLAPS

250 of them in 5 namespaces: with FLAPS = 40 they would be 10,000 alerts.  A flap
is listen() with a shorter backlog than what waits, and then with a longer one:
the condition comes and goes, nothing else does.  Prints KTAP.
"""
import ctypes
import json
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import time

from ktap import run_tests

SPACES, LISTENERS, PORT = 5, 50, 7900
WAITING, FULL, ROOMY = 9, 8, 100
# In a minute: three alerts of one subject, and 30 lines of the kernel log
FREE, LINES = 3, 30
LOGGED, TRACKED = 256, 128
STEPS = 5
CLONE_NEWNET = 0x40000000
PROC = '/proc/thread-self/net/tcpstates'
RULE_FILE = '/sys/module/tcpstates/parameters/rule'
libc = ctypes.CDLL(None, use_errno=True)
FLAPS = int(sys.argv[1])


def lines(keyword):
    """Lines of /proc/tcpstates that begin so, as words."""
    with open(PROC, encoding='ascii') as file:
        return [line.split()[1:] for line in file
                if line.split()[0] == keyword]


def counter(name):
    return next(int(line[1]) for line in lines('counter') if line[0] == name)


def rule(text):
    with open(RULE_FILE, 'w', encoding='ascii') as file:
        file.write(text)


def dmesg():
    return subprocess.run(['dmesg'], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def log_lines():
    return dmesg().count('tcpstates: alert ')


def vmalloc_used():
    """KiB"""
    with open('/proc/meminfo', encoding='ascii') as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith('VmallocUsed:'))


class Space:
    """A namespace with listeners, each with connections that wait."""

    def __init__(self):
        assert libc.unshare(CLONE_NEWNET) == 0
        self.fd = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        self.listeners, self.clients = [], []
        for port in range(PORT, PORT + LISTENERS):
            listener = socket.socket()
            listener.bind(('127.0.0.1', port))
            listener.listen(ROOMY)
            self.listeners.append(listener)
            for _ in range(WAITING):
                self.clients.append(
                    socket.create_connection(('127.0.0.1', port)))
        rule('accept_overflow duration=0 quiet=1 clear=100')

    def enter(self):
        assert libc.setns(self.fd, CLONE_NEWNET) == 0

    def listen(self, backlog, step=0, steps=1):
        for listener in self.listeners[step::steps]:
            listener.listen(backlog)

    def rule_line(self):
        """raised in all, value, threshold, raised now"""
        self.enter()
        line = next(w for w in lines('alert') if w[0] == 'accept_overflow')
        return [int(word) for word in line[2:6]]

    def alerts(self):
        self.enter()
        out = subprocess.run(['tcpstatectl', 'alerts', '-j'], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out)['alerts']


def disagreements():
    """Reads of /proc, in processes of their own, until they are told to stop:
    those in which there are not as many culprits as alerts, and all.

    Each namespace has its reader, so that they are in each other's way: one that
    let go of the lock between the two would wait for it again, while the look
    that changes both has it."""
    def read(space):
        space.enter()
        wrong = reads = 0
        file = os.open(PROC, os.O_RDONLY)
        while not stop.is_set():
            text = os.pread(file, 1 << 20, 0)
            said = text[text.index(b'\nalert        accept_overflow'):]
            wrong += text.count(b'\nculprit ') != int(said.split()[6])
            reads += 1
        result.put((wrong, reads))

    stop, result = multiprocessing.Event(), multiprocessing.Queue()
    readers = [multiprocessing.Process(target=read, args=(space,), daemon=True)
               for space in spaces]
    for reader in readers:
        reader.start()

    def end():
        stop.set()
        told = [result.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join()
        return [sum(column) for column in zip(*told)]
    return end


def until(check, seconds=60):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise AssertionError([space.rule_line() for space in spaces])
        time.sleep(0.05)


def seen(value):
    """A look after the last listen() has seen it: twice, for the first one may
    have come in the middle."""
    for _ in range(2):
        begun = time.monotonic()
        until(lambda: all(space.rule_line()[1] == value
                          for space in spaces))
        time.sleep(max(0, 1.1 - (time.monotonic() - begun)))


def listen(backlog, steps):
    """All of them, some at each look"""
    for step in range(steps):
        for space in spaces:
            space.listen(backlog, step, steps)
        if step < steps - 1:
            time.sleep(1.1)


def flap(steps=1):
    listen(FULL, steps)
    seen(WAITING)
    raised = [space.rule_line()[3] for space in spaces]
    listen(ROOMY, steps)
    seen(0)
    assert all(space.rule_line()[3] == 0 for space in spaces)
    return raised


def first():
    """250 listeners: each is an alert, three times"""
    read = disagreements()
    for _ in range(FREE):
        assert flap(STEPS) == [LISTENERS] * SPACES
    agreed.append(read())
    for space in spaces:
        assert space.rule_line()[0] == FREE * LISTENERS, space.rule_line()
    taken.append(vmalloc_used())


def initial():
    """meanwhile the initial namespace has lines of its own in the kernel log"""
    home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    there = os.open('/proc/1/ns/net', os.O_RDONLY)
    assert libc.setns(there, CLONE_NEWNET) == 0
    rule('accept_overflow duration=0 quiet=1')
    socks = [socket.socket()]
    socks[0].bind(('127.0.0.1', PORT - 1))
    socks[0].listen(FULL)
    for _ in range(WAITING):
        socks.append(socket.create_connection(('127.0.0.1', PORT - 1)))
    words = (f'accept_overflow 127.0.0.1:{PORT - 1} uid 0 cgroup ',
             f' net {os.fstat(there).st_ino}: ')
    until(lambda: any(all(word in line for word in words)
                      for line in dmesg().splitlines()), 10)
    for sock in socks:
        sock.close()
    assert libc.setns(home, CLONE_NEWNET) == 0


def one_moment():
    """/proc has as many culprits as the rule says, however often it is read"""
    wrong, reads = agreed[0]
    print(f'# {reads} readings')
    assert reads > 500 and wrong == 0, f'{wrong} of {reads}'


def rest():
    """from then on alerts are held back for a minute, for two, for four"""
    begun = time.monotonic()
    for _ in range(FLAPS - FREE):
        flap()
    took = time.monotonic() - begun
    most = FREE + sum(took > 60 * (2 ** i - 1) - 10 for i in range(1, 8))
    for space in spaces:
        assert space.rule_line()[0] <= most * LISTENERS, (took, most)


def last():
    """what stays is an alert at the end of that, and tells of all before"""
    for space in spaces:
        space.listen(FULL)
    until(lambda: all(space.rule_line()[3] == LISTENERS
                      for space in spaces), 600)
    for space in spaces:
        raised = [a for a in space.alerts() if a['state'] == 'raised']
        assert sorted(a['where']['port'] for a in raised) == \
            list(range(PORT, PORT + LISTENERS)), raised
        # This one was held back first; others since the third may have been.
        assert all(FLAPS + 2 <= a['times'] + a['held_back'] <=
                   FLAPS + 1 + a['times'] - FREE for a in raised), raised


def bounded():
    """memory and the kernel log are bounded, nothing was left out"""
    for space in spaces:
        assert len(space.alerts()) <= LOGGED, len(space.alerts())
    minutes = (time.monotonic() - start) / 60
    said = log_lines() - said_before
    assert LINES <= said <= LINES * (minutes + 2), (said, minutes)
    assert counter('alerts_untracked') == 0
    # What the first ones took, no more: 64 KiB are for others.
    grown = vmalloc_used() - taken[0]
    assert grown <= 64, f'{grown} KiB more'


resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
said_before, start = log_lines(), time.monotonic()
taken, agreed = [], []
spaces = [Space() for _ in range(SPACES)]
run_tests((first, one_moment, initial, rest, last, bounded))
