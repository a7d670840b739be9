#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tun veth
# clock: virtual
# timeout: 90
#
# Network namespaces do not see each other's numbers.

# The functions below are called through is(), and A && B || C means just that.
# shellcheck disable=SC2317,SC2015
. "$(dirname "$0")/lib.sh"

need tcp_walk ip nstat awk
many=300
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"

ns_add()
{
	ip netns add "$1" || skip_all "no network namespaces"
	at_exit "ip netns del $1 2> /dev/null"
	ip -n "$1" link set lo up
}

# ns_proc NAMESPACE: its /proc/tcpstates
ns_proc()
{
	ip netns exec "$1" cat "$PROC"
}

# edges_are NAMESPACE "FROM TO COUNT"...: exactly these transitions
edges_are()
{
	local ns=$1 edge
	shift
	for edge; do
		echo "$edge"
	done | sort > "$dir/want"
	ns_proc "$ns" | awk '$1 == "transition" && $4 { print $2, $3, $4 }' |
		sort > "$dir/got"
	diff "$dir/want" "$dir/got"
}

# ns_nstat NAMESPACE NAME
ns_nstat()
{
	ip netns exec "$1" nstat -asz "$2" | awk -v n="$2" '$1 == n { print $2 }'
}

same_in_nstat()
{
	local ns=$1 active passive
	active=$(ns_proc "$ns" | edge_count CLOSED SYN_SENT)
	passive=$(ns_proc "$ns" | edge_count LISTEN SYN_RECV)
	[ "$active" = "$(ns_nstat "$ns" TcpActiveOpens)" ] &&
		[ "$passive" = "$(ns_nstat "$ns" TcpPassiveOpens)" ] ||
		{ echo "$ns: $active $passive"; false; }
}

ns_balanced()
{
	ns_proc "$1" | balanced
}

ns_zero()
{
	local n
	n=$(ns_proc "$1" | counted)
	[ "$n" = 0 ] || { echo "$1: $n events"; false; }
}

# Two commands at once; both must end well.
together()
{
	local one two
	ip netns exec tcps_a tcp_walk -n "$many" "$1" > /dev/null &
	one=$!
	ip netns exec tcps_b tcp_walk -n "$many" "$2" > /dev/null &
	two=$!
	wait "$one" && wait "$two"
}

own_namespace_unchanged()
{
	counted < "$PROC" > "$dir/after"
	diff "$dir/before" "$dir/after"
}

# Client in one namespace, server in the other, a veth pair between them
across()
{
	local server
	ip link add tcps_va netns tcps_c type veth peer name tcps_vb \
		netns tcps_d &&
	ip -n tcps_c addr add 198.51.100.1/24 dev tcps_va &&
	ip -n tcps_d addr add 198.51.100.2/24 dev tcps_vb &&
	ip -n tcps_c link set tcps_va up &&
	ip -n tcps_d link set tcps_vb up || return
	ip netns exec tcps_d busybox nc -l -p 5000 < /dev/null > /dev/null &
	server=$!
	poll 20 in_state tcps_d LISTEN 1 && poll 20 connect_across &&
		wait "$server"
}

connect_across()
{
	ip netns exec tcps_c bash -c ': 3<> /dev/tcp/198.51.100.2/5000' \
		2> /dev/null
}

# in_state NAMESPACE STATE COUNT
in_state()
{
	[ "$(ns_proc "$1" | state_field "$2" current)" = "$3" ]
}

# One connection: the client's half in one, the server's in the other
halves()
{
	ns_proc tcps_c > "$dir/c"
	ns_proc tcps_d > "$dir/d"
	[ "$(edge_count SYN_SENT ESTABLISHED < "$dir/c")" = 1 ] &&
	[ "$(edge_count LISTEN SYN_RECV < "$dir/c")" = 0 ] &&
	[ "$(edge_count CLOSED LISTEN < "$dir/c")" = 0 ] &&
	[ "$(edge_count SYN_RECV ESTABLISHED < "$dir/d")" = 1 ] &&
	[ "$(edge_count CLOSED SYN_SENT < "$dir/d")" = 0 ] ||
		{ cat "$dir/c" "$dir/d"; false; }
}

# A namespace is deleted while it has sockets in all states; its processes are
# killed later.
delete_busy()
{
	local pid
	ip netns add tcps_e && ip -n tcps_e link set lo up || return
	ip netns exec tcps_e sh -c \
		'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries'
	mkfifo "$dir/hold"
	ip netns exec tcps_e tcp_walk -n 20 \
		-x "touch $dir/held; cat $dir/hold" hold_mix > /dev/null &
	pid=$!
	poll 30 test -e "$dir/held"
	ns_proc tcps_e > "$dir/e"
	ip netns del tcps_e
	kill -9 "$pid"
	wait "$pid" 2> /dev/null
	: > "$dir/hold"
	[ "$(state_field ESTABLISHED current < "$dir/e")" = 20 ]
}

