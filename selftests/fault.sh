#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tcp_diag inet_diag
# timeout: 600
#
# Memory allocations of the module are made to fail, one after the other, while
# it is loaded, while a namespace is made, while /proc is read, and while a
# namespace gets its per-CPU memory.  Either all is as if nothing had been, or
# there is ENOMEM and nothing is left.  Only on a kernel with fault injection.
#
#   FAULT_STEP=COUNT   of the allocations after the first hook, every COUNTth
#                      (17): those of one hook are those of the next
#   FAULT_FIRST=COUNT  of the first allocations, so many one by one (59)

# The functions below are called through is() and poll().
# shellcheck disable=SC2317

. "$(dirname "$0")/lib.sh"

step=${FAULT_STEP:-17}
first=${FAULT_FIRST:-59}
N=20
faults="/sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc"
need fault load_pairs ss ip nstat awk dmesg
for attr in $faults; do
	[ -e "$attr/require-start" ] || skip_all "no fault injection"
done
[ -n "${TCPSTATES_KO:-}" ] || skip_all "no file of the module"
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
at_exit "ip netns del tcps_f 2> /dev/null"
at_exit "fault_set probability 0"
export -f gauges_are_kernels proc_gauges ss_gauges
export PROC STATES

# fault_set NAME VALUE: of both kinds of allocations
fault_set()
{
	local attr
	for attr in $faults; do
		echo "$2" > "$attr/$1" || return
	done
}

# Only what the module asks for, or is asked for on its behalf: its code is
# among those that call.  Where modules live is the same on all x86.
only_module()
{
	fault_set require-start 0xffffffffa0000000 &&
		fault_set require-end 0xffffffffff000000
}

everything()
{
	fault_set require-start 0 && fault_set require-end 0xffffffffffffffff
}

inside()
{
	ip netns exec tcps_f "$@"
}

mib()
{
	inside nstat -asz "$1" | awk -v m="$1" '$1 == m { print $2 }'
}

absent()
{
	[ ! -L "$PROC" ] && [ ! -e /proc/net/tcpstates ] && ! mod_loaded &&
		[ ! -s /sys/kernel/tracing/enabled_functions ] &&
		[ ! -s /sys/kernel/debug/kprobes/list ] && return
	echo "something is left"
	cat /sys/kernel/tracing/enabled_functions /sys/kernel/debug/kprobes/list
	return 1
}

connections()
{
	inside load_pairs -n "$N" listen connect accept cclose s:CLOSE_WAIT \
		sclose unlisten=0
}

# edges_are COUNT: what full sockets do, as often as the kernel says; and that is
# as often as it was asked for
edges_are()
{
	local edge n
	inside cat "$PROC" > "$dir/proc" || return
	[ "$(mib TcpActiveOpens) $(mib TcpPassiveOpens)" = "$1 $1" ] || return
	for edge in "CLOSED SYN_SENT" "SYN_SENT ESTABLISHED" \
		"LISTEN SYN_RECV" "SYN_RECV ESTABLISHED" \
		"ESTABLISHED FIN_WAIT1" "FIN_WAIT1 FIN_WAIT2" \
		"ESTABLISHED CLOSE_WAIT" "CLOSE_WAIT LAST_ACK" \
		"LAST_ACK CLOSED"; do
		# shellcheck disable=SC2086 # two words
		n=$(edge_count $edge < "$dir/proc")
		[ "$n" = "$1" ] || { echo "$edge: $n, not $1"; return 1; }
	done
	balanced < "$dir/proc"
}

# It has loaded: it counts, and a hook that could not be attached is shown.  Once
# for each set of hooks: traffic takes long.
loaded_well()
{
	local status=0 hooks
	hooks=$(grep ^hook "$PROC")
	if [[ $seen == *"$hooks"* ]]; then
		balanced < "$PROC" && mod_unload && absent
		return
	fi
	seen+=$hooks
	ip netns add tcps_f && ip -n tcps_f link set lo up && connections &&
		edges_are "$N" || status=1
	if [ "$status" -eq 0 ] && ! grep -q '^hook.* missing$' "$PROC"; then
		inside bash -c gauges_are_kernels && nothing_missed || status=1
	fi
	ip netns del tcps_f
	[ "$status" -eq 0 ] || grep ^hook "$PROC"
	mod_unload && absent && return "$status"
}

# One line says which step, and why.
refused_well()
{
	dmesg | sed "1,/$mark/d" | grep 'tcpstates: cannot load' > "$dir/log"
	[ "$(wc -l < "$dir/log")" = 1 ] &&
		grep -q 'step "[a-z]*" failed with error -12$' "$dir/log" &&
		absent && return
	dmesg | sed "1,/$mark/d"
	return 1
}

