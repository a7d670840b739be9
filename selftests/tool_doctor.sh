#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 hping3 gojq nginx apache2-utils util-linux
# modules: veth tcp_diag inet_diag sch_netem
# clock: virtual
# timeout: 600
#
# tcpstatectl doctor: nothing wrong, then real trouble of each kind, against ss,
# nstat and /proc/net/sockstat.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2086

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

need hping3 plight swarm nginx ab ss nstat tc awk ip jq setpriv unshare tcpstatectl
in_own_namespace
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
ktap_begin 35
alert_network
OWNER=1234

# finding NAME FILTER: there is one of that name for which FILTER holds, and each
# says why, what helps, and who says so
finding()
{
	tcpstatectl doctor -j > "$dir/json" 2> "$dir/err" &&
		jq -e --arg name "$1" '.version == 1 and any(.findings[];
			.finding == $name and ('"$2"')) and
			all(.findings[]; .why != "" and
			(.help, .source | length > 0 and all(. != "")))' \
			"$dir/json" > /dev/null && return
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

sockets()
{
	ss -Htan "$@" | wc -l
}

has_sockets()
{
	[ "$(sockets state "$1")" -ge "$2" ]
}

# mib NAME: as the kernel counts in this namespace
mib()
{
	nstat -asz "$1" | awk -v n="$1" '$1 == n { print $2 }'
}

# closed CAUSE: connections that have ended so since the module was loaded
closed()
{
	awk -v c="$1" '$1 == "closed" && $3 == c { n += $4 } END { print n + 0 }' \
		"$PROC"
}

# opened: connections that connect() has made since then
opened()
{
	awk '$1 == "transition" && $2 == "SYN_SENT" && $3 == "ESTABLISHED" {
		print $4 }' "$PROC"
}

# ended: connections that are over since then
ended()
{
	awk '$1 == "closed" { n += $4 } END { print n + 0 }' "$PROC"
}

# of_all COUNT: but for what the connection of afresh was before the first look
of_all()
{
	echo ".of <= $1 and .of >= $1 - 2"
}

# told CAUSE KERNEL COUNT: the kernel and the module count exactly so many
told()
{
	[ "$2 $(closed "$1")" = "$3 $3" ] && return
	echo "$1: the kernel has $2, the module $(closed "$1"), not $3"
	return 1
}

is_looked_at()
{
	tcpstatectl history -j | jq -e '.moments | length > 0' > /dev/null
}

# What was is forgotten with the module.  It tells how numbers have grown since its
# first look at a namespace that is in use; what is left of the connections before, and
# would end between the load and that look, ends now.
afresh()
{
	ss -K state connected > /dev/null 2>&1
	mod_unload && mod_load && swarm clean 7499 1 && poll 30 is_looked_at
}

# --- nothing is wrong ---------------------------------------------------------------

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

