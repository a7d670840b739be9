#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who may see and change what.

Runs in a network namespace of its own; prints KTAP.  A container is what a user
makes with unshare --user --map-root-user --net --pid --mount.
"""
import errno
import ipaddress
import json
import os
import socket
import subprocess

from ktap import run_tests
from netlink_ynl import (ALL_TEXT, CLONE_NEWNET, NOBODY, PROC, become_nobody,
                         become_root_of_a_user_namespace, enter_initial,
                         fresh, in_child, libc, ordered, refused, same, ss,
                         ynl)

CLONE_NEWNS, CLONE_NEWPID = 0x20000, 0x20000000
PARAMETERS = '/sys/module/tcpstates/parameters'
OURS, THEIRS = 7401, 7402
RULE_TEXT = 'rules are for CAP_NET_ADMIN over the namespace'
CONFIG_TEXT = 'the configuration is for CAP_NET_ADMIN in the initial namespace'


# --- what there is -----------------------------------------------------------

def end(conn, side):
    return (ipaddress.ip_address(conn[side + '-addr']), conn[side + '-port'])


def dump(operation, **which):
    got = ynl.dump(operation, {'filter': which} if which else {})
    assert list(got[-1]) == ['summary'], got[-1]
    return got[:-1]


def conns():
    """As ss() has them, without control groups"""
    return ordered((c['state'], end(c, 'local'), end(c, 'remote'), c['uid'],
                    c.get('inode', 0), c.get('cookie'))
                   for c in dump('conn-get'))


def ss_conns():
    return ordered((*s['key'], s['uid'], s['inode'], s['cookie'])
                   for s in ss())


def opened():
    """Connects here, as the kernel and as we count them"""
    with open('/proc/thread-self/net/snmp', encoding='ascii') as file:
        names, values = [line.split() for line in file
                         if line.startswith('Tcp:')]
    with open(PROC, encoding='ascii') as file:
        ours = next(int(w[3]) for w in map(str.split, file)
                    if w[:3] == ['transition', 'CLOSED', 'SYN_SENT'])
    return int(values[names.index('ActiveOpens')]), ours


def text_rules():
    with open(PARAMETERS + '/rule', encoding='ascii') as file:
        return file.read()


def age_of_half_dead():
    return next(r['age'] for r in ynl.dump('rule-get', {})
                if r['rule'] == 'half-dead')


# --- who is there ------------------------------------------------------------

held = []


def connect(port, uid=0):
    """A listener of somebody's, and a connection to it"""
    os.seteuid(uid)
    listener, client = socket.socket(), socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', port))
    listener.listen(7)
    client.connect(('127.0.0.1', port))
    held.extend((listener, client, listener.accept()[0]))
    os.seteuid(0)


def in_container(check, before=None):
    """Run a check as root of a container; the host does something before."""
    go, there = os.pipe(), os.pipe()

    def first():
        assert os.getpid() == 1
        assert libc.mount(b'proc', b'/proc', b'proc', 0, None) == 0
        subprocess.run(('ip', 'link', 'set', 'lo', 'up'), check=True)
        os.write(there[1], b'x')
        os.read(go[0], 1)
        check()

    def outside():
        become_root_of_a_user_namespace(CLONE_NEWNET | CLONE_NEWNS |
                                        CLONE_NEWPID)
        os.write(there[1], b'%20d' % os.getpid())
        in_child(first)
    pid = os.fork()
    if not pid:
        try:
            in_child(outside)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(there[1])
    container = os.read(there[0], 20)
    assert container and os.read(there[0], 1) == b'x', 'see standard error'
    if before:
        before(int(container))
    os.write(go[1], b'x')
    assert os.waitpid(pid, 0)[1] == 0, 'see standard error'
    for fd in (*go, there[0]):
        os.close(fd)


def refused_elsewhere():
    """What is only for root of the initial namespaces"""
    for operation in ('stats-get', 'alert-get', 'rule-get', 'history-get'):
        refused(errno.EPERM, ALL_TEXT, '.all-netns', operation,
                {'all-netns': True})
    refused(errno.EPERM, CONFIG_TEXT, None, 'config-set',
            {'audit-interval': 1000}, do=True)
    assert ynl.do('config-get', {})['audit-interval'] == 5000


