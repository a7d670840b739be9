#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 hping3
# modules: veth tcp_diag inet_diag
# timeout: 400
#
# A SYN flood from another namespace, with tcp_syncookies 0, 1 and 2: SYN_RECV is
# what the listeners' queues hold, at each look; all of it ends as "timeout".
# Connections that are made in the midst of it, on the same listener, too, are
# counted like any other.  Without hooks, SYN_RECV and TIME_WAIT are sampled.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015

. "$(dirname "$0")/lib.sh"

need hping3 ss awk ip swarm unshare
in_own_namespace
mod_setup
ktap_begin 26
PORT=7300
few=50
! slow_kernel || few=20

setup_network()
{
	ip netns add tcps_h
	at_exit "ip netns del tcps_h; ip link del tcps0 2> /dev/null"
	ip link add tcps0 type veth peer name tcps1 netns tcps_h
	ip addr add 192.0.2.1/24 dev tcps0
	ip link set tcps0 up
	ip -n tcps_h addr add 192.0.2.2/24 dev tcps1
	ip -n tcps_h link set tcps1 up
	ip route add default via 192.0.2.2
	# Whoever gets a SYN,ACK there must not answer.
	ip netns exec tcps_h sysctl -qw net.ipv4.ip_forward=0
	sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tcps0.rp_filter=0 \
		net.ipv4.tcp_synack_retries=1 net.ipv4.tcp_max_syn_backlog=128 \
		net.core.somaxconn=64
	# Where SYNs are few, the queue is short.
	! slow_kernel || sysctl -qw net.core.somaxconn=16 \
		net.ipv4.tcp_max_syn_backlog=16
}

flood()
{
	ip netns exec tcps_h hping3 -q -S -p $PORT --rand-source -i u1000 \
		-c "$1" 192.0.2.1 > /dev/null 2>&1
}

syn_recv()
{
	state_field SYN_RECV current < "$PROC"
}

# The half-open queue, as the listener says: requests that ss lists
kernels()
{
	ss -Htan state syn-recv | wc -l
}

# The queue moves while it is read: ours before and after enclose it.
same()
{
	local before kernel after
	before=$(syn_recv)
	kernel=$(kernels)
	after=$(syn_recv)
	[ "$before" -le "$kernel" ] && [ "$kernel" -le "$after" ] ||
		{ [ "$after" -le "$kernel" ] && [ "$kernel" -le "$before" ]; }
}

# Looked at until the flood is over; now and then two looks are apart
looks_agree()
{
	local pid=$1 looks=0 apart=0
	while kill -0 "$pid" 2> /dev/null; do
		looks=$((looks + 1))
		poll 5 same || apart=$((apart + 1))
	done
	echo "$looks looks, $apart apart"
	[ "$looks" -gt 0 ] && [ "$apart" -eq 0 ]
}

nothing_half_open()
{
	[ "$(syn_recv)" -eq 0 ]
}

cause()
{
	awk -v s="$1" -v c="$2" '$1 == "closed" && $2 == s && $3 == c { n = $4 }
		END { print n + 0 }' "$PROC"
}

mib()
{
	nstat -asz "$1" | awk -v m="$1" '$1 == m { print $2 }'
}

# ACKs that nobody has sent a cookie for
bad_cookies()
{
	[ "$1" = 0 ] || ip netns exec tcps_h hping3 -q -A -p $PORT -i u1000 \
		-c 50 192.0.2.1 > /dev/null 2>&1
}

counter()
{
	awk -v n="$1" '$1 == "counter" && $2 == n { print $3 }' "$PROC"
}

cookies_agree()
{
	[ "$(counter cookies_sent)" = "$(mib TcpExtSyncookiesSent)" ] &&
	[ "$(counter cookies_validated)" = "$(mib TcpExtSyncookiesRecv)" ] &&
	[ "$(counter cookies_failed)" = "$(mib TcpExtSyncookiesFailed)" ] &&
	case $1 in
	0) [ "$(counter cookies_failed)" = 0 ] ;;
	1) [ "$(counter cookies_failed)" -gt 0 ] ;;
	2) [ "$(counter cookies_validated)" -ge 50 ] ;;
	esac || { grep cookies "$PROC"; nstat -asz | grep Cookie; false; }
}

# knock COUNT: real clients of the flooded listener; says how many came through
knock()
{
	local i through=0
	for ((i = 0; i < $1; i++)); do
		! ip netns exec tcps_h timeout 20 bash -c \
			": < /dev/tcp/192.0.2.1/$PORT" 2> /dev/null ||
			through=$((through + 1))
	done
	echo $through
}

