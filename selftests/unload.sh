#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 python3 hping3 coreutils util-linux
# modules: veth tcp_diag inet_diag
# clock: virtual
# timeout: 480
#
# Unloading ends, within two seconds: idle, with a hundred readers of /proc that are
# frozen with the file open, with subscribers of which some are frozen; within three
# with a hundred readers of netlink, and in the midst of a SYN flood.  With a hundred readers of /proc that go on
# it waits for grace periods, and not for them; they get whole and consistent lines, by
# one read, byte by byte, at odd offsets, and as it goes away.
#
# What two seconds are here: not the clock's, but so many that a process at rmmod's
# side gets 200 sleeps of 10 ms, which are two seconds and more where nothing is in its
# way.  On an emulator that shares its processor the clock goes on while the guest does
# not; the clock's are shown, too.  All those that are in the way are as nice as can be.
# Idle, it takes half of that: each of seven hooks has grace periods of ftrace, one
# after the other, and these wait until every process that wants to run has run.  So
# with a hundred that want to, it takes as long as their turns take, here more than two
# seconds; what is looked at there is how long it waits for a reader.
#
# One thing is out of our hands.  The kernel waits for who is in the midst of a read()
# of a file in /proc, so rmmod waits for a reader whose memory does not come (a file of
# a server that does not answer): until it is killed.  What is shown is that nobody
# else does.

# The functions below are called through is() and poll(); A && B || C means that.
# shellcheck disable=SC2317,SC2015,SC2086,SC2119

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

need swarm stuck python3 hping3 netlink_dump tcpstatectl ss ip awk nice chrt stat
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
readers=100
limit=200
beside_others=300
if slow_kernel; then
	readers=30
	limit=800
	beside_others=1200
fi
mkfifo "$dir/never"
# What has ended is not to be there for a minute.
echo 100 > /proc/sys/net/ipv4/tcp_max_tw_buckets

# A byte for each
beat()
{
	local fd
	exec {fd}<> "$dir/never"
	while :; do
		read -rt 0.01 -u $fd
		printf .
	done > "$dir/beats"
}

beats()
{
	stat -c %s "$dir/beats"
}

# meanwhile COMMAND...: whatever never rests, in the background
meanwhile()
{
	exec nice -n 19 "$@"
}

# in_limit COMMAND...: its status, but 99 if it takes longer.  The longest of those since
# "took" was emptied is there.
in_limit()
{
	local beat ms status n
	beat=$(beats)
	ms=$(now_ms)
	"$@"
	status=$?
	ms=$(($(now_ms) - ms))
	n=$(($(beats) - beat))
	[ -s "$dir/took" ] && [ $n -le "$(sed 's/ .*//' "$dir/took")" ] ||
		echo "$n beats, $ms ms" > "$dir/took"
	[ $n -le $limit ] || { echo "$*: $n beats, $ms ms"; return 99; }
	return $status
}

try_rmmod()
{
	rmmod tcpstates 2> "$dir/rmmod"
}

refused_as_in_use()
{
	grep -q "in use" "$dir/rmmod" && mod_loaded && [ -e "$PROC" ]
}

gone()
{
	! mod_loaded && [ ! -e /proc/tcpstates ] && [ ! -e /proc/net/tcpstates ]
}

# unload_soon [ATTEMPTS]: each of them ends soon; for a dump under way holds the module
unload_soon()
{
	local n
	for ((n = 1; n <= ${1:-1}; n++)); do
		in_limit try_rmmod && gone && return
		refused_as_in_use || break
	done
	cat "$dir/rmmod"
	return 1
}

# Shows how long it was, also when all is well
unloads()
{
	: > "$dir/took"
	is "$@"
	note "at $SECONDS s"; note "$(cat "$dir/took")"
	mod_loaded || mod_load
}

idle()
{
	local i
	for i in 1 2 3 4 5; do
		unload_soon && mod_load || return
	done
}

# --- readers of /proc -------------------------------------------------------------