def refused_rule():
    refused(errno.EPERM, RULE_TEXT, None, 'rule-set',
            {'rule': 'half-dead', 'age': 5}, do=True)


# --- a container -------------------------------------------------------------

def container_conns():
    """a container: its connections, those of its ss, and none of ours"""
    def check():
        assert not dump('conn-get') and not dump('listener-get')
        connect(THEIRS)
        same(conns(), ss_conns())
        listeners = dump('listener-get')
        assert [x['local-port'] for x in listeners] == [THEIRS], listeners
        # All are its own: it has all details, and its own numbers of users.
        for c in dump('conn-get') + listeners:
            assert c['uid'] == 0 and 'cookie' in c, c
            assert 'cgroup' in c or not KNOWN, c
        assert len(dump('conn-get', uid=0)) == 3
        assert not dump('conn-get', uid=NOBODY)
        assert not dump('conn-get', **{'local-port': OURS})
    in_container(check)


def container_guest():
    """a container: a socket of ours in it is nobody's, with its details"""
    opens = os.pipe()

    def visit(container):
        """Root of the host, in the container's network namespace"""
        def visitor():
            with open(f'/proc/{container}/ns/net', encoding='ascii') as file:
                assert libc.setns(file.fileno(), CLONE_NEWNET) == 0
            connect(OURS)
            os.write(opens[1], b'x')
            os.read(leave[0], 1)
        pid = os.fork()
        if not pid:
            try:
                in_child(visitor)
                os._exit(0)
            finally:
                os._exit(1)
        visitors.append(pid)
        assert os.read(opens[0], 1) == b'x', 'see standard error'

    def check():
        found = dump('conn-get')
        assert len(found) == 3, found
        for c in found:
            assert c['uid'] == NOBODY and 'cookie' in c, c
        assert not dump('conn-get', uid=0) and not dump('conn-get', uid=NOBODY)
        same(conns(), ss_conns())
    visitors, leave = [], os.pipe()
    in_container(check, visit)
    os.write(leave[1], b'x')
    assert os.waitpid(visitors[0], 0)[1] == 0, 'see standard error'


def read(path):
    with open(path, encoding='ascii') as file:
        return file.read()


def container_numbers():
    """a container: /proc/tcpstates has its numbers, whichever way it is read"""
    ours = opened()

    def check():
        assert opened() == (0, 0)
        connect(THEIRS)
        assert opened() == (1, 1)
        # What another namespace has left may end meanwhile: "tracked" is of all.
        for path in (PROC, '/proc/1/net/tcpstates', '/proc/self/net/tcpstates'):
            for _ in range(20):
                before, text, after = map(read, ('/proc/tcpstates', path,
                                                 '/proc/tcpstates'))
                if before == text == after:
                    break
            assert before == text == after, path
        states = {s['state']: s['current'] for s in
                  ynl.do('stats-get', {})['state'] if s.get('current')}
        assert states == {'established': 2, 'listen': 1}, states
    in_container(check)
    assert opened() == ours and ours[0] == ours[1] > 0, ours


def container_changes():
    """a container: changes its own rules, and nothing else"""
    rules, before = text_rules(), {}
    for name in sorted(os.listdir(PARAMETERS)):
        try:
            with open(f'{PARAMETERS}/{name}', encoding='ascii') as file:
                before[name] = file.read()
        except PermissionError:
            before[name] = None

    def check():
        refused_elsewhere()
        ynl.do('rule-set', {'rule': 'half-dead', 'age': 5})
        assert age_of_half_dead() == 5 and text_rules() != rules
        for name in before:
            try:
                with open(f'{PARAMETERS}/{name}', 'w', encoding='ascii'):
                    pass
                raise AssertionError(f'{name} can be written')
            except PermissionError:
                pass
    assert len(before) > 5 and 'log_alerts' in before, before
    in_container(check)
    assert text_rules() == rules and age_of_half_dead() != 5


# --- less than that ----------------------------------------------------------

def sees_only_details_of(uid, shown):
    """Of others no more than /proc/net/tcp has"""
    found = dump('conn-get') + dump('listener-get')
    mine = [c for c in found if c['uid'] == uid]
    assert [len(mine), len(found)] == shown, (len(mine), len(found))
    for c in found:
        assert ('cookie' in c) == (c in mine), c
        assert c in mine or 'cgroup' not in c, c


