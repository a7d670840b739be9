#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux jq
# modules: tcp_diag inet_diag
# timeout: 240
#
# tcpstatectl conns, listeners, hist, diagram, netns: against ss, /proc and
# the processes that own the sockets.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2086,SC2191

. "$(dirname "$0")/lib.sh"

need swarm ss ip awk jq tcpstatectl setpriv
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
PORT=7901
COUNT=30
ktap_begin 24

# holding COMMAND...: in the background until let_go
holding()
{
	mkfifo "$dir/go"
	"$@" < "$dir/go" > "$dir/held" &
	holder=$!
	exec 9> "$dir/go"
	poll 20 grep -q open "$dir/held"
}

let_go()
{
	exec 9>&-
	wait "$holder"
	rm -f "$dir/go"
}

# "LOCAL REMOTE" of connections, as ss writes them and as we do
ss_ends()
{
	ss -Htan "$@" | awk '{ print $(NF - 1), $NF }' | sort
}

our_ends()
{
	tcpstatectl conns "$@" | awk 'NR > 1 { print $3, $4 }' | sort
}

same_ends()
{
	[ "$(our_ends "$@" | wc -l)" -gt 0 ] &&
		diff <(ss_ends "${filter[@]}") <(our_ends "$@")
}

conns_are_those_of_ss()
{
	local filter=(state connected)
	same_ends
}

one_state()
{
	local filter=(state established)
	same_ends state established && same_ends state ESTABLISHED
}

by_port()
{
	local filter=(state connected sport = ":$PORT")
	same_ends sport $PORT
}

by_address()
{
	local filter=(state connected dst 127.0.0.0/8)
	same_ends dst 127.0.0.0/8 && [ "$(our_ends dst 10.0.0.0/8 | wc -l)" -eq 0 ]
}

by_age()
{
	[ "$(our_ends older 1h | wc -l)" -eq 0 ] &&
		[ "$(our_ends older 1ms | wc -l)" -eq $((2 * COUNT)) ]
}

# The ages of connections that were made between two looks at the clock
ages_are_right()
{
	tcpstatectl conns -j state established |
		jq -e --argjson t "$(($(date +%s) - began))" '
		[.connections[].age_us] | length == '$((2 * COUNT))' and
		min >= 0 and max <= ($t + 1) * 1000000'
}

# ss -p says users:(("swarm",pid=123,fd=4)): both ends are of one process.
owners_are_those_of_ss()
{
	diff <(ss -Htanp state established |
		sed -E 's/.*\(\("([^"]*)",pid=([0-9]+).*/\1\/\2/' | sort) \
		<(tcpstatectl conns state established |
		awk 'NR > 1 { print $5 }' | sort)
}

user_is_said()
{
	tcpstatectl conns -n uid 4321 | awk 'NR > 1 { n++; bad += $6 != 4321 }
		END { exit !(n == 2 * '"$COUNT"' && !bad) }' &&
	[ "$(our_ends uid 4322 | wc -l)" -eq 0 ]
}

cgroup_is_said()
{
	tcpstatectl conns | awk 'NR > 1 { n++; bad += $7 != "/tool_test" }
		END { exit !(n && !bad) }' &&
	[ "$(our_ends cgroup '/tool_test' | wc -l)" -eq $((2 * COUNT)) ]
}

json_is_complete()
{
	tcpstatectl conns -j | jq -e '.version == 1 and .summary.complete and
		.summary.shown == (.connections | length) and
		([.connections[] | has("state", "age_us", "local", "remote",
			"process", "uid", "inode", "cgroup", "cookie", "kind")] |
			all)' > /dev/null
}

listeners_are_those_of_ss()
{
	diff <(ss -Htln | awk '{ print $4, $2, $3 }' | sort) \
		<(tcpstatectl listeners | awk 'NR > 1 { print $1, $5, $6 }' |
			sort)
}

listener_json()
{
	tcpstatectl listeners -j sport $PORT | jq -e '.listeners | length == 1 and
		.[0].local.port == '$PORT' and .[0].process.name == "swarm" and
		.[0].age_us > 0 and .[0].half_open == 0' > /dev/null
}

# The histogram has as many times as /proc says, and the same median.
hist_is_that_of_proc()
{
	local state=$1 samples p50
	read -r samples p50 < <(awk -v s="$state" \
		'$1 == "state" && $2 == s { print $9, $6 }' /proc/tcpstates)
	tcpstatectl hist -j "$state" | jq -e ".count == $samples and
		.dwell_us.p50 == $p50 and .count > 0 and
		([.buckets[].count] | add) == .count" > /dev/null && return
	grep " $state " /proc/tcpstates
	tcpstatectl hist -j "$state"
	return 1
}

hist_of_an_edge()
{
	[ "$(tcpstatectl hist -j syn_recv:established | jq .count)" -eq \
		"$(awk '$2 == "SYN_RECV" && $3 == "ESTABLISHED" { print $8 }' \
		/proc/tcpstates)" ] &&
	tcpstatectl hist syn-recv:established | grep -q '|\*\*' &&
	tcpstatectl hist -P syn-recv | grep -q '^p99.9 '
}

