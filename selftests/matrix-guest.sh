#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the matrix that runs in the guest: sockets that are older than the
# module, then connections, a leak; what the module and others say about them, a
# line each, "WORD WHAT".  It takes the shell, ss and nc, and no driver of the
# tests, which may be built for another machine.

# listener PORT COMMAND...: for each connection
listener()
{
	local port=$1

	shift
	nc -ll -p "$port" -e "$@" &
	wait_for listening "$port"
}

# wait_for COMMAND...: until it is so, or 30 s
wait_for()
{
	local tries=300

	while ! "$@" >/dev/null 2>&1 && ((tries-- > 0)); do
		sleep 0.1
	done
}

listening()
{
	ss -Hltn "sport = :$1" | grep -q .
}

# among PORT STATE COUNT: so many sockets of that server
among()
{
	[[ $(ss -Htn state "$2" "sport = :$1" | wc -l) -ge $3 ]]
}

# opened PORT COUNT, then closed by us
opened()
{
	local i

	for ((i = 0; i < $2; i++)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$1")
	done
}

# hold PORT COUNT: opened, and kept
hold()
{
	local i fd

	for ((i = 0; i < $2; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$1"
	done
}

told()
{
	grep -qs 1 /sys/kernel/tracing/instances/*/events/tcpstates/enable
}

raised()
{
	tcpstatectl alerts -j | grep -q '"raised"'
}

exec 2>/dev/null
rmmod tcpstates
echo "release $(uname -r)"
echo "machine $(uname -m)"

# Older than the module
listener 7001 sleep 1000
opened 7001 4
hold 7001 3
wait_for among 7001 close-wait 4
if ! said=$(insmod "$TCPSTATES_KO" 2>&1); then
	echo "refused $said: $(dmesg | grep tcpstates: | tail -n 1)"
	exit
fi
echo "seeded $(tcpstatectl show -j)"
ss -Htan | awk '{ n[$1]++ } END { for (s in n) print "ss", s, n[s] }'

# Five connections that we close, and three that stay
listener 7002 cat
listener 7003 sleep 1000
tcpstatectl events -j dport 7002 >/tmp/events &
wait_for told
opened 7002 5
hold 7003 3
tcpstatectl rules set close_wait_leak count=2 age=1s >/dev/null
wait_for raised
kill %tcpstatectl
sleep 2 # until the next look
sed 's/^/event /' /tmp/events
echo "show $(tcpstatectl show -j)"
echo "conns $(tcpstatectl conns -j sport 7003)"
echo "alerts $(tcpstatectl alerts -j)"
echo "history $(tcpstatectl history -j)"
