# SPDX-License-Identifier: GPL-2.0
"""Processes with names that nobody should have, and what is said of them.

  tool_hostile.py hold PORT COUNT NAME
        is called NAME, in bytes of hexadecimal; has COUNT connections with itself
        at PORT, of which every second one is left in CLOSE_WAIT; says "open", and
        ends with its standard input
  tool_hostile.py check LEAST < JSON
        each process in the document, LEAST at least, has the name that /proc has,
        and each path of a cgroup is the one of its process
"""

import json
import re
import socket
import sys


def hold(port, count, name):
    with open("/proc/self/comm", "wb") as comm:
        comm.write(bytes.fromhex(name))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(count)
    held = []
    for i in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        held.append(listener.accept()[0])
        if i % 2:
            client.close()
        else:
            held.append(client)
    print("open", flush=True)
    sys.stdin.read()


def plain(word):
    """The bytes that a printed word stands for."""
    def unescape(match):
        code = match.group(1)
        return b"\\" if code == b"\\" else bytes([int(code[1:], 16)])

    assert re.fullmatch(r"[!-~]*", word), "not printable: %r" % word
    return re.sub(rb"\\(\\|x[0-9a-f]{2})", unescape, word.encode())


def comm(pid):
    with open("/proc/%d/comm" % pid, "rb") as file:
        return file.read()[:-1]


def cgroup(pid):
    with open("/proc/%d/cgroup" % pid, "rb") as file:
        return file.read()[:-1].split(b":", 2)[2]


def same(what, said, true):
    if said != true:
        print("%s: %r, but it is %r" % (what, said, true))
        sys.exit(1)


def check(value):
    """How many processes there are in it."""
    if isinstance(value, list):
        return sum(map(check, value))
    if not isinstance(value, dict):
        return 0
    if "name" in value and "pid" in value:
        same("name of %d" % value["pid"], plain(value["name"]),
             comm(value["pid"]))
        return 1
    process = value.get("process")
    if process and value.get("cgroup_path"):
        same("cgroup of %d" % process["pid"], plain(value["cgroup_path"]),
             cgroup(process["pid"]))
    return sum(map(check, value.values()))


if sys.argv[1] == "hold":
    hold(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
else:
    n = check(json.load(sys.stdin))
    print("%d processes" % n)
    sys.exit(n < int(sys.argv[2]))