def user_namespace():
    """root of a user namespace alone: as any user, whose numbers are others"""
    before = text_rules()

    def check():
        become_root_of_a_user_namespace()
        held.append(socket.create_server(('127.0.0.1', THEIRS)))
        # Once as a connection that listens, once as a listener
        sees_only_details_of(0, [2, 10])
        assert all(c['uid'] in (0, NOBODY) for c in dump('conn-get'))
        assert len(dump('conn-get', uid=0)) == 1
        for uid in (NOBODY, 1234):
            assert not dump('conn-get', uid=uid), uid
        # Only that of his own socket can be asked for.
        assert len(dump('conn-get', cgroup=KNOWN or 1)) == bool(KNOWN)
        refused_elsewhere()
        refused_rule()
        # A file of /proc for each process: as the kernel's own, of all
        for name in ('tcp', 'tcpstates'):
            with open(f'/proc/1/net/{name}', encoding='ascii') as file:
                assert file.read()
    def in_the_initial_one(become):
        enter_initial()
        become()
        refused_elsewhere()
        refused_rule()
    in_child(check)
    for become in become_nobody, become_root_of_a_user_namespace:
        in_child(lambda who=become: in_the_initial_one(who))
    assert text_rules() == before


def change_hands():
    """a netlink socket that changes hands: CAP_NET_ADMIN if both have it"""
    def opened_by_root():
        fresh()
        mine = ynl.sock.dup()
        become_nobody()
        ynl.sock = mine
        sees_only_details_of(NOBODY, [0, 8])
        refused_rule()
        refused_elsewhere()

    def used_by_root():
        os.seteuid(NOBODY)
        fresh()
        os.seteuid(0)
        assert all('cookie' not in c for c in dump('conn-get')
                   if c['uid'] == 1234)
        refused_rule()
        refused_elsewhere()

    def used_by_root_only():
        fresh()
        assert all('cookie' in c for c in dump('conn-get'))
    in_child(opened_by_root)
    in_child(used_by_root)
    in_child(used_by_root_only)


def network_namespace():
    """root of another network namespace: all of it, and of nothing else"""
    before, ours = text_rules(), opened()

    def check():
        assert libc.unshare(CLONE_NEWNET) == 0
        subprocess.run(('ip', 'link', 'set', 'lo', 'up'), check=True)
        fresh()
        assert opened() == (0, 0) and not dump('conn-get')
        connect(THEIRS, 1234)
        same(conns(), ss_conns())
        assert all('cookie' in c for c in dump('conn-get'))
        refused_elsewhere()
        ynl.do('rule-set', {'rule': 'half-dead', 'age': 5})
        assert age_of_half_dead() == 5
        # The file is of the writer's namespace, too.
        with open(PARAMETERS + '/rule', 'w', encoding='ascii') as file:
            file.write('half_dead age=6')
        assert age_of_half_dead() == 6
    in_child(check)
    assert text_rules() == before and opened() == ours


def no_net_admin():
    """root without CAP_NET_ADMIN: details of root's sockets, and no rules"""
    setpriv = ('setpriv', '--bounding-set=-net_admin', 'tcpstatectl')
    before = text_rules()
    said = json.loads(subprocess.run(
        (*setpriv, 'conns', '-j', 'state', 'listen,established'), check=True,
        stdout=subprocess.PIPE).stdout)['connections']
    assert {c['uid'] for c in said} == {0, 1234}, said
    for c in said:
        assert (c['cookie'] is None) == (c['uid'] == 1234), c
        assert c['cgroup'] is None or c['uid'] == 0, c
    done = subprocess.run((*setpriv, 'rules', 'set', 'half_dead', 'age=5s'),
                          check=False, stderr=subprocess.PIPE)
    assert done.returncode == 2 and RULE_TEXT.encode() in done.stderr, done
    assert text_rules() == before


# A connection of root's, and one of a user's: three sockets each
connect(OURS)
connect(OURS + 100, 1234)
KNOWN = next((c['cgroup'] for c in dump('conn-get') if 'cgroup' in c), 0)
run_tests((container_conns, container_guest, container_numbers,
           container_changes, user_namespace, change_hands,
           network_namespace, no_net_admin))
