#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tun
# timeout: 900
#
# Loading and unloading: under traffic, with wrong parameters, with an init
# step that fails.  Hooks that are missing: hooks.sh.
#
#   LOAD_TIMES=COUNT   loads under traffic (50)

# The functions below are called through is(), and A && B || C means just that.
# shellcheck disable=SC2317,SC2015,SC2086
. "$(dirname "$0")/lib.sh"

times=${LOAD_TIMES:-50}
need tcp_walk awk dmesg ip unshare
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"

warnings='WARNING:|BUG:|Oops|Call Trace|KASAN|general protection|'
warnings+='unable to handle|possible .* locking|suspicious RCU|UBSAN'

# Only what this test has said since: a marker goes into the kernel log.
log_mark()
{
	mark="tcpstates-test-$RANDOM-$RANDOM"
	echo "$mark" > /dev/kmsg
}

log_since()
{
	dmesg | sed "1,/$mark/d"
}

no_warning()
{
	! log_since | grep -E "$warnings"
}

absent()
{
	[ ! -e "$PROC" ] && [ ! -L "$PROC" ] && [ ! -e /proc/net/tcpstates ] &&
		! mod_loaded
}

present()
{
	[ -e "$PROC" ] && [ "$(head -n 1 "$PROC")" = "tcpstates 1" ]
}

# Connections of our own, in this namespace: loopback only
some_traffic()
{
	tcp_walk -n 3 loop_abort > /dev/null
}

counts_from_zero()
{
	some_traffic && [ "$(edge_count SYN_SENT ESTABLISHED < "$PROC")" = 3 ] &&
		mod_unload && mod_load || return
	awk '$1 == "transition" && $4 { print; bad = 1 } END { exit bad }' \
		"$PROC" && some_traffic &&
		[ "$(edge_count SYN_SENT ESTABLISHED < "$PROC")" = 3 ]
}

# Again and again, with pauses: attaching waits until all CPUs have been idle, and
# each process that wants to run has run.
pause=0.3 blink=0.05 pairs=3
! slow_kernel || pause=3 blink=3 pairs=1
busy()
{
	while [ ! -e "$dir/stop" ]; do
		"$@" > /dev/null 2>> "$dir/busy" || echo "$*" >> "$dir/busy"
		sleep $pause
	done
}

read_all()
{
	cat "$PROC" 2> /dev/null || :
}

# The parameters are there before the module is, and after it.
rules_all_the_time()
{
	local rule=/sys/module/tcpstates/parameters/rule
	while [ ! -e "$dir/stop" ]; do
		cat "$rule" 2> /dev/null
		[ ! -e "$rule" ] ||
			echo half_dead age=33 2> /dev/null > "$rule"
		sleep $blink
	done | grep -v '^[a-z_]* enabled=[01] .*quiet=5$' >> "$dir/busy"
}

# Sums over CPUs are not one moment, but no gauge may ever be below zero.
sane()
{
	balanced < "$PROC"
}

reload()
{
	local i
	# A slow kernel is busy enough with IPv4, one of each kind.
	slow_kernel || busy tcp_walk -N -6 $mixture &
	busy tcp_walk -N -n $pairs $mixture &
	busy tcp_walk -n 10 loop_abort &
	busy read_all &
	rules_all_the_time &
	for ((i = 0; i < times; i++)); do
		mod_unload && absent && mod_load && present && sane ||
			{ echo "load $i failed"; break; }
	done
	touch "$dir/stop"
	wait
	[ "$i" = "$times" ] && [ ! -s "$dir/busy" ] || { cat "$dir/busy"; false; }
}

# At rest every gauge is what the kernel's own list says.
gauges_return()
{
	poll 20 at_rest || { cat "$PROC"; false; }
}

at_rest()
{
	awk '$1 == "state" && $2 != "TIME_WAIT" && $2 != "CLOSED" &&
		$2 != "LISTEN" && $3 != 0 { bad = 1 } END { exit bad }' "$PROC"
}

# kept_out COMMAND...: it does not load, and that is no mistake of the user's
kept_out()
{
	log_mark
	! "$@" 2> "$dir/err" || { mod_unload; return 1; }
	grep -q "not permitted" "$dir/err" || { cat "$dir/err"; return 1; }
	log_since | grep -q "tcpstates: not loaded: disabled" || return
	absent
}

