#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 hping3 gojq
# modules: veth tcp_diag inet_diag
# clock: virtual
# timeout: 300
#
# Alerts about listeners: SYN floods with tcp_syncookies 0, 1, 2; twice on one
# listener, on two at once, in two namespaces at once; an application that does
# not accept().  More listeners in trouble than a namespace has slots for.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

need hping3 plight ss awk ip unshare jq tcpstatectl
in_own_namespace
dir=$(mktemp -d)
at_exit "rm -rf $dir"
# There a flood is a trickle.
few=()
! slow_kernel || few=("rule=syn_flood,count=16")
mod_setup "${few[@]}"
ktap_begin 36
alert_network
PORT=7500

flood_network
sysctl -qw net.ipv4.tcp_max_syn_backlog=128

# With cookies there may be no queue: then it is as many cookies as the rule says
count=64
[ ${#few[@]} -eq 0 ] || count=16
flood_shows()
{
	[ "$(half_open)" -ge 48 ] || [ "$(cookies)" -ge $((cookies_before + count)) ]
}

cookies()
{
	module_counter cookies_sent < "$PROC"
}

queue_drained()
{
	[ "$(half_open)" -lt 24 ]
}

# one_flood WHAT: raised in time, cleared in time
one_flood()
{
	local begun
	cookies_before=$(cookies)
	flood_start 192.0.2.1 $PORT
	poll 10 flood_shows
	begun=$(now_ms)
	is "$1: raised" raised_now "$begun" syn_flood 192.0.2.1:$PORT 0
	sleep 2
	is "$1: it lasts as long as the flood" rule_is syn_flood raised
	flood_stop
	poll 10 queue_drained
	is "$1: cleared" cleared_now "$(now_ms)" syn_flood
}

plight_start one plight 192.0.2.1 $PORT
tell one "listen 128"
for cookies in 0 1 2; do
	sysctl -qw net.ipv4.tcp_syncookies=$cookies
	one_flood "cookies $cookies"
done
is "three floods in a row are three alerts" raised_is syn_flood 3
is "nothing else was raised" nothing_raised_but syn_flood

plight_stop one
PORT=7504
plight_start deferring plight 192.0.2.1 $PORT
tell deferring "listen 128"
tell deferring "defer 30"
sysctl -qw net.ipv4.tcp_syncookies=0
one_flood "deferred accept"
plight_stop deferring

# Two listeners, two namespaces: each has its own alert.  What came before
# is forgotten with the namespace's listener.
sysctl -qw net.ipv4.tcp_syncookies=1
plight_start two plight 192.0.2.1 7501
tell two "listen 128"
plight_start three plight 192.0.2.1 7502
tell three "listen 128"

ip netns add tcps_i
at_exit "ip netns del tcps_i"
ip link add tcps2 netns tcps_h type veth peer name tcps3 netns tcps_i
ip -n tcps_h addr add 198.51.100.2/24 dev tcps2
ip -n tcps_h link set tcps2 up
ip -n tcps_i addr add 198.51.100.1/24 dev tcps3
ip -n tcps_i link set tcps3 up
ip -n tcps_i route add default via 198.51.100.2
ip netns exec tcps_i sysctl -qw net.ipv4.conf.all.rp_filter=0 \
	net.ipv4.conf.tcps3.rp_filter=0 net.ipv4.tcp_synack_retries=1
plight_start four ip netns exec tcps_i plight 198.51.100.1 7503
tell four "listen 128"

flood_start 192.0.2.1 7501
flood_start 192.0.2.1 7502
flood_start 198.51.100.1 7503
is "two listeners at once: the first" poll 10 \
	culprit syn_flood 192.0.2.1:7501
is "two listeners at once: the second" poll 10 \
	culprit syn_flood 192.0.2.1:7502
ALERTS_OF="ip netns exec tcps_i"
is "another namespace at the same time" poll 10 \
	culprit syn_flood 198.51.100.1:7503
is "it has its own alone" raised_is syn_flood 1
ALERTS_OF=there
is "where it comes from there is none" nothing_raised_but
ALERTS_OF=
is "here there are two" raised_is syn_flood 6
flood_stop
is "all are cleared" poll 20 rule_is syn_flood clear
plight_stop four

# Without cookies the queues tell; with nothing but cookies nobody can.
two_floods()
{
	sysctl -qw net.ipv4.tcp_syncookies="$1"
	flood_start 192.0.2.1 7501
	flood_start 192.0.2.1 7502
	shift
	for subject; do
		poll 10 culprit syn_flood "$subject" || return
	done
	flood_stop
}
is "two at once, cookies 0: both" two_floods 0 192.0.2.1:7501 192.0.2.1:7502
is "two at once, cookies 0: cleared" poll 20 rule_is syn_flood clear
is "two at once, cookies 2: the namespace" two_floods 2 -
is "two at once, cookies 2: cleared" poll 20 rule_is syn_flood clear
is "these were three more" raised_is syn_flood 9

# The kernel forgets that a listener has sent cookies two to three seconds after
# he did: one of them before the other, whose are not all that were sent then.  (A
# fourth alert in a minute would be held back.)
ends_apart()
{
	local apart
	for apart in 0.4 0.6; do
		flood_start 192.0.2.1 7501
		sleep "$apart"
		flood_start 192.0.2.1 7502
		poll 10 culprit syn_flood - || return
		flood_stop
		poll 20 rule_is syn_flood clear || return
	done
	raised_is syn_flood 11
}
is "two at once, cookies 2: nobody is blamed when they end" ends_apart
sysctl -qw net.ipv4.tcp_syncookies=1
plight_stop two
plight_stop three

# --- no accept() ----------------------------------------------------------------------

accept_tests()
{
	local begun
	plight_start busy plight -u 99 192.0.2.1 7510
	plight_start callers there plight 192.0.2.1 7510
	tell busy "listen 64"
	tell callers "open 60"
	sleep 3
	is "accept_overflow: nearly full is none" rule_is accept_overflow clear
	tell callers "open 5"
	tell callers "hang 10"
	begun=$(now_ms)
	is "accept_overflow: raised" raised_now "$begun" accept_overflow \
		192.0.2.1:7510 99
	is "accept_overflow: the value is what ss says" \
		[ "$(culprit_value accept_overflow 192.0.2.1:7510)" = \
		"$(ss -Hltn 'sport = :7510' | awk '{ print $2 }')" ]
	tell busy "accept all"
	is "accept_overflow: cleared" cleared_now "$(now_ms)" accept_overflow
	is "no flood was seen" raised_is syn_flood 11
	plight_stop callers
	plight_stop busy
}
accept_tests

# --- more than there is room for ---------------------------------------------------------

overflowing()
{
	[ "$(alerts | awk '$1 == "culprit"' | wc -l)" -gt 50 ] &&
		[ "$(module_counter alerts_untracked < "$PROC")" -gt 0 ]
}

# All of them are in trouble until crowd_end, however long they take to get there.
crowd()
{
	local i
	mkfifo "$dir/crowd"
	exec {crowd_both}<> "$dir/crowd"
	exec {crowd_in}< "$dir/crowd"
	exec {crowd_out}> "$dir/crowd" {crowd_both}>&-
	(
	exec {crowd_out}>&-
	for ((i = 0; i < 110; i++)); do
		(printf 'listen 8\nopen 9\nhang 3\n'; exec cat <&"$crowd_in") |
			plight 127.0.0.1 $((7600 + i)) > /dev/null 2>&1 &
	done
	wait
	) &
}

crowd_end()
{
	exec {crowd_out}>&-
	wait
}
before=$(dmesg | grep -c 'tcpstates: alert')
crowd
is "110 at once: what finds no slot is counted" \
	poll $((12 + more_time / 1000)) overflowing
crowd_end
is "110 at once: all are cleared" poll 20 rule_is accept_overflow clear
lines=$(($(dmesg | grep -c 'tcpstates: alert') - before))
is "110 at once: the kernel log is bounded" [ $lines -le 60 ]
is "110 at once: none is a flood" raised_is syn_flood 11
note "$lines lines in the kernel log"
note < "$dir/times"
ktap_end
