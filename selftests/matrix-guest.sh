#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the matrix that runs in the guest: sockets that are older than the
# module, then connections, and what raises an alert of each rule; what the module and
# others say about them, a line each, "WORD WHAT".  It takes the shell, ss, ip and nc, and
# no driver of the tests, which may be built for another machine.

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

# raised RULE: there is an alert, or was
raised()
{
	grep -qE "^alert +$1 +[a-z]+ +[1-9]" /proc/tcpstates
}

# Rates are known from the first look on.
looked()
{
	tcpstatectl history -j | grep -q '"when"'
}

rule()
{
	tcpstatectl rules set "$@" >/dev/null
}

# try ADDRESS PORT COUNT: connects that are not answered, or late
try()
{
	local i

	for ((i = 0; i < $3; i++)); do
		(exec 3<>"/dev/tcp/$1/$2"; sleep 1000) &
	done
}

# A server that has four connections to accept, and does not
stopped_server()
{
	rule accept_overflow count=1
	nc -l -p 7004 >/dev/null &
	wait_for listening 7004
	kill -STOP $!
	try 127.0.0.1 7004 4
}

# One that sends: who closes without having read resets
resets()
{
	opened 7005 5
	raised reset_burst
}

# A namespace whose SYNs arrive, and that no answer reaches
half_open()
{
	ip netns add far
	ip link add near type veth peer name far netns far
	ip address add 192.0.2.1/24 dev near
	ip link set near up
	ip -n far address add 192.0.2.2/24 dev far
	ip -n far link set far up
	ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:99 dev near nud permanent
	rule syn_flood count=1
	listener 7006 cat
	nsenter --net=/run/netns/far bash -c "$(declare -f try); try 192.0.2.1 7006 4"
}

# Somewhere that nobody is
nowhere()
{
	rule syn_sent_pileup count=3 age=1s
	ip route add 198.51.100.0/24 dev lo
	try 198.51.100.1 7007 3
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
wait_for looked
opened 7002 5
hold 7003 3
sleep 4 # for looks
kill %tcpstatectl
sed 's/^/event /' /tmp/events
echo "show $(tcpstatectl show -j)"
echo "conns $(tcpstatectl conns -j sport 7003)"
echo "history $(tcpstatectl history -j)"

# An alert of each rule
rule close_wait_leak count=2 age=1s
rule half_dead count=1 percent=1 age=1s
rule time_wait_pressure count=1
echo 5 >/proc/sys/net/ipv4/tcp_max_tw_buckets
stopped_server
half_open
nowhere
rule reset_burst count=1 percent=1
listener 7005 yes
wait_for resets
while read -r name; do
	wait_for raised "$name"
done < <(awk '$1 == "alert" { print $2 }' /proc/tcpstates)
echo "alerts $(tcpstatectl alerts -j)"
