#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 hping3 jq util-linux
# modules: veth tcp_diag inet_diag
# timeout: 300
#
# tcpstatectl doctor: nothing wrong, then real trouble of each kind, against ss
# and /proc/tcpstates.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2086

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

need hping3 plight swarm ss awk ip jq setpriv unshare tcpstatectl
in_own_namespace
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
ktap_begin 16
alert_network
OWNER=1234

# finding NAME FILTER: there is one of that name for which FILTER holds
finding()
{
	tcpstatectl doctor -j > "$dir/json" 2> "$dir/err" &&
		jq -e --arg name "$1" '.version == 1 and any(.findings[];
			.finding == $name and ('"$2"'))' "$dir/json" > /dev/null && return
	jq -c '.findings[] | del(.help, .why, .source)' "$dir/json"
	cat "$dir/err"
	return 1
}

# no_finding NAME
no_finding()
{
	tcpstatectl doctor -j | jq -e --arg name "$1" \
		'all(.findings[]; .finding != $name)' > /dev/null
}

said()
{
	COLUMNS=100 tcpstatectl doctor > "$dir/said" &&
		tr -s ' \n' ' ' < "$dir/said" | grep -qF -- "$1" && return
	cat "$dir/said"
	return 1
}

# The process that has a socket, as ss says it: "name", pid, uid
holder()
{
	ss -Htanpe "$@" | sed -nE 's/.*\(\("([^"]*)",pid=([0-9]+).*/\1 \2/p' |
		sort | uniq -c | sort -rn | awk 'NR == 1 { print $2, $3 }'
}

# is_holder SS_FILTER...: what jq is to compare with
is_holder()
{
	local name pid
	read -r name pid < <(holder "$@")
	echo ".process.name == \"$name\" and .process.pid == $pid"
}

# A busy server: clients come, are served, and go.
swarm open 7500 50 > /dev/null < <(sleep 4) &
busy=$!
sleep 2
is "a healthy host: nothing is wrong" said "Nothing is wrong."
nothing_as_json()
{
	tcpstatectl doctor -j | jq -e '. == { version: 1, findings: [] }' > /dev/null
}
is "a healthy host: no finding in JSON" nothing_as_json
wait $busy

# --- CLOSE_WAIT -------------------------------------------------------------------

tcpstatectl rules set close_wait_leak age=2s
plight_start leak plight -u $OWNER 127.0.0.1 7450
tell leak "listen 300"
tell leak "open 40"
tell leak "accept 40"
tell leak "close client"
few_are_noticed()
{
	finding close_wait_leak ".severity == \"notice\" and .count == 40 and
		.where.port == 7450 and .uid == $OWNER and .oldest_us >= 2000000 and
		$(is_holder state close-wait)"
}
is "CLOSE_WAIT: 40 are mentioned, with the process" poll 10 few_are_noticed

# As the module counts: only what the other end has closed
tell leak "open 100"
tell leak "accept 100"
tell leak "close client"
leak_is_told()
{
	finding close_wait_leak ".severity == \"problem\" and
		.count == $(ss -Htan state close-wait | wc -l) and .count == 140 and
		.of == null and $(is_holder state close-wait)"
}
is "CLOSE_WAIT: an alert is a problem" poll 20 leak_is_told
read -r name pid < <(holder state close-wait)
is "CLOSE_WAIT: in plain words" said \
	"PROBLEM port 7450 ($name, pid $pid, uid $OWNER): 140 connections in CLOSE_WAIT, oldest "
is "CLOSE_WAIT: why, and who says so" said \
	"has not called close(). Each holds a descriptor and memory"

unprivileged()
{
	setpriv --reuid 65534 --clear-groups tcpstatectl doctor > "$dir/said" \
		2> "$dir/err" && grep -q "run as root to see theirs" "$dir/err" &&
		grep -q "port 7450 (uid $OWNER): 140" "$dir/said" ||
		{ cat "$dir/said" "$dir/err"; false; }
}
is "an unprivileged user: the same without the process" unprivileged
tell leak "close server"
is "CLOSE_WAIT: over" poll 20 no_finding close_wait_leak

# --- half-dead -----------------------------------------------------------------------

