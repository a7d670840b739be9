#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tun tcp_diag
# timeout: 300
#
# Walks sockets through every scenario of tcp_walk, each in a fresh network
# namespace, over IPv4, IPv6 and v4-mapped addresses, and holds /proc/tcpstates
# against the kernel's own tracepoint, the scenario's table, ss and nstat.
#
#   WALK_ONLY=PATTERN   scenarios whose name matches (a shell pattern)
#   WALK_N=COUNT        repetitions (5)
#   TCPSTATES_KO=none   without the module: the other sources only

. "$(dirname "$0")/lib.sh"

n=${WALK_N:-5}
families="ipv4 ipv6 mapped"
option_ipv4=
option_ipv6=-6
option_mapped=-m

need tcp_walk ss nstat awk
dir=$(mktemp -d)
if [ "${TCPSTATES_KO:-}" = none ]; then
	nomodule=1
	at_exit "rm -rf $dir"
	trap cleanup EXIT
else
	nomodule=0
	mod_setup
	at_exit "rm -rf $dir"
fi
trace_start "$WALK_FILTER"

# Run in the scenario's namespace at its end
collect="cat $TRACE/trace > $dir/trace; ss -Htan > $dir/ss;
	nstat -asz > $dir/nstat"
[ $nomodule = 1 ] || collect="cat $PROC > $dir/proc; $collect"

walk_one()
{
	local family=$1 scenario=$2 option=option_$1 ret
	rm -f "$dir"/*
	: > "$dir/proc"
	trace_clear
	# shellcheck disable=SC2086 # an option or nothing
	tcp_walk ${!option} -N -n "$n" -x "$collect" "$scenario" \
		> "$dir/expect" 2> "$dir/err"
	ret=$?
	if [ $ret = $KSFT_SKIP ]; then
		skip "$family $scenario" "$(head -n 1 "$dir/err")"
	elif [ $ret != 0 ]; then
		not_ok "$family $scenario"
		note < "$dir/err"
	elif awk -f "$here/walk.awk" -v nomodule=$nomodule "$dir/expect" \
		"$dir/trace" "$dir/ss" "$dir/nstat" "$dir/proc" > "$dir/diff"
	then
		ok "$family $scenario"
	else
		not_ok "$family $scenario"
		note < "$dir/diff"
	fi
}

scenarios=()
while read -r name _; do
	# shellcheck disable=SC2053 # a pattern
	[[ $name == ${WALK_ONLY:-*} ]] && scenarios+=("$name")
done < <(tcp_walk list)

ktap_begin $((${#scenarios[@]} * 3))
for family in $families; do
	for name in "${scenarios[@]}"; do
		walk_one "$family" "$name"
	done
done
ktap_end