at_rest()
{
	python3 "$here/proc_read.py" rest
}

# look_at PID: until it has ended, each 50 ms, what it waits for: who uses a file, or a
# grace period; adds to $users and $grace
look_at()
{
	local stack fd
	exec {fd}<> "$dir/never"
	while [ -e "/proc/$1" ]; do
		stack=
		read -rd "" stack < "/proc/$1/stack"
		case $stack in
		*proc_entry_rundown*|*kernfs_drain*)
			users=$((users + 1)) ;;
		*wait_rcu_gp*|*synchronize_*)
			grace=$((grace + 1)) ;;
		esac
		read -rt 0.05 -u "$fd"
	done 2> /dev/null
	exec {fd}>&-
}

# They read while it is loaded and unloaded, and connections are made.
hammered()
{
	local bad=0 i load pid most=0 users grace=0
	python3 "$here/proc_read.py" hammer "$readers" "$dir/stop" \
		> "$dir/read" 2>&1 &
	pid=$!
	meanwhile swarm chaos 7901 1000000 3 > /dev/null 2>&1 &
	load=$!
	sleep 3
	for i in 1 2 3; do
		rmmod tcpstates 2> "$dir/rmmod" &
		users=0
		look_at $!
		wait $! && gone || { cat "$dir/rmmod"; bad=1; }
		[ $users -le $most ] || most=$users
		mod_load || bad=1
		sleep 1
	done
	kill "$load"
	touch "$dir/stop"
	wait "$pid" || bad=1
	wait "$load"
	echo "$i times: looked at, rmmod was in a grace period $grace times," \
		"one of them waited for readers $most times" > "$dir/took"
	tail -n 1 "$dir/read" >> "$dir/took"
	cat "$dir/read" "$dir/took"
	# Two seconds, here, too
	[ $bad = 0 ] && [ $most -le 40 ] && [ $grace -gt 0 ]
}

# Open, and half read, when the module goes
frozen()
{
	local status=0 pid go
	mkfifo "$dir/go"
	python3 "$here/proc_read.py" frozen "$readers" < "$dir/go" \
		> "$dir/frozen" 2>&1 &
	pid=$!
	exec {go}> "$dir/go"
	poll 60 grep -q frozen "$dir/frozen" && unload_soon || status=1
	exec {go}>&-
	# They would go on for as long as there is something to read.
	! mod_loaded || kill $pid
	wait $pid || status=1
	cat "$dir/frozen"
	return $status
}

# Three whose memory does not come
stuck_start()
{
	exec {stuck_in}<> "$dir/never"
	stuck $PROC 3 < "$dir/never" > "$dir/stuck" 2>&1 &
	stuck_pid=$!
	poll 30 grep -qs . "$dir/stuck"
}

stuck_end()
{
	kill -9 $stuck_pid
	wait $stuck_pid 2> /dev/null
	exec {stuck_in}>&-
}

# While rmmod waits a namespace is made and dies, and there are connections.
others_wait_not()
{
	timeout 10 ip netns add tcps_u && timeout 10 ip netns del tcps_u &&
		no_namespace_is_dying && swarm clean 7902 20
}

# Those that are taken apart are until cleanup_net has ended.
no_namespace_is_dying()
{
	poll 10 eval '! grep -l cleanup_net /proc/[0-9]*/stack 2> /dev/null'
}

# --- netlink ----------------------------------------------------------------------

# A hundred that dump all there is every ten seconds: no dump is under way at one
# attempt of a few.  When it has gone they all end at once: at idle priority.
netlink_readers()
{
	local i pids=() pid bad=0 limit=$beside_others
	for ((i = 0; i < readers; i++)); do
		chrt -i 0 netlink_dump read 10000000 > "$dir/dump.$i" 2>&1 &
		pids+=($!)
	done
	sleep 3
	unload_soon 200 || bad=1
	for pid in "${pids[@]}"; do
		[ $bad = 0 ] || kill "$pid"
		wait "$pid" || bad=1
	done
	sort "$dir"/dump.* | uniq -c | head -n 5
	[ $bad = 0 ]
}

