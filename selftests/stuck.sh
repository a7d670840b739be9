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
stuck $PORT $COUNT < "$dir/in" > "$dir/out" 2> "$dir/err" &
pid=$!
exec {quit}> "$dir/in"
poll 30 grep -q ready "$dir/out" ||
	skip_all "no memory that does not come: $(cat "$dir/err")"

# All asleep in the kernel, where memory is waited for
writers()
{
	[ "$(grep -l handle_userfault "/proc/$pid/task"/*/wchan | wc -l)" -eq "$COUNT" ]
}

begin=$SECONDS
mod_setup
took=$((SECONDS - begin))
at_exit "rm -rf $dir"

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

unload_in_time()
{
	local begin=${EPOCHREALTIME/./} took

	mod_unload || return
	took=$((${EPOCHREALTIME/./} - begin))
	note "$((took / 1000)) ms"
	[ "$took" -le 2000000 ]
}

ktap_begin 8
is "$COUNT writers keep their sockets locked" poll 20 writers
note "loaded in $took s"
is "the module has loaded all the same" [ "$took" -le 15 ]
is "gauges are the kernel's" poll 10 gauges_are_kernels
dmesg | grep -q 'tcpstates: .* kept locked'
is "the kernel log says what was in the way" [ $? -eq 0 ]
lose_one
is "the audit comes past them" poll 90 drifted
is "and sets the gauges right" poll 30 gauges_are_kernels
exec {quit}>&-
kill -9 $pid
wait $pid 2> /dev/null
is "when they are let go, too" poll 30 gauges_are_kernels
is "unloaded within 2 s" unload_in_time
ktap_end
