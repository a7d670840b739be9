#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Whoever is asked says the same: /proc/tcpstates, the family by the kernel's
YNL client, and the JSON of tcpstatectl.

Runs in a namespace in which tcp_walk holds sockets in all states; prints KTAP.
What a source says is a dictionary: what it is about and the field, to a value.
"""
import ipaddress
import json
import os
import socket
import subprocess
import sys
import time

from ktap import run_tests
from netlink_ynl import PROC, enter_initial, in_child, ynl

ROUNDS = int(sys.argv[1])
INODE = os.stat('/proc/thread-self/ns/net').st_ino
PORT = 7700
held = []

DWELL = ('p50', 'p99', 'max', 'samples')
PARAMS = ('enabled', 'count', 'percent', 'age', 'duration', 'clear', 'quiet')
# Keyword: how many words say what the line is about, names of the others
LINES = {
    'state': (1, ('current', 'entered', 'left', *DWELL)),
    'transition': (2, ('count', *DWELL)),
    'closed': (2, ('count',)),
    'alert': (1, ('status', 'raised_total', 'current', 'threshold',
                  'active')),
    'culprit': (2, ('uid', 'cgroup', 'value', 'peak', 'threshold', 'seconds',
                    'times')),
    'counter': (1, ('value',)),
    'hook': (1, ('mechanism', 'status')),
}
# These never go back.
MONOTONE = ('entered', 'left', 'max', 'samples', 'count', 'raised_total')
GAUGES = ('tracked', 'shared', 'unwatched')


def fields(about, names, values):
    return {(*about, name): value for name, value in zip(names, values)}


def number(text):
    if text == '-':
        return None
    return int(text) if text.isdigit() else text


# --- /proc/tcpstates ---------------------------------------------------------

def proc():
    said = {}
    with open(PROC, encoding='ascii') as file:
        for line in file:
            key, *words = line.split()
            if key not in LINES:
                continue
            count, names = LINES[key]
            about = (key, *(word.lower() for word in words[:count]))
            assert len(words) == count + len(names), line
            said |= fields(about, names, map(number, words[count:]))
    return said


# --- netlink -----------------------------------------------------------------

def plain(name):
    return name.replace('-', '_')


def ynl_dwell(dwell):
    return [dwell.get(key) for key in ('p50', 'p99', 'longest')] + \
        [dwell['samples']]


def ynl_fields(stats):
    said = {}
    for s in stats['state']:
        said |= fields(('state', plain(s['state'])), LINES['state'][1],
                       [s.get('current'), s['entered'], s['left'],
                        *ynl_dwell(s['dwell'])])
    for e in stats['edge']:
        said |= fields(('transition', plain(e['from']), plain(e['to'])),
                       LINES['transition'][1],
                       [e['count'], *ynl_dwell(e['dwell'])])
    for c in stats.get('closed', []):
        said['closed', plain(c['from']), c['cause'], 'count'] = c['count']
    for c in stats['counter']:
        said['counter', c['name'], 'value'] = c['value']
    for h in stats['hook']:
        said |= fields(('hook', h['name'].lower()), LINES['hook'][1],
                       (h['mechanism'], h['status']))
    return said


def ynl_stats():
    return ynl_fields(ynl.do('stats-get', {}))


def ynl_hist():
    """Histograms: those of transitions, and the buckets of each."""
    said, buckets = {}, {}
    for h in ynl.dump('hist-get', {}):
        about = plain(h['from']), plain(h['to'])
        said |= fields(('transition', *about), LINES['transition'][1],
                       [h['count'], *ynl_dwell(h['dwell'])])
        buckets[about] = [(b['low-ns'], b['high-ns'], b['count'])
                          for b in h.get('bucket', [])]
        assert sum(b[2] for b in buckets[about]) == h['dwell']['samples'], h
    return said, buckets


def alert_line(rule):
    """The line of a rule, from what rule-get and `rules -j` say of it."""
    status = 'raised' if rule['raised'] else 'clear'
    return fields(('alert', plain(rule['rule'])), LINES['alert'][1],
                  [status if rule['enabled'] else 'off', rule['total'],
                   rule.get('value') or 0,
                   rule['count'] if rule.get('threshold') is None
                   else rule['threshold'], rule['raised']])


def ynl_rules():
    return {plain(r['rule']): r for r in ynl.dump('rule-get', {})}


def ynl_alerts():
    return ynl.dump('alert-get', {})


def lines_of(rules):
    said = {}
    for rule in rules.values():
        said |= alert_line(rule)
    return said


# --- the tool ----------------------------------------------------------------

def tool(*words, initial=False):
    enter = ('nsenter', '-t', '1', '-n') if initial else ()
    out = subprocess.run([*enter, 'tcpstatectl', *words, '-j'], check=True,
                         stdout=subprocess.PIPE).stdout
    said = json.loads(out)
    assert said['version'] == 1, words
    return said


def tool_dwell(dwell):
    return [dwell[key] for key in ('p50', 'p99', 'max', 'count')]


def tool_show():
    show, said = tool('show'), {}
    for s in show['states']:
        said |= fields(('state', s['state']), LINES['state'][1],
                       [s['current'], s['entered'], s['left'],
                        *tool_dwell(s['dwell_us'])])
    for e in show['transitions']:
        said |= fields(('transition', e['from'], e['to']),
                       LINES['transition'][1],
                       [e['count'], *tool_dwell(e['dwell_us'])])
    for c in show['closed']:
        said['closed', c['from'], c['cause'], 'count'] = c['count']
    for a in show['alerts']:
        names = LINES['alert'][1][:-1]
        said |= fields(('alert', a['rule']), names, [a[n] for n in names])
    for name, value in show['counters'].items():
        said['counter', name, 'value'] = value
    for h in show['hooks']:
        said |= fields(('hook', h['name'].lower()), LINES['hook'][1],
                       (h['mechanism'], h['status']))
    return said


def tool_hist(*about):
    """Of a state, or of a transition: what is said, and the buckets."""
    hist = tool('hist', ':'.join(about))
    assert hist['of'] == ':'.join(about), hist
    dwell = {**dict.fromkeys(DWELL), **hist['dwell_us'],
             'samples': hist['count']}
    buckets = [(b['low_ns'], b['high_ns'], b['count'])
               for b in hist['buckets']]
    assert sum(b[2] for b in buckets) == hist['count'], hist
    key = 'transition' if len(about) == 2 else 'state'
    return {(key, *about, name): dwell[name] for name in DWELL}, buckets


def tool_diagram():
    drawn = tool('diagram')
    said = {('state', s['state'], 'current'): s['current']
            for s in drawn['states']}
    return said | {('transition', e['from'], e['to'], 'count'): e['count']
                   for e in drawn['transitions']}


def tool_netns():
    """As seen from the initial namespace, which sees all."""
    ours = [n for n in tool('netns', initial=True)['netns']
            if n['netns'] == INODE]
    assert len(ours) == 1, ours
    return {('state', state, 'current'): count
            for state, count in ours[0]['current'].items()}


def tool_rules():
    return {r['rule']: r for r in tool('rules')['rules']}


# --- at rest -----------------------------------------------------------------

def still(said):
    """But for what goes on with the clock"""
    return {key: value for key, value in said.items() if key[-1] != 'seconds'}


def differences(ours, theirs):
    return [(key, ours.get(key, 'nothing'), theirs.get(key, 'nothing'))
            for key in sorted(set(ours) | set(theirs))
            if key not in ours or key not in theirs or
            ours[key] != theirs[key]]


def at_rest(check, seconds=240):
    """check(/proc) is right while /proc says the same before and after it."""
    end = time.monotonic() + seconds
    while True:
        before, wrong = still(proc()), None
        try:
            check(before)
        except AssertionError as error:
            wrong = error
        moved = differences(before, still(proc()))
        if not wrong and not moved:
            return
        if not moved or time.monotonic() > end:
            raise wrong or AssertionError(f'no rest: {moved[:4]}')
        time.sleep(0.5)


def chosen(said, wanted):
    return {key: value for key, value in said.items() if wanted(key)}


def same(ours, theirs):
    assert len(ours) > 5, 'nothing to compare with'
    different = differences(ours, theirs)
    assert not different, f'(what, /proc, the other): {different[:8]}'


def is_stats(key):
    return key[0] not in ('alert', 'culprit')


def stats_at_rest():
    """at rest: /proc and stats-get, of this namespace and of all"""
    at_rest(lambda said: same(chosen(said, is_stats), ynl_stats()))

    def of_all(said):
        enter_initial()
        ours = [s for s in ynl.dump('stats-get', {'all-netns': True})
                if s['netns-ino'] == INODE]
        assert len(ours) == 1, ours
        same(chosen(said, is_stats), ynl_fields(ours[0]))

    # In a child, which may go elsewhere
    at_rest(lambda said: in_child(lambda: of_all(said)))


def show_at_rest():
    """at rest: /proc and show -j"""
    at_rest(lambda said: same(chosen(said, lambda key: key[0] != 'culprit' and
                                     key[-1] != 'active'), tool_show()))


def hist_is(said):
    """All transitions and states, by netlink and by the tool"""
    edges = [key[1:3] for key in said
             if key[0] == 'transition' and key[-1] == 'count']
    theirs, buckets = ynl_hist()
    same(chosen(said, lambda key: key[0] == 'transition'), theirs)
    tools = {}
    for edge in edges:
        of_edge, list_of = tool_hist(*edge)
        tools |= of_edge
        assert list_of == buckets[edge], (edge, list_of, buckets[edge])
    for state in {edge[0] for edge in edges} | {'closed'}:
        tools |= tool_hist(state)[0]
    same(chosen(said, lambda key: key[0] in ('state', 'transition') and
                key[-1] in DWELL), tools)


def hist_at_rest():
    """at rest: /proc, hist-get and hist -j, of each transition and state"""
    at_rest(hist_is)


def drawings_are(said):
    current = chosen(said, lambda key: key[0] == 'state' and
                     key[-1] == 'current')
    counts = chosen(said, lambda key: key[0] == 'transition' and
                    key[-1] == 'count')
    same(current | counts, tool_diagram())
    del current['state', 'closed', 'current']
    same(current, tool_netns())


def drawings_at_rest():
    """at rest: /proc, diagram -j and netns -j"""
    at_rest(drawings_are)


def rules_are(said):
    by_netlink, by_tool = ynl_rules(), tool_rules()
    ours = chosen(said, lambda key: key[0] == 'alert')
    same(ours, lines_of(by_netlink))
    same(ours, lines_of(by_tool))
    for name, rule in by_tool.items():
        assert [rule[p] for p in PARAMS] == \
            [by_netlink[name].get(p) for p in PARAMS], rule


def left_alone(port, count):
    """Connections that the peer has closed, and we have not"""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', port))
        listener.listen(count)
        for _ in range(count):
            with socket.socket() as client:
                client.connect(('127.0.0.1', port))
                yield listener.accept()[0]


def until(check, what):
    end = time.monotonic() + 60
    while not check():
        assert time.monotonic() < end, (what, leaks())
        time.sleep(0.2)


def leaks():
    """What the line says of close_wait_leak: total, now"""
    said = proc()
    return [said['alert', 'close_wait_leak', name]
            for name in ('raised_total', 'active')]


def ports_in_close_wait(count):
    """Local ports of so many, by ss: connect() may choose one for two of them"""
    said = subprocess.run(['ss', '-Htan', 'state', 'close-wait'], check=True,
                          capture_output=True, text=True).stdout
    ports = [line.split()[2].rpartition(':')[2] for line in said.splitlines()]
    assert len(ports) == count, said
    return set(ports)


def rules_at_rest():
    """at rest: /proc, rule-get and rules -j, some raised, one no more, one off"""
    held.extend(left_alone(PORT + 10, 7))
    gone = list(left_alone(PORT + 11, 3))
    ynl.do('rule-set', {'rule': 'close-wait-leak', 'count': 1, 'age': 1,
                        'quiet': 1})
    ynl.do('rule-set', {'rule': 'syn-sent-pileup', 'enabled': 0})
    # Those that tcp_walk holds, and those at our two ports
    ports = len(ports_in_close_wait(20 + 7 + 3))
    until(lambda: leaks() == [ports, ports], f'not all of {ports} are raised')
    for sock in gone + held[:2]:
        sock.close()
    until(lambda: leaks() == [ports, ports - 1], 'none is cleared')
    assert proc()['alert', 'syn_sent_pileup', 'status'] == 'off'
    at_rest(rules_are)


CULPRIT = ('uid', 'cgroup', 'value', 'peak', 'threshold', 'times')


def culprit(rule, where, values):
    """In /proc, 0 is a cgroup that is not known."""
    said = fields(('culprit', plain(rule), where), CULPRIT, values)
    said['culprit', plain(rule), where, 'cgroup'] = values[1] or 0
    return said


def subject(address, port):
    if port is None:
        return '-'
    if address is None:
        return f'*:{port}'
    ip = ipaddress.ip_address(address)
    return f'[{ip}]:{port}' if ip.version == 6 else f'{ip}:{port}'


def culprits_are(said):
    ours = chosen(said, lambda key: key[0] == 'culprit')
    alerts = ynl_alerts()
    theirs, tools = {}, {}
    for a in alerts:
        where = subject(a.get('addr'), a.get('port'))
        if a['state'] == 'raised':
            theirs |= culprit(a['rule'], where,
                              [a.get(name) for name in CULPRIT])
    listed = tool('alerts')['alerts']
    for a in listed:
        where = subject(**(a['where'] or {'address': None, 'port': None}))
        if a['state'] == 'raised':
            tools |= culprit(a['rule'], where, [a[name] for name in CULPRIT])
    same(ours, theirs)
    same(ours, tools)
    assert sorted((a['id'], a['event'], a['since'], a.get('until'),
                   a.get('held-back')) for a in alerts) == \
        sorted((a['id'], a['event'], a['since_us'], a['until_us'],
                a['held_back']) for a in listed), (alerts, listed)


def culprits_at_rest():
    """at rest: /proc, alert-get and alerts -j"""
    said = proc()
    ours = [said['culprit', 'close_wait_leak', f'*:{PORT + 10}', name]
            for name in ('value', 'peak', 'threshold', 'times')]
    assert ours == [5, 7, 1, 1], ours
    at_rest(culprits_are)
    since = min(a['since'] for a in ynl_alerts() if a['state'] == 'raised')
    seconds = max(value for key, value in proc().items()
                  if key[-1] == 'seconds')
    assert abs(time.time() - since / 1e6 - seconds) < 3, (since, seconds)


# Of a moment, beside the states: as history-get names it
TALLIES = ('opened', 'accepted', 'closed', 'reset', 'timeout', 'refused',
           'cookies-sent', 'cookies-validated', 'overflows', 'drops', 'retrans')


def ynl_moment(moment):
    said = {plain(key): moment[key] for key in ('waiting', *TALLIES)}
    return said | {
        'when': moment['when'] // 1000000,
        'interval_s': moment['interval'] / 1000 or None,
        'current': {plain(s['state']): s['current'] for s in moment['state']}}


def history_at_rest():
    """history-get and history -j: each look, each number, and the rates"""
    first = [ynl_moment(m) for m in ynl.dump('history-get', {})][-30:]
    listed = tool('history')['moments']
    last = [ynl_moment(m) for m in ynl.dump('history-get', {})]
    for moment in listed:
        apart = moment['interval_s']
        rates = moment.pop('per_s')
        assert set(rates) == {plain(key) for key in TALLIES}, rates
        for key, rate in rates.items():
            assert rate is None if apart is None else \
                abs(rate * apart - moment[key]) <= 0.051 * apart, (key, rates)
    at = listed.index(first[0])
    assert listed[at:at + len(first)] == first, (listed, first)
    at = last.index(listed[-1]) + 1
    assert last[max(0, at - len(listed)):at][-30:] == listed[-30:]
    assert sum(m['opened'] for m in listed) > 0


# --- under load --------------------------------------------------------------

def monotone(key):
    if key[0] == 'counter':
        return key[1] not in GAUGES
    return key[0] != 'culprit' and key[-1] in MONOTONE


def amount(said, key):
    """What has not happened is not there, or not known."""
    return said.get(key) or 0


def between(first, last, said):
    """Return: how many of these numbers were looked at."""
    looked = 0
    for key, value in said.items():
        value = value or 0
        if monotone(key):
            low, high = amount(first, key), amount(last, key)
        elif key[0] == 'state' and key[-1] == 'current' and key[1] != 'closed':
            # Entered and left may each be as old, or as new, as can be.
            entered, left = (*key[:2], 'entered'), (*key[:2], 'left')
            low = max(first[entered] - last[left], 0)
            high = last[entered] - first[left]
        else:
            continue
        assert low <= value <= high, f'{key}: {low}, then {value}, then {high}'
        looked += 1
    return looked


def one_round(turn):
    """All sources, between two readings of /proc"""
    first = proc()
    edges = [key[1:3] for key in first
             if key[0] == 'transition' and key[-1] == 'count']
    sources = [ynl_stats(), ynl_hist()[0], lines_of(ynl_rules()), tool_show()]
    # A few of them: each takes a process, and its turn.
    edges = [edges[(turn * 4 + i) % len(edges)] for i in range(4)]
    sources += [tool_hist(*edge)[0] for edge in edges]
    sources += [tool_diagram(), tool_netns(), lines_of(tool_rules())]
    last = proc()
    looked = sum(between(first, last, said) for said in sources)
    back = [key for key in first if monotone(key) and
            amount(last, key) < amount(first, key)]
    assert not back, f'went back: {back}'
    moved = sum(amount(last, key) > amount(first, key)
                for key in last if monotone(key))
    return looked, moved


def under_load():
    """under load: each number of each source is between those of /proc"""
    load = [subprocess.Popen(['swarm', 'chaos', str(PORT + i), '1000000000',
                              str(i + 1)], stderr=subprocess.DEVNULL,
                             preexec_fn=lambda: os.nice(10))
            for i in range(3)]
    try:
        time.sleep(1)
        began, before = time.monotonic(), proc()
        rounds = [one_round(turn) for turn in range(ROUNDS)]
        after = proc()
        assert not [p for p in load if p.poll() is not None], 'the load ended'
    finally:
        for process in load:
            process.kill()
            process.wait()
    key = 'transition', 'closed', 'syn_sent', 'count'
    print(f'# {len(rounds)} rounds in {time.monotonic() - began:.0f} s, '
          f'{after[key] - before[key]} connects; compared '
          f'{sum(r[0] for r in rounds)} numbers; '
          f'{min(r[1] for r in rounds)} to {max(r[1] for r in rounds)} of '
          'them moved in a round')
    assert min(r[0] for r in rounds) > 300, rounds
    assert min(r[1] for r in rounds) > 0, rounds


def everything_is(said):
    same(chosen(said, is_stats), ynl_stats())
    drawings_are(said)
    rules_are(said)
    hist_is(said)


def after_the_load():
    """the load has stopped: all are the same again"""
    at_rest(everything_is)


run_tests([stats_at_rest, show_at_rest, hist_at_rest, drawings_at_rest,
           rules_at_rest, culprits_at_rest, history_at_rest, under_load,
           after_the_load])
