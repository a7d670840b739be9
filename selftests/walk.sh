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
#   WALK_FAMILY=NAME    ipv4, ipv6 or mapped alone
#   TCPSTATES_KO=none   without the module: the other sources only

. "$(dirname "$0")/lib.sh"

n=${WALK_N:-5}
families=${WALK_FAMILY:-ipv4 ipv6 mapped}
option_ipv4=
option_ipv6=-6
option_mapped=-m

need tcp_walk ss awk
if [ "${TCPSTATES_KO:-}" = none ]; then
	nomodule=1
	trap cleanup EXIT
else
	nomodule=0
	mod_setup
fi
trace_start "$WALK_FILTER"

# v4-mapped sockets run the code of IPv4: what differs is how they begin.  A
# slow kernel looks for mistakes in memory and locking: once is enough there.
short=mapped
! slow_kernel || short="mapped ipv6"

in_family()
{
	local family=$1 name=$2 slow=$3
	# shellcheck disable=SC2053 # a pattern
	[[ $name == ${WALK_ONLY:-*} ]] || return
	[[ $short == *$family* ]] || return 0
	case $name in
	est_*|fin_wait*|close_*|closing_*|last_ack_*) return 1 ;;
	esac
	[ -z "$slow" ]
}

planned=0
scenarios_ipv4=() scenarios_ipv6=() scenarios_mapped=()
while read -r name slow; do
	for family in $families; do
		in_family "$family" "$name" "$slow" || continue
		declare -n list=scenarios_$family
		list+=("$name")
		planned=$((planned + 1))
	done
done < <(tcp_walk list)

# All of tcp_walk's reports, judged one by one
walk_all()
{
	local family
	for family in $families; do
		local option=option_$family
		local -n names=scenarios_$family
		[ ${#names[@]} -gt 0 ] || continue
		echo "== family $family"
		# shellcheck disable=SC2086 # an option or nothing
		tcp_walk ${!option} -N -n "$n" -r "$TRACE/trace" "${names[@]}"
	done 2>&1 | awk -f "$here/walk.awk" -v nomodule=$nomodule
}

ktap_begin $planned
while read -r verdict first second rest; do
	case $verdict in
	ok)	ok "$first $second" ;;
	not)	not_ok "$second $rest" ;;
	skip)	skip "$first $second" "$rest" ;;
	*)	echo "$verdict $first $second $rest" ;;
	esac
done < <(walk_all)
ktap_end
