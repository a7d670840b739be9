#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 nftables
# modules: tun tcp_diag inet_diag nf_tables
# timeout: 600
#
# Rare ways through TCP: half-open connections whose listener closes and which
# another one takes over, "ss -K" in every state, MPTCP's subflows.  Packets are
# held back by nft, not by time.  The other side is ss, nstat and what was
# asked for.
#
#   EXOTIC_N=COUNT       connections of each kind (60; a slow kernel: 20)
#   EXOTIC_ONLY=PATTERN  subjects whose name matches (a shell pattern)

# The functions below are called through is() and poll(), in namespaces too.
# shellcheck disable=SC2317

. "$(dirname "$0")/lib.sh"

N=60
! slow_kernel || N=20
N=${EXOTIC_N:-$N}
need load_pairs tcp_walk ss ip nft nstat awk
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
at_exit "ip netns del tcps_x 2> /dev/null"
export -f gauges_are_kernels proc_gauges ss_gauges poll
export PROC STATES dir

# --- a namespace for each subject ---------------------------------------------

inside()
{
	ip netns exec tcps_x "$@"
}

# ns_begin [SYSCTL=VALUE...]: packets are held back where they arrive; who sends
# must not know, for a request whose SYN,ACK cannot be sent is given up.
ns_begin()
{
	ip netns add tcps_x && ip -n tcps_x link set lo up || return
	[ $# -eq 0 ] || inside sysctl -qw "$@" || return
	inside nft add table inet t &&
		inside nft add chain inet t held \
		'{ type filter hook input priority 0; }'
}

# Sockets with a process outlive the name of their namespace, not the process.
ns_end()
{
	exec 8>&-
	wait
	ip netns del tcps_x 2> /dev/null
	poll 60 nothing_tracked > "$dir/left" && nothing_missed && return
	tail -n 1 "$dir/left"
	return 1
}

nothing_tracked()
{
	local have
	have=$(module_counter tracked < "$PROC")
	[ "$have" = 0 ] || { echo "$have records are left"; false; }
}

# hold RULE: packets that do not arrive until release
hold()
{
	inside nft add rule inet t held "$1 drop"
}

release()
{
	inside nft flush chain inet t held
}

# The third segment of the handshake, and all that the client says after it
acks="tcp dport 7000 tcp flags & (syn | rst) == 0"

# --- what must be so ----------------------------------------------------------

proc()
{
	inside cat "$PROC"
}

kernels()
{
	inside bash -c gauges_are_kernels
}

right()
{
	if poll 20 kernels > "$dir/kernels" && proc | balanced &&
		nothing_missed; then
		return
	fi
	tail -n 2 "$dir/kernels"
	proc | grep -v ' 0 ' | head -n 40
	return 1
}

# in_ss STATE COUNT: what ss lists
in_ss()
{
	local n
	n=$(inside ss -Htan state "$1" | wc -l)
	[ "$n" = "$2" ] || { echo "$1: $n in ss, not $2"; false; }
}

# gauge STATE COUNT: ours
gauge()
{
	local n
	n=$(proc | state_field "$1" current)
	[ "$n" = "$2" ] || { echo "$1: $n, not $2"; false; }
}

# edges "FROM TO COUNT"...: each as often as that
edges()
{
	local edge n
	for edge; do
		# shellcheck disable=SC2086 # two words
		n=$(proc | edge_count ${edge% *})
		[ "$n" = "${edge##* }" ] && continue
		echo "$edge: $n"
		return 1
	done
}

# closed FROM CAUSE COUNT
closed()
{
	local n
	n=$(proc | awk -v f="$1" -v c="$2" '
		$1 == "closed" && $2 == f && $3 == c { n += $4 }
		END { print n + 0 }')
	[ "$n" = "$3" ] || { echo "$1 $2: $n, not $3"; proc | grep ^closed
		false; }
}

mib()
{
	inside nstat -asz "$1" | awk -v m="$1" '$1 == m { print $2 }'
}

# at_least COUNT NAME: of nstat
at_least()
{
	local n
	n=$(mib "$2")
	[ "$n" -ge "$1" ] || { echo "$2: $n"; false; }
}

# --- a program that stops at its pauses ---------------------------------------

# pairs_start WORD ARGUMENT...: load_pairs up to its pause WORD
pairs_start()
{
	local word=$1
	shift
	rm -f "$dir/in"
	mkfifo "$dir/in"
	: > "$dir/out"
	inside load_pairs "$@" < "$dir/in" > "$dir/out" 2>&1 &
	exec 8> "$dir/in"
	pairs_reach "$word"
}

pairs_go()
{
	echo >&8
	pairs_reach "$1"
}

pairs_reach()
{
	poll 60 grep -q "^$1\$" "$dir/out" && return
	cat "$dir/out"
	return 1
}

# --- migration ----------------------------------------------------------------

# half_open LISTENERS STEP...: N requests on that many listeners
half_open()
{
	local listeners=$1
	shift
	# shellcheck disable=SC2086 # an option or nothing
	ns_begin net.ipv4.tcp_migrate_req=1 net.ipv4.tcp_orphan_retries=1 &&
		hold "$acks" &&
		pairs_start half $option -n "$N" -l "$listeners" \
			listen connect pause=half "$@" pause=end &&
		in_ss syn-recv "$N" && gauge SYN_RECV "$N" && right
}

# All of them have come to the other end, each once.
all_arrived()
{
	edges "LISTEN SYN_RECV $N" "SYN_RECV ESTABLISHED $N" \
		"SYN_RECV CLOSED 0" "SYN_SENT ESTABLISHED $N" &&
		in_ss established $((2 * N)) && gauge SYN_RECV 0 && right
}

migrated_at_least()
{
	at_least "$1" TcpExtTCPMigrateReqSuccess > /dev/null
}

# A listener that closes leaves its requests to their timers.
by_timer()
{
	half_open 2 unlisten=0 pause=one csend accept sread pause=open &&
		pairs_go one && poll 20 migrated_at_least 1 && sleep 2 &&
		in_ss syn-recv "$N" && gauge SYN_RECV "$N" && right &&
		release && pairs_go open && all_arrived && ns_end
}

# From one to the next, and to the next: one stays.
by_timer_twice()
{
	local first
	half_open 3 unlisten=0 pause=two unlisten=1 pause=one csend accept \
		sread pause=open && pairs_go two &&
		poll 20 migrated_at_least 1 && sleep 3 &&
		first=$(mib TcpExtTCPMigrateReqSuccess) &&
		pairs_go one && poll 20 migrated_at_least $((first + 1)) &&
		sleep 4 && in_ss syn-recv "$N" && gauge SYN_RECV "$N" && right &&
		release && pairs_go open && all_arrived && ns_end
}

# The segment finds a request whose listener is not there any more.
by_segment()
{
	half_open 2 unlisten=0 csend accept sread pause=open && release &&
		pairs_go open && at_least 1 TcpExtTCPMigrateReqSuccess &&
		all_arrived && ns_end
}

# Connections that wait for accept()
after_handshake()
{
	# shellcheck disable=SC2086 # an option or nothing
	ns_begin net.ipv4.tcp_migrate_req=1 &&
		pairs_start wait $option -n "$N" -l 2 listen connect \
		pause=wait unlisten=0 accept csend sread pause=open &&
		right && pairs_go open &&
		at_least 1 TcpExtTCPMigrateReqSuccess && all_arrived && ns_end
}

# A migrated request ends as another does: by a reset, by its timer.
migrated_reset()
{
	half_open 2 unlisten=0 pause=one creset pause=gone && pairs_go one &&
		poll 20 migrated_at_least 1 && sleep 2 && right && release &&
		pairs_go gone && in_ss syn-recv 0 && gauge SYN_RECV 0 &&
		edges "LISTEN SYN_RECV $N" "SYN_RECV CLOSED $N" \
			"SYN_RECV ESTABLISHED 0" &&
		closed SYN_RECV reset "$N" && right && ns_end
}

migrated_dies()
{
	half_open 2 unlisten=0 pause=one && pairs_go one &&
		poll 20 migrated_at_least 1 && right && ns_end
}

# Nobody is there to take them.
no_target()
{
	half_open 2 unlisten=0 unlisten=1 pause=none && pairs_go none &&
		poll 30 in_ss syn-recv 0 > /dev/null &&
		[ "$(mib TcpExtTCPMigrateReqSuccess)" = 0 ] &&
		edges "LISTEN SYN_RECV $N" "SYN_RECV CLOSED $N" \
			"SYN_RECV ESTABLISHED 0" "LISTEN CLOSED 2" &&
		gauge SYN_RECV 0 && closed SYN_RECV aborted "$N" && right &&
		ns_end
}

# --- ss -K ----------------------------------------------------------------------

# Sockets of tcp_walk, held while a function runs in their namespace
# walk_held SCENARIO COUNT FUNCTION
walk_held()
{
	local status=0
	ns_begin && inside tcp_walk -n "$2" -x "bash -c $3" "$1" \
		> "$dir/walk" 2>&1 || status=$?
	[ "$status" -eq 0 ] || { cat "$dir/walk"; return 1; }
	ns_end
}

# kill_state STATE OURS CAUSE: what ss has killed there has closed for that
# reason.  6.1 does not touch a socket that has no process any more.
kill_state()
{
	local before after
	before=$(ss -Htan state "$1" | wc -l)
	[ "$before" -gt 0 ] || { echo "no socket in $1"; return 1; }
	ss -Ktan state "$1" > /dev/null 2>&1
	poll 20 gauges_are_kernels || return
	after=$(ss -Htan state "$1" | wc -l)
	echo "$1: $before, then $after"
	awk -v f="$2" -v c="$3" -v want=$((before - after)) '
	$1 == "closed" && $2 == f && $3 == c { n += $4 }
	$1 == "closed" && $2 == f { all += $4 }
	$1 == "transition" && $2 == f && $3 == "CLOSED" { edge = $4 }
	END {
		print f, c ": " n + 0 " of " all + 0 ", killed " want
		exit n != want || all != want || edge != want
	}' "$PROC"
}

kill_all_states()
{
	kill_state listening LISTEN normal &&
		kill_state syn-sent SYN_SENT aborted &&
		kill_state syn-recv SYN_RECV aborted &&
		kill_state established ESTABLISHED aborted &&
		kill_state fin-wait-1 FIN_WAIT1 aborted &&
		kill_state fin-wait-2 FIN_WAIT2 aborted &&
		kill_state close-wait CLOSE_WAIT aborted &&
		kill_state closing CLOSING aborted &&
		kill_state last-ack LAST_ACK aborted &&
		kill_state time-wait TIME_WAIT reused
}

kill_requests()
{
	kill_state syn-recv SYN_RECV reset
}

kill_mini()
{
	kill_state fin-wait-2 FIN_WAIT2 reset
}

export -f kill_state kill_all_states kill_requests kill_mini

# A listener that is killed takes those along that wait for accept().
kill_listener()
{
	ns_begin && pairs_start wait -n "$N" listen connect pause=wait \
		pause=end && right &&
		inside ss -Ktln > /dev/null 2>&1 && gauge LISTEN 0 && right &&
		edges "LISTEN CLOSED 1" "SYN_RECV ESTABLISHED $N" \
			"ESTABLISHED CLOSED $((2 * N))" &&
		closed ESTABLISHED aborted "$N" &&
		closed ESTABLISHED reset "$N" && pairs_go end && ns_end
}

# --- MPTCP ----------------------------------------------------------------------

joins_are_half_open()
{
	in_ss syn-recv "$N" && gauge SYN_RECV "$N" && gauge SYN_SENT "$N"
}

# N connections, each with a request for a second subflow that is half-open: the
# SYN,ACKs are held back.
joins_half_open()
{
	ns_begin net.mptcp.enabled=1 &&
		inside ip mptcp limits set subflows 1 add_addr_accepted 1 &&
		inside ip addr add 127.0.0.2/8 dev lo &&
		hold "ip daddr 127.0.0.2 tcp sport 7000" &&
		pairs_start open -n "$N" -M listen connect accept csend sread \
			ssend cread pause=open csend sread ssend cread \
			pause=still cclose sread sclose unlisten=0 pause=end &&
		inside ip mptcp endpoint add 127.0.0.2 dev lo subflow &&
		poll 20 joins_are_half_open && right
}

# Subflows are TCP connections; the MPTCP socket is none.  A client that waits
# for an answer may try again, so the kernel says how many there were.
subflow_edges()
{
	local syns acks
	syns=$(($(mib MPTcpExtMPCapableSYNRX) + $(mib MPTcpExtMPJoinSynRx)))
	acks=$(($(mib MPTcpExtMPCapableACKRX) + $(mib MPTcpExtMPJoinAckRx)))
	edges "CLOSED SYN_SENT $(mib TcpActiveOpens)" \
		"LISTEN SYN_RECV $syns" "SYN_RECV ESTABLISHED $acks" \
		"SYN_RECV CLOSED $((syns - acks))"
}

joined()
{
	joins_half_open && release &&
		poll 30 in_ss established $((4 * N)) > /dev/null &&
		poll 30 in_ss syn-recv 0 > /dev/null && right &&
		[ "$(mib MPTcpExtMPJoinAckRx)" = "$N" ] && subflow_edges &&
		pairs_go still && right && pairs_go end &&
		poll 30 in_ss established 0 > /dev/null && right && ns_end
}

# The join is refused when its last ACK comes: there is a child by then.
join_refused()
{
	joins_half_open && inside ip mptcp limits set subflows 0 && release &&
		poll 30 in_ss syn-recv 0 > /dev/null && right &&
		at_least 1 MPTcpExtMPRstTx &&
		[ "$(mib MPTcpExtMPJoinAckRx)" = 0 ] && subflow_edges &&
		pairs_go still && right && pairs_go end && right && ns_end
}

# Both ends go while the join is half-open.
join_left()
{
	joins_half_open && pairs_go still && pairs_go end && release &&
		poll 30 in_ss syn-recv 0 > /dev/null && right && ns_end
}

# A subflow is taken away, the connection goes on.
subflow_removed()
{
	joins_half_open && release &&
		poll 30 in_ss established $((4 * N)) > /dev/null &&
		inside ip mptcp endpoint flush &&
		poll 30 in_ss established $((2 * N)) > /dev/null && right &&
		pairs_go still && pairs_go end && right && ns_end
}

subflow_killed()
{
	joins_half_open && release &&
		poll 30 in_ss established $((4 * N)) > /dev/null &&
		inside ss -Ktn src 127.0.0.2 > /dev/null 2>&1 &&
		poll 30 in_ss established $((2 * N)) > /dev/null && right &&
		closed ESTABLISHED aborted "$N" && pairs_go still &&
		pairs_go end && right && ns_end
}

# --- all of it --------------------------------------------------------------------

tests=(
	"by_timer:requests migrate by their timer"
	"by_timer_twice:requests migrate twice"
	"by_segment:requests migrate with a segment"
	"after_handshake:connections migrate that wait for accept()"
	"migrated_reset:migrated requests are reset"
	"migrated_dies:migrated requests go with their namespace"
	"no_target:requests without a listener to migrate to"
	"ipv6 by_timer:requests migrate by their timer, IPv6"
	"ipv6 by_segment:requests migrate with a segment, IPv6"
	"ipv6 after_handshake:connections migrate that wait for accept(), IPv6"
	"walk_held hold_mix 3 kill_all_states:ss -K in each state"
	"walk_held hold_request $N kill_requests:ss -K of requests"
	"walk_held hold_mini_fin_wait2 $N kill_mini:ss -K of FIN_WAIT2's mini sockets"
	"kill_listener:ss -K of a listener with connections that wait"
	"joined:MPTCP, subflows join"
	"join_refused:MPTCP, joins are refused at their last ACK"
	"join_left:MPTCP, joins are left half-open"
	"subflow_removed:MPTCP, subflows are removed"
	"subflow_killed:MPTCP, subflows are killed"
)

ipv6()
{
	option=-6
	"$@"
}

# On a slow kernel requests end by their timers before we have looked.
chosen()
{
	local t
	for t in "${tests[@]}"; do
		! slow_kernel || [[ $t != *timer* && $t != *twice* &&
			$t != *"are reset"* ]] || continue
		# shellcheck disable=SC2053 # a pattern
		[[ ${t#*:} != ${EXOTIC_ONLY:-*} ]] || echo "$t"
	done
}

# What one subject leaves must not be the next one's.
tidy()
{
	exec 8>&-
	# shellcheck disable=SC2046 # words
	kill $(jobs -p) 2> /dev/null
	wait
	ip netns del tcps_x 2> /dev/null
	option=
	poll 60 nothing_tracked > /dev/null && nothing_missed > /dev/null &&
		return
	mod_unload
	mod_load
}

option=
mapfile -t tests < <(chosen)
ktap_begin ${#tests[@]}
for t in "${tests[@]}"; do
	if [[ $t == *MPTCP* && ! -e /proc/sys/net/mptcp/enabled ]]; then
		skip "${t#*:}" "no MPTCP"
		continue
	fi
	# 5.10 has the setting, and nothing that looks at it.
	if [[ $t == *migrate* ]] &&
		! grep -q ' reuseport_migrate_sock' /proc/kallsyms; then
		skip "${t#*:}" "this kernel does not migrate requests"
		continue
	fi
	# shellcheck disable=SC2086 # words
	is "${t#*:}" ${t%%:*}
	tidy
done
ktap_end
