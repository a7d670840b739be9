#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The audit: gauges that are apart from the kernel's own are set right, and
# every correction is counted.  Events are missed on purpose (test_pause).
# packages: iproute2
# modules: tcp_diag inet_diag
# timeout: 240

# The functions below are called through is() and poll().
# shellcheck disable=SC2317

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PAUSE=/sys/module/tcpstates/parameters/test_pause
PORT=7000

need ss nc
mod_setup
ktap_begin 8

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
at_exit "kill $!; kill $(ps | awk '/sleep 601/ { print $1 }')"
poll 20 eval "ss -Hltn 'sport = :$PORT' | grep -q ."
fds=()
connect()
{
	local fd

	exec {fd}<> /dev/tcp/127.0.0.1/$PORT || exit 1
	fds+=("$fd")
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
ktap_end