# Nobody answers any more: with a process that still holds them ...
plight_start far there plight 192.0.2.2 7453
tell far "listen 100"
plight_start near plight -u $OWNER 192.0.2.2 7453
tell near "open 60"
tell far "accept 60"
tell far "close server"
poll 10 has_sockets close-wait 60
tc -n tcps_h qdisc add dev tcps1 root netem loss 100%
tell near "shut client"
last_ack_is_noticed()
{
	finding half_dead ".severity == \"notice\" and .remote and
		.where == { address: \"192.0.2.2\", port: 7453 } and
		.count == $(sockets state last-ack) and .count == 60 and
		.uid == $OWNER and .oldest_us >= 2000000 and
		(.what | contains(\"LAST_ACK\")) and $(is_holder state last-ack)"
}
is "LAST_ACK: whose, and towards whom" poll 10 last_ack_is_noticed
read -r name pid < <(holder state last-ack)
is "LAST_ACK: in plain words" said \
	"NOTICE to 192.0.2.2:7453 ($name, pid $pid, uid $OWNER): 60 connections whose FIN is lost"
tc -n tcps_h qdisc del dev tcps1 root
plight_stop near
plight_stop far

# ... and of a service that has closed them, as many as an alert takes
tcpstatectl rules set half_dead count=50
plight_start near plight -u $OWNER 192.0.2.1 7454
tell near "listen 100"
plight_start far there plight 192.0.2.1 7454
tell far "open 60"
tell near "accept 60"
tc -n tcps_h qdisc add dev tcps1 root netem loss 100%
tell near "close server"
half_dead_is_told()
{
	finding half_dead ".severity == \"problem\" and (.remote | not) and
		.where == { address: null, port: 7454 } and .count == 60 and
		.count == $(sockets state fin-wait-1) and .uid == $OWNER"
}
is "FIN_WAIT1: an alert is a problem, of that port and user" \
	poll 20 half_dead_is_told
tc -n tcps_h qdisc del dev tcps1 root
plight_stop near
plight_stop far
is "half-dead: over" poll 30 no_finding half_dead

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
		.count == $(mib TcpExtListenDrops) and
		.of == $(mib TcpExtListenOverflows)"
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

# Of a part of all connects only: not of those above
afresh
refused=$(mib TcpAttemptFails)
(printf 'hang 30\n'; sleep 1) | plight 127.0.0.1 7999 > /dev/null 2>&1
refused_are_told()
{
	local all=$(($(mib TcpAttemptFails) - refused))
	told refused $all 30 && finding connects_refused ".severity == \"notice\" and .count == 30 and
		$(of_all $(($(opened) + 30))) and .where == null and .process == null"
}
is "connects that were refused" poll 10 refused_are_told

# --- connections that time out --------------------------------------------------------------

afresh
timed_out=$(mib TcpExtTCPAbortOnTimeout)
sysctl -qw net.ipv4.tcp_syn_retries=1 net.ipv4.tcp_retries2=3
ip neigh add 192.0.2.98 lladdr 02:00:00:00:00:98 dev tcps0
plight_start hole plight -u $OWNER 192.0.2.98 443
tell hole "hang 30"
plight_start near plight -u $OWNER 192.0.2.1 7455
tell near "listen 100"
plight_start far there plight 192.0.2.1 7455
tell far "open 40"
tell near "accept 40"
is "some connections: none timed out" no_finding timeouts
tc -n tcps_h qdisc add dev tcps1 root netem loss 100%
tell near "trickle 1"
timeouts_are_told()
{
	local all=$(($(mib TcpExtTCPAbortOnTimeout) - timed_out))
	told timeout $all 70 && finding timeouts ".severity == \"notice\" and .count == 70 and
		$(of_all "$(ended)") and .where == null and .process == null"
}
is "connects and connections that time out" poll 40 timeouts_are_told
tc -n tcps_h qdisc del dev tcps1 root
sysctl -qw net.ipv4.tcp_syn_retries=6 net.ipv4.tcp_retries2=15
is "time-outs: in plain words" said " connections timed out in the last "
is "time-outs: nothing else is wrong" \
	jq -e '[.findings[].finding] | unique == ["timeouts"]' "$dir/json"
plight_stop hole
plight_stop near
plight_stop far

# --- resets ---------------------------------------------------------------------------------

# A client that ends without having read what it was sent
afresh
tcpstatectl rules set reset_burst count=100000
resets=$(mib TcpEstabResets)
plight_start near plight -u $OWNER 192.0.2.1 7456
tell near "listen 300"
plight_start far there plight 192.0.2.1 7456
tell far "open 150"
tell near "accept 150"
tell near "trickle 1"
plight_stop far
resets_are_told()
{
	local all=$(($(mib TcpEstabResets) - resets))
	told reset $all 150 && finding reset_burst ".severity == \"notice\" and .count == 150 and
		$(of_all "$(ended)") and .where == null"
}
is "connections that are reset" poll 10 resets_are_told
plight_stop near

# So many that it is an alert: whose port, and who listens there
count=100
! slow_kernel || count=15
tcpstatectl rules set reset_burst count=$count
plight_start resets plight -u $OWNER 127.0.0.1 7457
tell resets "listen 200"
tell_later resets "reset 3000 300"
burst_is_told()
{
	finding reset_burst ".severity == \"problem\" and .uid == $OWNER and
		.where == { address: null, port: 7457 } and .of >= $count and
		.count >= .of and $(is_holder state listening sport = :7457)"
}
is "a burst of resets, and the listener's process" poll 20 burst_is_told
read -r name pid < <(holder state listening sport = :7457)
is "a burst of resets: in plain words" said \
	"PROBLEM port 7457 ($name, pid $pid, uid $OWNER): "
answered resets
plight_stop resets

# --- TIME_WAIT ------------------------------------------------------------------------------

afresh
many=200
swarm clean 7458 $many
# So far there is room for a lot.
is "TIME_WAIT: that it is there is nothing" no_finding time_wait_pressure
# Others may be there still, and go within a minute.
sysctl -qw net.ipv4.tcp_max_tw_buckets=$((2 * many + 20))
table_is_noticed()
{
	finding time_wait_pressure ".severity == \"notice\" and .where == null and
		.count == $(sockets state time-wait) and .count >= $many and
		.count == $(awk '$1 == "TCP:" { print $7 }' /proc/net/sockstat) and
		.of == $(sysctl -n net.ipv4.tcp_max_tw_buckets)"
}
is "TIME_WAIT: half of the table is mentioned" poll 70 table_is_noticed
sysctl -qw net.ipv4.tcp_max_tw_buckets=$((many + 10))
table_is_told()
{
	finding time_wait_pressure '.severity == "problem" and .where == null'
}
is "TIME_WAIT: the table is nearly full" poll 10 table_is_told
sysctl -qw net.ipv4.tcp_max_tw_buckets=262144 net.ipv4.tcp_tw_reuse=0 \
	net.ipv4.ip_local_port_range="20000 $((20000 + many - 1))"
swarm clean 7459 $((many * 95 / 100))
ports_are_told()
{
	finding time_wait_pressure ".severity == \"problem\" and .remote and
		.where == { address: \"127.0.0.1\", port: 7459 } and
		.count == $(sockets state time-wait dport = :7459) and
		.uid == null and .process == null"
}
is "TIME_WAIT: one destination takes all ports" poll 10 ports_are_told
is "TIME_WAIT: in plain words" said \
	"PROBLEM to 127.0.0.1:7459: $(sockets state time-wait dport = :7459) connections in TIME_WAIT"
sysctl -qw net.ipv4.ip_local_port_range="32768 60999"

# --- a flood -------------------------------------------------------------------------------

ip route add default via 192.0.2.2
there sysctl -qw net.ipv4.ip_forward=0
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tcps0.rp_filter=0 \
	net.ipv4.tcp_max_syn_backlog=128
! slow_kernel || tcpstatectl rules set syn_flood count=16
plight_start flooded plight -u $OWNER 192.0.2.1 7460
tell flooded "listen 128"
ip netns exec tcps_h hping3 -q -S -p 7460 --rand-source -i u1000 192.0.2.1 \
	> /dev/null 2>&1 &
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

# --- nginx at full speed, which leaves as much TIME_WAIT as there is room for ---------------

afresh
sysctl -qw net.ipv4.tcp_max_tw_buckets=262144
requests=6000
! slow_kernel || requests=1000
cat > "$dir/nginx.conf" <<-END
user root;
worker_processes 1;
error_log $dir/error.log;
pid $dir/nginx.pid;
events { worker_connections 4096; }
http {
	access_log off;
	server { listen 8080; return 200 hello; }
}
END
is_served()
{
	there ab -q -n $requests -c 20 http://192.0.2.1:8080/ > "$dir/ab" 2>&1 &&
		grep -q "^Complete requests: *$requests$" "$dir/ab" ||
		{ cat "$dir/ab"; false; }
}
nginx -c "$dir/nginx.conf"
poll 20 has_sockets listening 1
is_served &
busy=$!
sleep 2
is "nginx under ab: nothing is wrong" nothing_as_json
wait $busy
is "nginx under ab: all was served" [ $? -eq 0 ]
sleep 2
is "afterwards: nothing is wrong" nothing_as_json
kill "$(cat "$dir/nginx.pid")"

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
