#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux trace-cmd bpftrace linux-perf
# clock: virtual
# timeout: 400
#
# The trace event tcpstates:tcpstates_transition: one for each transition that is
# counted; a cookie that holds a connection together; times that are those between
# the events; owners; filters; trace-cmd, perf and bpftrace.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2016,SC2119

. "$(dirname "$0")/lib.sh"

need swarm tcp_walk ip awk setpriv trace-cmd
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
trace_start
NETNS=$(stat -L -c %i /proc/self/ns/net)
EVENT=$TRACE/events/tcpstates/tcpstates_transition
COUNT=40
PORT=7801
ktap_begin 16

# Events of this namespace, one a line: WHEN (microseconds), then KEY=VALUE
events()
{
	sed -nE 's/^.* ([0-9]+)\.([0-9]{6}): tcpstates_transition: /\1\2 /p' \
		"$TRACE/trace" | grep " netns=$NETNS "
}

# by_edge: "FROM TO COUNT", sorted
by_edge()
{
	sed -E 's/.* old=([^ ]*) new=([^ ]*) .*/\1 \2/' | sort | uniq -c |
		awk '{ print $2, $3, $1 }' | sort
}

counted_edges()
{
	awk '$1 == "transition" && $4 > 0 { print $2, $3, $4 }' /proc/net/tcpstates |
		sort
}

every_transition_has_its_event()
{
	trace_complete && diff <(counted_edges) <(events | by_edge)
}

# The kernel's own tracepoint, in the same buffer
kernels_edge()
{
	grep -c "inet_sock_set_state:.*[sd]port=$PORT .*oldstate=$1 newstate=$2" \
		"$TRACE/trace"
}

our_edge()
{
	events | grep -c "old=$1 new=$2 "
}

as_the_kernel_says()
{
	[ "$(our_edge SYN_SENT ESTABLISHED)" -eq \
		"$(kernels_edge TCP_SYN_SENT TCP_ESTABLISHED)" ] &&
	[ "$(our_edge CLOSE_WAIT LAST_ACK)" -eq \
		"$(kernels_edge TCP_CLOSE_WAIT TCP_LAST_ACK)" ] &&
	[ "$(our_edge SYN_SENT ESTABLISHED)" -eq "$COUNT" ]
}

# Each cookie is one life: every event begins where the one before it ended, and
# says how long that was.  The buffers of several CPUs are in order of time.  We
# read the clock before the tracer does: one event in ten may have been
# interrupted between the two.
lives()
{
	events | sort -n | awk '
	function value(key) {
		match($0, " " key "=[^ ]*")
		return substr($0, RSTART + length(key) + 2,
			      RLENGTH - length(key) - 2)
	}
	{
		c = value("cookie"); from = value("old"); dwell = value("dwell_us")
		if (c == 0) { print "no cookie: " $0; bad = 1 }
		if (!(c in state)) {
			lives++
			if (from != "CLOSED" && from != "LISTEN" || dwell != -1) {
				print "begins in the middle: " $0
				bad = 1
			}
		} else if (from != state[c]) {
			print "was in " state[c] ": " $0
			bad = 1
		} else if (dwell - ($1 - since[c]) > 2000 ||
			   $1 - since[c] - dwell > 2000) {
			print $1 - since[c] " us since the last event: " $0
			apart++
		}
		state[c] = value("new")
		since[c] = $1
	}
	END {
		print lives " lives"
		exit bad || apart * 10 > NR || lives < 2 * '"$COUNT"' + 1
	}'
}

addresses_are_those()
{
	local bad
	bad=$(events | grep -v "saddr=::ffff:127.0.0.1 .*daddr=::ffff:127.0.0.1 " |
		grep -v "new=LISTEN\|old=LISTEN new=CLOSED")
	[ -z "$bad" ] || { echo "$bad"; return 1; }
	[ "$(events | grep -c "sport=$PORT .*old=SYN_RECV new=ESTABLISHED ")" \
		-eq "$COUNT" ] &&
	[ "$(events | grep -c "dport=$PORT .*old=SYN_SENT new=ESTABLISHED ")" \
		-eq "$COUNT" ]
}

cause_is_said()
{
	[ "$(events | grep -c "old=LAST_ACK new=CLOSED .*cause=normal ")" -eq \
		"$COUNT" ] &&
	! events | grep -v "new=CLOSED" | grep -v "cause=- "
}

# A process of user 4321 in a cgroup of its own
with_owner()
{
	echo $$ > /sys/fs/cgroup/tcps_events/cgroup.procs
	setpriv --reuid 4321 --clear-groups swarm clean $((PORT + 1)) 3
	echo $$ > /sys/fs/cgroup/cgroup.procs
}

# A kernel without CONFIG_SOCK_CGROUP_DATA does not know a socket's cgroup.
owner_is_said()
{
	local cgroup=0
	! grep -qF ' cgroup_sk_alloc' /proc/kallsyms ||
		cgroup=$(stat -c %i /sys/fs/cgroup/tcps_events)
	events | grep "old=CLOSE_WAIT new=LAST_ACK" | awk -v c="$cgroup" '
	/ uid=4321 / && $NF == "cgroup=" c { n++ }
	END { print n + 0 " of 3"; exit n != 3 }'
}

