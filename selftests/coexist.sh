#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 coreutils trace-cmd bpftrace libbpf-tools linux-perf
# modules: tcp_diag inet_diag
# clock: virtual
# timeout: 900
#
# Everybody at once: a bpftrace script, libbpf-tools' tcpstates, perf record and
# tracefs on the kernel's tracepoint, trace-cmd's function tracer and kprobes on
# the functions that the module is attached to.  All of them, and nstat, count the
# same.  Who comes first does not matter, nor who goes first.  Those who turn
# tracing off for all are refused, or what it costs is said.

# The functions below are called through is() and poll(); A && B || C means that.
# shellcheck disable=SC2317,SC2015,SC2016,SC2086,SC2119

. "$(dirname "$0")/lib.sh"

need swarm ss ip awk nstat trace-cmd
in_own_namespace
dir=$(mktemp -d)
FTRACE=/proc/sys/kernel/ftrace_enabled
[ -e $FTRACE ] || skip_all "no function tracer here"
DYNAMIC=/sys/kernel/tracing/kprobe_events
KPROBES=/sys/kernel/debug/kprobes/enabled
HOOKED="inet_csk_reqsk_queue_hash_add inet_csk_clone_lock
	tcp_v4_reqsk_destructor tcp_twsk_destructor __inet_twsk_schedule"
PORT=7801
COUNT=40
mod_setup
at_exit "rm -rf $dir"
trace_start

# --- the others ------------------------------------------------------------------

# watch NAME COMMAND...: in the background, until it has its programs in the kernel
declare -A pids
watch()
{
	local name=$1
	shift
	"$@" > "$dir/$name" 2>&1 &
	pids[$name]=$!
	at_exit "kill -9 $! 2> /dev/null"
	poll 90 has_programs $! && sleep 2 ||
		{ note "$name:"; note < "$dir/$name"; return 1; }
}

has_programs()
{
	grep -qs prog_type: /proc/"$1"/fdinfo/*
}

# Kprobes beside ours, in tracefs
kprobes_start()
{
	local name
	for name in $HOOKED; do
		echo "p:tcps_others/$name $name" >> $DYNAMIC || return
	done
	echo 1 > "$TRACE/events/tcps_others/enable"
}

kprobes_end()
{
	local name
	[ ! -e "$TRACE/events/tcps_others" ] ||
		echo 0 > "$TRACE/events/tcps_others/enable"
	for name in $HOOKED; do
		echo "-:tcps_others/$name" >> $DYNAMIC
	done 2> /dev/null
}
at_exit kprobes_end

# What is left of namespaces that have gone ends some time after them.  Then the
# kprobes are set anew, from 0.
kprobes_start_anew()
{
	kprobes_start && poll 30 nobody_calls && kprobes_end && kprobes_start
}

nobody_calls()
{
	local before
	before=$(calls) && sleep 4 && [ "$(calls)" = "$before" ]
}

calls()
{
	cat /sys/kernel/tracing/kprobe_profile
}

# until_told FILE: what recorders run. They begin to record, then let it begin, which
# it says with FILE; it ends when others_end says so.
until_told()
{
	touch "$1"
	sh -c "while [ ! -e $dir/stop ]; do sleep 0.3; done"
}
export -f until_told
export dir

functions_start()
{
	local name words=()
	for name in $HOOKED; do
		words+=(-l "$name")
	done
	trace-cmd record -q -k -o "$dir/trace.dat" -p function "${words[@]}" \
		bash -c "until_told '$dir/traces'" > "$dir/trace-cmd" 2>&1 &
	pids[trace-cmd]=$!
	poll 60 test -e "$dir/traces"
}

functions_end()
{
	wait "${pids[trace-cmd]}"
	trace_cmd_said "$dir/trace.dat" > "$dir/functions"
}

bpf_here()
{
	command -v tcpstates > /dev/null && [ -e /sys/kernel/btf/vmlinux ]
}

# With 5.10's BTF it wants the kernel's headers as well.
bpftrace_here()
{
	command -v bpftrace > /dev/null && bpf_here &&
		timeout 60 bpftrace -e 'BEGIN { exit(); }
			tracepoint:sock:inet_sock_set_state { }' \
			> "$dir/bpftrace" 2>&1
}

# others_start EVENT: what perf records; a BPF program on an event decides, by what it
# returns, whether perf gets it, and those of bpftrace and libbpf-tools say no.
others_start()
{
	local status=0
	kprobes_start_anew || { status=1; note "no kprobes"; calls | note; }
	functions_start || { status=1; note "no trace-cmd"; }
	if [ "$bpftrace" = 0 ]; then
		watch bpftrace bpftrace -e '
		tracepoint:sock:inet_sock_set_state
		/args->protocol == 6 &&
		(args->sport == '$PORT' || args->dport == '$PORT')/
		{ @n[args->oldstate, args->newstate] = count(); }' || status=1
	fi
	if bpf_here; then
		watch tcpstates stdbuf -oL tcpstates || status=1
	fi
	if command -v perf > /dev/null; then
		perf record -q -a -o "$dir/perf.data" \
			-e "$1" bash -c "until_told '$dir/records'" \
			> "$dir/perf" 2>&1 &
		pids[perf]=$!
		poll 60 test -e "$dir/records" ||
			{ status=1; note < "$dir/perf"; }
	fi
	return $status
}

others_end()
{
	touch "$dir/stop"
	functions_end
	[ "$bpftrace" != 0 ] || interrupt "${pids[bpftrace]}"
	if bpf_here; then
		interrupt "${pids[tcpstates]}"
	fi
	if [ -n "${pids[perf]:-}" ]; then
		wait "${pids[perf]}"
		perf script -i "$dir/perf.data" > "$dir/perf.txt" 2> /dev/null
	fi
	pids=()
	rm -f "$dir/stop" "$dir/traces" "$dir/records"
}

# --- what each of them has counted -------------------------------------------------

# Of this port only: they do not begin and end at the same time, and tests before this
# one may have left sockets that go when their timers expire.

# Full sockets only: "OLD NEW COUNT", by the names of tracefs without TCP_
by_tracefs()
{
	sed -nE '/ [sd]port='$PORT' /s/.*inet_sock_set_state: .* oldstate=TCP_([A-Z0-9_]*) newstate=TCP_([A-Z0-9_]*).*/\1 \2/p' \
		"$1" | sort | uniq -c | awk '{ print $2, $3, $1 }' | sort
}

