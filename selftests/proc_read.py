# SPDX-License-Identifier: GPL-2.0
"""Reads /proc/tcpstates in all ways that there are.

  proc_read.py rest
        while nothing changes: byte by byte, in pieces, by pread() at any offset,
        and past the end, there is the same as in one read
  proc_read.py hammer PROCESSES STOP
        so many processes that read it as a whole, byte by byte, in odd pieces, or
        by pread() at odd offsets, here or the initial namespace's, until the file
        STOP is there: what they get is whole and consistent; if the module goes,
        the beginning of what is
  proc_read.py frozen PROCESSES
        so many that read it like that, stopped by SIGSTOP, with the file open; says
        "frozen".  When its standard input ends they go on until the module has
        gone, or their parent has: what they had is the beginning of what is, the
        rest is the error EIO, and nothing else
"""

import errno
import os
import random
import re
import signal
import sys
import time

PROC = "/proc/tcpstates"
INITIAL = "/proc/1/net/tcpstates"
LINE = re.compile("|".join((
    r"tcpstates 1",
    r"# .*",
    r"state +[A-Z_12]+ +(-|\d+)( +\d+){2}( +(-|\d+)){3} +\d+",
    r"transition +[A-Z_12]+ +[A-Z_12]+ +\d+( +(-|\d+)){3} +\d+",
    r"closed +[A-Z_12]+ +[a-z]+ +\d+",
    r"alert +[a-z_]+ +(clear|raised|off)( +\d+){4}",
    r"culprit( +\S+){9}",
    r"counter +[a-z_]+ +\d+",
    r"hook +\w+ +[a-z]+ +[a-z]+")))
# EINVAL: the symbolic link that is just being removed
GONE = (errno.ENOENT, errno.EIO, errno.ENODEV, errno.EINVAL)


def whole(fd):
    return os.read(fd, 1 << 20)


def by_bytes(fd):
    return b"".join(iter(lambda: os.read(fd, 1), b""))


def by_pieces(fd):
    return b"".join(iter(lambda: os.read(fd, random.randint(1, 997)), b""))


def wrong(text, cut):
    """What is wrong with it; None: nothing."""
    lines = text.split("\n")
    last = lines.pop()
    if not cut and last:
        return "does not end with a line's end: " + last
    if not cut and (not lines or not lines[-1].startswith("hook ")):
        return "ends too early"
    for line in lines:
        if not LINE.fullmatch(line):
            return "not understood: " + line
        word = line.split()
        if (word[0] == "state" and word[2] != "-" and
                int(word[3]) - int(word[4]) != int(word[2])):
            return "does not add up: " + line
    return None


def sizes(how):
    """How much each read() asks for."""
    while True:
        yield {whole: 1 << 20, by_bytes: 1}.get(how) or random.randint(1, 997)


def opened(path):
    """None: there is no module."""
    try:
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise


def read_all(how, path):
    """(TEXT, was it cut short); None: there is no module."""
    parts = []
    fd = opened(path)
    if fd is None:
        return None
    try:
        for size in sizes(how):
            part = os.read(fd, size)
            if not part:
                return b"".join(parts).decode("ascii"), False
            parts.append(part)
    except OSError as error:
        if error.errno not in GONE:
            raise
        return b"".join(parts).decode("ascii"), True
    finally:
        os.close(fd)


def anywhere(fd):
    """What pread() gives somewhere: from its first whole line on."""
    part = os.pread(fd, random.randint(1, 4099), random.randrange(9000))
    return part.decode("ascii").partition("\n")[2]


def read_anywhere(path):
    """[(TEXT, True)...], or None, as read_all(); each part is of one time."""
    parts = []
    fd = opened(path)
    if fd is None:
        return None
    try:
        while len(parts) < 20:
            parts.append((anywhere(fd), True))
    except OSError as error:
        if error.errno not in GONE:
            raise
    finally:
        os.close(fd)
    return parts


def collect(stop, how, path):
    """[(TEXT, was it cut short)...], of whole reads, or of parts"""
    texts = []
    time.sleep(random.uniform(0, 2))
    while not os.path.exists(stop):
        if how == anywhere:
            got = read_anywhere(path)
        else:
            got = read_all(how, path)
            got = got and [got]
        texts += got or []
        time.sleep(random.uniform(0, 2) if got else 0.1)
    return texts


