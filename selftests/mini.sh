#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tcp_diag inet_diag
# timeout: 400
#
# Requests and mini sockets, many at a time: each edge as often as there are
# connections; the gauges are those of ss while sockets with and without a
# process stand in the same states; and every way into and out of them.
#
#   MINI_N=COUNT   connections of each kind (150; a slow kernel: 40)

# The functions below are called through is() and poll(), in namespaces too.
# shellcheck disable=SC2317,SC2086

. "$(dirname "$0")/lib.sh"

N=150
! slow_kernel || N=40
N=${MINI_N:-$N}
need load_pairs ss ip nstat awk
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
export -f gauges_are_kernels proc_gauges ss_gauges balanced poll
export PROC STATES N dir
full=

# --- one namespace for each subject ------------------------------------------

# ns_begin [SYSCTL=VALUE...]: numbers begin at 0 there
ns_begin()
{
	local value
	ip netns add tcps_m || skip_all "no network namespaces"
	ip -n tcps_m link set lo up
	# A FIN that is sent twice must not end TIME_WAIT by a reset.
	for value in net.ipv4.tcp_rfc1337=1 "$@"; do
		inside sysctl -qw "$value" || return
	done
}

inside()
{
	ip netns exec tcps_m "$@"
}

at_exit "ip netns del tcps_m 2> /dev/null"

proc()
{
	inside cat "$PROC"
}

kernels()
{
	if [ -n "$full" ]; then
		inside bash -c ss_gauges | waiting > "$dir/ss"
		inside bash -c proc_gauges | waiting | diff "$dir/ss" -
	else
		inside bash -c gauges_are_kernels
	fi
}

# A mini socket without a record is in TIME_WAIT from the beginning: nobody can
# tell when its FIN_WAIT2 ends.
waiting()
{
	awk '$1 == "FIN_WAIT2" { n = $2; next }
	$1 == "TIME_WAIT" { $2 += n }
	{ print $1, $2 }'
}