tcpstatectl rules set half_dead age=2s
plight_start half plight -u $OWNER 127.0.0.1 7451
tell half "listen 300"
tell half "open 60"
tell half "accept 60"
tell half "shut client"
half_is_noticed()
{
	# The port is the client's: the other end says what it is.
	finding half_dead ".severity == \"notice\" and .remote and
		.count == 60 and .where == { address: \"127.0.0.1\", port: 7451 } and
		(.what | startswith(\"60 connections in FIN_WAIT2\")) and
		$(is_holder state fin-wait-2)"
}
is "FIN_WAIT2: the other end does not close" poll 10 half_is_noticed
plight_stop half

# --- nobody calls accept() -------------------------------------------------------------

plight_start lazy plight -u $OWNER 127.0.0.1 7452
tell lazy "listen 10"
tell lazy "hang 30"
queue_is_told()
{
	finding accept_overflow ".severity == \"problem\" and
		.where == { address: \"127.0.0.1\", port: 7452 } and
		.count == $(ss -Htln sport = :7452 | awk '{ print $2 }') and
		$(is_holder state listening sport = :7452)"
}
is "an accept queue that is full, and whose" poll 20 queue_is_told
dropped_are_told()
{
	finding handshakes_dropped ".severity == \"notice\" and .count >= 10 and
		.count <= $(nstat -asz TcpExtListenDrops |
			awk '/ListenDrops/ { print int($2 * 1.1) }')"
}
is "handshakes that were dropped" poll 20 dropped_are_told
plight_stop lazy
plight_stop leak

# --- connects without an answer, and refused ones ------------------------------------------

ip neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev tcps0
plight_start hole plight -u $OWNER 192.0.2.99 443
tell hole "hang 20"
silence_is_told()
{
	finding syn_sent_pileup ".severity == \"notice\" and .remote and
		.where == { address: \"192.0.2.99\", port: 443 } and .count == 20 and
		.uid == $OWNER and $(is_holder state syn-sent)"
}
is "connects without an answer, by destination" poll 20 silence_is_told
plight_stop hole

(printf 'hang 30\n'; sleep 1) | plight 127.0.0.1 7999 > /dev/null 2>&1
refused_are_told()
{
	local refused
	refused=$(nstat -asz TcpAttemptFails | awk '/AttemptFails/ { print $2 }')
	# The sum of rates of seconds that are a bit longer, or shorter
	finding connects_refused ".severity == \"notice\" and .count >= 27 and
		.count <= $((refused * 11 / 10))"
}
is "connects that were refused" poll 10 refused_are_told

# --- a flood -------------------------------------------------------------------------------

ip route add default via 192.0.2.2
there sysctl -qw net.ipv4.ip_forward=0
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tcps0.rp_filter=0 \
	net.ipv4.tcp_max_syn_backlog=128
! slow_kernel || tcpstatectl rules set syn_flood count=16
plight_start flooded plight -u $OWNER 192.0.2.1 7460
tell flooded "listen 128"
there hping3 -q -S -p 7460 --rand-source -i u1000 192.0.2.1 > /dev/null 2>&1 &
flooder=$!
at_exit "kill $flooder 2> /dev/null"
flood_is_told()
{
	finding syn_flood ".severity == \"problem\" and .uid == $OWNER and
		.where == { address: \"192.0.2.1\", port: 7460 } and
		$(is_holder state listening sport = :7460) and
		(.what | contains(\"tcp_syncookies is $(
			sysctl -n net.ipv4.tcp_syncookies)\"))"
}
is "a SYN flood, and the listener's process" poll 30 flood_is_told
kill $flooder
wait $flooder 2> /dev/null
plight_stop flooded

# --- without the module ---------------------------------------------------------------------

mod_unload
without()
{
	local status=0
	tcpstatectl doctor > "$dir/said" 2> "$dir/err" || status=$?
	[ $status -eq 2 ] && [ ! -s "$dir/said" ] && [ "$(wc -l < "$dir/err")" -eq 1 ] &&
		grep -q "not loaded" "$dir/err"
}
is "without the module: one line, and 2" without
mod_load break_hook=tcp_v4_reqsk_destructor
is "a hook that is missing" poll 5 finding incomplete \
	'.name == "tcp_v4_reqsk_destructor" and (.what | endswith("missing"))'
ktap_end
