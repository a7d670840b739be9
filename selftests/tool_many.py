#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""tcpstatectl conns, when there are many.

Runs in a namespace in which tcp_walk holds sockets in all states, and adds its
own; prints KTAP.  What is compared with: ss, and the clock around each
connect() and shutdown().
"""
import ipaddress
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from ktap import run_tests, slow_kernel

PAIRS, LEAST = int(sys.argv[1]), int(sys.argv[2])
SLOW = slow_kernel()
USER = 4321
LIMIT = 0.05 if SLOW else 0.01
FIN_WAIT2 = 5
ALL = 'listen,syn-sent,syn-recv,established,fin-wait1,fin-wait2,close-wait,' \
    'closing,last-ack,time-wait'
SS_STATES = {'ESTAB': 'established', 'FIN-WAIT-1': 'fin_wait1',
             'FIN-WAIT-2': 'fin_wait2'}


# --- both sources ------------------------------------------------------------

def address(host):
    """Mapped addresses are IPv4 in the tool, and IPv6 in ss."""
    found = ipaddress.ip_address(host)
    return str(getattr(found, 'ipv4_mapped', None) or found)


def end(text):
    """ADDRESS:PORT as ss prints it."""
    host, port = text.rsplit(':', 1)
    host = host.split('%')[0].strip('[]')
    return (address('::' if host == '*' else host),
            0 if port == '*' else int(port))


def ss():
    """Each socket: state, ends, inode, who has it open."""
    out = subprocess.run(['ss', '-Htanpe'], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    sockets = []
    for line in out.splitlines():
        words = line.split()
        state = SS_STATES.get(words[0], words[0].lower().replace('-', '_'))
        inode = re.search(r' ino:(\d+)', line)
        owners = re.findall(r'\("([^"]*)",pid=(\d+),fd=(\d+)\)', line)
        sockets.append((state, end(words[3]), end(words[4]),
                        int(inode[1]) if inode else 0,
                        tuple(sorted((name, int(pid), int(fd))
                                     for name, pid, fd in owners))))
    return sorted(sockets)


def tool(*words, utf8=False):
    env = {**os.environ, 'LC_ALL': 'C.UTF-8' if utf8 else 'C'}
    return subprocess.run(['tcpstatectl', *words], check=True, text=True,
                          encoding='utf-8', env=env,
                          stdout=subprocess.PIPE).stdout


def conns(*words):
    said = json.loads(tool('conns', '-j', *words))
    assert said['summary']['complete'], said['summary']
    assert said['summary']['shown'] == len(said['connections'])
    return said['connections']


def ours():
    return sorted(
        (c['state'],
         *((address(c[side]['address']), c[side]['port'])
           for side in ('local', 'remote')),
         c['inode'] or 0,
         tuple(sorted((p['name'], p['pid'], fd) for p in c['processes']
                      for fd in p['fds'])))
        for c in conns('state', ALL))


# --- sockets of our own ------------------------------------------------------

held = []


def pair(family, host, target=None):
    """A connection, both ends"""
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen(1)
        client = socket.socket(family)
        client.connect((target or host, listener.getsockname()[1]))
        server = listener.accept()[0]
    held.extend((client, server))
    return client, server


def pairs_of_each_kind():
    for _ in range(PAIRS):
        pair(socket.AF_INET, '127.0.0.1')
        pair(socket.AF_INET6, '::1')
        pair(socket.AF_INET6, '::', '::ffff:127.0.0.1')
    # One that stays open
    listener = socket.socket(socket.AF_INET6)
    listener.bind(('::', 0))
    listener.listen(3)
    held.append(listener)


def owner(uid, ready):
    """A process of that user with sockets, and a child of it that has
    inherited all of them, has closed some, and has one of them twice."""
    os.setgroups([])
    os.setuid(uid)
    pairs_of_each_kind()
    if not os.fork():
        for sock in held[::3]:
            sock.close()
        os.dup(held[1].fileno())
    os.write(ready, b'.')
    signal.pause()


def start_owners():
    """Two users, each with two processes in a group of their own"""
    ready, write = os.pipe()
    groups = []
    for uid in (0, USER):
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            os.close(ready)
            try:
                owner(uid, write)
            finally:
                os._exit(1)
        groups.append(pid)
    os.close(write)
    for _ in range(4):
        assert os.read(ready, 1) == b'.', 'a process did not come so far'
    os.close(ready)
    return groups


# --- tests -------------------------------------------------------------------

def those_of_ss():
    """conns: state, both ends, inode, every process and descriptor, as ss"""
    stop, before, said, after = time.monotonic() + 60, 0, 1, 2
    # Timers run: at rest is between two looks that are the same.
    while not before == said == after and time.monotonic() < stop:
        before, said, after = ss(), ours(), ss()
    assert said == before, \
        f'only ours: {[x for x in said if x not in before][:4]}, ' \
        f'only in ss: {[x for x in before if x not in said][:4]}'
    assert len(said) >= LEAST, len(said)
    states = {s[0] for s in said}
    assert len(states) >= (9 if SLOW else 10), states
    shared = [s for s in said if len({o[1] for o in s[4]}) > 1]
    twice = [s for s in said if len(s[4]) > len({o[1] for o in s[4]})]
    ipv6 = [s for s in said if s[1][0] == '::1']
    assert len(shared) >= 8 * PAIRS, len(shared)
    assert len(twice) == 2, twice
    assert len(ipv6) == 4 * PAIRS, len(ipv6)
    mapped = subprocess.run(['ss', '-Htan', 'state', 'established'],
                            check=True, stdout=subprocess.PIPE).stdout
    assert mapped.count(b'[::ffff:') == 8 * PAIRS, mapped
    print(f'# {len(said)} sockets, {len(shared)} of several processes')


def those_of_a_user():
    """conns uid: those that ss says are of that user"""
    said = subprocess.run(['ss', '-Htane', 'state', 'connected'], check=True,
                          text=True, stdout=subprocess.PIPE).stdout
    inodes = re.findall(rf' uid:{USER} ino:(\d+)', said)
    listed = conns('uid', str(USER))
    assert len(inodes) == 6 * PAIRS, len(inodes)
    assert sorted(map(int, inodes)) == sorted(c['inode'] for c in listed)
    assert {c['uid'] for c in listed} == {USER}


def connect(listener, when):
    """Both ends; when[]: before, and after, they came into their state"""
    client = socket.socket()
    when.append(time.monotonic())
    client.connect(listener.getsockname())
    server = listener.accept()[0]
    when.append(time.monotonic())
    return client, server


def many_ends(listener):
    """Connections to one port, every other one half closed, and when each end
    came into its state: by the client's port."""
    entered = {}
    for turn in range(40):
        when = []
        client, server = connect(listener, when)
        held.extend((client, server))
        time.sleep(0.03)
        if turn % 2:
            when = [time.monotonic()]
            client.shutdown(socket.SHUT_WR)
            server.recv(1)
            while client.getsockopt(socket.IPPROTO_TCP,
                                    socket.TCP_INFO, 1)[0] != FIN_WAIT2:
                pass
            when.append(time.monotonic())
            time.sleep(0.03)
        entered[client.getsockname()[1]] = when
    return entered


