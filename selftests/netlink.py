#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The netlink family tcpstates through the kernel's YNL client.

Runs in a namespace in which tcp_walk holds sockets in all states; prints
KTAP.  Every comparison is with something that is not ours: /proc/net/tcp, ss,
or, for the statistics, with /proc/tcpstates.
"""
import errno
import ipaddress
import os
import socket
import struct
import subprocess
import sys
import time

from ktap import run_tests
from netlink_ynl import (ALL_TEXT, CLONE_NEWNET, PROC, become_nobody,
                         enter_initial, fresh, in_child, libc, ordered,
                         refused, reload, same, ss, ynl)

TCP_STATES = ['', 'established', 'syn-sent', 'syn-recv', 'fin-wait1',
              'fin-wait2', 'time-wait', 'closed', 'close-wait', 'last-ack',
              'listen', 'closing']


# --- other sources -----------------------------------------------------------

def proc_lines():
    """/proc/tcpstates as a set of tuples of words, without alerts."""
    with open(PROC, encoding='ascii') as file:
        return sorted(tuple(line.split()) for line in file
                      if not line.startswith(('#', 'alert ', 'culprit ')))


def name(state):
    return state.replace('-', '_').upper()


def number(values, key):
    return str(values[key]) if key in values else '-'


def dwell(values):
    return [number(values, key)
            for key in ('p50', 'p99', 'longest', 'samples')]


def stats_lines(stats):
    """What /proc/tcpstates would say of these."""
    lines = [('tcpstates', '1')]
    for s in stats['state']:
        lines.append(('state', name(s['state']), number(s, 'current'),
                      str(s['entered']), str(s['left']), *dwell(s['dwell'])))
    for e in stats['edge']:
        lines.append(('transition', name(e['from']), name(e['to']),
                      str(e['count']), *dwell(e['dwell'])))
    for c in stats.get('closed', []):
        lines.append(('closed', name(c['from']), c['cause'], str(c['count'])))
    for c in stats['counter']:
        lines.append(('counter', c['name'], str(c['value'])))
    for h in stats['hook']:
        lines.append(('hook', h['name'], h['mechanism'], h['status']))
    return sorted(lines)


def proc_net(file):
    """Sockets as /proc/net/tcp and tcp6 list them: with uid and inode.

    An address stands there as words of the kernel's own byte order.
    """
    def parse(text):
        host, port = text.split(':')
        words = struct.unpack(f'>{len(host) // 8}I', bytes.fromhex(host))
        raw = struct.pack(f'={len(words)}I', *words)
        return (ipaddress.ip_address(raw), int(port, 16))

    with open('/proc/thread-self/net/' + file, encoding='ascii') as lines:
        next(lines)
        rows = [line.split() for line in lines]
    return [(TCP_STATES[int(w[3], 16)], parse(w[1]), parse(w[2]), int(w[7]),
             int(w[9])) for w in rows]


# --- ours --------------------------------------------------------------------

def addresses(conn):
    return ((ipaddress.ip_address(conn['local-addr']), conn['local-port']),
            (ipaddress.ip_address(conn['remote-addr']), conn['remote-port']))


def dump(operation, **which):
    """A dump with a filter: sockets, summary."""
    got = ynl.dump(operation, {'filter': which} if which else {})
    assert list(got[-1]) == ['summary'], got[-1]
    assert got[-1]['summary']['shown'] == len(got) - 1, got[-1]
    return got[:-1], got[-1]['summary']


def keys(**which):
    return ordered((c['state'], *addresses(c))
                   for c in dump('conn-get', **which)[0])


def ss_keys(*arguments):
    return ordered(s['key'] for s in ss(*arguments))


# --- sockets of our own ------------------------------------------------------

held = []


def pair(family, host, port=0, uid=0, connect=None):
    """A listener and a connection to it; the times around connect()."""
    os.seteuid(uid)
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind((host, port))
        listener.listen(7)
        client = socket.socket(family, socket.SOCK_STREAM)
        before = time.monotonic()
        client.connect((connect or host, listener.getsockname()[1]))
        after = time.monotonic()
    finally:
        os.seteuid(0)
    held.extend((listener, client))
    return listener, client, before, after


def one_in_time_wait():
    """Those that were made at first are over after a minute."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen(1)
        client = socket.create_connection(listener.getsockname())
        server = listener.accept()[0]
        client.close()
        server.close()