# Every record is a socket that ss lists, and the other way round; a connection
# that waits for accept() has one more, the request's (Recv-Q of a listener).
tracked_right()
{
	local have want
	want=$(inside ss -Htan | awk '$1 == "LISTEN" { n += $2 }
		END { print NR + n }')
	have=$(module_counter tracked < "$PROC")
	[ "$have" = "$want" ] || { echo "$have records, $want sockets"; false; }
}

# What must be so at any rest.  With a full table records are missing, but no
# gauge is wrong.
right()
{
	if poll 10 kernels > "$dir/kernels" && proc | balanced &&
		{ [ -n "$full" ] || { nothing_missed && tracked_right; }; }
	then
		return
	fi
	tail -n 2 "$dir/kernels"
	proc | grep -v ' 0 ' | head -n 40
	return 1
}

# All records of a namespace go with it; nothing is lost on the way.
ns_end()
{
	ip netns del tcps_m
	poll 20 nothing_tracked > "$dir/left" || { tail -n 1 "$dir/left"
		return 1; }
	[ -n "$full" ] || nothing_missed
}

nothing_tracked()
{
	local have
	have=$(module_counter tracked < "$PROC")
	[ "$have" = 0 ] || { echo "$have records are left"; false; }
}

# edges "FROM TO COUNT"...: exactly these, once the last segment has come
edges()
{
	local edge
	for edge; do
		[ "${edge##* }" = 0 ] || echo "$edge"
	done | sort > "$dir/want"
	poll 10 as_wanted > /dev/null || as_wanted
}

as_wanted()
{
	proc | awk '$1 == "transition" && $4 { print $2, $3, $4 }' |
		sort > "$dir/got"
	diff "$dir/want" "$dir/got"
}

# closed FROM CAUSE COUNT: FROM is a pattern
closed()
{
	local n
	n=$(proc | awk -v f="$1" -v c="$2" '
		$1 == "closed" && $2 ~ "^" f "$" && $3 == c { n += $4 }
		END { print n + 0 }')
	[ "$n" = "$3" ] || { echo "$1 $2: $n, not $3"; proc | grep ^closed
		return 1; }
}

# gauge STATE COUNT
gauge()
{
	local n
	[ -z "$full" ] || [ "$1" != FIN_WAIT2 ] || return 0
	n=$(proc | state_field "$1" current)
	[ "$n" = "$2" ] || { echo "$1: $n, not $2"; false; }
}

gone()
{
	gauge "$1" 0 > /dev/null
}

mib_value()
{
	inside nstat -asz "$1" | awk -v m="$1" '$1 == m { print $2 }'
}

# mib NAME COUNT
mib()
{
	local n
	n=$(mib_value "$1")
	[ "$n" = "$2" ] || { echo "$1: $n, not $2"; false; }
}

# p50 FROM TO LOW HIGH: microseconds
p50()
{
	[ -z "$full" ] || return 0
	proc | awk -v f="$1" -v t="$2" -v low="$3" -v high="$4" '
	$1 == "transition" && $2 == f && $3 == t {
		if ($5 >= low && $5 <= high)
			ok = 1
		else
			print "p50 " $5
	}
	END { exit !ok }'
}

all_of()
{
	local cmd
	for cmd; do
		eval "$cmd" || return
	done
}

# --- a program that stops at its pauses ---------------------------------------

# pairs_start WORD ARGUMENT...: runs load_pairs up to its pause WORD
pairs_start()
{
	local word=$1
	shift
	rm -f "$dir/in"
	mkfifo "$dir/in"
	: > "$dir/out"
	inside load_pairs "$@" < "$dir/in" > "$dir/out" 2>&1 &
	pairs=$!
	exec 8> "$dir/in"
	pairs_reach "$word"
}

pairs_reach()
{
	poll 60 pairs_said "$1" && return
	cat "$dir/out"
	return 1
}

pairs_said()
{
	grep -q "^$1\$" "$dir/out"
}

# pairs_go [WORD]: on to the next pause, or to the end
pairs_go()
{
	echo >&8
	if [ $# -gt 0 ]; then
		pairs_reach "$1"
	else
		pairs_end
	fi
}

pairs_end()
{
	local status=0
	exec 8>&-
	wait "$pairs" || status=$?
	[ "$status" -eq 0 ] || cat "$dir/out"
	return "$status"
}

clean="listen connect accept cclose s:CLOSE_WAIT sclose unlisten=0"
clean_edges=("CLOSED LISTEN 1" "LISTEN CLOSED 1" "CLOSED SYN_SENT $N"
	"SYN_SENT ESTABLISHED $N" "LISTEN SYN_RECV $N"
	"SYN_RECV ESTABLISHED $N" "ESTABLISHED FIN_WAIT1 $N"
	"FIN_WAIT1 FIN_WAIT2 $N" "FIN_WAIT2 TIME_WAIT $N"
	"ESTABLISHED CLOSE_WAIT $N" "CLOSE_WAIT LAST_ACK $N"
	"LAST_ACK CLOSED $N")

# --- the subjects --------------------------------------------------------------

# clean_connections [OPTION]
clean_connections()
{

	ns_begin && inside load_pairs -n "$N" "$@" $clean &&
		edges "${clean_edges[@]}" && gauge TIME_WAIT "$N" &&
		closed LAST_ACK normal "$N" &&
		mib TcpActiveOpens "$N" && mib TcpPassiveOpens "$N" && right
}

# Half of the clients' ends still have their process.
fin_wait2_mix()
{
	ns_begin && pairs_start half -n "$N" listen connect accept \
		even cshut odd cclose all s:CLOSE_WAIT pause=half \
		sclose even c:CLOSED cclose all pause=both &&
		gauge FIN_WAIT2 "$N" && gauge CLOSE_WAIT "$N" && right &&
		pairs_go both && gauge TIME_WAIT "$N" && gauge FIN_WAIT2 0 &&
		right && pairs_go && ns_end
}

# A mini socket in FIN_WAIT2 whose peer never closes.  Some (those that were
# in use when the ACK of the FIN came) stay full sockets: these reset their peer.
fin_timeout()
{
	local begin=$SECONDS resets
	ns_begin net.ipv4.tcp_fin_timeout=2 &&
		pairs_start there -n "$N" listen connect accept cclose \
		s:CLOSE_WAIT pause=there &&
		poll 20 waited && waits_expired &&
		p50 FIN_WAIT2 CLOSED 1750000 \
			$(((SECONDS - begin + 1) * 1000000)) || return
	resets=$(mib_value TcpEstabResets)
	gauge CLOSE_WAIT $((N - resets)) &&
		closed CLOSE_WAIT reset "$resets" && right &&
		pairs_go && right && ns_end
}

waited()
{
	[ "$(inside ss -Htan state fin-wait-2 | wc -l)" = 0 ] &&
		kernels > /dev/null
}

waits_expired()
{
	if [ -n "$full" ]; then
		closed '(FIN_WAIT2|TIME_WAIT)' expired "$N"
	else
		closed FIN_WAIT2 expired "$N"
	fi
}

# More than the kernel lets wait: those have no mini socket at all.
too_many()
{
	ns_begin net.ipv4.tcp_max_tw_buckets=20 &&
		inside load_pairs -n "$N" listen connect accept \
		cshut s:CLOSE_WAIT sclose c:CLOSED cclose unlisten=0 &&
		gauge TIME_WAIT 20 &&
		mib TcpExtTCPTimeWaitOverflow $((N - 20)) &&
		edges "${clean_edges[@]/FIN_WAIT2 TIME_WAIT $N/FIN_WAIT2 TIME_WAIT 20}" \
			"FIN_WAIT2 CLOSED $((N - 20))" && right && ns_end
}

# The client's ports again: by a SYN to TIME_WAIT, and by connect() from it
reused_by_syn()
{
	ns_begin && inside load_pairs -n "$N" -c 20000 listen connect accept \
		sclose c:CLOSE_WAIT cclose unlisten=0 &&
		gauge TIME_WAIT "$N" && right &&
		inside load_pairs -n "$N" -c 20000 listen connect accept \
		sclose c:CLOSE_WAIT cclose unlisten=0 &&
		closed TIME_WAIT reused "$N" && gauge TIME_WAIT "$N" &&
		right && ns_end
}

reused_by_connect()
{
	ns_begin net.ipv4.tcp_tw_reuse=1 &&
		inside load_pairs -n "$N" -c 20000 $clean &&
		gauge TIME_WAIT "$N" && sleep 2 &&
		inside load_pairs -n "$N" -c 20000 $clean &&
		closed TIME_WAIT reused "$N" && gauge TIME_WAIT "$N" &&
		right && ns_end
}

fast_open()
{
	ns_begin net.ipv4.tcp_fastopen=0x603 &&
		pairs_start open -n "$N" -F listen connect accept sread \
		pause=open cclose s:CLOSE_WAIT sclose unlisten=0 pause=end &&
		gauge ESTABLISHED $((2 * N)) &&
		mib TcpExtTCPFastOpenPassive "$N" && right &&
		pairs_go end && edges "${clean_edges[@]}" && right &&
		pairs_go && ns_end
}

# The server's end is a request until there is data.
deferred()
{
	ns_begin && pairs_start half -n "$N" -D listen connect pause=half csend \
		accept sread pause=open cclose s:CLOSE_WAIT sclose unlisten=0 \
		pause=end &&
		gauge SYN_RECV "$N" && gauge ESTABLISHED "$N" && right &&
		pairs_go open && gauge SYN_RECV 0 &&
		gauge ESTABLISHED $((2 * N)) && right &&
		pairs_go end && edges "${clean_edges[@]}" && right &&
		pairs_go && ns_end
}

# Half-open requests whose listener closes go to the other one with the next
# segment: that must come before their timer, which is one second.
migrated()
{
	ns_begin net.ipv4.tcp_migrate_req=1 &&
		inside load_pairs -n "$N" -D -l 2 listen connect \
		unlisten=0 csend accept sread cclose s:CLOSE_WAIT sclose \
		unlisten=1 && edges "${clean_edges[@]:2}" "CLOSED LISTEN 2" \
			"LISTEN CLOSED 2" && right && ns_end
}

# ... or with their timer.
migrated_late()
{
	ns_begin net.ipv4.tcp_migrate_req=1 &&
		pairs_start half -n "$N" -D -l 2 listen connect pause=half \
		unlisten=0 pause=one csend accept sread pause=open \
		cclose s:CLOSE_WAIT sclose pause=end &&
		gauge SYN_RECV "$N" && right && pairs_go one && sleep 4 &&
		gauge SYN_RECV "$N" && right &&
		pairs_go open && gauge SYN_RECV 0 &&
		gauge ESTABLISHED $((2 * N)) && right &&
		p50 SYN_RECV ESTABLISHED 4000000 60000000 && pairs_go end &&
		edges "${clean_edges[@]:2}" "CLOSED LISTEN 2" \
			"LISTEN CLOSED 1" && right && pairs_go && ns_end
}

# Connections that wait for accept() at a listener that closes
migrated_accepted()
{
	ns_begin net.ipv4.tcp_migrate_req=1 &&
		inside load_pairs -n "$N" -l 2 listen connect unlisten=0 \
		accept cclose s:CLOSE_WAIT sclose unlisten=1 &&
		edges "${clean_edges[@]:2}" "CLOSED LISTEN 2" \
			"LISTEN CLOSED 2" && right && ns_end
}

# Nothing migrates before 5.14.  The later 5.10 have the setting, and nobody there
# who reads it; what counts migrations came together with them.
can_migrate()
{
	grep -q TCPMigrateReqSuccess /proc/net/netstat
}

# ended LEFT EDGE...: so many of the N connections are left, each with both ends;
# the clients of the others had a reset
ended()
{
	local left=$1 lost=$((N - $1))
	shift
	if [ "$left" -eq 0 ] || [ "$lost" -eq 0 ]; then
		echo "$left of $N are left"
		return 1
	fi
	mib TcpOutRsts "$lost" && closed ESTABLISHED reset "$lost" &&
		gauge SYN_RECV 0 && gauge ESTABLISHED $((2 * left)) &&
		edges "CLOSED LISTEN 2" "LISTEN CLOSED 1" "CLOSED SYN_SENT $N" \
			"SYN_SENT ESTABLISHED $N" "LISTEN SYN_RECV $N" "$@" &&
		right
}

# Without migration the next segment of a request whose listener has closed ends
# it, and is answered by a reset, though there is another listener ...
ended_at_segment()
{
	local left
	ns_begin && pairs_start half -n "$N" -D -l 2 listen connect pause=half \
		unlisten=0 csend pause=end && gauge SYN_RECV "$N" && right &&
		pairs_go end && poll 20 gone SYN_RECV &&
		left=$(waiting_for_accept) &&
		closed SYN_RECV aborted $((N - left)) &&
		ended "$left" "SYN_RECV ESTABLISHED $left" \
			"SYN_RECV CLOSED $((N - left))" \
			"ESTABLISHED CLOSED $((N - left))" &&
		pairs_go && right && ns_end
}

# ... and so does its timer, which comes 1, 3, 7, 15 and 31 seconds after the SYN:
# where it takes long to come so far, the next time is later.
ended_by_timer()
{
	local left wait=8
	! slow_kernel || wait=20
	ns_begin && pairs_start half -n "$N" -D -l 2 listen connect pause=half \
		unlisten=0 pause=one csend pause=end &&
		gauge SYN_RECV "$N" && right && pairs_go one && sleep $wait &&
		left=$(inside ss -Htan state syn-recv | wc -l) &&
		gauge SYN_RECV "$left" &&
		closed SYN_RECV aborted $((N - left)) && right &&
		pairs_go end && poll 20 gone SYN_RECV &&
		ended "$left" "SYN_RECV ESTABLISHED $left" \
			"SYN_RECV CLOSED $((N - left))" \
			"ESTABLISHED CLOSED $((N - left))" &&
		[ "$(waiting_for_accept)" = "$left" ] &&
		pairs_go && right && ns_end
}

# Connections that wait for accept() at a listener that closes are reset.
ended_accepted()
{
	local left
	ns_begin && pairs_start wait -n "$N" -l 2 listen connect pause=wait \
		unlisten=0 pause=end && [ "$(waiting_for_accept)" = "$N" ] &&
		gauge ESTABLISHED $((2 * N)) && right && pairs_go end &&
		left=$(waiting_for_accept) &&
		closed ESTABLISHED aborted $((N - left)) &&
		ended "$left" "SYN_RECV ESTABLISHED $N" \
			"ESTABLISHED CLOSED $((2 * (N - left)))" &&
		pairs_go && right && ns_end
}

waiting_for_accept()
{
	inside ss -Htln | awk '{ n += $2 } END { print n + 0 }'
}

# There is no other listener.
listener_closed()
{
	ns_begin && pairs_start half -n "$N" -D listen connect pause=half \
		unlisten=0 pause=none creset pause=end &&
		gauge SYN_RECV "$N" && right && pairs_go none &&
		poll 20 gone SYN_RECV && closed SYN_RECV aborted "$N" &&
		right && pairs_go end && right && pairs_go && ns_end
}

# Subflows are TCP connections, the MPTCP socket is not one: two subflows each.  The
# second one is refused, and tried again, when it comes too early; so many are what
# connect() has been called for more often.
multipath()
{
	local again
	ns_begin net.mptcp.enabled=1 && inside ip mptcp limits set subflows 1 \
		add_addr_accepted 1 &&
		inside ip addr add 127.0.0.2/8 dev lo &&
		inside ip mptcp endpoint add 127.0.0.2 dev lo subflow &&
		pairs_start open -n "$N" -M listen connect accept csend sread \
		ssend cread pause=open cclose sread sclose unlisten=0 \
		pause=end &&
		poll 20 kernels > /dev/null &&
		gauge ESTABLISHED $((4 * N)) && right &&
		again=$(($(mib_value TcpActiveOpens) - 2 * N)) &&
		edges "CLOSED LISTEN 1" "CLOSED SYN_SENT $((2 * N + again))" \
			"SYN_SENT CLOSED $(mib_value TcpAttemptFails)" \
			"SYN_SENT ESTABLISHED $((2 * N))" \
			"LISTEN SYN_RECV $((2 * N))" \
			"SYN_RECV ESTABLISHED $((2 * N))" &&
		pairs_go end && poll 20 gone ESTABLISHED && right &&
		pairs_go && ns_end
}

# ss -K on all that it can kill: requests, the servers' ends, whose peers get a
# reset, and what is left of the clients' ends
killed()
{
	ns_begin && pairs_start there -n "$N" -D listen connect even csend all \
		pause=there && gauge SYN_RECV $((N / 2)) &&
		gauge ESTABLISHED $((N + N / 2)) && right &&
		ss_kill state syn-recv && gauge SYN_RECV 0 &&
		closed SYN_RECV reset $((N / 2)) && right &&
		ss_kill state established sport = :7000 &&
		closed ESTABLISHED aborted $((N / 2)) &&
		closed ESTABLISHED reset $((N / 2)) && right &&
		ss_kill state established &&
		closed ESTABLISHED aborted "$N" && right &&
		ss_kill -l && gauge LISTEN 0 && right &&
		pairs_go && right && ns_end
}

ss_kill()
{
	inside ss -Ktn "$@" > "$dir/killed" 2>&1 || cat "$dir/killed"
}

# More dwell times at once than a dying namespace has room for
dying()
{
	ns_begin && inside load_pairs -n "$((10 * N))" listen connect accept even cclose \
		s:CLOSE_WAIT sclose all unlisten=0 && ns_end
}

migration=()
! can_migrate || migration=(
	"migrated:requests migrate to another listener, with a segment"
	"migrated_late:requests migrate to another listener, by their timer"
	"migrated_accepted:connections migrate to another listener"
)

tests=(
	"clean_connections :clean connections, IPv4"
	"clean_connections -6:clean connections, IPv6"
	"clean_connections -m:clean connections, IPv4 through IPv6"
	"fin_wait2_mix:FIN_WAIT2, with and without a process"
	"fin_timeout:FIN_WAIT2 expires"
	"too_many:tcp_max_tw_buckets"
	"reused_by_syn:TIME_WAIT, reused by a SYN"
	"reused_by_connect:TIME_WAIT, reused by connect()"
	"fast_open:Fast Open"
	"deferred:TCP_DEFER_ACCEPT"
	"listener_closed:the listener of requests closes"
	"ended_at_segment:requests end with one of two listeners, at a segment"
	"ended_by_timer:requests end with one of two listeners, by their timer"
	"ended_accepted:connections end with one of two listeners"
	"${migration[@]}"
	"multipath:MPTCP"
	"killed:ss -K"
	"dying:a namespace dies with many connections"
)

# Where a record that is missing makes a difference
full_tests=(
	"fin_wait2_mix:FIN_WAIT2, with and without a process"
	"fin_timeout:FIN_WAIT2 expires"
	"too_many:tcp_max_tw_buckets"
	"reused_by_syn:TIME_WAIT, reused by a SYN"
	"fast_open:Fast Open"
	"listener_closed:the listener of requests closes"
	"ended_by_timer:requests end with one of two listeners, by their timer"
	"${migration[@]:1:1}"
	"multipath:MPTCP"
	"killed:ss -K"
)

run_tests()
{
	local t name
	for t; do
		name=${t#*:}$full
		if [[ $t == multipath* && ! -e /proc/sys/net/mptcp/enabled ]]
		then
			skip "$name" "no MPTCP"
			continue
		fi
		# shellcheck disable=SC2086 # words
		is "$name" ${t%%:*}
		tidy
	done
}

# The next subject begins with an empty table and counters at 0.
tidy()
{
	exec 8>&-
	wait
	ip netns del tcps_m 2> /dev/null
	poll 20 nothing_tracked > "$dir/left" &&
		{ [ -n "$full" ] || nothing_missed > /dev/null; } && return
	mod_unload
	# shellcheck disable=SC2086 # an option or nothing
	mod_load ${full:+max_connections=64}
}

ktap_begin $((${#tests[@]} + ${#full_tests[@]}))
run_tests "${tests[@]}"
mod_unload
mod_load max_connections=64
full=", table full"
run_tests "${full_tests[@]}"
ktap_end
