#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The audit: gauges that are apart from the kernel's own are set right, and
# every correction is counted.  Events are missed on purpose (test_pause).
# packages: iproute2
# modules: tcp_diag inet_diag
# clock: virtual
# timeout: 240

# The functions below are called through is() and poll().
# shellcheck disable=SC2317

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PAUSE=/sys/module/tcpstates/parameters/test_pause
STRAY=/sys/module/tcpstates/parameters/test_stray
PORT=7000

need ss nc ip nstat tcp_walk
mod_setup
ktap_begin 12

counter()
{
	awk -v c="$1" '$1 == "counter" && $2 == c { print $3 }' $PROC
}

# What ss counts in a state, by the name that /proc/tcpstates gives it
ss_count()
{
	local state=${1,,}

	case $state in
	listen) state=listening ;;
	fin_wait*) state=fin-wait-${state#fin_wait} ;;
	esac
	ss -Htan state "${state//_/-}" | wc -l
}

gauges_are_kernels()
{
	local state

	for state in LISTEN SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2 \
		     CLOSE_WAIT CLOSING LAST_ACK TIME_WAIT; do
		[ "$(state_field "$state" current < "$PROC")" = \
		  "$(ss_count "$state")" ] || {
			echo "$state: $(state_field "$state" current < "$PROC")" \
			     "here, $(ss_count "$state") in ss"
			return 1
		}
	done
}

drifted()
{
	[ "$(counter drift)" -gt 0 ]
}

# An echo server that never closes, and connections held by this shell
nc -ll -p $PORT -e sleep 601 &
at_exit "kill $!"
poll 20 eval "ss -Hltn 'sport = :$PORT' | grep -q ."
fds=()
connect()
{
	local fd

	exec {fd}<> /dev/tcp/127.0.0.1/$PORT || exit 1
	fds+=("$fd")
}

# The local port of a connection that this shell holds
port_of()
{
	local inode

	inode=$(readlink "/proc/$$/fd/$1" | tr -dc 0-9)
	ss -Htane "( dport = :$PORT )" |
		awk -v i="ino:$inode" 'index($0 " ", i " ") { n = split($4, a, ":"); print a[n] }'
}

close_first()
{
	local fd=${fds[0]}

	exec {fd}>&-
	fds=("${fds[@]:1}")
}

for _ in 1 2 3 4 5 6 7 8; do
	connect
done
is "with all events seen the gauges are the kernel's" \
	poll 20 gauges_are_kernels

echo 1 > $PAUSE
# Births, transitions and (of the client's ends) deaths that nobody sees
for _ in 1 2 3; do
	connect
done
close_first
close_first
ss -K state established "( dport = :$PORT )" > /dev/null 2>&1
echo 0 > $PAUSE

! gauges_are_kernels > /dev/null
is "with events missed they are not" [ $? -eq 0 ]
is "drift is 0 until it is found" [ "$(counter drift)" -eq 0 ]
is "the audit finds it" poll 90 drifted
is "and sets the gauges right" poll 30 gauges_are_kernels
is "entered - left = current all the while" balanced_now
dmesg | grep -q 'tcpstates: gauges were apart from the kernel'
is "the kernel log says so" [ $? -eq 0 ]
corrections=$(counter drift)
note "$corrections corrections"
sleep 25
is "after that it is quiet" [ "$(counter drift)" -eq "$corrections" ]

# Births that nobody sees, and then the ends, both ends': right at once
echo 1 > $PAUSE
connect
sleep 0.5
echo 0 > $PAUSE
ss -K state established "( dport = :$PORT and sport = :$(port_of "${fds[-1]}") )" \
	> /dev/null 2>&1
is "an end without a beginning sets the gauges right" poll 3 gauges_are_kernels
is "and is counted" [ "$(counter drift)" -eq $((corrections + 2)) ]

# A transition that no connection makes, from CLOSED (7) to ESTABLISHED (1): the
# module is asked to count one, and the way back.
stray()
{
	dmesg | grep -c 'tcpstates: transition CLOSED to ESTABLISHED is in no edge'
}

inside()
{
	ip netns exec tcps_audit "$@"
}

named_once()
{
	local before
	before=$(counter other)
	for _ in 1 2 3; do
		inside sh -c "echo $((7 * 16 + 1)) > $STRAY
			echo $((1 * 16 + 7)) > $STRAY" || return
		sleep 6
	done
	[ $(($(counter other) - before)) = 3 ] && [ "$(stray)" = 1 ] &&
		inside cat "$PROC" | balanced &&
		! (echo 256 > "$STRAY") 2> /dev/null
}

# Histograms are folded at each audit from now on, as if they were about to wrap.
folds()
{
	local opened
	echo 1 > /sys/module/tcpstates/parameters/test_fold
	inside tcp_walk -n 100 loop_abort > /dev/null
	sleep 6
	inside tcp_walk -n 100 loop_abort > /dev/null
	sleep 6
	inside tcp_walk -n 100 loop_abort > /dev/null
	opened=$(inside nstat -asz TcpActiveOpens |
		awk '$1 == "TcpActiveOpens" { print $2 }')
	[ "$opened" -ge 300 ] && inside cat "$PROC" | all_measured "$opened"
}

# Each edge has as many samples as transitions, and SYN_SENT as many as nstat.
all_measured()
{
	awk -v opened="$1" '
	$1 == "transition" && $2 != "CLOSED" && $3 != "SYN_RECV" &&
		$4 != $8 { print; bad = 1 }
	$2 == "SYN_SENT" && $3 == "ESTABLISHED" && $8 != opened {
		print opened " opened"; print; bad = 1 }
	END { exit bad }'
}

ip netns add tcps_audit && ip -n tcps_audit link set lo up
at_exit "ip netns del tcps_audit"
is "samples are the same when histograms are folded" folds
is "a transition in no edge is counted, and named once" named_once
ktap_end