# By number, as bpftrace prints them: "@n[2, 1]: 40"
by_bpftrace()
{
	sed -nE 's/^@n\[([0-9]+), ([0-9]+)\]: ([0-9]+)$/\1 \2 \3/p' \
		"$dir/bpftrace" | awk '
	BEGIN {
		split("ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 " \
		      "TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING " \
		      "NEW_SYN_RECV", name, " ")
	}
	{ print name[$1], name[$2], $3 }' | sort
}

by_tcpstates()
{
	awk -v port=$PORT '{
		for (i = 1; i <= NF; i++)
			if ($i == "->" && $1 != "SKADDR" &&
			    ($(i - 2) == port || $(i - 4) == port))
				print $(i - 1), $(i + 1)
	}' "$dir/tcpstates" | sort | uniq -c |
		awk '{ print $2, $3, $1 }' | sort
}

same_as_tracefs()
{
	[ -s "$dir/kernel" ] && diff "$dir/kernel" -
}

# counted COMMAND: it prints how often from a state to another, and that is what the
# tracepoint says, of all those edges that are a full socket's from one end to the other
counted()
{
	local from to count here n=0
	while read -r from to count; do
		case "$from $to" in
		"SYN_SENT ESTABLISHED"|"ESTABLISHED FIN_WAIT1"|\
		"ESTABLISHED CLOSE_WAIT"|"CLOSE_WAIT LAST_ACK")
			here=$("$1" "$from" "$to")
			echo "$from to $to: here $here, kernel $count"
			[ "$here" = "$count" ] || return
			n=$((n + 1)) ;;
		esac
	done < "$dir/kernel"
	[ $n = 4 ]
}

by_proc()
{
	edge_count "$1" "$2" < "$PROC"
}

by_perf()
{
	grep -cE " [sd]port=$PORT( .*)? old=$1 new=$2 " "$dir/perf.txt"
}

# hits NAME: of the kprobe, and those it has missed, for a softirq came in between
hits()
{
	awk -v n="$1" '$1 == n { print $2 + $3 }' \
		/sys/kernel/tracing/kprobe_profile
}