class Visitors(threading.Thread):
    """They come all the time: who is there tells when somebody has looked."""

    def __init__(self, listener):
        super().__init__()
        self.listener, self.sockets = listener, []
        self.entered, self.enough = {}, False
        self.start()

    def run(self):
        while not self.enough:
            when = []
            ends = connect(self.listener, when)
            self.entered[ends[0].getsockname()[1]] = when
            self.sockets.extend(ends)
            time.sleep(0.001)

    def leave(self):
        self.enough = True
        self.join()
        for sock in self.sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack('ii', 1, 0))
            sock.close()


def wrong_by(side, listener, entered):
    """How wrong an age in a list may be: if it is right, the time of its
    beginning and the age are together the time of the list, which is between
    the visitor who came last and the first who is not in it."""
    word, other = ('sport', 'remote') if side == 'server' else \
        ('dport', 'local')
    visitors = Visitors(listener)
    try:
        listed = conns(word, str(listener.getsockname()[1]), 'state',
                       'established,close-wait,fin-wait2')
        time.sleep(0.01)
    finally:
        visitors.leave()
    # The listener's port may be one of ::1, too.
    listed = [c for c in listed if c['local']['address'] == '127.0.0.1']
    came = visitors.entered
    ports = {c[other]['port'] for c in listed}
    states = [c['state'] for c in listed if c[other]['port'] in entered]
    half = 'close_wait' if side == 'server' else 'fin_wait2'
    assert states.count('established') == states.count(half) == 20, states
    last = max(came[port][0] for port in ports if port in came)
    missing = min(came[port][1] for port in came if port not in ports)
    began = {**entered, **came}
    strange = [c for c in listed if c[other]['port'] not in began]
    assert not strange, strange
    looked = [[t + c['age_us'] / 1e6 for t in began[c[other]['port']]]
              for c in listed]
    beyond = max(max(t[0] for t in looked) - missing,
                 last - min(t[1] for t in looked), 0)
    return beyond + max(missing - last, 0)


