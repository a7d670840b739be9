# SPDX-License-Identifier: GPL-2.0
"""What the tests of the netlink family share: the kernel's YNL client, with our
spec; ss; and somebody else to be.
"""
import ctypes
import ipaddress
import os
import socket
import subprocess
import sys
import traceback

sys.path.insert(0, '/usr/src/linux/tools/net/ynl')
from lib import YnlFamily, NlError, ynl as ynl_module  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = HERE + '/../docs/netlink/tcpstates.yaml'
SCHEMA = '/usr/src/linux/Documentation/netlink/genetlink.yaml'
PROC = '/proc/thread-self/net/tcpstates'
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
PR_SET_DUMPABLE = 4
NOBODY = 65534

SS_STATES = {'ESTAB': 'established', 'FIN-WAIT-1': 'fin-wait1',
             'FIN-WAIT-2': 'fin-wait2'}

ALL_TEXT = 'all namespaces are for CAP_NET_ADMIN in the initial namespace'
# What a dump itself refuses, and no policy
OWN = ('the family is AF_INET or AF_INET6',
       'a prefix length needs its address',
       'the prefix is longer than the address',
       'Linux makes no such transition',
       ALL_TEXT)
OLD = tuple(map(int, os.uname().release.split('.')[:2])) < (6, 7)

libc = ctypes.CDLL(None, use_errno=True)
ynl = YnlFamily(SPEC, SCHEMA)


def fresh():
    """A new netlink socket: of this namespace, and with these credentials."""
    ynl.sock.close()
    ynl.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    for option in (10, 11, 12):
        ynl.sock.setsockopt(270, option, 1)


def reload():
    """The module again, and whom to ask: its number is another one."""
    subprocess.run(['rmmod', 'tcpstates'], check=True)
    subprocess.run(['insmod', os.environ['TCPSTATES_KO']], check=True)
    ynl_module.genl_family_name_to_id = None
    ynl.sock.close()
    ynl.__init__(SPEC, SCHEMA)


def ordered(items):
    """Sorted, whatever they are: addresses of two families among them."""
    return sorted(items, key=str)


def address(text):
    """ADDRESS:PORT as ss prints it."""
    host, port = text.rsplit(':', 1)
    host = host.split('%')[0].strip('[]')
    return (ipaddress.ip_address('::' if host == '*' else host),
            0 if port == '*' else int(port))


def ss(*arguments):
    """Sockets as ss lists them."""
    out = subprocess.run(['ss', '-Htane', *arguments], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    sockets = []
    for line in out.splitlines():
        words = line.split()
        more = dict(w.split(':', 1) for w in words[5:] if ':' in w)
        state = SS_STATES.get(words[0], words[0].lower())
        sockets.append({
            'key': (state, address(words[3]), address(words[4])),
            'queues': (int(words[1]), int(words[2])),
            'uid': int(more.get('uid', 0)), 'inode': int(more.get('ino', 0)),
            'cookie': int(more['sk'], 16), 'cgroup': more.get('cgroup')})
    return sockets


def same(ours, theirs):
    assert len(theirs), 'nothing to compare with'
    assert ours == theirs, \
        f'only ours: {[x for x in ours if x not in theirs][:4]}, ' \
        f'only theirs: {[x for x in theirs if x not in ours][:4]}'


def refused(error, message, attribute, operation, values, do=False):
    """The request is refused with that error, text and attribute."""
    try:
        if do:
            ynl.do(operation, values)
        else:
            ynl.dump(operation, values)
    except NlError as refusal:
        extack = refusal.nl_msg.extack or {}
        got = (refusal.error, extack.get('msg'), extack.get('bad-attr'))
        # Before 6.7 a dump's own refusals come in its last message, which has
        # a text only; what a policy refuses has both everywhere.
        if OLD and message in OWN:
            attribute = None
        assert got == (error, message, attribute), f'{values}: {got}'
        return
    raise AssertionError(f'{operation} {values}: not refused')


def in_child(check):
    """Run a check in a child, where it may become somebody else."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        try:
            check()
            os._exit(0)
        except BaseException:
            traceback.print_exc(limit=3)
            sys.stderr.flush()
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0, 'see standard error'


def enter_initial():
    with open('/proc/1/ns/net', encoding='ascii') as file:
        assert libc.setns(file.fileno(), CLONE_NEWNET) == 0
    fresh()


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    fresh()


def become_root_of_a_user_namespace(more=0):
    """By somebody who has no rights, as he may"""
    become_nobody()
    # Or /proc/self stays root's
    assert libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0
    assert libc.unshare(CLONE_NEWUSER | more) == 0
    for file, text in (('setgroups', 'deny'), ('uid_map', f'0 {NOBODY} 1'),
                       ('gid_map', f'0 {NOBODY} 1')):
        with open('/proc/self/' + file, 'w', encoding='ascii') as out:
            out.write(text)
    fresh()
    assert os.getuid() == 0
