# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of tcpstates share.  A test sources this file, calls
# ktap_begin COUNT, then ok/not_ok/skip once for each result, then ktap_end.

KSFT_PASS=0
KSFT_FAIL=1
KSFT_SKIP=4

PROC=/proc/tcpstates

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$here:$here/../tools:$PATH:/usr/sbin:/sbin
export PATH

# --- results ---------------------------------------------------------------

ktap_begin()
{
	ktap_planned=$1
	ktap_done=0
	ktap_failed=0
	echo "KTAP version 1"
	echo "1..$ktap_planned"
}

# Notes under a result; reads standard input without an argument.
note()
{
	if [ $# -gt 0 ]; then
		printf '# %s\n' "$*"
	else
		sed 's/^/# /'
	fi
}

ok()
{
	ktap_done=$((ktap_done + 1))
	echo "ok $ktap_done $*"
}

not_ok()
{
	ktap_done=$((ktap_done + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_done $*"
}

skip()
{
	ktap_done=$((ktap_done + 1))
	echo "ok $ktap_done $1 # SKIP ${2:-}"
}

# is NAME COMMAND...: the command's success is the result.  What it says is
# shown only when it fails.
is()
{
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name"
		printf '%s\n' "$said" | tail -n 20 | note
	fi
}

ktap_end()
{
	if [ "$ktap_done" -ne "$ktap_planned" ]; then
		note "planned $ktap_planned results, had $ktap_done"
		exit $KSFT_FAIL
	fi
	[ "$ktap_failed" -eq 0 ] || exit $KSFT_FAIL
	exit $KSFT_PASS
}

# pass_on KTAP ERRORS: what another program has said, whose last words are
# "# done"
pass_on()
{
	note < "$2"
	if [ ! -s "$1" ]; then
		ktap_begin 1
		not_ok "the program ran"
		ktap_end
	fi
	cat "$1"
	! grep -q '^not ok' "$1" && grep -q '^# done' "$1"
}

# The whole test cannot be run here.
skip_all()
{
	echo "KTAP version 1"
	echo "1..0 # SKIP $*"
	exit $KSFT_SKIP
}

# --- conditions ------------------------------------------------------------

need()
{
	local cmd
	[ "$(id -u)" -eq 0 ] || skip_all "must be root"
	for cmd; do
		command -v "$cmd" > /dev/null || skip_all "no $cmd here"
	done
}

# A kernel built for debugging (with lockdep, or to look for data races) takes ten times
# as long for everything.
slow_kernel()
{
	[ -e /proc/lockdep ] || [ -e /sys/kernel/debug/kcsan ]
}

# jq 1.6 reads all of its own functions first, every time: 250 million instructions.
# gojq takes six.
if command -v gojq > /dev/null; then
	jq()
	{
		gojq "$@"
	}
fi

# The test again, from its beginning, in a network namespace where there is
# nothing yet: no TIME_WAIT of the tests before.
in_own_namespace()
{
	if [ -z "${TCPSTATES_TEST_NS:-}" ]; then
		TCPSTATES_TEST_NS=1 exec unshare -n "$0"
	fi
	unset TCPSTATES_TEST_NS
	ip link set lo up
}

# poll SECONDS COMMAND...: until it succeeds.  What is not so at once is looked at less
# often, or a guest would do little but look.
poll()
{
	local end=$((SECONDS + $1)) pauses=(.05 .05 .05 .05 .1 .1 .2)
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep "${pauses[0]}"
		[ ${#pauses[@]} -eq 1 ] || pauses=("${pauses[@]:1}")
	done
}

# interrupt PID: as Ctrl-C does; waits for its end.  Until it has a handler, a signal to
# what runs in the background is ignored.
interrupt()
{
	poll 60 takes_sigint "$1" || kill "$1"
	wait "$1"
}

takes_sigint()
{
	! kill -INT "$1" 2> /dev/null
}

# --- the module ------------------------------------------------------------

mod_loaded()
{
	[ -d /sys/module/tcpstates ]
}

# Parameters on the kernel's command line, which insmod does not look at
mod_params()
{
	tr ' ' '\n' < /proc/cmdline | sed -n 's/^tcpstates\.//p'
}

# mod_load [PARAMETER=VALUE...]: $TCPSTATES_KO, or the installed module
# shellcheck disable=SC2120 # most tests need no parameter
mod_load()
{
	if [ -n "${TCPSTATES_KO:-}" ]; then
		# shellcheck disable=SC2046 # words
		insmod "$TCPSTATES_KO" $(mod_params) "$@"
	else
		modprobe tcpstates "$@"
	fi
}

mod_unload()
{
	rmmod tcpstates
}

# A test finds the module unloaded and leaves it so.
# shellcheck disable=SC2120
mod_setup()
{
	if mod_loaded && ! mod_unload; then
		skip_all "tcpstates is loaded and in use"
	fi
	if [ -z "${TCPSTATES_KO:-}" ] && ! modinfo tcpstates > /dev/null 2>&1
	then
		skip_all "no module: set TCPSTATES_KO or install it"
	fi
	trap cleanup EXIT
	mod_load "$@" && return
	ktap_begin 1
	not_ok "load the module"
	dmesg | tail -n 5 | note
	ktap_end
}

# Work to do at the end of a test, last in first out
cleanups=()

at_exit()
{
	cleanups=("$*" "${cleanups[@]}")
}

cleanup()
{
	local cmd
	for cmd in "${cleanups[@]}"; do
		eval "$cmd"
	done
	! mod_loaded || mod_unload
}

# --- /proc/tcpstates -------------------------------------------------------

# All of these read standard input.

# state_field STATE current|entered|left
state_field()
{
	awk -v s="$1" -v f="$2" '
	BEGIN { col["current"] = 3; col["entered"] = 4; col["left"] = 5 }
	$1 == "state" && $2 == s { print $col[f] }'
}

# edge_count FROM TO
edge_count()
{
	awk -v f="$1" -v t="$2" '
	$1 == "transition" && $2 == f && $3 == t { print $4 }'
}

# Everything that was ever counted; 0 when nothing happened
counted()
{
	awk '$1 == "transition" { n += $4 } $1 == "state" { n += $4 + $5 }
	END { print n + 0 }'
}

# What balanced() says of this namespace, now
balanced_now()
{
	balanced < /proc/tcpstates
}

# entered - left = current, for every state
balanced()
{
	awk '
	$1 == "state" && $2 != "CLOSED" {
		n++
		if ($4 - $5 != $3 || $3 < 0) {
			print $2 ": entered " $4 ", left " $5 ", current " $3
			bad = 1
		}
	}
	END { if (n != 10) print n + 0 " states"; exit bad || n != 10 }'
}

# hook_ok NAME: the module could attach there
hook_ok()
{
	awk -v name="$1" '$1 == "hook" && $2 == name && $4 == "ok" { ok = 1 }
	END { exit !ok }'
}

# --- the kernel's own tracepoint -------------------------------------------

trace_events()
{
	echo "$TRACE/events/sock/inet_sock_set_state"
}

# trace_start [FILTER]: record sock:inet_sock_set_state into $TRACE/trace
trace_start()
{
	local dir=/sys/kernel/tracing
	[ -d $dir/instances ] || mount -t tracefs nodev $dir 2> /dev/null ||
		skip_all "no tracefs"
	TRACE=$dir/instances/tcpstates_test
	mkdir -p "$TRACE" || skip_all "no trace instances"
	at_exit "echo 0 > $(trace_events)/enable; rmdir $TRACE"
	[ -d "$(trace_events)" ] || skip_all "no inet_sock_set_state event"
	echo 4096 > "$TRACE/buffer_size_kb"
	echo "protocol == 6${1:+ && ($1)}" > "$(trace_events)/filter"
	echo 1 > "$(trace_events)/enable"
	trace_clear
}

trace_clear()
{
	: > "$TRACE/trace"
}

# Nothing was overwritten before it was read.
trace_complete()
{
	! grep -h '^overrun' "$TRACE"/per_cpu/cpu*/stats | grep -v ' 0$'
}

# trace_cmd_said FILE: what "trace-cmd record -k -o FILE" has recorded, and what is still
# in the buffer: it may end before it has read the last page of a processor.  Then
# tracing is put back to what it was.
trace_cmd_said()
{
	local dir=/sys/kernel/tracing
	trace-cmd report -i "$1" 2> /dev/null
	cat $dir/trace
	echo nop > $dir/current_tracer
	echo 0 > $dir/events/enable
	: > $dir/set_ftrace_filter
	: > $dir/trace
	echo 1 > $dir/tracing_on
}

# Only the sockets of tcp_walk
WALK_FILTER="(sport >= 10000 && sport < 28192) || "
WALK_FILTER+="(dport >= 10000 && dport < 28192)"

# --- the kernel's own lists ------------------------------------------------

STATES="LISTEN SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2 CLOSE_WAIT
	CLOSING LAST_ACK TIME_WAIT"

# module_counter NAME: reads standard input
module_counter()
{
	awk -v c="$1" '$1 == "counter" && $2 == c { print $3 }'
}

# What ss counts in each state of this namespace, as "STATE COUNT" lines.
# The request sockets and mini sockets are in it.
ss_gauges()
{
	ss -Htan | awk -v states="$STATES" '
	BEGIN {
		n = split(states, name, " ")
		map["ESTAB"] = "ESTABLISHED"
		map["FIN-WAIT-1"] = "FIN_WAIT1"
		map["FIN-WAIT-2"] = "FIN_WAIT2"
	}
	{
		s = $1 in map ? map[$1] : $1
		gsub("-", "_", s)
		count[s]++
	}
	END {
		for (i = 1; i <= n; i++)
			print name[i], count[name[i]] + 0
	}'
}

proc_gauges()
{
	awk '$1 == "state" && $2 != "CLOSED" { print $2, $3 }' /proc/tcpstates
}

# Ours before and after the kernel's, which takes a while to read: the kernel's
# number of each state lies between the two.  At rest they are the same.
gauges_are_kernels()
{
	{
		proc_gauges
		ss_gauges
		proc_gauges
	} | awk '
	{ n[$1]++; v[$1, n[$1]] = $2 }
	END {
		for (s in n) {
			before = v[s, 1]; kernel = v[s, 2]; after = v[s, 3]
			if (n[s] == 3 && ((before <= kernel && kernel <= after) ||
					  (after <= kernel && kernel <= before)))
				continue
			print s ": here " before ", in ss " kernel ", here " after
			bad = 1
		}
		exit bad
	}'
}

# No gauge but the named ones is other than 0.
all_zero_but()
{
	awk -v but=" $* " '$1 == "state" && $2 != "CLOSED" && $3 != 0 &&
		index(but, " " $2 " ") == 0 { print; bad = 1 }
	END { exit bad }' /proc/tcpstates
}

# Counters that say that something was missed
nothing_missed()
{
	awk '$1 == "counter" && $2 ~ /^(untracked|refused|lost|missed|stale|drift|other)$/ &&
		$3 != 0 { print; bad = 1 }
	END { exit bad }' /proc/tcpstates
}
