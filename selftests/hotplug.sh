#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux
# modules: tcp_diag inet_diag
# timeout: 400
#
# Processors go and come under connections in two namespaces: no count is lost,
# what was counted on one that is gone still counts, gauges are the kernel's, the
# audit finds nothing to set right.  All that can go do; try --cpus 4.
#
#   HOTPLUG_COUNT=COUNT   connections of each of four processes (4000; a slow
#                         kernel: 300)

# The functions below are called through is() and poll(); A && B || C means that.
# shellcheck disable=SC2317,SC2015,SC2086,SC2119

. "$(dirname "$0")/lib.sh"

need swarm load_pairs ss awk ip taskset
CPUS=/sys/devices/system/cpu
in_own_namespace
mapfile -t online < <(ls -d $CPUS/cpu[1-9]*/online 2> /dev/null)
[ "${#online[@]}" -gt 0 ] || skip_all "no processor that can go"
count=4000
! slow_kernel || count=300
count=${HOTPLUG_COUNT:-$count}
dir=$(mktemp -d)
at_exit "rm -rf $dir"
# A test that is ended leaves all processors as they were.
everybody()
{
	local file
	for file in "${online[@]}"; do
		[ "$(cat "$file")" = 1 ] || echo 1 > "$file"
	done
}
at_exit everybody
mod_setup
ip netns add tcps_h && ip -n tcps_h link set lo up
at_exit "ip netns del tcps_h 2> /dev/null"
export -f gauges_are_kernels proc_gauges ss_gauges balanced nothing_missed
export PROC STATES

# in_ns here|NAMESPACE COMMAND...
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

# What was ever counted here, without the gauges
counts()
{
	awk '$1 == "transition" || $1 == "closed" { print $1, $2, $3, $4 }' "$PROC"
}

active_opens()
{
	awk '/^Tcp: [0-9]/ { print $6 }' /proc/net/snmp
}

opened()
{
	edge_count CLOSED SYN_SENT < "$PROC"
}

# Ten connections that were opened on the last processor, and closed there
on_the_last()
{
	taskset -c "$last" swarm clean 7450 10
}

# They are gone from no count, neither when it goes nor when it comes back.
still_counted()
{
	local before
	on_the_last && before=$(counts) && [ "$(opened)" = "$(active_opens)" ] &&
		echo 0 > "${online[-1]}" &&
		diff <(echo "$before") <(counts) && echo 1 > "${online[-1]}" &&
		diff <(echo "$before") <(counts) && on_the_last &&
		[ "$(opened)" = "$(active_opens)" ] &&
		[ "$(opened)" -ge $(($(edges_in "$before") + 10)) ]
}

edges_in()
{
	awk '$1 == "transition" && $2 == "CLOSED" && $3 == "SYN_SENT" {
		print $4 }' <<< "$1"
}

# The module knows a processor that was not there when it came, and one that
# is not there when it goes.
loaded_without()
{
	local before
	mod_unload && echo 0 > "${online[-1]}" && mod_load || return
	before=$(active_opens)
	echo 1 > "${online[-1]}"
	on_the_last && [ "$(opened)" = $(($(active_opens) - before)) ] &&
		[ "$(opened)" = 10 ] || { opened; return 1; }
}

unloaded_without()
{
	echo 0 > "${online[-1]}"
	mod_unload && mod_load && swarm clean 7452 10 || return
	echo 1 > "${online[-1]}"
	[ "$(opened)" = 10 ] && balanced_now
}

start_swarms()
{
	local ns port=7460
	swarms=()
	for ns in here tcps_h; do
		for _ in 1 2; do
			port=$((port + 1))
			in_ns $ns swarm chaos $port "$count" $port \
				2> /dev/null &
			swarms+=($!)
		done
	done
}

read_all()
{
	while [ ! -e "$dir/stop" ]; do
		cat "$PROC" || break
		sleep 0.1
	done | awk '
	$1 == "state" && ($3 ~ /^-./ || $3 > 1e9) { print; bad = 1 }
	$1 == "transition" {
		key = $2 " " $3
		if ($4 < last[key]) {
			print key ": " last[key] " and then " $4
			bad = 1
		}
		last[key] = $4
		n++
	}
	END { exit bad || !n }'
}