# What is known of this load is in the drawing, which is no wider than 80.
diagram_has_the_numbers()
{
	local drawn
	drawn=$(tcpstatectl diagram) || return
	[ "$(awk '{ print length }' <<< "$drawn" | sort -n | tail -n 1)" -le 80 ] &&
		grep -q "| $((2 * COUNT)) *|" <<< "$drawn" &&
		grep -q "SYN received | $COUNT " <<< "$drawn"
}

netns_are_listed()
{
	local ino
	ino=$(stat -L -c %i /run/netns/tcps_tool)
	in_initial tcpstatectl netns -j | jq -e "[.netns[] |
		select(.netns == $ino)] | length == 1 and
		.[0].name == \"tcps_tool\" and .[0].current.established == 10" \
		> /dev/null
}

# The test is in a namespace of its own, and process 1 is not.
in_initial()
{
	nsenter -t 1 -n "$@"
}

other_netns()
{
	[ "$(tcpstatectl -N tcps_tool show -j | jq '.states[] |
		select(.state == "established").current')" -eq 10 ] &&
	[ "$(tcpstatectl conns -N tcps_tool state established | wc -l)" -eq 11 ]
}

unprivileged()
{
	local said
	chmod 755 "$(command -v tcpstatectl)" 2> /dev/null
	said=$(setpriv --reuid 65534 --clear-groups tcpstatectl conns 2>&1) &&
		grep -q 'run as root' <<< "$said" &&
		grep -q ESTABLISHED <<< "$said" || return
	! said=$(in_initial setpriv --reuid 65534 --clear-groups \
		tcpstatectl netns 2>&1) && [ "$(wc -l <<< "$said")" -eq 1 ]
}

# One line, the status, and the nearest word
refuses()
{
	local want=$1 status=$2 said got
	shift 2
	said=$(tcpstatectl "$@" 2>&1)
	got=$?
	[ $got -eq "$status" ] && [ "$(wc -l <<< "$said")" -eq 1 ] &&
		grep -q "$want" <<< "$said" && return
	echo "$* : $got: $said"
	return 1
}

wrong_words()
{
	refuses "did you mean 'CLOSE_WAIT'" 1 conns state close-wai &&
	refuses "did you mean 'older'" 1 conns oldr 5s &&
	refuses "1 to 65535" 1 conns sport 70000 &&
	refuses "500ms" 1 listeners older soon &&
	refuses "did you mean 'conns'" 1 cons &&
	refuses "wants a state" 1 hist &&
	refuses "no network namespace" 2 -N nowhere conns
}

# A process whose name is meant to forge a line
hostile_name()
{
	local name=$'x\n\e[2J"'
	cp "$(command -v swarm)" "$dir/$name" || return
	holding "$dir/$name" open $((PORT + 3)) 1
	tcpstatectl conns sport $((PORT + 3)) > "$dir/text"
	tcpstatectl conns -j sport $((PORT + 3)) > "$dir/json"
	let_go
	[ "$(wc -l < "$dir/text")" -eq 2 ] && ! grep -q $'\e' "$dir/text" &&
		jq -e '.connections | length == 1' "$dir/json" > /dev/null
}

without_module()
{
	local verb
	for verb in conns listeners "hist listen" diagram netns; do
		# shellcheck disable=SC2086 # words
		refuses "not loaded" 2 $verb || return
	done
}

closed_pipe()
{
	tcpstatectl conns | head -n 1 > /dev/null
	[ "${PIPESTATUS[0]}" -ne 139 ]
}

mkdir "/sys/fs/cgroup/tool_test"
at_exit "rmdir '/sys/fs/cgroup/tool_test'"
began=$(date +%s)
in_cgroup()
{
	echo "$BASHPID" > "/sys/fs/cgroup/tool_test/cgroup.procs"
	exec setpriv --reuid 4321 --clear-groups swarm open $PORT $COUNT
}
holding in_cgroup
is "conns: those of ss" conns_are_those_of_ss
is "conns: one state" one_state
is "conns: a port" by_port
is "conns: an address" by_address
is "conns: an age" by_age
is "conns: ages are right" ages_are_right
is "conns: processes, those of ss" owners_are_those_of_ss
is "conns: user" user_is_said
if grep -qw cgroup_sk_alloc /proc/kallsyms; then
	is "conns: cgroup" cgroup_is_said
else
	skip "conns: cgroup" "this kernel does not know a socket's cgroup"
fi
is "conns: JSON" json_is_complete
is "listeners: those of ss" listeners_are_those_of_ss
is "listeners: JSON" listener_json
is "diagram: the numbers of the load" diagram_has_the_numbers
is "an unprivileged user" unprivileged
is "a closed pipe" closed_pipe
let_go
is "hist: a state" hist_is_that_of_proc ESTABLISHED
is "hist: a transition" hist_of_an_edge
is "hist: another state" hist_is_that_of_proc SYN_SENT

ip netns add tcps_tool && ip -n tcps_tool link set lo up
at_exit "ip netns del tcps_tool"
holding ip netns exec tcps_tool swarm open $((PORT + 1)) 5
is "netns: names and numbers" netns_are_listed
is "another namespace" other_netns
let_go
is "a process with a hostile name" hostile_name
is "wrong words: one line, the nearest one" wrong_words
is "gauges are the kernel's" poll 10 gauges_are_kernels
mod_unload
is "without the module: one line, status 2" without_module
ktap_end
