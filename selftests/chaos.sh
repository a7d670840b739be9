#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tcp_diag inet_diag
# timeout: 900
# threads: multi
#
# Chaos: connections in three namespaces that end in every way, servers that are
# killed, listeners that close, namespaces that come and go, while /proc is read
# all the time.  Afterwards every gauge is the kernel's.  With CHAOS=reload (see
# reload.sh) the module is unloaded and loaded meanwhile.
#
#   CHAOS_COUNT=COUNT   connections of each of six processes (33334;
#			10000 with CHAOS=reload)

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2016,SC2086

. "$(dirname "$0")/lib.sh"

count=33334
[ "${CHAOS:-}" != reload ] || count=10000
! slow_kernel || count=400
count=${CHAOS_COUNT:-$count}
# Seconds between two looks, and two namespaces: a slow kernel would do little else.
pause=0
! slow_kernel || pause=0.5
need swarm ss awk ip unshare
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
export -f gauges_are_kernels proc_gauges ss_gauges balanced
export PROC STATES

for ns in tcps_i tcps_j; do
	ip netns add $ns && ip -n $ns link set lo up
	at_exit "ip netns del $ns 2> /dev/null"
done

in_ns()
{
	local ns=$1
	shift
	if [ "$ns" = here ]; then
		"$@"
	else
		ip netns exec "$ns" "$@"
	fi
}

start_swarms()
{
	local ns port=7500
	swarms=()
	for ns in here tcps_i tcps_j; do
		for _ in 1 2; do
			port=$((port + 1))
			in_ns $ns swarm chaos $port "$count" $port \
				2> /dev/null &
			swarms+=($!)
		done
	done
}

rest()
{
	[ $pause = 0 ] || sleep $pause
}

# A namespace that comes, has connections, and goes with them
churn_namespaces()
{
	while [ ! -e "$dir/stop" ]; do
		ip netns add tcps_k && ip -n tcps_k link set lo up
		ip netns exec tcps_k swarm chaos 7600 100 $RANDOM 2> /dev/null
		ip netns exec tcps_k swarm open 7601 20 < <(sleep 0.2) \
			> /dev/null 2>&1 &
		ip netns del tcps_k
		wait $!
		rest
	done
}

# Reads all the time: nothing is negative, no counter goes back.
read_all_the_time()
{
	while [ ! -e "$dir/stop" ]; do
		cat "$PROC" 2> /dev/null
		echo end
		rest
	done | awk '
	$1 == "state" && ($3 ~ /^-./ || $3 > 1e9) { print; bad = 1 }
	$1 == "transition" {
		key = $2 " " $3
		if ($4 < last[key]) {
			print key ": " last[key] " and then " $4
			bad = 1
		}
		last[key] = $4
	}
	$1 == "end" { n++ }
	END { print n " reads" > "/dev/stderr"; exit bad }'
}

# The same while the module comes and goes, which may cut one short
read_whatever_is_there()
{
	while [ ! -e "$dir/stop" ]; do
		cat "$PROC" > "$dir/there" 2> /dev/null
		awk '
		$1 == "state" { n++ }
		$1 == "state" && $3 ~ /^-./ { print; bad = 1 }
		END { exit bad || n > 11 }' "$dir/there" || return
		rest
	done
}

kernels_in()
{
	in_ns "$1" bash -c gauges_are_kernels
}

# What there is to know when they are not
right_in()
{
	poll 20 kernels_in "$1" && return
	in_ns "$1" grep -v ' 0 ' "$PROC" | head -n 60
	in_ns "$1" cat /proc/net/sockstat
	grep TCP /proc/slabinfo
	false
}

balanced_in()
{
	in_ns "$1" cat /proc/tcpstates | balanced
}

# wait_swarms: all of them came to their end
wait_swarms()
{
	local pid bad=0
	for pid in "${swarms[@]}"; do
		wait "$pid" || bad=1
	done
	return $bad
}

# What the kernel says was connected, and what we do.  A connect without a port is
# one of ours alone; chaos runs out of none.
as_many_as_the_kernel()
{
	local ns sum=0 theirs ours

	for ns in here tcps_i tcps_j; do
		theirs=$(in_ns $ns cat /proc/net/snmp |
			awk '/^Tcp: [0-9]/ { print $6 }')
		ours=$(in_ns $ns cat "$PROC" | edge_count CLOSED SYN_SENT)
		echo "$ns: $ours connects, TcpActiveOpens: $theirs"
		[ "$theirs" -eq "$ours" ] || return
		sum=$((sum + ours))
	done
	[ $sum -eq $((6 * count)) ]
}

watch()
{
	local churn reader ns

	ktap_begin 10
	start_swarms
	churn_namespaces &
	churn=$!
	read_all_the_time > "$dir/read" 2> "$dir/reads" &
	reader=$!
	wait_swarms
	is "all connections were made" [ $? -eq 0 ]
	touch "$dir/stop"
	wait $churn
	wait $reader
	is "nothing is negative, nothing goes back" [ $? -eq 0 ]
	note < "$dir/read"
	note "$(cat "$dir/reads")"
	is "$((6 * count)) connects, as the kernel says" as_many_as_the_kernel
	for ns in here tcps_i tcps_j; do
		is "$ns: gauges are the kernel's" right_in $ns
		is "$ns: entered - left = current" balanced_in $ns
	done
	is "nothing was missed" nothing_missed
}

reload()
{
	local loads=0 ns churn reader

	ktap_begin 9
	churn_namespaces &
	churn=$!
	read_whatever_is_there &
	reader=$!
	# Until both have had enough: a fast machine ends its traffic early.
	while [ $loads -lt 3 ]; do
		start_swarms
		while kill -0 "${swarms[@]}" 2> /dev/null; do
			mod_unload && mod_load || break 2
			loads=$((loads + 1))
			sleep 0.2
		done
		wait_swarms
	done
	wait "${swarms[@]}"
	is "loaded again and again under traffic" [ $loads -gt 2 ]
	note "$loads times"
	touch "$dir/stop"
	wait $reader
	is "readers do not mind" [ $? -eq 0 ]
	wait $churn
	for ns in here tcps_i tcps_j; do
		is "$ns: gauges are the kernel's" poll 60 kernels_in $ns
		is "$ns: entered - left = current" balanced_in $ns
	done
	is "nothing was missed" nothing_missed
}

${CHAOS:-watch}
ktap_end