def microseconds(seconds):
    return seconds * 1e6


# --- the tests ---------------------------------------------------------------

def same_as_proc(stats):
    """Of one moment: "tracked" is of all namespaces, and tests before this one may
    have left sockets whose timers expire."""
    for _ in range(20):
        before, ours, after = proc_lines(), stats_lines(stats()), proc_lines()
        if before == after:
            break
    assert before == after, 'nothing is to move'
    same(ours, before)


def stats_do():
    """do: the same numbers as /proc/tcpstates"""
    same_as_proc(lambda: ynl.do('stats-get', {}))


def stats_dump():
    """dump: the caller's namespace, once"""
    def only():
        got = ynl.dump('stats-get', {})
        assert len(got) == 1
        assert got[0]['netns-ino'] == os.stat('/proc/thread-self/ns/net').st_ino
        return got[0]
    same_as_proc(only)


def but_tracked(lines):
    return [line for line in lines if line[:2] != ('counter', 'tracked')]


def stats_all():
    """dump of all namespaces, from the initial one"""
    mine = os.stat('/proc/thread-self/ns/net').st_ino
    lines = proc_lines()

    def check():
        enter_initial()
        got = {s['netns-ino']: s
               for s in ynl.dump('stats-get', {'all-netns': True})}
        assert set(got) >= {mine, os.stat('/proc/1/ns/net').st_ino}
        same(but_tracked(stats_lines(got[mine])), but_tracked(lines))
    in_child(check)


def hist_all():
    """histograms: every edge, with as many samples as /proc says"""
    got = ynl.dump('hist-get', {})
    edges = {(line[1], line[2]): line for line in proc_lines()
             if line[0] == 'transition'}
    assert len(got) == len(edges)
    for h in got:
        line = edges[name(h['from']), name(h['to'])]
        buckets = h.get('bucket', [])
        assert str(h['count']) == line[3], line
        assert dwell(h['dwell']) == list(line[4:8]), (h, line)
        assert sum(b['count'] for b in buckets) == int(line[7]), line
        ends = [x for b in buckets for x in (b['low-ns'], b['high-ns'])]
        assert ends == sorted(ends) and all(b['count'] for b in buckets)
        if buckets:
            longest = h['dwell']['longest'] * 1000
            assert buckets[-1]['low-ns'] <= longest <= \
                buckets[-1]['high-ns'] + 1000, h
    assert any(h.get('bucket') for h in got)


def hist_filter():
    """histograms: by state, by edge"""
    got = ynl.dump('hist-get', {'from': 'established'})
    assert [h['to'] for h in got] == ['fin-wait1', 'close-wait', 'closed']
    got = ynl.dump('hist-get', {'from': 'syn-sent', 'to': 'established'})
    assert len(got) == 1 and got[0]['count'] > 0
    got = ynl.dump('hist-get', {'to': 'listen'})
    assert [h['from'] for h in got] == ['closed']


def conns_ss():
    """connections: those of ss, with cookies, owners and cgroups"""
    conns = dump('conn-get')[0]
    ours = ordered((c['state'], *addresses(c), c['cookie']) for c in conns)
    theirs = ss()
    same(ours, ordered((*s['key'], s['cookie']) for s in theirs))
    paths = {s['cookie']: s['cgroup'] for s in theirs}
    seen = 0
    for conn in conns:
        path = paths[conn['cookie']]
        if path and conn['kind'] == 'full' and 'unreachable' not in path:
            inode = os.stat('/sys/fs/cgroup' + path).st_ino
            assert conn['cgroup'] == inode, (conn, path, inode)
            seen += 1
    assert seen > 50 or not any(paths.values()), f'{seen} cgroups'


def conns_proc():
    """connections: those of /proc/net/tcp, with uid and inode"""
    ours = ordered((c['state'], *addresses(c), c['uid'], c.get('inode', 0))
                  for c in dump('conn-get')[0])
    same(ours, ordered(proc_net('tcp') + proc_net('tcp6')))


