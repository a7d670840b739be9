#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tun tcp_diag inet_diag
# timeout: 1800
#
# Dumps of many connections: the same as ss lists, with each filter, and what the
# tool makes of them; none is missed while others come and go; the module is
# unloaded while twenty processes read.
#
#   NETLINK_MANY=COUNT   connections, times two sockets (12000); also
#                        netlink_many=COUNT on the kernel's command line; 100000
#                        need a guest with --mem 8G

# The functions below are called through is() and poll(); A && B || C means that.
# shellcheck disable=SC2317,SC2015

. "$(dirname "$0")/lib.sh"

need tcp_walk swarm netlink_dump tcpstatectl ss awk ip
many=12000
! slow_kernel || many=2000
said=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^netlink_many=//p')
many=${NETLINK_MANY:-${said:-$many}}
each=10000		# connections to one port
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup max_connections=$((many * 3 + 20000))
ip netns add tcps_n && ip -n tcps_n link set lo up
at_exit "ip netns del tcps_n 2> /dev/null"
in_n="ip netns exec tcps_n"

$in_n sh -c 'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries'
# theirs [FILTER OF SS]: "STATE LOCAL REMOTE" lines, without names of devices
theirs()
{
	$in_n ss -Htan state connected state listening "$@" |
		awk '{ sub("%[a-z0-9_]*:", ":"); sub(/\*$/, "0", $5); print $1, $4, $5 }' |
		sort
}

ours()
{
	$in_n netlink_dump conns "$@" > "$dir/dump" || return
	grep -v '^#' "$dir/dump" | awk '{ print $1, $2, $3 }' | sort
}

# same FILTER OF SS -- FILTERS: equal, and not nothing
same()
{
	local wanted=()
	while [ "$1" != -- ]; do
		wanted+=("$1")
		shift
	done
	shift
	theirs "${wanted[@]}" > "$dir/a"
	ours "$@" > "$dir/b" || return
	[ -s "$dir/a" ] && cmp "$dir/a" "$dir/b" ||
		{ wc -l "$dir/a" "$dir/b"; diff "$dir/a" "$dir/b" | head; false; }
}

# in_state STATE BIT: ss in that state has no column for it.  A slow kernel takes
# so long that some states have timed out.
in_state()
{
	theirs | awk -v s="$1" '$1 == s' > "$dir/a"
	ours states=$((1 << $2)) > "$dir/b"
	{ [ -s "$dir/a" ] || slow_kernel; } && cmp "$dir/a" "$dir/b"
}

each_state()
{
	in_state LISTEN 10 && in_state SYN-SENT 2 && in_state SYN-RECV 3 &&
		in_state ESTAB 1 && in_state FIN-WAIT-1 4 &&
		in_state FIN-WAIT-2 5 && in_state CLOSE-WAIT 8 &&
		in_state CLOSING 11 && in_state LAST-ACK 9 &&
		in_state TIME-WAIT 6 || { wc -l "$dir/a" "$dir/b"; false; }
}

by_port()
{
	local one
	same sport = :7100 -- local-port=7100 &&
		same dport = :7100 -- remote-port=7100 || return
	one=$(awk '$1 == "ESTAB" { print $2; exit }' "$dir/a")
	same sport = ":${one##*:}" -- "local-port=${one##*:}"
}

lasting_states()
{
	in_state LISTEN 10 && in_state ESTAB 1 && in_state CLOSE-WAIT 8 ||
		{ wc -l "$dir/a" "$dir/b"; false; }
}

by_address()
{
	same src 127.0.0.0/8 -- local=127.0.0.0/8 &&
		same dst 127.0.0.1 -- remote=127.0.0.1
}

by_address_of_mix()
{
	same src 198.18.0.0/15 -- local=198.18.0.0/15 &&
		same dst 198.0.0.0/8 -- remote=198.0.0.0/8
}

nothing()
{
	[ -z "$(ours "$@")" ]
}

by_age()
{
	nothing age-min=3600000000 && same -- age-min=1
}

# The tool's table of all: state and ends as ss has them; whose they are
as_the_tool_says()
{
	local all=listen,syn-sent,syn-recv,established,fin-wait1,fin-wait2
	all+=,close-wait,closing,last-ack,time-wait
	theirs > "$dir/a"
	$in_n tcpstatectl conns state "$all" > "$dir/tool" || return
	awk 'NR > 1 {
		s = $1
		gsub("_", "-", s)
		sub("ESTABLISHED", "ESTAB", s)
		sub("FIN-WAIT", "FIN-WAIT-", s)
		print s, $3, $4
	}' "$dir/tool" | sort > "$dir/b"
	cmp "$dir/a" "$dir/b" ||
		{ wc -l "$dir/a" "$dir/b"; diff "$dir/a" "$dir/b" | head; return 1; }
	awk '$1 == "ESTABLISHED" && ($3 ":" $4) ~ /:7100:|:7100$/ {
		n[$5 ~ /^swarm\/[0-9]*$/]++
	}
	END { print n[1] + 0 " of swarm, " n[0] + 0 " not"; exit n[0] || !n[1] }
	' "$dir/tool"
}