# Requests are added as often as LISTEN became SYN_RECV, and mini sockets end as
# often as TIME_WAIT is left.
functions_are_those()
{
	local born left
	born=$(edge_count LISTEN SYN_RECV < "$PROC")
	left=$(state_field TIME_WAIT left < "$PROC")
	echo "LISTEN to SYN_RECV $born times, TIME_WAIT left $left times"
	[ "$(hits inet_csk_reqsk_queue_hash_add)" = "$born" ] &&
		[ "$(hits tcp_twsk_destructor)" = "$left" ] &&
		[ "$left" -gt 0 ] && [ "$born" -ge "$COUNT" ] ||
		{ cat /sys/kernel/tracing/kprobe_profile; false; }
}

# As often as the kprobes, whose profile is kept in a file, for it goes with them
tracer_saw_them()
{
	local name kprobe function
	for name in $HOOKED; do
		kprobe=$(awk -v n="$name" '$1 == n { print $2 + $3 }' \
			"$dir/profile")
		function=$(grep -cE ": +$name( <-.*)?\$" \
			"$dir/functions")
		echo "$name: $kprobe by kprobe, $function by function tracer"
		[ "$kprobe" = "$function" ] && [ "$kprobe" -gt 0 ] || return
	done
}

# TIME_WAIT would last a minute: it ends at once, where the kernel lets it (5.10 does not).
traffic()
{
	swarm clean $PORT $COUNT && ss -K state time-wait > /dev/null 2>&1
	poll 80 none_waits
}

none_waits()
{
	[ "$(ss -Htan state time-wait | wc -l)" = 0 ]
}

active_opens()
{
	awk '/^Tcp: [0-9]/ { print $6 }' /proc/net/snmp
}

# as_nstat OPENS: those that there were when the module came
as_nstat()
{
	local ours
	ours=$(edge_count CLOSED SYN_SENT < "$PROC")
	echo "here $ours, TcpActiveOpens $(($(active_opens) - $1))"
	[ "$ours" = $(($(active_opens) - $1)) ]
}

hooks_are_well()
{
	awk '$1 == "hook" { n++; if ($4 != "ok") { print; bad = 1 } }
	END { exit bad || n < 8 }' "$PROC"
}

all_is_well()
{
	balanced_now && nothing_missed && hooks_are_well && as_nstat "$1"
}

# --- those who turn tracing off -----------------------------------------------------

# Newer kernels do not turn ftrace off for anybody, and say so.
may_be_turned_off()
{
	(echo 0 > $FTRACE) 2> "$dir/refused"
	! grep -q "not supported" "$dir/refused" || return
	echo 1 > $FTRACE
}

# As long as we are attached: the kernel refuses.
not_while_we_are_here()
{
	local opens
	mod_unload && mod_load && opens=$(active_opens) || return
	! (echo 0 > $FTRACE) 2> "$dir/refused" && grep -q 1 $FTRACE &&
		grep -qi busy "$dir/refused" || { cat "$dir/refused" $FTRACE
			return 1; }
	traffic && all_is_well "$opens"
}

stays_on()
{
	local opens
	opens=$(active_opens)
	grep -q 1 $FTRACE && dmesg | grep "no longer disables ftrace" && traffic &&
		all_is_well "$opens"
}

# trace-cmd reset sets everything back that there is in tracefs.
reset_by_trace_cmd()
{
	local opens
	opens=$(active_opens)
	mod_unload && mod_load && trace-cmd reset > "$dir/reset" 2>&1 &&
		traffic && all_is_well "$opens" || { cat "$dir/reset"; false; }
}

sampled()
{
	awk '$1 == "hook" && $3 == "sampling" && $4 != "ok" { n++ }
	$1 == "hook" && $2 == "inet_sock_set_state" && $4 == "ok" { ok = 1 }
	END { exit !ok || n < 7 }' "$PROC"
}

# Loaded while it is off: what cannot be attached is said, in /proc and in the
# kernel log; the gauges are sampled, not lost.  No kprobe would help: it stands
# where ftrace has been told not to call anybody.  Not so on arm64.
said_when_off_before()
{
	mod_unload && echo 0 > $FTRACE || return
	dmesg -c > /dev/null
	if ! grep -q ' kprobe_ftrace_handler' /proc/kallsyms; then
		by_kprobes && echo 1 > $FTRACE && return
		grep ^hook "$PROC"
		echo 1 > $FTRACE
		return 1
	fi
	mod_load && traffic && sampled ||
		{ grep ^hook "$PROC"; echo 1 > $FTRACE; return 1; }
	dmesg | grep -q 'cannot attach to tcp_twsk_destructor' &&
		poll 30 gauges_are_kernels ||
		{ dmesg; echo 1 > $FTRACE; return 1; }
	echo 1 > $FTRACE
}

