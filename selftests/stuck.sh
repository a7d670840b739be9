#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Sockets whose lock somebody keeps, for as long as he likes: a write() from memory
# that does not come.  The module loads, counts them, sets its gauges right, unloads.
# packages: iproute2
# modules: tcp_diag inet_diag
# timeout: 180

# The functions below are called through is() and poll().
# shellcheck disable=SC2317

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PAUSE=/sys/module/tcpstates/parameters/test_pause
PORT=7000
COUNT=50

need ss stuck nc mkfifo
dir=$(mktemp -d)
mkfifo "$dir/in"
mod_setup
at_exit "rm -rf $dir"

# All asleep in the kernel, where memory is waited for
writers()
{
	[ "$(grep -l handle_userfault "/proc/$pid/task"/*/stack | wc -l)" -eq "$COUNT" ]
}

counter()
{
	awk -v c="$1" '$1 == "counter" && $2 == c { print $3 }' "$PROC"
}

drifted()
{
	[ "$(counter drift)" -gt 0 ]
}

# A connection that is there, and that nobody has seen
lose_one()
{
	nc -ll -p 7001 -e sleep 601 &
	at_exit "kill $!"
	poll 10 eval "ss -Hltn 'sport = :7001' | grep -q ."
	echo 1 > $PAUSE
	exec {fd}<> /dev/tcp/127.0.0.1/7001
	sleep 0.5
	echo 0 > $PAUSE
}

# unload: how long that took, in ms, is $took afterwards
unload()
{
	local begin=${EPOCHREALTIME/./}

	mod_unload || return
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
}

# With nobody in the way, to compare with
unload && before=$took
stuck $PORT $COUNT < "$dir/in" > "$dir/out" 2> "$dir/err" &
pid=$!
exec {quit}> "$dir/in"
poll 30 grep -qs . "$dir/out" "$dir/err"
! grep -q ^userfaultfd "$dir/err" ||
	skip_all "no memory that does not come: $(cat "$dir/err")"

ktap_begin 8
is "$COUNT writers keep their sockets locked" poll 20 writers
begin=$SECONDS
mod_load
is "the module loads all the same" [ $((SECONDS - begin)) -le 15 ]
note "in $((SECONDS - begin)) s"
is "gauges are the kernel's" poll 10 gauges_are_kernels
dmesg | grep -q 'tcpstates: .* kept locked'
is "the kernel log says what was in the way" [ $? -eq 0 ]
lose_one
is "the audit comes past them" poll 90 drifted
is "and sets the gauges right" poll 30 gauges_are_kernels
unload
is "unloads as fast as without them" [ "$took" -le $((2 * before + 1000)) ]
note "$took ms, $before ms without them"
mod_load
exec {quit}>&-
kill -9 $pid
wait $pid 2> /dev/null
is "when they are let go, gauges are the kernel's" poll 30 gauges_are_kernels
ktap_end