# load_failing NTH
load_failing()
{
	local what error
	mark="tcpstates-fault-$1-$RANDOM"
	echo "$mark" > /dev/kmsg
	read -r what error made < <(fault "$1" load "$TCPSTATES_KO" \
		max_connections=64)
	[ "$what" = failed ] || all_spared=1
	case $error in
	0)	loaded=$((loaded + 1))
		loaded_well ;;
	12)	refused=$((refused + 1))
		refused_well ;;
	*)	echo "error $error"
		false ;;
	esac && return
	echo "allocation $1: $what, error $error"
	return 1
}

# The first ones one by one: the table, the namespaces, the first hook.  The last
# ones, too: the audit and /proc.
load_all()
{
	local nth=1 all
	mod_unload && only_module || return
	load_failing 100000 || return
	all=$made
	while [ -z "${all_spared:-}" ] || [ "$nth" -le "$all" ]; do
		all_spared=
		load_failing "$nth" || return
		if [ "$nth" -le "$first" ] || [ "$nth" -gt $((all - 10)) ]; then
			nth=$((nth + 1))
		else
			nth=$((nth + step))
		fi
	done
	echo "$all allocations; loaded $loaded times, refused $refused times" \
		> "$dir/loads"
	[ "$refused" -gt 0 ] && mod_load
}

# Without its share of a namespace there is no namespace.
namespaces()
{
	local nth what error failed=0
	only_module || return
	for ((nth = 1; nth <= 30; nth++)); do
		read -r what error _ < <(fault "$nth" netns)
		[ "$error" = 0 ] || [ "$what $error" = "failed 12" ] ||
			{ echo "$nth: $what $error"; return 1; }
		[ "$error" = 0 ] || failed=$((failed + 1))
	done
	[ "$failed" -gt 0 ] || { echo "none failed"; return 1; }
	ip netns add tcps_f && ip -n tcps_f link set lo up && connections &&
		edges_are "$N" && ip netns del tcps_f
}

# reads LIMIT: a whole file or an error, never a part.  ENOENT is how /proc says
# that it has no memory for a name.
reads()
{
	local nth what error failed=0 lines
	lines=$(grep -c '^state\|^transition\|^counter\|^hook' "$PROC")
	for ((nth = 1; nth <= 200; nth++)); do
		read -r what error _ < <(fault "$nth" read "$PROC" "$dir/copy")
		case $error in
		0)	[ "$(grep -c '^state\|^transition\|^counter\|^hook' \
				"$dir/copy")" = "$lines" ] &&
				balanced < "$dir/copy" ;;
		12|2)	[ "$what" = failed ] && [ ! -s "$dir/copy" ]
			failed=$((failed + 1)) ;;
		*)	false ;;
		esac || { echo "$nth: $what $error"; cat "$dir/copy"
			return 1; }
		rm -f "$dir/copy"
		[ "$what" = failed ] || break
	done
	[ "$failed" -gt 0 ] && [ "$what" = spared ]
}

reads_of_module()
{
	only_module && fault_set times -1 && fault_set probability 100 || return
	fault 0 read "$PROC" "$dir/copy" > "$dir/said"
	fault_set probability 0
	if ! grep -q ' 12 0$' "$dir/said" || [ -s "$dir/copy" ]; then
		cat "$dir/said" "$dir/copy"
		return 1
	fi
	everything && reads
}

# No per-CPU memory for a namespace: it counts in its early block.
growth()
{
	local left
	ip netns add tcps_f && ip -n tcps_f link set lo up &&
		only_module && fault_set times 100000 &&
		fault_set probability 100 || return
	connections
	fault_set probability 0
	left=$(cat /sys/kernel/debug/{failslab,fail_page_alloc}/times |
		awk '{ n += $1 } END { print n }')
	[ "$left" -lt 200000 ] || { echo "nothing was made to fail"; return 1; }
	edges_are "$N" && nothing_missed && connections &&
		edges_are $((2 * N)) && nothing_missed &&
		inside bash -c gauges_are_kernels && ip netns del tcps_f
}

loaded=0
refused=0
seen=
fault_set verbose 0
fault_set ignore-gfp-wait N
fault_set task-filter N
fault_set stacktrace-depth 32
fault_set probability 0
echo N > /sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem
echo 0 > /sys/kernel/debug/fail_page_alloc/min-order
ktap_begin 4
is "a namespace is made" namespaces
is "/proc/tcpstates is read" reads_of_module
is "a namespace gets no per-CPU memory" growth
is "the module is loaded" load_all
[ ! -e "$dir/loads" ] || note < "$dir/loads"
ktap_end
