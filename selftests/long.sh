#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 hping3
# modules: veth tcp_diag inet_diag
# clock: virtual
# timeout: 9000
#
# Hours of mixed load, in a guest whose clock leaps over sleep: each minute what is
# counted is what the kernel has, and at the end too; nothing is missed, and none of
# it is an alert.
#
#   LONG_MINUTES=MINUTES   for how long (2)

# The functions below are called through is() and poll().
# shellcheck disable=SC2317

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

minutes=${LONG_MINUTES:-2}
need plight swarm ss awk ip hping3 unshare tcpstatectl
in_own_namespace
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
alert_network
flood_network
export -f gauges_are_kernels proc_gauges ss_gauges balanced
export PROC STATES
ktap_begin 10

uptime_s()
{
	cut -d. -f1 /proc/uptime
}

# --- what goes on all the time ----------------------------------------------------

# each NAME COMMAND EACH: so many a second until the end, in a plight of its own
each()
{
	local name=$1 command=$2 each=$3
	tell "$name" "listen 100"
	tell_later "$name" "$command $((minutes * 60 * each)) $each"
}

plight_start orderly plight 127.0.0.1 7601
plight_start client_resets plight 127.0.0.1 7602
plight_start server_resets plight 127.0.0.1 7603
plight_start other there plight 192.0.2.2 7604
plight_start trouble plight 127.0.0.1 7605
plight_start refused plight 127.0.0.1 7606
begun=$(uptime_s)
each orderly finish 25
each client_resets reset 5
each server_resets cut 5
each other finish 15
tell trouble "listen 100"

# --- what comes once a minute -----------------------------------------------------

# A namespace that comes, has connections, and goes with them
short_lived()
{
	ip netns add tcps_k && ip -n tcps_k link set lo up
	ip netns exec tcps_k swarm chaos 7600 40 "$1" 2> /dev/null
	ip netns del tcps_k
}

# 20 in CLOSE_WAIT for half a minute, 10 refused, 30 half-open whose SYN,ACK nobody
# answers
small_trouble()
{
	tell trouble "open 20"
	tell trouble "accept 20"
	tell trouble "close client"
	tell refused "hang 10"
	there hping3 -q -S -p 7605 -c 30 -i u20000 --rand-source 192.0.2.1 \
		> /dev/null 2>&1
	sleep 30
	tell trouble "close server"
	tell refused "close client"
}

right_here()
{
	poll 20 gauges_are_kernels && balanced < "$PROC"
}

right_there()
{
	there bash -c "$(declare -f poll); poll 20 gauges_are_kernels &&
		balanced < /proc/tcpstates"
}

# so COMMAND: what it says counts only if it is not so in the end
so()
{
	"$@" > "$dir/said" 2>&1 || { echo "minute $i: $1"; cat "$dir/said"; }
}

minute()
{
	short_lived "$1"
	so small_trouble
	so right_here
	so right_there
	so nothing_missed
}

for ((i = 1; i <= minutes; i++)); do
	minute $i
	left=$((begun + i * 60 - $(uptime_s)))
	[ $left -le 0 ] || sleep $left
done > "$dir/wrong" 2>&1
is "each minute: as the kernel says, entered - left = current, nothing missed" \
	[ ! -s "$dir/wrong" ]
head -n 20 "$dir/wrong" | note

ended=yes
for name in orderly client_resets server_resets other; do
	answered $name || { ended=no; note "$name did not come to its end"; }
done
is "all traffic came to its end" [ $ended = yes ]
is "that took $minutes minutes" [ $(($(uptime_s) - begun)) -ge $((minutes * 60)) ]

# --- at the end -------------------------------------------------------------------

# same_as_kernel FIELD FROM TO: of /proc/net/snmp
same_as_kernel()
{
	local theirs ours
	theirs=$(awk -v field="$1" '
		/^Tcp: R/ { for (i = 2; i <= NF; i++) name[i] = $i; next }
		/^Tcp:/ { for (i = 2; i <= NF; i++) if (name[i] == field) print $i }
		' /proc/net/snmp)
	ours=$(edge_count "$2" "$3" < "$PROC")
	echo "$2 to $3: $ours, $1: $theirs"
	[ "$theirs" -gt 0 ] && [ "$theirs" = "$ours" ]
}

is "as many connects as the kernel says" same_as_kernel ActiveOpens \
	CLOSED SYN_SENT
is "as many accepted as the kernel says" same_as_kernel PassiveOpens \
	SYN_RECV ESTABLISHED
at_least()
{
	local ours
	ours=$(edge_count CLOSED SYN_SENT < "$PROC")
	echo "$ours connects"
	[ "$ours" -ge $((minutes * (60 * 35 + 20))) ]
}
is "they are not few" at_least
is "here: gauges are the kernel's, entered - left = current" right_here
is "there: gauges are the kernel's, entered - left = current" right_there
is "nothing was missed, no drift" nothing_missed
is "none of that is an alert" nothing_raised_but
note "$(edge_count CLOSED SYN_SENT < "$PROC") connects in $minutes minutes"
for name in orderly client_resets server_resets trouble refused other; do
	plight_stop $name
done
ktap_end