# A dump that nobody goes on with: rmmod says so, at once, and nothing has happened.
frozen_dump()
{
	local status=0 pid in
	exec {in}<> "$dir/never"
	netlink_dump begin < "$dir/never" > "$dir/begun" 2>&1 &
	pid=$!
	poll 30 grep -qs begun "$dir/begun"
	kill -STOP $pid
	in_limit try_rmmod
	[ $? = 1 ] && refused_as_in_use && swarm clean 7903 5 &&
		[ "$(edge_count CLOSED SYN_SENT < "$PROC")" = 5 ] || status=1
	cat "$dir/begun" "$dir/rmmod"
	kill -9 $pid
	wait $pid 2> /dev/null
	exec {in}>&-
	unload_soon || status=1
	return $status
}

# Of twenty five are frozen.
subscribers()
{
	local i pids=() pid status bad=0
	for ((i = 0; i < 20; i++)); do
		tcpstatectl alerts --follow > "$dir/follow.$i" 2>&1 &
		pids+=($!)
	done
	poll 60 all_follow || bad=1
	kill -STOP "${pids[@]:0:5}"
	unload_soon 200 || bad=1
	kill -CONT "${pids[@]:0:5}"
	for pid in "${pids[@]}"; do
		[ $bad = 0 ] || kill "$pid"
		wait "$pid"
		status=$?
		[ $status = 2 ] || { echo "status $status"; bad=1; }
	done
	sort "$dir"/follow.* | uniq -c | head -n 5
	[ $bad = 0 ]
}

# Generic netlink sockets that are in a group
all_follow()
{
	[ "$(awk '$2 == 16 && $4 != "00000000"' /proc/net/netlink | wc -l)" = 20 ]
}

# --- a flood ------------------------------------------------------------------------

flooded()
{
	local flood status=0 before after limit=$beside_others
	plight_start server plight 192.0.2.1 7450
	tell server "listen 256"
	echo 1 > /proc/sys/net/ipv4/tcp_syncookies
	meanwhile ip netns exec tcps_h hping3 -q -S -p 7450 --rand-source \
		--flood 192.0.2.1 > /dev/null 2>&1 &
	flood=$!
	sleep 3
	before=$(edge_count LISTEN SYN_RECV < "$PROC")
	unload_soon || status=1
	kill "$flood" 2> /dev/null
	wait "$flood"
	after=$(half_open)
	echo "$before requests until then" >> "$dir/took"
	echo "$before requests until then, $after of them still there"
	[ "$before" -gt 100 ] && [ "$after" -gt 0 ] || status=1
	mod_load && poll 20 gauges_are_kernels || status=1
	plight_stop server
	return $status
}

beat &
at_exit "kill $!"
ktap_begin 12
unloads "idle" idle
is "/proc at rest: the same in all ways of reading" at_rest
unloads "$readers processes read /proc while it comes and goes" hammered
is "gauges are the kernel's" poll 30 gauges_are_kernels
unloads "$readers processes are frozen, with /proc open" frozen
stuck_start
if grep -q ready "$dir/stuck"; then
	rmmod tcpstates &
	sleep 2
	! gone || note "rmmod did not wait"
	is "a reader whose memory does not come: nobody waits but rmmod" \
		others_wait_not
	stuck_end
	unloads "it ends when the reader does" in_limit poll 60 gone
else
	skip "a reader whose memory does not come" "$(cat "$dir/stuck")"
	skip "it ends when the reader does" "no such memory"
fi
unloads "$readers processes read over netlink" netlink_readers
unloads "a dump that is frozen: refused, then not" frozen_dump
unloads "20 subscribers to alerts, 5 of them frozen" subscribers
alert_network
flood_network
unloads "a SYN flood" flooded
is "unload" mod_unload
ktap_end