def conns_kinds():
    """connections: all three kinds of objects"""
    one_in_time_wait()
    kinds = {}
    for conn in dump('conn-get')[0]:
        kinds.setdefault(conn['kind'], set()).add(conn['state'])
    assert kinds['request'] == {'syn-recv'}, kinds
    assert kinds['mini'] <= {'time-wait', 'fin-wait2'} and kinds['mini']
    assert len(kinds['full']) >= 8, kinds


def filter_states():
    """filter: each state, and some together"""
    one_in_time_wait()
    every = ss_keys()
    for state in TCP_STATES[1:]:
        if state != 'closed':
            same(keys(states=[state]),
                 [k for k in every if k[0] == state])
    same(keys(states=['fin-wait2', 'syn-recv', 'listen']), ordered(
        k for k in every
        if k[0] in ('fin-wait2', 'syn-recv', 'listen')))
    assert not keys(states=['closed']) and not keys(states=0)


def filter_ports():
    """filter: local and remote port"""
    port = firsts[0].getsockname()[1]
    same(keys(**{'local-port': port}), ss_keys('sport', '=', f':{port}'))
    same(keys(**{'remote-port': port}), ss_keys('dport', '=', f':{port}'))
    every = ss_keys()
    for which, side in (('local-port', 1), ('remote-port', 2)):
        for port in ordered({k[side][1] for k in every} - {0})[:10]:
            same(keys(**{which: port}),
                 [k for k in every if k[side][1] == port])


def matches(found, prefix):
    mapped = getattr(found, 'ipv4_mapped', None)
    if prefix.version == 4 and mapped:
        found = mapped
    return found.version == prefix.version and found in prefix


def filter_addresses():
    """filter: address prefixes, IPv4 also of mapped addresses"""
    every = ss_keys()
    for text in ('127.0.0.0/8', '127.0.0.1/32', '0.0.0.0/0', '127.0.0.2/31',
                 '::1/128', '::/0', '::ffff:0:0/96', '::ffff:7f00:0/104',
                 'fd00::/8', '10.0.0.0/7', '198.51.100.0/24'):
        prefix = ipaddress.ip_network(text)
        for which, side in (('local', 1), ('remote', 2)):
            theirs = [k for k in every if matches(k[side][0], prefix)]
            ours = keys(**{which + '-addr': prefix.network_address.packed,
                           which + '-prefix': prefix.prefixlen})
            assert ours == theirs, (text, which, len(ours), len(theirs))
    whole = keys(**{'local-addr': bytes([127, 0, 0, 2])})
    same(whole, [k for k in every
                 if matches(k[1][0], ipaddress.ip_network('127.0.0.2'))])


def filter_family():
    """filter: family"""
    for family, version in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        same(keys(family=family),
             [k for k in ss_keys() if k[1][0].version == version])


def filter_owner():
    """filter: uid, cgroup"""
    rows = proc_net('tcp') + proc_net('tcp6')
    for uid in (0, 1234):
        same(keys(uid=uid), ordered(r[:3] for r in rows if r[3] == uid))
    assert not keys(uid=4321)
    conns = dump('conn-get')[0]
    group = next((c['cgroup'] for c in conns if 'cgroup' in c), None)
    if not group:  # a kernel without
        return
    same(keys(cgroup=group), ordered((c['state'], *addresses(c))
                                    for c in conns
                                    if c.get('cgroup') == group))
    assert not keys(cgroup=group + 1000)


def filter_together():
    """filter: all conditions must hold"""
    port = firsts[0].getsockname()[1]
    there = {'remote-port': port, 'remote-addr': bytes([127, 0, 0, 1])}
    got = keys(states=['established'], family=socket.AF_INET, uid=1234,
               **there)
    assert len(got) == 1 and got[0][2][1] == port, got
    assert not keys(states=['close-wait'], **there)


def ages():
    """age: right to 10 ms, of new connections"""
    for client, before, after in timed:
        port = client.getsockname()[1]
        asked = time.monotonic()
        got = dump('conn-get', **{'local-port': port, 'remote-port':
                                  client.getpeername()[1]})[0]
        answered = time.monotonic()
        assert len(got) == 1 and 'age-at-least' not in got[0], got
        low = microseconds(asked - after) - 10000
        high = microseconds(answered - before) + 10000
        assert low <= got[0]['age'] <= high, (low, got[0]['age'], high)