def ages():
    """conns: ages are right to 10 ms, of connects and of shutdowns"""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen(1)
        entered = many_ends(listener)
        for side in ('server', 'client'):
            # A list that was interrupted is not of one moment.
            wrong = []
            while not wrong or min(wrong) > LIMIT and len(wrong) < 20:
                wrong.append(wrong_by(side, listener, entered))
            assert min(wrong) <= LIMIT, f'{side}: {wrong}'
            print(f'# {side}: right to {min(wrong) * 1000:.1f} ms, '
                  f'in {len(wrong)} lists')


def all_known():
    """conns: all have an age, none a lower bound"""
    assert all(c['age_us'] is not None and c['age_at_least_us'] is None
               for c in conns('state', ALL))


def reload_module():
    subprocess.run(['rmmod', 'tcpstates'], check=True)
    before = time.monotonic()
    subprocess.run(['insmod', os.environ['TCPSTATES_KO']], check=True)
    return before, time.monotonic()


def key(conn):
    return conn['state'], *(tuple(conn[side].values())
                            for side in ('local', 'remote'))


def check_marks(utf8, mark, news):
    """As text: a mark before each age but those, and all columns in line"""
    lines = tool('conns', 'state', ALL, utf8=utf8).splitlines()
    column = lines[0].index('LOCAL')
    unmarked = []
    for line in lines[1:]:
        assert line[column - 1] == ' ' != line[column], line
        if line.split()[1].startswith(mark):
            assert re.fullmatch(r'(\d+(\.\d)?(us|ms|s|m|h|d))+',
                                line.split()[1][1:]), line
        else:
            unmarked.append(line.split()[2])
    assert len(lines) > LEAST / 2, len(lines)
    assert sorted(unmarked) == sorted(news), (unmarked, news)


def older_than_the_module():
    """the module anew: at least so long, and a mark"""
    old = {key(c) for c in conns('state', ALL)}
    loading, loaded = reload_module()
    news = [f'127.0.0.1:{s.getsockname()[1]}'
            for s in pair(socket.AF_INET, '127.0.0.1')]
    time.sleep(1)
    before = time.monotonic()
    listed = conns('state', ALL)
    after = time.monotonic()
    there = [c for c in listed if key(c) in old]
    assert len(there) > 0.8 * len(old), (len(there), len(old))
    for c in there:
        least = c['age_at_least_us']
        assert c['age_us'] is None and least is not None, c
        assert before - loaded - 0.01 <= least / 1e6 <= after - loading, c
    new = [c for c in listed if c['age_us'] is not None]
    assert sorted(f'127.0.0.1:{c["local"]["port"]}' for c in new) == \
        sorted(news), new
    check_marks(False, '>', news)
    check_marks(True, '≥', news)
    print(f'# {len(there)} of {len(old)} are still there')


groups = start_owners()
try:
    run_tests([those_of_ss, those_of_a_user, ages, all_known,
               older_than_the_module])
finally:
    for group in groups:
        os.killpg(group, signal.SIGKILL)