def reader(stop, number):
    # One in twenty by bytes: that is thousands of calls each time.
    how = by_bytes if number % 20 == 0 else \
        (whole, by_pieces, anywhere)[number % 3]
    texts = collect(stop, how, INITIAL if number % 4 == 0 else PROC)
    # Not before there is time for it, and not each of those that were not cut
    for text in texts if len(texts) < 8 else \
            random.sample(texts, 8) + [t for t in texts if t[1]][:8]:
        bad = wrong(*text)
        if bad:
            print("%s: %s" % (how.__name__, bad), flush=True)
            return 1
    cut = 0 if how == anywhere else sum(cut for _, cut in texts)
    os.write(told[1], b"%d %d\n" % (len(texts), cut))
    return 0 if texts else 2


def fork_all(processes, child):
    """So many of them, nicer than we are, so that they do not keep us from going on;
    each ends with what child(number) returns."""
    pids = []
    for number in range(processes):
        pid = os.fork()
        if not pid:
            os.nice(19)
            random.seed(number)
            os._exit(child(number))
        pids.append(pid)
    return pids


def all_well(pids):
    ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    print("%d of %d ended well" % (ends.count(0), len(ends)), flush=True)
    return ends.count(0) == len(ends)


def frozen(parent, number):
    path = INITIAL if number % 4 == 0 else PROC
    fd = os.open(path, os.O_RDONLY)
    got = b""
    os.write(told[1], b"x\n")
    try:
        for size in sizes((whole, by_bytes, by_pieces)[number % 3]):
            if os.getppid() != parent:
                return 1
            part = os.pread(fd, size, len(got))
            # Again and again: pread() at 0 makes it anew.
            got = got + part if part else b""
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    bad = wrong(got.decode("ascii"), True)
    if bad:
        print(bad, flush=True)
    os.close(fd)
    return 1 if bad else 0


def freeze(children):
    """They are in whatever they do."""
    time.sleep(2)
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    for pid in children:
        status = os.waitpid(pid, os.WUNTRACED)[1]
        assert os.WIFSTOPPED(status), status


def rest():
    fd = os.open(PROC, os.O_RDONLY)
    text = whole(fd)
    bad = wrong(text.decode("ascii"), False)
    assert not bad, bad
    assert not os.read(fd, 1)
    for how in by_bytes, by_pieces:
        os.lseek(fd, 0, os.SEEK_SET)
        assert how(fd) == text, how.__name__
    random.seed(1)
    # Forwards, backwards, by far and by one; the odd ones on purpose
    places = [(1, 1), (0, 1), (4095, 2), (4096, 4096), (4097, 1), (2, 4095),
              (len(text) - 1, 1), (len(text) - 1, 100), (len(text), 1),
              (len(text) + 1, 1), (1 << 40, 10)]
    places += [(random.randrange(len(text) + 50), random.randint(1, 5000))
               for _ in range(300)]
    for at, size in places:
        part = os.pread(fd, size, at)
        true = text[at:at + size]
        # A read may be short, but not empty, and never something else.
        assert true.startswith(part) and bool(part) == bool(true), (at, size)
    for at in range(len(text) - 1, -1, -37):
        assert os.pread(fd, 1, at) == text[at:at + 1], at
    os.close(fd)
    print("%d bytes" % len(text))


def hammer(processes, stop):
    well = all_well(fork_all(processes, lambda number: reader(stop, number)))
    os.close(told[1])
    with os.fdopen(told[0]) as file:
        counts = [tuple(map(int, line.split())) for line in file]
    print("%d reads, %d of them cut short by the module's end" %
          (sum(n for n, _ in counts), sum(cut for _, cut in counts)))
    return well


def hold_frozen(processes):
    parent = os.getpid()
    children = fork_all(processes, lambda number: frozen(parent, number))
    with os.fdopen(told[0]) as file:
        for _ in children:
            file.readline()
        freeze(children)
        print("frozen", flush=True)
        sys.stdin.read()
        for pid in children:
            os.kill(pid, signal.SIGCONT)
        return all_well(children)


if __name__ == "__main__":
    told = os.pipe()
    if sys.argv[1] == "rest":
        rest()
    elif sys.argv[1] == "hammer":
        sys.exit(not hammer(int(sys.argv[2]), sys.argv[3]))
    else:
        sys.exit(not hold_frozen(int(sys.argv[2])))
