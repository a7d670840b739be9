#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: sch_netem tcp_diag
# clock: virtual
# timeout: 200
#
# tc netem delays loopback by 80 ms each way: SYN_SENT and SYN_RECV last a
# round trip, not microseconds.  And TIME_WAIT ends as "expired" after 60 s.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317

. "$(dirname "$0")/lib.sh"

need swarm ss awk tc ip unshare
in_own_namespace
mod_setup
ktap_begin 7
# Side by side they cost each other time on a slow kernel.
N=20
! slow_kernel || N=4

quantile()
{
	awk -v f="$1" -v t="$2" '$1 == "transition" && $2 == f && $3 == t {
		print $5 }' "$PROC"
}

# about VALUE WANTED: within one bucket of the histogram, or 25 % above: a
# guest without a processor of its own is late
about()
{
	echo "p50 is $1 us"
	awk -v v="$1" -v w="$2" 'BEGIN {
		exit !(v != "-" && v >= w * 0.875 && v <= w * 1.25) }'
}

expired()
{
	[ "$(awk '$1 == "closed" && $2 == "TIME_WAIT" && $3 == "expired" {
		print $4 }' "$PROC")" = "$N" ]
}

tc qdisc add dev lo root netem delay 80ms || skip_all "no netem"
at_exit "tc qdisc del dev lo root 2> /dev/null"
# Connections side by side: one swarm each
for ((i = 0; i < N; i++)); do
	swarm clean $((7400 + i)) 1 &
done
wait
tc qdisc del dev lo root
is "SYN_SENT lasts a round trip" \
	about "$(quantile SYN_SENT ESTABLISHED)" 160000
is "SYN_RECV lasts a round trip" \
	about "$(quantile SYN_RECV ESTABLISHED)" 160000
is "$N connections are in TIME_WAIT" \
	[ "$(state_field TIME_WAIT current < "$PROC")" = $N ]
is "they end as expired" poll 90 expired
# In Linux TIME_WAIT is 60 s; the bucket that holds 60 s ends at 61.5 s
about "$(quantile TIME_WAIT CLOSED)" 60000000 | note
[ "$(quantile TIME_WAIT CLOSED)" -ge 52500000 ] &&
	[ "$(quantile TIME_WAIT CLOSED)" -le 67500000 ]
is "after 60 s, within one bucket" [ $? -eq 0 ]
is "entered - left = current" balanced_now
is "nothing was missed" nothing_missed
ktap_end
