#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tun tcp_diag inet_diag
# clock: virtual
# timeout: 240
#
# Hooks that cannot be attached: each one that /proc/tcpstates lists, all of
# them, and the mechanisms.  What is left agrees with the kernel's tracepoint,
# ss and nstat; what is sampled instead, with ss and /proc/net/sockstat.

# The functions below are called through is(), and A && B || C means just that.
# shellcheck disable=SC2317,SC2015
. "$(dirname "$0")/lib.sh"

need tcp_walk awk dmesg ip ss unshare
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"

# hook_lines STATUS|MECHANISM...: the hooks that are so; all of them: "."
hook_lines()
{
	awk -v what="$1" '$1 == "hook" && $2 != "clock" &&
		(what == "." || $3 == what || $4 == what) { print $2 }' "$PROC"
}

# A marker in the kernel log, so as to see only what has been said since
log_mark()
{
	mark="tcpstates-test-$RANDOM-$RANDOM"
	echo "$mark" > /dev/kmsg
}

log_since()
{
	dmesg | sed "1,/$mark/d" | grep tcpstates
}

absent()
{
	[ ! -e /proc/net/tcpstates ] && ! mod_loaded
}

# Real connections, against the tracepoint and all other sources
walk()
{
	local wanted=$#
	trace_clear
	tcp_walk -N -n 3 -r "$TRACE/trace" "$@" 2>&1 |
		awk -f "$here/walk.awk" > "$dir/walk"
	[ "$1" != -6 ] || wanted=$((wanted - 1))
	[ "$(grep -c '^ok' "$dir/walk")" = "$wanted" ] ||
		{ cat "$dir/walk"; false; }
}

# All that requests and mini sockets do
walks()
{
	walk request_reset passive_open active_close_orphan active_close \
		time_wait_reuse sim_close loop_client_close \
		fin_wait2_mini_reset hold_request hold_mix &&
		walk -6 request_reset passive_open active_close hold_mix
}

# The same in short: each hook has its part in one of these.
some_walks()
{
	walk request_reset time_wait_reuse fin_wait2_mini_reset hold_mix &&
		walk -6 request_reset hold_mix
}

# Sockets in all states: each gauge is what ss says.  Without the hooks of mini
# sockets all of those are in TIME_WAIT, as sockstat has them.
gauges_fit()
{
	local tw
	tw=$(awk '$1 == "TCP:" { for (i = 2; i < NF; i += 2)
		if ($i == "tw") print $(i + 1) }' /proc/net/sockstat)
	{
		ss_gauges
		grep -E '^(state|hook)' "$PROC"
	} | awk -v tw="$tw" '
	NF == 2 { ss[$1] = $2; next }
	$1 == "state" && $2 != "CLOSED" { here[$2] = $3; n++; next }
	$1 == "hook" && $2 == "tcp_twsk_destructor" && $4 != "ok" { off = 1 }
	END {
		if (off) {
			ss["FIN_WAIT2"] -= tw - ss["TIME_WAIT"]
			ss["TIME_WAIT"] = tw
		}
		for (s in ss)
			if (here[s] != ss[s]) {
				print s ": " here[s] ", expected " ss[s]
				bad = 1
			}
		exit bad || n != 10
	}'
}

# In a namespace of its own: what has been held is gone in the end, but for
# mini sockets.
sampled()
{
	unshare -n bash -c walk_and_hold
}

walk_and_hold()
{
	ip link set lo up
	tcp_walk -n 3 -x "bash -c held" hold_request hold_mix > "$dir/hold" &&
		held && [ "$(state_field SYN_RECV current < "$PROC")" = 0 ] &&
		grep -q "^TCP:.* tw [1-9]" /proc/net/sockstat ||
		{ cat "$dir/hold"; false; }
}

# In each of the two three are in SYN_RECV: requests, and sockets.
# shellcheck source=/dev/null
held()
{
	. "$here/lib.sh"
	poll 10 gauges_fit > "$dir/held" || { tail -n 10 "$dir/held"; return 1; }
	[ -z "${SCENARIO:-}" ] ||
		[ "$(state_field SYN_RECV current < "$PROC")" = 3 ] ||
		{ cat "$PROC"; false; }
}

