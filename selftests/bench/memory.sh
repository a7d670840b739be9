#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest: the memory that observers take.  Prints "memory BYTES WHAT".

here=$(cd "$(dirname "$0")" && pwd)
say()
{
	echo "memory $1 $2"
}

vmalloc()
{
	awk '$1 == "VmallocUsed:" { print $2 * 1024 }' /proc/meminfo
}

# maps NAME COMMAND...: memory locked for the maps and programs of a BPF tool
maps()
{
	local name=$1 tries=120 pid
	shift
	"$@" > /dev/null 2>&1 &
	pid=$!
	while [ $tries -gt 0 ] && ! grep -qs prog_type: /proc/$pid/fdinfo/*; do
		sleep 1
		tries=$((tries - 1))
	done
	sleep 5
	say "$(cat /proc/$pid/fdinfo/* 2> /dev/null |
		awk '$1 == "memlock:" { s += $2 } END { print s + 0 }')" "$name"
	# Not before it listens to that
	while kill -INT $pid 2> /dev/null; do
		sleep 1
	done
}

echo "kernel $(uname -r)"
before=$(vmalloc)
insmod "$TCPSTATES_KO" max_connections=1048576 || exit 1
say $((($(vmalloc) - before) / 1048576)) "a connection that can be tracked (of 1,048,576)"
say "$(cat /sys/module/tcpstates/coresize)" "the module, text and data"
rmmod tcpstates
maps "rival.bpf.c: maps and programs" "$here/rival" "$here/rival.bpf"
maps "bpftrace: maps and programs" bpftrace "$here/states.bt"
maps "libbpf-tools tcpstates: maps and programs" tcpstates
maps "libbpf-tools tcplife: maps and programs" tcplife
