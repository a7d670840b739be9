#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# timeout: 120
#
# The clocks of dwell times: each against the shell's own, and one that is lost
# while connections are measured.

# The functions below are called through is(), and A && B || C means just that.
# shellcheck disable=SC2317,SC2015
. "$(dirname "$0")/lib.sh"

need swarm awk ip unshare
in_own_namespace
dir=$(mktemp -d)
mod_setup
mod_unload
at_exit "rm -rf $dir"
PORT=7700

clock()
{
	awk '$1 == "hook" && $2 == "clock" { print $3 }' "$PROC"
}

# Milliseconds since some time ago
now()
{
	awk '{ print int($1 * 1000) }' /proc/uptime
}

# Ten connections, open for a while; their servers see the end first.
begin()
{
	rm -f "$dir/end"
	mkfifo "$dir/end"
	swarm open "$PORT" 10 < "$dir/end" > "$dir/said" 2>&1 &
	swarm=$!
	exec 9> "$dir/end"
	PORT=$((PORT + 1))
	poll 20 established
}

established()
{
	[ "$(ss -Htan state established | wc -l)" = 20 ]
}

end()
{
	exec 9>&-
	wait "$swarm"
}

# samples: how many times in ESTABLISHED have been measured, and their p50
samples()
{
	awk '$1 == "state" && $2 == "ESTABLISHED" { print $9 }' "$PROC"
}

p50()
{
	awk '$1 == "state" && $2 == "ESTABLISHED" { print $6 }' "$PROC"
}

# The time they were open, by /proc/uptime: between the last one's begin and
# the first one's end at least, and at most all of it.  A bucket is an eighth.
measures()
{
	local before opened closing after
	mod_load "clock=$1" && [ "$(clock)" = "$1" ] || return
	before=$(now)
	begin || return
	opened=$(now)
	sleep 1.5
	closing=$(now)
	end
	after=$(now)
	echo "p50 $(p50) us, $((closing - opened)) to $((after - before)) ms"
	[ "$(samples)" = 20 ] &&
		[ "$(p50)" -ge $(((closing - opened - 20) * 875)) ] &&
		[ "$(p50)" -le $(((after - before + 20) * 1125)) ] &&
		mod_unload
}

is_ktime()
{
	[ "$(clock)" = ktime ]
}

lose()
{
	echo 1 > /sys/module/tcpstates/parameters/test_clock_lost
	poll 20 is_ktime
}

# What had begun by the old clock has no time; the new one measures again.
loses()
{
	mod_load clock=tsc && begin && lose && end ||
		{ cat "$PROC" "$dir/said"; return 1; }
	[ "$(samples)" = 0 ] || { grep ESTABLISHED "$PROC"; return 1; }
	[ "$(state_field ESTABLISHED current < "$PROC")" = 0 ] &&
		[ "$(edge_count SYN_RECV ESTABLISHED < "$PROC")" = 10 ] &&
		begin && sleep 0.5 && end ||
		{ cat "$PROC" "$dir/said"; return 1; }
	[ "$(samples)" = 20 ] && [ "$(p50)" -ge 400000 ] &&
		[ "$(p50)" -le 20000000 ] ||
		{ grep ESTABLISHED "$PROC"; return 1; }
	balanced < "$PROC" && nothing_missed && mod_unload
}

usable_tsc()
{
	mod_load clock=tsc 2> /dev/null && mod_unload
}

ktap_begin 4
is "clock=ktime measures" measures ktime
if usable_tsc; then
	is "clock=tsc measures" measures tsc
	is "the tsc is lost: times begin anew, counts go on" loses
else
	skip "clock=tsc measures" "the tsc is not stable here"
	skip "the tsc is lost: times begin anew, counts go on" "no tsc"
fi
is "clock=auto loads" mod_load clock=auto
mod_unload
ktap_end