by_kprobes()
{
	local opens
	opens=$(active_opens)
	mod_load && traffic && all_is_well "$opens" &&
		[ "$(grep -c '^hook .* kprobe  *ok$' "$PROC")" = 7 ]
}

well_again()
{
	local opens
	mod_unload && mod_load && opens=$(active_opens) && traffic &&
		all_is_well "$opens"
}

# Kprobes, where there are no better hooks, can be switched off for all.  Nobody
# tells them: the audit finds what they have missed, and says so.
audit_finds_it()
{
	mod_unload && mod_load break_hook=ftrace && echo 0 > $KPROBES &&
		swarm clean $((PORT + 2)) 20
	echo 1 > $KPROBES
	poll 90 drifted && poll 60 gauges_are_kernels && balanced_now
}

drifted()
{
	[ "$(module_counter drift < "$PROC")" -gt 0 ]
}

# In the whole guest, for the functions are called for all: no socket whose process has
# gone, here and where other tests may have been, and as many sockets as there are here.
nobody_is_left()
{
	awk '
	/^TCP:/ && FNR == NR { print; bad = $3 || $5 || $7 || $9 }
	/^TCP:/ && FNR != NR { print "init: " $0; bad = bad || $5 || $7 }
	END { exit bad }' /proc/net/sockstat /proc/1/net/sockstat
}

bpftrace_here
bpftrace=$?
at_exit "echo 1 > $FTRACE"
ktap_begin 20
poll 150 nobody_is_left > "$dir/left" || note "before: $(tail -n 2 "$dir/left")"
opens=$(active_opens)
mod_unload && mod_load
trace_clear
others_start tcpstates:tcpstates_transition
is "the others watch, under us" [ $? -eq 0 ]
traffic
by_tracefs "$TRACE/trace" > "$dir/kernel"
is "nothing was lost by tracefs" trace_complete
is "our edges are the kernel's tracepoint's" counted by_proc
is "requests and mini sockets are as many as their functions' kprobes say" \
	functions_are_those
is "as many connects as nstat says; nothing was missed" all_is_well "$opens"
cp /sys/kernel/tracing/kprobe_profile "$dir/profile"
others_end
kprobes_end
is "trace-cmd's function tracer was called as often as kprobes" tracer_saw_them
if command -v perf > /dev/null; then
	is "perf record has the same, from our own event" counted by_perf
else
	skip "perf record has the same, from our own event" "no perf here"
fi
if [ "$bpftrace" = 0 ]; then
	is "bpftrace has the same" same_as_tracefs < <(by_bpftrace)
else
	skip "bpftrace has the same" "no bpftrace that works here"
fi
if bpf_here; then
	is "libbpf-tools' tcpstates has the same" \
		same_as_tracefs < <(by_tcpstates)
else
	skip "libbpf-tools' tcpstates has the same" "no BPF tools or no BTF here"
fi
is "all is well when the others are gone" all_is_well "$opens"

mod_unload
others_start sock:inet_sock_set_state
is "the others watch, before us" [ $? -eq 0 ]
mod_load
opens=$(active_opens)
trace_clear
traffic
by_tracefs "$TRACE/trace" > "$dir/kernel"
is "we see the same over them" counted by_proc
swarm chaos $((PORT + 1)) 200 7
is "all is well after chaos" all_is_well "$opens"
is "gauges are those of ss" poll 30 gauges_are_kernels
is "we go first" mod_unload
others_end
kprobes_end
when_off="loaded while ftrace_enabled=0: sampled, and it is said; or by kprobes"
if may_be_turned_off; then
	mod_load
	is "ftrace_enabled=0 is refused while we are here" not_while_we_are_here
	is "$when_off" said_when_off_before
else
	mod_load
	is "ftrace_enabled=0 is refused, by this kernel to all" stays_on
	skip "$when_off" "$(cat "$dir/refused")"
fi
is "trace-cmd reset takes nothing from us" reset_by_trace_cmd
is "all is well after a reload" well_again
if [ -e $KPROBES ]; then
	is "kprobes that are switched off: the audit says so" audit_finds_it
else
	skip "kprobes that are switched off: the audit says so" "no kprobes"
fi
ktap_end
