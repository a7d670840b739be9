#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the demo that runs in the guest: load the module, make traffic
# with real programs, and show what an operator would see.

set -u

say()
{
	printf '\n=== %s\n' "$*"
}

# show COMMAND...: as if it had been typed.
show()
{
	printf '\n$ %s\n' "$*"
	"$@"
}

# wait_for SECONDS COMMAND...
wait_for()
{
	local tries=$(($1 * 10))

	shift
	while [[ $tries -gt 0 ]]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
		tries=$((tries - 1))
	done
	echo "demo: gave up waiting for: $*" >&2
	exit 1
}

gauge()
{
	awk -v s="$1" '$1 == "state" && $2 == s { print $3 }' /proc/tcpstates
}

at_least()
{
	[[ $(gauge "$1") -ge $2 ]]
}

raised()
{
	grep -q "^alert *$1 *raised" /proc/tcpstates
}

listening()
{
	ss -Hltn "sport = :$1" | grep -q .
}

start_nginx()
{
	mkdir -p /tmp/www
	head -c 1000 /dev/zero | tr '\0' x >/tmp/www/index.html
	cat >/tmp/nginx.conf <<-END
	worker_processes 1;
	error_log /dev/null;
	pid /tmp/nginx.pid;
	events { worker_connections 512; }
	http {
		access_log off;
		keepalive_timeout 0;
		server { listen 80 backlog=128; root /tmp/www; }
	}
	END
	nginx -c /tmp/nginx.conf
	wait_for 20 listening 80
}

# An application that is told that its peer has closed, and never closes.
start_leak()
{
	nc -ll -p 8080 -e sleep 1000 &
	wait_for 20 listening 8080
	for _ in 1 2 3 4 5 6 7 8; do
		(exec 3<>/dev/tcp/127.0.0.1/8080)
	done
	wait_for 20 at_least CLOSE_WAIT 8
}

# SYNs from addresses that do not exist, through a network of their own.
start_flood()
{
	ip netns add attacker
	ip link add to-attacker type veth peer name eth0 netns attacker
	ip addr add 192.0.2.1/24 dev to-attacker
	ip link set to-attacker up
	ip -n attacker addr add 192.0.2.2/24 dev eth0
	ip -n attacker link set eth0 up
	ip route add default via 192.0.2.2
	sysctl -qw net.ipv4.tcp_syncookies=0 net.ipv4.conf.all.rp_filter=0
	ip netns exec attacker hping3 -q -S -p 80 --rand-source -i u2000 \
		-c 600 192.0.2.1 >/dev/null 2>&1 &
	wait_for 20 at_least SYN_RECV 60
}

# The runner has loaded it already; the demo shows how it is done.
rmmod tcpstates 2>/dev/null
uname -sr
show insmod "$TCPSTATES_KO"
dmesg | grep 'tcpstates: version' | tail -n 1

start_nginx
say "Before: nginx listens, nothing else happens"
show tcpstatectl

say "Real traffic: ab fetches 300 pages from nginx, one connection each"
ab -q -n 300 -c 4 http://127.0.0.1/ | grep -E 'Complete|Failed|Requests per'
show tcpstatectl

say "An application that does not close: 8 connections in CLOSE_WAIT"
echo "(8 are an alert from now on, once they are 1 s old)"
show tcpstatectl rules set close_wait_leak count=8 age=1s
start_leak
echo '$ tcpstatectl | grep -E "STATE|CLOSE_WAIT|FIN_WAIT2"'
tcpstatectl | grep -E 'STATE|^CLOSE_WAIT|^FIN_WAIT2'
echo
echo "Whose are they, and since when?"
show tcpstatectl conns state close-wait

say "A SYN flood on port 80: what ss sees, and what tcpstates sees"
start_flood
echo '$ ss -Htan state syn-recv | wc -l; tcpstatectl | grep -E "STATE|SYN_RECV"'
ss -Htan state syn-recv | wc -l
tcpstatectl | grep -E 'STATE|^SYN_RECV'
show tcpstatectl listeners
echo
echo "And what the module says about it, by itself:"
wait_for 20 raised syn_flood
echo '$ grep -E "^# (alert|culprit)|raised  |^culprit" /proc/tcpstates; dmesg | grep alert'
grep -E '^# (alert|culprit)|raised  |^culprit' /proc/tcpstates
dmesg | grep -o 'tcpstates: alert .*'
wait_for 20 raised close_wait_leak
show tcpstatectl alerts
show tcpstatectl history 30s
show tcpstatectl check

say "What is wrong, in plain words"
show tcpstatectl doctor

say "How long did handshakes take, and where did connections go?"
show tcpstatectl hist syn-recv:established
show tcpstatectl diagram

say "After: the same file, as awk or cat read it"
show cat /proc/tcpstates

say "And it unloads as it was loaded"
show rmmod tcpstates
show tcpstatectl
echo "exit status $?"
say "That was: make demo.  To try things yourself: make shell"