# While the swarms run; in TURNS how often
go_and_come()
{
	local file
	TURNS=0
	while kill -0 "${swarms[@]}" 2> /dev/null; do
		for file in "${online[@]}"; do
			echo 0 > "$file" || return
		done
		sleep 0.2
		for file in "${online[@]}"; do
			echo 1 > "$file" || return
		done
		sleep 0.2
		TURNS=$((TURNS + 1))
	done 2>> "$dir/errors"
}

wait_swarms()
{
	local pid bad=0
	for pid in "${swarms[@]}"; do
		wait "$pid" || bad=1
	done
	return $bad
}

# Against TcpActiveOpens, since the module was loaded
as_many_as_the_kernel()
{
	local ns
	for ns in here tcps_h; do
		in_ns $ns cat /proc/net/snmp "$PROC" | awk -v ns=$ns \
			-v count="$count" '
		/^Tcp: [0-9]/ { kernel = $6 }
		$1 == "transition" && $2 == "CLOSED" && $3 == "SYN_SENT" {
			ours = $4 }
		END {
			before = ns == "here" ? '"$before_theirs"' : 0
			print ns ": " ours " connects, TcpActiveOpens: " kernel
			exit ours != kernel - before || ours < 2 * count
		}' || return
	done
}

kernels_in()
{
	in_ns "$1" bash -c gauges_are_kernels
}

# Connections that wait in FIN_WAIT2, most as mini sockets, until they are let go
begin_fin_wait2()
{
	coproc WAITING {
		load_pairs -n 5 listen connect accept cclose s:CLOSE_WAIT \
			pause=there 2>&1
	}
	let_go=${WAITING[1]}
	read -r word <&"${WAITING[0]}" && [ "$word" = there ]
}

# Mini sockets in FIN_WAIT2, by their timer; ones that chaos left, too
mini_fin_wait2()
{
	ss -Htano state fin-wait-2 | grep -c 'timer:(timewait'
}

# The kernel's own sums of its processors: sockets in use (all but mini sockets
# and requests), mini sockets (in TIME_WAIT and FIN_WAIT2), and TcpCurrEstab
as_sockstat_says()
{
	local mini
	mini=$(mini_fin_wait2)
	[ "$mini" -gt 0 ] || { echo "no mini socket in FIN_WAIT2"; return 1; }
	cat /proc/net/sockstat /proc/net/sockstat6 /proc/net/snmp "$PROC" |
		awk -v mini="$mini" '
	/^TCP6?: inuse/ { inuse += $3 }
	/^TCP: / { tw = $7 }
	/^Tcp: [0-9]/ { established = $10 }
	$1 == "state" && $2 != "CLOSED" { n[$2] = $3; all += $3 }
	END {
		ours_tw = n["TIME_WAIT"] + mini
		ours = all - ours_tw - n["SYN_RECV"]
		print "in use " inuse ", here " ours
		print "tw " tw ", here " ours_tw ", FIN_WAIT2 " mini
		print "established " established ", here " \
			n["ESTABLISHED"] + n["CLOSE_WAIT"]
		exit inuse != ours || tw != ours_tw ||
			established != n["ESTABLISHED"] + n["CLOSE_WAIT"]
	}'
}

balanced_in()
{
	in_ns "$1" cat "$PROC" | balanced
}

# Time for two audits
audited()
{
	sleep 12
	in_ns "$1" bash -c nothing_missed
}

last=${online[-1]%/online}
last=${last##*cpu}
ktap_begin 14
note "processors that go: ${#online[@]}"
is "what was counted on a processor that is gone still counts" still_counted
is "loaded while one is gone" loaded_without
is "unloaded, and loaded again, while one is gone" unloaded_without
mod_unload && mod_load
before_theirs=$(active_opens)
start_swarms
read_all > "$dir/read" &
reader=$!
go_and_come
is "processors went and came" [ $? -eq 0 ]
note < "$dir/errors"
wait_swarms
is "all processes came to their end" [ $? -eq 0 ]
note "$TURNS times"
is "often enough" [ "$TURNS" -ge 5 ]
touch "$dir/stop"
wait $reader
is "nothing is negative, nothing goes back" [ $? -eq 0 ]
note < "$dir/read"
is "as many connects as the kernel says" as_many_as_the_kernel
for ns in here tcps_h; do
	is "$ns: gauges are the kernel's" poll 30 kernels_in $ns
	is "$ns: entered - left = current" balanced_in $ns
done
begin_fin_wait2 || note "FIN_WAIT2: load_pairs said: $word"
is "the same as sockstat and snmp" poll 30 as_sockstat_says
exec {let_go}>&-
is "nothing was missed, no drift" audited here
ktap_end