edges_of_clean()
{
	[ "$(($(edge_count SYN_SENT ESTABLISHED < "$PROC") - sent))" -eq 50 ] &&
	[ "$(($(edge_count SYN_RECV ESTABLISHED < "$PROC") - recv))" \
		-eq $((50 + knocked)) ] &&
	[ "$(($(mib TcpPassiveOpens) - passive))" -eq $((50 + knocked)) ] &&
	[ "$(($(edge_count FIN_WAIT2 TIME_WAIT < "$PROC") - wait))" -eq 50 ]
}

# Nobody notices an event of theirs: the gauges follow the kernel's numbers.
sampled()
{
	[ "$(syn_recv)" -eq "$(kernels)" ] && [ "$(syn_recv)" -gt 0 ] &&
		[ "$(state_field TIME_WAIT current < "$PROC")" -eq \
			"$(ss -Htan state time-wait | wc -l)" ] &&
		[ "$(state_field TIME_WAIT current < "$PROC")" -ge 20 ]
}

says_sampling()
{
	[ "$(awk '$1 == "hook" && $3 == "sampling" && $4 != "ok"' "$PROC" |
		wc -l)" -eq 7 ] || { grep ^hook "$PROC"; false; }
}

setup_network
for cookies in 0 1 2; do
	sysctl -qw net.ipv4.tcp_syncookies=$cookies
	swarm open $PORT 0 < <(sleep 300) > /dev/null &
	server=$!
	at_exit "kill $server 2> /dev/null"
	poll 10 eval "ss -Hltn 'sport = :$PORT' | grep -q ."
	born=$(edge_count LISTEN SYN_RECV < "$PROC")
	timeouts=$(cause SYN_RECV timeout)
	cookies_sent=$(mib TcpExtSyncookiesSent)
	sent=$(edge_count SYN_SENT ESTABLISHED < "$PROC")
	recv=$(edge_count SYN_RECV ESTABLISHED < "$PROC")
	wait=$(edge_count FIN_WAIT2 TIME_WAIT < "$PROC")
	passive=$(mib TcpPassiveOpens)

	flood 1500 &
	flooder=$!
	swarm clean $((PORT + 1)) 50 &
	cleaner=$!
	is "cookies $cookies: SYN_RECV is the queue" looks_agree $flooder
	wait $cleaner
	knocked=0
	# Without cookies the listener is what a flood makes of it.
	if [ $cookies -ne 0 ]; then
		flood 500 &
		flooder=$!
		knocked=$(knock 10)
		wait $flooder
		note "$knocked of 10 clients came through"
	fi
	is "cookies $cookies: connections in the midst are counted" \
		poll 5 edges_of_clean
	is "cookies $cookies: the queue drains" poll 60 nothing_half_open
	is "cookies $cookies: entered - left = current" \
		balanced_now

	born=$(($(edge_count LISTEN SYN_RECV < "$PROC") - born - 50 - knocked))
	timeouts=$(($(cause SYN_RECV timeout) - timeouts))
	cookies_sent=$(($(mib TcpExtSyncookiesSent) - cookies_sent))
	note "$born half-open, $timeouts timed out, $cookies_sent cookies sent"
	[ "$born" -eq "$timeouts" ]
	is "cookies $cookies: all half-open end as timeout" [ $? -eq 0 ]
	case $cookies in
	0) [ "$born" -gt "$few" ] && [ "$cookies_sent" -eq 0 ] ;;
	1) [ "$born" -gt "$few" ] && [ "$cookies_sent" -gt 100 ] ;;
	2) [ "$born" -eq 0 ] && [ "$cookies_sent" -gt 1000 ] ;;
	esac && [ "$knocked" -eq $((cookies ? 10 : 0)) ]
	is "cookies $cookies: half-open and cookies are what they should be" \
		[ $? -eq 0 ]
	bad_cookies $cookies
	is "cookies $cookies: our counters are nstat's" cookies_agree $cookies
	kill $server
	wait $server 2> /dev/null
done
is "nothing was missed" nothing_missed

mod_unload
mod_load break_hook=inet_csk_reqsk_queue_hash_add,tcp_twsk_destructor
is "without hooks: each says that it is sampled" says_sampling
sysctl -qw net.ipv4.tcp_syncookies=0 net.ipv4.tcp_synack_retries=4
swarm open $PORT 0 < <(sleep 300) > /dev/null &
server=$!
at_exit "kill $server 2> /dev/null"
poll 10 eval "ss -Hltn 'sport = :$PORT' | grep -q ."
swarm clean $((PORT + 1)) 20
flood 100
is "without hooks: SYN_RECV and TIME_WAIT are sampled" poll 10 sampled
is "without hooks: entered - left = current" balanced_now
kill $server
wait $server 2> /dev/null
is "without hooks: SYN_RECV returns to 0" poll 60 nothing_half_open
ktap_end