def ages_later():
    """age: right to 10 ms, of states that were entered later"""
    listener, client = pair(socket.AF_INET, '127.0.0.3')[:2]
    server = listener.accept()[0]
    held.append(server)
    time.sleep(0.5)
    before = time.monotonic()
    client.shutdown(socket.SHUT_WR)
    after = time.monotonic()
    time.sleep(0.7)
    port = listener.getsockname()[1]
    asked = time.monotonic()
    got = {c['state']: c['age'] for which in ('local', 'remote')
           for c in dump('conn-get', **{
               which + '-port': port,
               which + '-addr': bytes([127, 0, 0, 3])})[0]}
    answered = time.monotonic()
    low = microseconds(asked - after) - 10000
    high = microseconds(answered - before) + 10000
    assert set(got) == {'listen', 'fin-wait2', 'close-wait'}, got
    assert low <= got['close-wait'] <= high, (got, low, high)
    # The ACK of a FIN may be a delayed one: up to 200 ms.
    assert low - 250000 <= got['fin-wait2'] <= high, (got, low, high)
    assert got['listen'] >= 1200000, got


def ages_of_all():
    """Of each socket in its state; not of those whose end is near."""
    return {(c['cookie'], c['state']): c['age']
            for c in dump('conn-get')[0] if c['age'] > 2000000}


def ages_together():
    """age: all of a dump are of one moment"""
    time.sleep(2)
    looks = []
    for _ in range(5):
        looks.append(ages_of_all())
        time.sleep(0.2)
    for one, two in zip(looks, looks[1:]):
        grown = [two[key] - age for key, age in one.items() if key in two]
        assert len(grown) > 100, len(grown)
        # A microsecond of rounding
        assert max(grown) - min(grown) <= 1, (min(grown), max(grown))
        assert min(grown) >= 200000, min(grown)