# The addresses of both tracepoints' events of one connection
ipv6_is_said()
{
	local ours kernels
	ours=$(events | sed -nE 's/.* saddr=([^ ]*) .* daddr=([^ ]*) .*old=SYN_SENT new=ESTABLISHED .*/\1 \2/p')
	kernels=$(sed -nE 's/.* saddrv6=([^ ]*) daddrv6=([^ ]*) oldstate=TCP_SYN_SENT newstate=TCP_ESTABLISHED.*/\1 \2/p' \
		"$TRACE/trace")
	echo "ours: $ours; the kernel's: $kernels"
	[ -n "$ours" ] && [ "$ours" = "$kernels" ] && [ "${ours#*ffff}" = "$ours" ]
}

only_what_was_asked_for()
{
	[ "$(events | wc -l)" -eq 5 ] &&
	! events | grep -v "dport=$((PORT + 2)) .*new=ESTABLISHED "
}

nothing_more()
{
	[ "$(events | wc -l)" -eq 0 ]
}

# What trace-cmd records: if it is over before one of its recorders has made its file
# (one for each CPU), trace-cmd fails.
traffic_once_recorded()
{
	poll 60 all_record && swarm clean $((PORT + 4)) 5
}

all_record()
{
	[ "$(compgen -G "$dir/trace.dat.cpu*" | wc -l)" -eq \
		"$(grep -c ^processor /proc/cpuinfo)" ]
}

recorded_by_trace_cmd()
{
	local status=0
	export -f traffic_once_recorded all_record poll
	export dir PORT
	trace-cmd record -q -k -o "$dir/trace.dat" -e tcpstates:tcpstates_transition \
		bash -c traffic_once_recorded > "$dir/log" 2>&1 || status=$?
	trace_cmd_said "$dir/trace.dat" > "$dir/recorded"
	cat "$dir/log"
	[ "$status" = 0 ] && [ "$(grep -c \
		"dport=$((PORT + 4)) .*old=SYN_SENT new=ESTABLISHED" \
		"$dir/recorded")" -eq 5 ]
}

# perf counts on all CPUs as many as there are in the buffer of tracefs meanwhile.
counted_by_perf()
{
	echo 1 > "$EVENT/enable"
	trace_clear
	perf stat -a -x , -o "$dir/stat" -e tcpstates:tcpstates_transition \
		swarm clean $((PORT + 7)) 5 > "$dir/log" 2>&1
	local status=$? count lines
	echo 0 > "$EVENT/enable"
	count=$(awk -F, '/tcpstates_transition/ { print $1 }' "$dir/stat")
	lines=$(grep -c tcpstates_transition: "$TRACE/trace")
	echo "perf: $count, tracefs: $lines"
	cat "$dir/log"
	[ "$status" -eq 0 ] && trace_complete && [ "$count" = "$lines" ] &&
		[ "$lines" -ge $((5 * 10)) ]
}

recorded_by_perf()
{
	perf record -q -a -o "$dir/perf.data" \
		-e tcpstates:tcpstates_transition \
		swarm clean $((PORT + 8)) 5 > "$dir/log" 2>&1 &&
	perf script -i "$dir/perf.data" > "$dir/script" 2>> "$dir/log" &&
	[ "$(grep -c "dport=$((PORT + 8)) .*old=SYN_SENT new=ESTABLISHED" \
		"$dir/script")" -eq 5 ] && return
	cat "$dir/log" "$dir/script"
	return 1
}

counted_by_bpftrace()
{
	bpftrace -e 'tracepoint:tcpstates:tcpstates_transition
		/args->dport == '$((PORT + 5))' && args->new_state == 1/
		{ @n = count(); }' > "$dir/bpftrace" 2>&1 &
	local pid=$!
	poll 60 grep -q Attaching "$dir/bpftrace" && sleep 2
	swarm clean $((PORT + 5)) 5
	interrupt "$pid"
	grep -q '@n: 5' "$dir/bpftrace" || { cat "$dir/bpftrace"; return 1; }
}

is "the event is there" test -d "$EVENT"
# The counters of this namespace begin with the events.
echo 1 > "$EVENT/enable"
swarm clean $PORT $COUNT
is "every transition has its event" every_transition_has_its_event
is "as often as the kernel's tracepoint" as_the_kernel_says
is "a cookie is one life, and times are those between events" lives
is "addresses and ports" addresses_are_those
is "causes" cause_is_said

mkdir /sys/fs/cgroup/tcps_events
at_exit "rmdir /sys/fs/cgroup/tcps_events"
trace_clear
with_owner
is "user and cgroup" owner_is_said
trace_clear
tcp_walk -6 loop_abort > "$dir/log" 2>&1
is "IPv6" ipv6_is_said

echo "dport == $((PORT + 2)) && new_state == 1" > "$EVENT/filter"
trace_clear
swarm clean $((PORT + 2)) 5
is "a filter" only_what_was_asked_for
echo 0 > "$EVENT/filter"
echo 0 > "$EVENT/enable"
trace_clear
swarm clean $((PORT + 3)) 5
is "nobody listens: nothing" nothing_more
is "trace-cmd" recorded_by_trace_cmd
if command -v perf > /dev/null; then
	is "perf stat: as many as in tracefs" counted_by_perf
	is "perf record, perf script" recorded_by_perf
else
	skip "perf stat: as many as in tracefs" "no perf here"
	skip "perf record, perf script" "no perf here"
fi
if command -v bpftrace > /dev/null && [ -e /sys/kernel/btf/vmlinux ]; then
	is "bpftrace" counted_by_bpftrace
else
	skip "bpftrace" "no bpftrace or no BTF here"
fi
is "gauges are the kernel's, whoever listens" poll 10 gauges_are_kernels
echo 1 > "$EVENT/enable"
swarm clean $((PORT + 6)) 5
is "the module goes away under a listener" mod_unload
ktap_end
