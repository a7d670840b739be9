#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest whose processors run at the same time: connections a second with one
# processor at work and with two, without the module and with it.  Prints
# "scaling PROCESSORS RATE OBSERVER", the best of some tries.

here=$(cd "$(dirname "$0")" && pwd)
WARMUP=500 COUNT=4000

ip link set lo up
sysctl -qw net.ipv4.tcp_max_tw_buckets=1000

# rate PROCESSORS: each makes COUNT connections on a port of its own
rate()
{
	local cpu spent
	for cpu in $(seq 0 $(($1 - 1))); do
		unshare -n "$0" --one "$cpu" > "/tmp/scaling.$cpu" &
	done
	wait
	for cpu in $(seq 0 $(($1 - 1))); do
		read -r spent _ < "/tmp/scaling.$cpu"
		echo $((1000000000 / spent))
	done | awk '{ sum += $1 } END { print sum }'
}

best()
{
	local most=0 now
	for _ in 1 2 3 4; do
		now=$(rate "$1")
		[ "$now" -le "$most" ] || most=$now
	done
	echo "$most"
}

if [ "$1" = --one ]; then
	ip link set lo up
	exec taskset -c "$2" "$here/load" short $WARMUP $COUNT
fi
echo "kernel $(uname -r)"
for observer in none tcpstates; do
	[ $observer = none ] || insmod "$TCPSTATES_KO" || exit 1
	for processors in 1 2; do
		echo "scaling $processors $(best $processors) $observer"
	done
done