def raw_dump(operation, while_resting):
    """The messages of a dump, by attribute numbers; something is done as soon
    as the kernel has filled the first buffer, of a page or two."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    sock.send(struct.pack('=IHHIIBBH', 20, ynl.nlproto.family_id, 0x301, 1, 0,
                          ynl.ops[operation].req_value, 1, 0))
    while_resting()
    messages = []
    while True:
        data = sock.recv(65536)
        while data:
            size, kind = struct.unpack_from('=IH', data)
            if kind == 3:
                sock.close()
                return messages
            attrs, at = {}, 20
            while at < size:
                length, number = struct.unpack_from('=HH', data, at)
                attrs[number & 0x3fff] = data[at + 4:at + length]
                at += length + 3 & ~3
            messages.append(attrs)
            data = data[size + 3 & ~3:]


def ages_while_resting():
    """age: 0 of what was entered while the dump was resting, never negative"""
    late = []

    def connect():
        for _ in range(64):
            late.append(socket.create_connection(('127.0.0.4', port)))
            late.append(listener.accept()[0])
        time.sleep(0.5)
    with socket.socket() as listener:
        listener.bind(('127.0.0.4', 0))
        listener.listen(7)
        port = listener.getsockname()[1]
        messages = raw_dump('conn-get', connect)
        conn = ynl.attr_sets['conn']
        state, age, *ports = (conn[attr].value for attr in (
            'state', 'age', 'local-port', 'remote-port'))
        got = [(int.from_bytes(m[age], sys.byteorder),
                int.from_bytes(m[state], sys.byteorder) == TCP_STATES.index('listen'))
               for m in messages if age in m and port in
               (int.from_bytes(m[p], sys.byteorder) for p in ports)]
        new = [a for a, listens in got if not listens]
        assert len(new) > 30 and not any(new), new
        assert all(a > 0 for a, listens in got if listens), got
        ours = dump('conn-get', **{'remote-port': port})[0]
        assert len(ours) == 64 and all(c['age'] >= 500000 for c in ours), ours
        for sock in late:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack('ii', 1, 0))
            sock.close()


def age_filter():
    """age: at least so long in a state"""
    old = timed[0]
    time.sleep(max(0, old[2] + 3 - time.monotonic()))
    client, before, after = pair(socket.AF_INET, '127.0.0.1')[1:]
    young = client.getsockname()[1]
    least = int(microseconds(time.monotonic() - after)) + 1500000
    time.sleep(0.2)
    ports = {k[1][1] for k in keys(states=['established'],
                                   **{'age-min': least})}
    assert old[0].getsockname()[1] in ports, 'the old one'
    assert young not in ports, 'the young one'
    time.sleep(2)
    ports = {k[1][1] for k in keys(states=['established'],
                                   **{'age-min': least})}
    assert young in ports, 'the young one, later'
    assert not keys(**{'age-min': 10 ** 12})


def age_known():
    """age: known of all sockets that are younger than the module"""
    conns, summary = dump('conn-get')
    assert all('age' in c for c in conns), \
        [c for c in conns if 'age' not in c][:3]
    assert summary['skipped'] == summary['ageless'] == 0, summary


def listeners_ss():
    """listeners: those of ss, with their queues"""
    got = dump('listener-get')[0]
    ours = ordered(((ipaddress.ip_address(x['local-addr']), x['local-port']),
                   x['uid'], x.get('inode', 0), x['cookie'],
                   (x['accept-queue'], x['accept-limit'])) for x in got)
    same(ours, ordered((s['key'][1], s['uid'], s['inode'], s['cookie'],
                       s['queues']) for s in ss() if s['key'][0] == 'listen'))
    assert any(x['accept-queue'] == 1 and x['backlog'] == 7 for x in got)


def listeners_half_open():
    """listeners: half-open requests, those of ss"""
    theirs = {}
    for state, local, _ in ss_keys():
        if state == 'syn-recv':
            theirs[local[1]] = theirs.get(local[1], 0) + 1
    ours = {x['local-port']: x['half-open']
            for x in dump('listener-get')[0] if x['half-open']}
    assert ours, 'no half-open requests'
    assert ours.items() <= theirs.items(), (ours, theirs)
    port = deferred.getsockname()[1]
    assert ours[port] == 3, ours
    young = dump('listener-get', **{'local-port': port})[0][0]['young']
    assert young <= 3, young


def ss_drops(port):
    """What ss has counted at a listener"""
    out = subprocess.run(['ss', '-Htlnm', f'sport = :{port}'], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return int(out.split('skmem:(')[1].split(')')[0].split(',d')[1])


def listeners_drops():
    """listeners: drops, those of ss"""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(('127.0.0.1', 0))
    listener.listen(0)
    held.append(listener)
    port = listener.getsockname()[1]
    for _ in range(4):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.setblocking(False)
        client.connect_ex(('127.0.0.1', port))
        held.append(client)
    time.sleep(0.3)
    # Clients go on trying.
    before = ss_drops(port)
    ours = dump('listener-get', **{'local-port': port})[0][0]
    assert 0 < before <= ours['drops'] <= ss_drops(port), (ours, before)
    assert ours['accept-queue'] == 1 and ours['accept-limit'] == 0, ours
    assert 'age' in ours, ours


def listeners_filter():
    """listeners: filter by port, family, address, uid, age"""
    every = dump('listener-get')[0]
    port = firsts[0].getsockname()[1]
    assert any(x['local-port'] == port for x in every)
    for which, test in (
            ({'local-port': port}, lambda x: x['local-port'] == port),
            ({'family': 10}, lambda x: x['family'] == 10),
            ({'uid': 1234}, lambda x: x['uid'] == 1234),
            ({'local-addr': bytes([127, 0, 0, 0]), 'local-prefix': 8},
             lambda x: matches(ipaddress.ip_address(x['local-addr']),
                               ipaddress.ip_network('127.0.0.0/8'))),
            ({'age-min': 10 ** 12}, lambda x: False)):
        got = dump('listener-get', **which)[0]
        want = [x['local-port'] for x in every if test(x)]
        assert ordered(x['local-port'] for x in got) == ordered(want), \
            (which, got)


def unprivileged():
    """an unprivileged user: as much as in /proc/net/tcp, and no more"""
    own = []

    def check():
        become_nobody()
        own.append(pair_of_nobody())
        conns = dump('conn-get')[0]
        ours = ordered((c['state'], *addresses(c), c['uid'],
                       c.get('inode', 0)) for c in conns)
        same(ours, ordered(proc_net('tcp') + proc_net('tcp6')))
        for c in conns + dump('listener-get')[0]:
            mine = c['uid'] == 65534
            assert ('cookie' in c) == mine, c
            assert mine or 'cgroup' not in c, c
        assert any(c['uid'] == 65534 for c in conns)
        group = next((c['cgroup'] for c in conns if 'cgroup' in c), 1)
        assert all(c['uid'] == 65534
                   for c in dump('conn-get', cgroup=group)[0])
        same_as_proc(lambda: ynl.do('stats-get', {}))
        refused(errno.EPERM, ALL_TEXT, '.all-netns', 'stats-get',
                {'all-netns': True})
        refused(errno.EPERM, SET_TEXT, None, 'config-set',
                {'audit-interval': 1000}, do=True)
        assert ynl.do('config-get', {})['audit-interval'] == 5000
    in_child(check)


def pair_of_nobody():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(('127.0.0.1', 0))
    listener.listen(7)
    return listener


SET_TEXT = 'the configuration is for CAP_NET_ADMIN in the initial namespace'


def other_namespace():
    """root of another namespace: neither all namespaces, nor configuration"""
    refused(errno.EPERM, ALL_TEXT, '.all-netns', 'stats-get',
            {'all-netns': True})
    refused(errno.EPERM, SET_TEXT, None, 'config-set',
            {'audit-interval': 1000}, do=True)

    def check():
        assert libc.unshare(CLONE_NEWNET) == 0
        fresh()
        assert not dump('conn-get')[0] and not dump('listener-get')[0]
        assert all(s['entered'] == 0
                   for s in ynl.do('stats-get', {})['state'])
    in_child(check)


def refusals():
    """each wrong attribute: refused with a text and that attribute"""
    inval, erange = errno.EINVAL, errno.ERANGE
    prefix = {'local-addr': bytes(4)}
    for error, text, attribute, which in (
            (inval, 'reserved bit set', 'states', {'states': 1}),
            (inval, 'reserved bit set', 'states', {'states': 1 << 12}),
            (erange, 'integer out of range', 'local-port', {'local-port': 0}),
            (erange, 'integer out of range', 'remote-port',
             {'remote-port': 0}),
            (inval, 'an address has 4 or 16 bytes', 'local-addr',
             {'local-addr': bytes(3)}),
            (inval, 'an address has 4 or 16 bytes', 'remote-addr',
             {'remote-addr': bytes(17)}),
            (inval, 'an address has 4 or 16 bytes', 'local-addr',
             {'local-addr': bytes(5)}),
            (inval, 'an address has 4 or 16 bytes', 'remote-addr',
             {'remote-addr': bytes(15)}),
            (inval, 'a prefix length needs its address', 'local-prefix',
             {'local-prefix': 8}),
            (inval, 'a prefix length needs its address', 'remote-prefix',
             {'remote-prefix': 8, **prefix}),
            (inval, 'the prefix is longer than the address', 'local-prefix',
             {'local-prefix': 33, **prefix}),
            (erange, 'integer out of range', 'local-prefix',
             {'local-prefix': 129, **prefix}),
            (inval, 'the family is AF_INET or AF_INET6', 'family',
             {'family': 3}),
            (erange, 'integer out of range', 'family', {'family': 1}),
            (erange, 'integer out of range', 'uid', {'uid': 0xffffffff}),
            (erange, 'integer out of range', 'cgroup', {'cgroup': 0})):
        refused(error, text, '.filter.' + attribute, 'conn-get',
                {'filter': which})
    for which in ({'states': 2}, {'remote-port': 1},
                  {'remote-addr': bytes(4)}, {'remote-prefix': 1}):
        refused(inval, 'listeners have no such thing',
                '.filter.' + next(iter(which)), 'listener-get',
                {'filter': which})
    for operation, values in (('conn-get', {'state': 'listen'}),
                              ('conn-get', {'age': 1}),
                              ('listener-get', {'drops': 1}),
                              ('hist-get', {'count': 1}),
                              ('stats-get', {'netns-ino': 1})):
        refused(inval, 'Unsupported attribute', '.' + next(iter(values)),
                operation, values)
    refused(erange, 'integer out of range', '.from', 'hist-get', {'from': 12})
    refused(erange, 'integer out of range', '.to', 'hist-get', {'to': 0})
    refused(inval, 'Linux makes no such transition', '.to', 'hist-get',
            {'from': 'listen', 'to': 'time-wait'})
    refused(inval, 'all namespaces need a dump', '.all-netns', 'stats-get',
            {'all-netns': True}, do=True)
    refused(inval, 'Unsupported attribute', '.clock', 'config-get',
            {'clock': 'x'}, do=True)
    for values in ({'version': 'x'}, {'max-connections': 1},
                   {'max-counter-memory': 1}, {'clock': 'tsc'}):
        refused(inval, 'cannot be set', '.' + next(iter(values)),
                'config-set', values, do=True)
    for value in (0, 99, 3600001, 0xffffffff):
        refused(erange, 'integer out of range', '.audit-interval',
                'config-set', {'audit-interval': value}, do=True)


def config():
    """configuration: as in /sys/module, and the audit's interval can be set"""
    got = ynl.do('config-get', {})
    with open('/sys/module/tcpstates/parameters/max_connections',
              encoding='ascii') as file:
        assert got['max-connections'] == int(file.read())
    with open('/sys/module/tcpstates/version', encoding='ascii') as file:
        assert got['version'] == file.read().strip()
    clock = next(line[2] for line in proc_lines()
                 if line[:2] == ('hook', 'clock'))
    assert got['clock'] == clock and got['audit-interval'] == 5000, got

    def check():
        enter_initial()
        refused(errno.EINVAL, 'there is nothing to set', None, 'config-set',
                {}, do=True)
        ynl.do('config-set', {'audit-interval': 100})
        assert ynl.do('config-get', {})['audit-interval'] == 100
    in_child(check)
    assert drift() == 0
    started = time.monotonic()
    with open('/sys/module/tcpstates/parameters/test_pause', 'w',
              encoding='ascii') as file:
        file.write('1')
        file.flush()
        pair(socket.AF_INET, '127.0.0.1')
        file.write('0')
        file.flush()
    # Three audits in a row: at five seconds each that takes ten at least.
    while not drift() and time.monotonic() - started < 9:
        time.sleep(0.1)
    assert drift(), 'no audit in nine seconds'

    def reset():
        enter_initial()
        ynl.do('config-set', {'audit-interval': 5000})
    in_child(reset)