# The hook's line stands where it did, and may have the name of today's kernels.
# Its class is off, the rest is as it was.
missing()
{
	awk -v broken=" $* " '
	$1 != "hook" || $2 == "clock" { next }
	FNR == NR { name[++n] = $2; how[n] = $3; next }
	{ i++ }
	index(broken, " " name[i] " ") {
		ok = $4 == "missing" && $3 == "sampling" &&
			index($2, name[i]) == 1
		off++
	}
	!index(broken, " " name[i] " ") {
		ok = $4 == "ok" && $3 == how[i] && $2 == name[i] ||
			$4 == "off" && $3 == "sampling" &&
			index($2, name[i]) == 1
		off += $4 == "off"
	}
	!ok { print "was " name[i] " " how[i] ", is " $0; bad = 1 }
	END { exit bad || i != n || off == n }' "$dir/whole" "$PROC"
}

# The hooks that are not ok now, by the names that they had
off()
{
	hook_lines . | paste -d " " "$dir/names" - |
		grep -vwFf <(hook_lines ok) | cut -d " " -f 1 | paste -s -d " "
}

# Each hook that is broken is named in the log, and no other.
said()
{
	diff <(log_since | sed -n 's/.*cannot attach to \([^:]*\): .*/\1/p' |
		sort) <(hook_lines missing | sort) &&
		log_since | grep -q 'sampled, not counted'
}

# with BREAK WALKS COMMAND...: loaded without those hooks
with()
{
	local status=0 then=$2
	log_mark
	mod_load "break_hook=$1" 2> "$dir/err" || { cat "$dir/err"; return 1; }
	shift 2
	"$@" && "$then" && sampled || status=1
	mod_unload && return "$status"
}

broken()
{
	missing "$@" && said
}

one_broken()
{
	off >> "$dir/off"
	broken "$@"
}

# A class is attached as a whole: who is off together is so whichever of them is
# missing.
classes()
{
	sort "$dir/off" | uniq -c | awk '{ print }
	NF < 2 || $1 != NF - 1 { bad = 1 }
	{ n += NF - 1 }
	END { exit bad || n != '"$(wc -w <<< "$functions")"' }'
}

# all_served MECHANISM: all functions by that one
all_served()
{
	[ "$(hook_lines "$1" | sort)" = "$(echo "$functions" | sort)" ] &&
		[ "$(hook_lines ok)" = "$(hook_lines .)" ] ||
		{ grep ^hook "$PROC"; false; }
}

# refused BREAK: without the tracepoint there is nothing to count.
refused()
{
	local names=$1
	log_mark
	if mod_load "break_hook=$names" 2> "$dir/err"; then
		echo "insmod did not fail"
		mod_unload
		return 1
	fi
	absent && [ "$(log_since | grep -c 'attach to inet_sock_set_state')" = 1 ] &&
		# ENOENT, which modprobe and insmod have words of their own for
		log_since | grep -q "failed with error -2$" &&
		[ "$(log_since | grep -c 'cannot attach to')" = \
		  "$(tr , '\n' <<< "$names" | wc -l)" ] ||
		{ log_since; false; }
}

as_before()
{
	mod_load && diff <(grep ^hook "$PROC") <(grep ^hook "$dir/whole") &&
		some_walks && mod_unload
}

export -f held gauges_fit walk_and_hold state_field
export dir here PROC
trace_start "$WALK_FILTER"
cat "$PROC" > "$dir/whole"
functions=$(hook_lines . | grep -vxF "$(hook_lines tracepoint)")
tracepoints=$(hook_lines tracepoint)
hook_lines . > "$dir/names"
mod_unload
every=$(paste -s -d , "$dir/names")
# shellcheck disable=SC2086 # words
set -- $functions

ktap_begin $(($# + $(wc -w <<< "$tracepoints") + 7))
for hook; do
	is "$hook is missing" with "$hook" some_walks one_broken "$hook"
done
is "a class is off as a whole" classes
is "all that are no tracepoint are missing" \
	with "$(tr ' ' , <<< "$*")" walks broken "$@"
is "neither ftrace nor kprobes" with ftrace,kprobe some_walks \
	broken "$@"
if [ -d /sys/kernel/debug/kprobes ] || [ -e /sys/kernel/kprobes ] ||
	grep -qF ' register_kprobe' /proc/kallsyms; then
	is "kprobes where there is no ftrace" \
		with ftrace walks all_served kprobe
else
	skip "kprobes where there is no ftrace" "no kprobes"
fi
# ftrace looks for names then, where it is given addresses otherwise.
if grep -q '^hook .* ftrace  *ok$' "$dir/whole"; then
	is "ftrace where there are no kprobes" \
		with kprobe some_walks all_served ftrace
else
	skip "ftrace where there are no kprobes" "no ftrace"
fi
for hook in $tracepoints; do
	is "without $hook insmod fails" refused "$hook"
done
is "with none at all insmod fails" refused "$every"
is "afterwards all is as before" as_before
ktap_end