all_known()
{
	grep -E '^# shown [0-9]* skipped 0 ageless 0 intr 0$' "$dir/dump" ||
		{ tail -n 1 "$dir/dump"; false; }
}

# held FILTERS: the open ones of one port, from a dump with these filters
held()
{
	ours "$@" | awk '$1 == "ESTAB" && $2 == "127.0.0.1:7100"'
}

# Those that stay are in each dump, whatever else comes and goes; a dump that
# may have lost one says so.  Each look walks the whole table.  One that asks for
# all is not over in time when they are very many, so that then each asks for one
# port: 10,000 sockets, a hundred messages.
under_traffic()
{
	local i churn filters bad=0 sure=0
	theirs sport = :7100 | awk '$1 == "ESTAB"' > "$dir/held"
	[ -s "$dir/held" ] || return
	for i in 1 2 3; do
		$in_n swarm chaos $((7300 + i)) 100000 "$i" > /dev/null 2>&1 &
		churn+=" $!"
	done
	sleep 1
	for i in 1 2 3 4 5 6; do
		filters="states=2 local-port=7100"
		[ "$many" -gt $((2 * each)) ] || [ $((i % 2)) -eq 0 ] || filters=
		# shellcheck disable=SC2086 # words
		held $filters | uniq > "$dir/now"
		grep -q 'intr 0$' "$dir/dump" || continue
		sure=$((sure + 1))
		cmp "$dir/held" "$dir/now" || bad=1
	done
	# shellcheck disable=SC2086 # words
	kill $churn
	echo "$sure of 6 dumps without interruption"
	[ "$bad" = 0 ] && [ "$sure" -gt 0 ]
}

# Twenty who pause so long, in microseconds, that three times in four none of
# them is in the midst of a dump, however fast this machine is
long_pause()
{
	local begin=${EPOCHREALTIME/[.,]/}
	$in_n netlink_dump conns states=2 remote-port=7100 > /dev/null
	echo $(((${EPOCHREALTIME/[.,]/} - begin) * 60 + 500000))
}

unload_while_read()
{
	local i pids=() pid bad=0 pause
	pause=$(long_pause)
	echo "each pauses for $((pause / 1000)) ms"
	for i in $(seq 20); do
		$in_n netlink_dump read "$pause" states=2 remote-port=7100 \
			> "$dir/read.$i" 2>&1 &
		pids+=($!)
	done
	sleep 3
	poll 120 now_or_never || { echo "still loaded"; bad=1; }
	[ "$bad" = 0 ] || kill "${pids[@]}"
	for pid in "${pids[@]}"; do
		wait "$pid" || bad=1
	done
	sort "$dir"/read.* | uniq -c | head -n 20
	[ "$bad" = 0 ]
}

# A dump under way holds the module: it takes a moment without any.
now_or_never()
{
	local i
	for i in $(seq 50); do
		rmmod tcpstates 2> /dev/null && return
	done
	return 1
}

# tcp_walk wants to be alone in its namespace, and some states last a minute: they
# are looked at before the many.
$in_n tcp_walk -n 100 -x "touch $dir/f.there; sleep 3000" hold_mix \
	> "$dir/f.out" 2>&1 &
walk=$!
at_exit "kill -9 $walk 2> /dev/null"
poll 120 test -e "$dir/f.there" || note < "$dir/f.out"

ktap_begin 12
is "each state" poll 20 each_state
is "addresses of all states" poll 20 by_address_of_mix
ulimit -n $((2 * each + 100))
is_open()
{
	grep -qs open "$dir/$port.out"
}

left=$many
port=7100
swarms=()
while [ "$left" -gt 0 ]; do
	n=$((left < each ? left : each))
	$in_n swarm open $port $n < <(sleep 3000) > "$dir/$port.out" 2>&1 &
	swarms+=($!)
	poll 120 is_open || note < "$dir/$port.out"
	left=$((left - n))
	port=$((port + 1))
done
at_exit "kill -9 ${swarms[*]} 2> /dev/null"

is "all connections: $(theirs | wc -l) in ss" poll 60 same --
is "all have an age, none was skipped" all_known
is "the tool's table of all" poll 60 as_the_tool_says
is "states that last" lasting_states
is "ports" by_port
is "addresses" by_address
is "ages" poll 60 by_age
is "nothing of another user" nothing uid=1
is "none is missed under traffic" under_traffic
is "unload while 20 processes read" unload_while_read
kill -9 "$walk" "${swarms[@]}" 2> /dev/null
wait 2> /dev/null
ktap_end
