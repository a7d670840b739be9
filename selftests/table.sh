#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tcp_diag inet_diag
# clock: virtual
# timeout: 120
#
# A table of 64 records under 1,000 connections: the gauges are right, what has
# no record is counted, and in the end the table is empty.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317

. "$(dirname "$0")/lib.sh"

need swarm ss awk ip unshare
in_own_namespace
dir=$(mktemp -d)
mod_setup max_connections=64
ktap_begin 8
at_exit "rm -rf $dir"

established()
{
	[ "$(state_field ESTABLISHED current < "$PROC")" = "$1" ]
}

more_than_0()
{
	[ "$(module_counter "$1" < "$PROC")" -gt 0 ]
}

nothing_tracked()
{
	[ "$(module_counter tracked < "$PROC")" = 0 ]
}

ours_zero()
{
	all_zero_but TIME_WAIT && [ "$(state_field TIME_WAIT current \
		< "$PROC")" = "$(ss -Htan state time-wait | wc -l)" ]
}

mkfifo "$dir/in"
swarm open 7200 500 < "$dir/in" > "$dir/out" 2>&1 &
exec 8> "$dir/in"
poll 60 grep -q open "$dir/out" || note < "$dir/out"
is "1000 ends of connections are in the gauge" poll 10 established 1000
is "gauges are the kernel's" gauges_are_kernels
is "what found no room is counted: refused" more_than_0 refused
is "what has no record is counted: untracked" more_than_0 untracked
exec 8>&-
wait
is "they close: the gauges return to 0" poll 20 ours_zero
balanced < "$PROC"
is "entered - left = current" [ $? -eq 0 ]
is "the table is empty when TIME_WAIT is over" poll 70 nothing_tracked
is "nothing had to be corrected" [ "$(module_counter drift < "$PROC")" -eq 0 ]
ktap_end
