#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tun tcp_diag inet_diag
# timeout: 420
#
# Sockets of all three kinds and all states that are older than the module, in
# two namespaces: they are in the gauges, and in no histogram; then they
# close, and nothing is left.
#
#   SEED_OPEN=COUNT   established connections in the second namespace (9000)
#   SEED_MIX=COUNT    times 12 sockets in all states in the first (200)

# The functions below are called through is() and poll(); A && B || C means that.
# shellcheck disable=SC2317,SC2015,SC2016

. "$(dirname "$0")/lib.sh"

open=9000 mix=200
! slow_kernel || open=1000 mix=50
open=${SEED_OPEN:-$open}
mix=${SEED_MIX:-$mix}
need tcp_walk swarm ss awk ip
dir=$(mktemp -d)
mod_setup
mod_unload
ktap_begin 14

for ns in tcps_f tcps_g; do
	ip netns add $ns && ip -n $ns link set lo up
	at_exit "ip netns del $ns 2> /dev/null"
done
at_exit "rm -rf $dir"
in_f="ip netns exec tcps_f"
in_g="ip netns exec tcps_g"
export -f gauges_are_kernels proc_gauges ss_gauges balanced all_zero_but
export PROC STATES

# bash in a namespace: its /proc/tcpstates is that namespace's
gauges_in()
{
	ip netns exec "$1" bash -c gauges_are_kernels
}

# Nobody knows how long: no dwell time of any state may have been recorded.
no_samples()
{
	ip netns exec "$1" awk '$1 == "state" && $NF != 0 { print; bad = 1 }
		$1 == "transition" && $4 != 0 { print; bad = 1 }
		END { exit bad }' /proc/tcpstates
}

count_in()
{
	ip netns exec "$1" awk '$1 == "state" && $2 != "CLOSED" { n += $3 }
		END { print n }' /proc/tcpstates
}

balanced_in()
{
	ip netns exec "$1" cat /proc/tcpstates | balanced
}

# Reads all the time
watch_gauges()
{
	while [ ! -e "$dir/stop" ]; do
		for ns in tcps_f tcps_g; do
			ip netns exec $ns awk '$1 == "state" && $3 ~ /^-./ {
				print; bad = 1 } END { exit bad }' \
				/proc/tcpstates || return
		done
		sleep 0.2
	done
}

nothing_left()
{
	[ "$(count_in tcps_f)" -eq 0 ] && [ "$(count_in tcps_g)" -eq 0 ]
}

closed_in()
{
	ip netns exec "$1" bash -c "all_zero_but TIME_WAIT FIN_WAIT2"
}

mkfifo "$dir/f" "$dir/g"
ulimit -n 20000
$in_f sh -c 'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries'
$in_f tcp_walk -n "$mix" -x "touch $dir/f.there; cat $dir/f" hold_mix \
	> "$dir/f.out" 2>&1 &
$in_g swarm open 7100 "$open" < "$dir/g" > "$dir/g.out" 2>&1 &
exec 8> "$dir/g"
poll 120 test -e "$dir/f.there" || note < "$dir/f.out"
poll 60 grep -q open "$dir/g.out" || note < "$dir/g.out"

is "load over sockets in all states" mod_load
is "gauges are the kernel's: all states" poll 10 gauges_in tcps_f
is "gauges are the kernel's: $((2 * open)) connections" gauges_in tcps_g
is "no dwell time, no transition: all states" no_samples tcps_f
is "no dwell time, no transition: connections" no_samples tcps_g
note "$(count_in tcps_f) and $(count_in tcps_g) sockets"
[ "$(module_counter tracked < "$PROC")" -ge \
	$(($(count_in tcps_f) + $(count_in tcps_g))) ]
is "all of them have a record" [ $? -eq 0 ]
is "entered - left = current" balanced_in tcps_f

exec 8>&-
: > "$dir/f"
wait_for_end=$(jobs -p)
watch_gauges &
watcher=$!
# shellcheck disable=SC2086 # words
wait $wait_for_end
is "they close: all states" poll 60 closed_in tcps_f
is "they close: connections" poll 60 closed_in tcps_g
is "gauges are the kernel's in the end" poll 10 gauges_in tcps_f
is "all gauges return to 0, when TIME_WAIT is over" poll 130 nothing_left
touch "$dir/stop"
wait $watcher
is "none was ever negative" [ $? -eq 0 ]
balanced_in tcps_f && balanced_in tcps_g
is "entered - left = current in the end" [ $? -eq 0 ]
is "nothing was missed" nothing_missed
ktap_end