# modprobe reads what the boot loader said.  The module is made one of the
# kernel's, for that moment.
disabled_at_boot()
{
	local tree status=0
	tree=/lib/modules/$(uname -r)
	mkdir "$dir/depmod" && ln -s "$(command -v kmod)" "$dir/depmod/depmod" &&
		cp "$TCPSTATES_KO" "$tree/tcpstates.ko" &&
		"$dir/depmod/depmod" -a || return
	echo "$(cat /proc/cmdline) tcpstates.disabled" > "$dir/cmdline"
	mount --bind "$dir/cmdline" /proc/cmdline
	kept_out modprobe tcpstates || status=1
	umount /proc/cmdline
	modprobe tcpstates && mod_unload || status=1
	rm "$tree/tcpstates.ko"
	"$dir/depmod/depmod" -a && [ "$status" = 0 ]
}

# refused WORDS PARAMETER...: insmod fails, one line of the log has the words
refused()
{
	local words=$1
	shift
	log_mark
	if mod_load "$@" 2> "$dir/err"; then
		echo "insmod $* did not fail"
		mod_unload
		return 1
	fi
	grep -qi "invalid" "$dir/err" || { cat "$dir/err"; return 1; }
	log_since | grep tcpstates | grep -q "$words" ||
		{ log_since; return 1; }
	absent
}

# At a limit it counts as always.
loads_and_counts()
{
	mod_load "$@" && some_traffic &&
		[ "$(edge_count SYN_SENT ESTABLISHED < "$PROC")" = 3 ] &&
		sane && mod_unload || { mod_unload; return 1; }
}

# step_fails NAME: the log names it, and the next load is as if nothing was
step_fails()
{
	log_mark
	if mod_load "fail_step=$1" 2> /dev/null; then
		echo "insmod did not fail"
		mod_unload
		return 1
	fi
	absent && log_since | grep tcpstates | grep -q "\"$1\"" ||
		{ log_since; return 1; }
	mod_load && present && some_traffic && mod_unload
}

mixture="hold_mix loop_client_close request_reset passive_open sim_close
	time_wait_reset hold_request hold_mini_fin_wait2 unaccepted"
steps="parameters table netns clock hooks seed audit sample proc netlink"
log_mark
whole=$mark

ktap_begin $((9 + 2 + 4 + 6 + 4 + 3 + 2 + 2 + 4 + 10 + 1))
is "/proc/tcpstates is there" present
is "counts begin at zero again" counts_from_zero
is "unload" mod_unload
is "/proc/tcpstates is gone" absent
is "load" mod_load
is "loaded and unloaded $times times under traffic" reload
is "afterwards nothing is left in the gauges" gauges_return
is "entered - left = current" sane
is "unload after that" mod_unload

is "disabled: it does not load, and says so" kept_out mod_load disabled=1
if [ -n "${TCPSTATES_KO:-}" ]; then
	is "disabled on the kernel command line" disabled_at_boot
else
	skip "disabled on the kernel command line" "the module is installed"
fi

for value in 63 16777217 4294967295; do
	is "max_connections=$value is refused" \
		refused "max_connections=$value .*64 .*16777216" \
		max_connections=$value
done
for name in max_counter_memory max_alert_memory; do
	for value in 1048577 4294967294; do
		is "$name=$value is refused" \
			refused "$name=$value .*0 to 1048576" $name=$value
	done
	is "$name=-1 is refused" \
		refused ".-1. invalid for parameter .$name" $name=-1
done
is "rule=nosuch is refused" \
	refused "rule=nosuch,count=1: there is no such rule" rule=nosuch,count=1
for value in 0 4294967296; do
	is "rule=close_wait_leak,count=$value is refused" \
		refused "rule=close_wait_leak,count=$value: .*number\|must be" \
		rule=close_wait_leak,count=$value
done
is "log_alerts=perhaps is refused" \
	refused "perhaps. invalid for parameter .log_alerts" log_alerts=perhaps
is "max_connections=many is refused" \
	refused "many. invalid for parameter .max_connections" \
	max_connections=many
is "clock=sundial is refused" refused "no clock .sundial.*allowed.*ktime" \
	clock=sundial
is "fail_step=nosuch is refused" refused "no step .nosuch.*allowed.*seed" \
	fail_step=nosuch
is "break_hook with an unknown name is refused" \
	refused "no hook .nosuch.*allowed" break_hook=ftrace,nosuch
# A name as long as the kernel takes one, and one that is nothing but commas
is "a name of 1,000 letters is refused" \
	refused "there is no hook" "break_hook=$(printf 'x%.0s' {1..1000})"
is "no name at all is refused" refused "there is no hook" break_hook=,,
for value in 64 16777216; do
	is "max_connections=$value" loads_and_counts max_connections=$value
done
for name in max_counter_memory max_alert_memory; do
	for value in 0 1048576; do
		is "$name=$value" loads_and_counts $name=$value
	done
done
for step in $steps; do
	is "init step $step fails" step_fails "$step"
done
mark=$whole
is "no warning in the kernel log" no_warning
ktap_end
