#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the guest that counts instructions: each load with each observer, in
# rounds.  Prints "result LOAD OBSERVER ROUND MEAN LEAST", instructions an operation
# as load.c says them, which table.awk turns into a table.
#
#   guest.sh ROUNDS WARMUP COUNT "LOAD..." "OBSERVER..."

# start_X and stop_X are called by name.
# shellcheck disable=SC2317

rounds=$1 warmup=$2 count=$3 loads=$4 observers=$5
here=$(cd "$(dirname "$0")" && pwd)
KO=${TCPSTATES_KO:-}
PAUSE=/sys/module/tcpstates/parameters/test_pause
TRACING=/sys/kernel/tracing/instances/bench
said=/tmp/bench.said

. "$here/loads.sh"

die()
{
	echo "bench: $*"
	exit 1
}

# --- observers: start_X, counted_X (did it see COUNT connections?), stop_X ----

start_none() { :; }
counted_none() { :; }
stop_none() { :; }

# The time stamp counter, as on real processors: here it is the same as ktime.
start_tcpstates()
{
	insmod "$KO" clock=tsc
}

# In the namespace of the load, by the load
counted_tcpstates()
{
	[ "$seen" -ge "$1" ] || die "tcpstates saw $seen of $1 connections"
}

stop_tcpstates()
{
	rmmod tcpstates
}

start_ktime()
{
	insmod "$KO" clock=ktime
}

counted_ktime()
{
	counted_tcpstates "$1"
}

stop_ktime()
{
	rmmod tcpstates
}

# Somebody listens to the trace event, and throws away what is old.
start_traced()
{
	insmod "$KO" clock=tsc && mkdir -p "$TRACING" &&
		echo 1 > "$TRACING/events/tcpstates/enable"
}

counted_traced()
{
	counted_tcpstates "$1"
	[ "$(wc -l < "$TRACING/trace")" -gt 100 ] || die "no event was traced"
}

stop_traced()
{
	echo 0 > "$TRACING/events/tcpstates/enable"
	rmdir "$TRACING"
	rmmod tcpstates
}

# All hooks are attached and return at once.
start_floor()
{
	insmod "$KO" clock=tsc && echo 1 > "$PAUSE"
}

counted_floor() { :; }

stop_floor()
{
	rmmod tcpstates
}

# start_program WORDS COMMAND...: in the background, until it has said WORDS
start_program()
{
	local words=$1 tries=600
	shift
	: > "$said"
	"$@" > "$said" 2>&1 &
	program=$!
	while [ $tries -gt 0 ] && ! grep -q "$words" "$said"; do
		sleep 0.1
		tries=$((tries - 1))
		kill -0 "$program" 2> /dev/null ||
			die "$1 ended: $(tail -n 30 "$said")"
	done
	sleep 1
}

stop_program()
{
	kill -INT "$program"
	wait "$program"
	[ -s "$said" ] || die "$1 said nothing"
}

start_bpftrace()
{
	start_program Attaching bpftrace "$here/states.bt"
	sleep 2
}

counted_bpftrace() { :; }

stop_bpftrace()
{
	stop_program bpftrace
	grep -q '@transitions\[2, 1\]: ' "$said" || die "bpftrace saw nothing"
}

# libbpf-tools; their output is thrown away, which is cheaper than reading it
start_libbpf_tcpstates()
{
	start_program SKADDR tcpstates
}

counted_libbpf_tcpstates() { :; }

stop_libbpf_tcpstates()
{
	stop_program tcpstates
	grep -q 'SYN_SENT.*ESTABLISHED' "$said" || die "tcpstates saw nothing"
}

start_libbpf_tcplife()
{
	start_program COMM tcplife
}

counted_libbpf_tcplife() { :; }

stop_libbpf_tcplife()
{
	stop_program tcplife
	[ "$(wc -l < "$said")" -gt 100 ] || die "tcplife saw nothing"
}

# It compiles its program, prints by Python, through a buffer, and cannot be
# interrupted when a script has started it: what it saw is what is out by then.
# Debian 12's bcc does not know four types that the headers of Linux 6.12 want
# the size of.
start_bpfcc()
{
	local tries=600 types="" type
	for type in bpf_wq bpf_rb_root bpf_rb_node bpf_refcount; do
		types="$types struct $type { long long opaque[2]; };"
	done
	sed "s/^bpf_header = \"\"\"/&$types/" "$(command -v tcpstates-bpfcc)" \
		> /tmp/tcpstates-bpfcc
	python3 /tmp/tcpstates-bpfcc > "$said" 2>&1 &
	program=$!
	while [ $tries -gt 0 ] &&
	      ! grep -qs prog_type: /proc/$program/fdinfo/*; do
		sleep 0.1
		tries=$((tries - 1))
		kill -0 "$program" 2> /dev/null ||
			die "tcpstates-bpfcc ended: $(tail -n 30 "$said")"
	done
	sleep 3
}

counted_bpfcc() { :; }

stop_bpfcc()
{
	sleep 3
	kill "$program"
	wait "$program"
	grep -q 'SYN_SENT.*ESTABLISHED' "$said" ||
		die "tcpstates-bpfcc saw nothing: $(tail -n 30 "$said")"
}

start_rival()
{
	start_program attached "$here/rival" "$here/rival.bpf"
}

counted_rival()
{
	wanted=$1
}

stop_rival()
{
	stop_program rival
	[ "$(sed -n 's/opened //p' "$said")" -ge "$wanted" ] ||
		die "rival: $(tail -n 1 "$said") of $wanted connections"
}

# --- loads, each in a namespace that takes all its TIME_WAIT with it -----------

# measure LOAD OBSERVER ROUND
measure()
{
	local result least want
	want=$(operations "$1")
	"start_$2" || die "$2 does not start"
	# shellcheck disable=SC2046
	set -- "$@" $(unshare -n "$0" --one "$1" "$warmup" "$count")
	result=$4 least=$5
	[ "${6:-0}" -ge "$want" ] || die "$1: ${6:-0} of $want operations"
	seen=${7:-0}
	"counted_$2" "$want"
	"stop_$2"
	# The namespace goes away in the background.
	sleep 1
	echo "result $1 $2 $3 $result $least"
}

if [ "$1" = --one ]; then
	warmup=$3 count=$4
	one_load "$2"
	exit
fi

echo "kernel $(uname -r)"
"$here/load" seed
# The first connections of a boot cost more.
unshare -n "$0" --one short 0 3000 > /dev/null
for load in $loads; do
	round=0
	while [ $round -lt "$rounds" ]; do
		for observer in none $observers; do
			measure "$load" "$observer" $round
		done
		round=$((round + 1))
	done
done