# What is left in the table: the sockets that other namespaces have
forgotten()
{
	poll 60 tracked_again || { cat "$PROC"; false; }
}

tracked()
{
	awk '$1 == "counter" && $2 == "tracked" { print $3 }' "$PROC"
}

tracked_again()
{
	[ "$(tracked)" -le "$tracked_before" ]
}

# Counters are the whole module's, and alerts what was last looked at.
own_lines()
{
	ns_proc "$1" | grep -E '^(state|transition|closed) '
}

untouched()
{
	own_lines tcps_a | diff "$dir/a" - && own_lines tcps_b | diff "$dir/b" -
}

# Without memory for counters of its own on each CPU, which is the same but
# for the cost: counts, and a dwell time for each that has one.
shares()
{
	mod_load max_counter_memory=0 && ns_add tcps_f || return
	counter shared > "$dir/shared"
	ip netns exec tcps_f tcp_walk -n "$many" loop_abort > /dev/null &&
		ip netns exec tcps_f tcp_walk -n "$many" loop_abort \
		> /dev/null || return
	[ "$(counter shared)" = $(($(cat "$dir/shared") + 1)) ] ||
		{ echo "$(counter shared) shared"; return 1; }
	edges_are tcps_f \
		"CLOSED LISTEN $((many * 2))" "LISTEN CLOSED $((many * 2))" \
		"CLOSED SYN_SENT $((many * 2))" \
		"SYN_SENT ESTABLISHED $((many * 2))" \
		"LISTEN SYN_RECV $((many * 2))" \
		"SYN_RECV ESTABLISHED $((many * 2))" \
		"ESTABLISHED CLOSED $((many * 4))" &&
		same_in_nstat tcps_f && ns_balanced tcps_f &&
		all_measured && nothing_missed
}

counter()
{
	awk -v n="$1" '$1 == "counter" && $2 == n { print $3 }' "$PROC"
}

# All but births have a dwell time.
all_measured()
{
	ns_proc tcps_f | awk '
	$1 == "transition" && $2 != "CLOSED" && $3 != "SYN_RECV" &&
		$4 != $8 { print; bad = 1 }
	END { exit bad }'
}

as_before()
{
	counter shared | diff - "$dir/shared"
}

unshared()
{
	ip netns del tcps_f && poll 20 as_before && mod_unload
}

ns_add tcps_a
ns_add tcps_b
counted < "$PROC" > "$dir/before"

ktap_begin 19
is "a new namespace begins at zero" ns_zero tcps_a
is "so does another" ns_zero tcps_b
is "traffic in both at once" together loop_abort loop_refused
is "the first has its own transitions" edges_are tcps_a \
	"CLOSED LISTEN $many" "LISTEN CLOSED $many" \
	"CLOSED SYN_SENT $many" "SYN_SENT ESTABLISHED $many" \
	"LISTEN SYN_RECV $many" "SYN_RECV ESTABLISHED $many" \
	"ESTABLISHED CLOSED $((many * 2))"
is "the second has its own transitions" edges_are tcps_b \
	"CLOSED SYN_SENT $many" "SYN_SENT CLOSED $many"
is "nstat agrees in the first" same_in_nstat tcps_a
is "nstat agrees in the second" same_in_nstat tcps_b
is "entered - left = current in the first" ns_balanced tcps_a
is "entered - left = current in the second" ns_balanced tcps_b
is "our own namespace saw nothing of it" own_namespace_unchanged
own_lines tcps_a > "$dir/a"
own_lines tcps_b > "$dir/b"

ns_add tcps_c
ns_add tcps_d
if command -v busybox > /dev/null; then
	is "a connection between two namespaces" across
	is "each has its half" halves
else
	skip "a connection between two namespaces" "no busybox"
	skip "each has its half" "no busybox"
fi
tracked_before=$(tracked)
is "a namespace can be deleted with sockets open" delete_busy
is "nothing of it stays in the table" forgotten
is "the others keep their numbers" untouched
ns_add tcps_e
is "a namespace of the same name begins at zero" ns_zero tcps_e
is "the module can be unloaded with all of them there" mod_unload
is "a namespace without counters per CPU counts all the same" shares
is "which ends with it" unshared
ktap_end
