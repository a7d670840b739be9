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

need tcp_walk ss awk
if [ "${TCPSTATES_KO:-}" = none ]; then
	nomodule=1
	trap cleanup EXIT
else
	nomodule=0
	mod_setup
fi
trace_start "$WALK_FILTER"

# One family: tcp_walk's reports, judged one by one
walk_family()
{
	local family=$1 option=option_$1 verdict name reason
	# shellcheck disable=SC2086 # an option or nothing
	while read -r verdict name reason; do
		case $verdict in
		ok)	ok "$family $name" ;;
		not)	not_ok "$family $reason" ;;
		skip)	skip "$family $name" "$reason" ;;
		*)	echo "$verdict $name $reason" ;;
		esac
	done < <(tcp_walk ${!option} -N -n "$n" -r "$TRACE/trace" \
			"${scenarios[@]}" 2>&1 |
		awk -f "$here/walk.awk" -v nomodule=$nomodule)
}

scenarios=()
while read -r name _; do
	# shellcheck disable=SC2053 # a pattern
	[[ $name == ${WALK_ONLY:-*} ]] && scenarios+=("$name")
done < <(tcp_walk list)

ktap_begin $((${#scenarios[@]} * 3))
for family in $families; do
	walk_family "$family"
done
ktap_end