def drift():
    return next(int(line[2]) for line in proc_lines()
                if line[:2] == ('counter', 'drift'))


def multicast_group():
    """the multicast group for alerts is there"""
    fresh()
    ynl.ntf_subscribe('alerts')
    fresh()


def older_than_module():
    """age: of what is older than the module only a lower bound"""
    begun = time.monotonic()
    reload()
    time.sleep(1)
    client, before, after = pair(socket.AF_INET, '127.0.0.1')[1:]
    conns = dump('conn-get')[0]
    now = time.monotonic()
    new = [c for c in conns if 'age' in c]
    port = client.getsockname()[1]
    assert all(port in (c['local-port'], c['remote-port']) or
               c['state'] == 'listen' for c in new), new
    old = [c for c in conns if 'age' not in c]
    assert len(old) > 100
    for conn in old:
        assert 900000 < conn['age-at-least'] < \
            microseconds(now - begun), conn
    assert len(keys(**{'age-min': 900000})) >= len(old)


TESTS = (stats_do, stats_dump, stats_all, hist_all, hist_filter, conns_ss,
         conns_proc, conns_kinds, filter_states, filter_ports,
         filter_addresses, filter_family, filter_owner, filter_together, ages,
         ages_later, ages_together, ages_while_resting, age_filter, age_known, listeners_ss, listeners_half_open,
         listeners_drops, listeners_filter, unprivileged, other_namespace,
         refusals, config,
         multicast_group, older_than_module)

timed = []
firsts = []
deferred = socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def prepare():
    """Connections; and three that stay requests, for want of data."""
    deferred.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 120)
    deferred.bind(('127.0.0.1', 0))
    deferred.listen(10)
    for _ in range(3):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.connect(deferred.getsockname())
        held.append(client)
    for family, host, uid, connect in (
            (socket.AF_INET, '127.0.0.1', 1234, None),
            (socket.AF_INET, '127.0.0.2', 0, None),
            (socket.AF_INET6, '::1', 1234, None),
            (socket.AF_INET6, '::', 0, '::ffff:127.0.0.1')):
        listener, *rest = pair(family, host, 0, uid, connect)
        timed.append(rest)
        firsts.append(listener)


prepare()
run_tests(TESTS)
