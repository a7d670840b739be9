#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 nginx apache2-utils hping3 gojq
# modules: veth tcp_diag inet_diag sch_netem
# clock: virtual
# timeout: 600
#
# What looks like an attack and is none, with the defaults: nginx under ab at
# full speed, with tcp_syncookies 0, 1 and 2 and a short queue; clients 300 ms
# away that lose 2 % of their packets; clients that say nothing; a stopped nginx, which is an accept
# queue that overflows and no flood.  And a flood among all that, which is one.
#
#   QUIET_REQUESTS=COUNT   of ab at full speed, each time (12000; a slow kernel: 3000),
#                          and of those far away a quarter of that

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

requests=12000 slow_requests=3000
! slow_kernel || { requests=3000 slow_requests=600; }
[ -z "${QUIET_REQUESTS:-}" ] ||
	{ requests=$QUIET_REQUESTS slow_requests=$((QUIET_REQUESTS / 4)); }
need nginx ab hping3 plight ss tc awk ip unshare jq tcpstatectl
in_own_namespace
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
ktap_begin 24
alert_network
# A guest has little memory, and so little room for TIME_WAIT.
sysctl -qw net.ipv4.tcp_max_syn_backlog=256 net.ipv4.tcp_max_tw_buckets=262144

nginx_start()
{
	mkdir "$dir/www"
	echo hello > "$dir/www/index.html"
	cat > "$dir/nginx.conf" <<-END
	user root;
	worker_processes 1;
	error_log $dir/error.log;
	pid $dir/nginx.pid;
	events { worker_connections 4096; }
	http {
		access_log off;
		server { listen 8080 backlog=$1; root $dir/www; }
		server { listen 8081 backlog=128; root $dir/www; }
	}
	END
	nginx -c "$dir/nginx.conf" && poll 20 listening
}

# The one child of its master
worker_of()
{
	grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2> /dev/null |
		cut -d / -f 3
}

listening()
{
	ss -Hltn "sport = :8080" | grep -q .
}

# burst REQUESTS CLIENTS: from the other namespace; some may fail
burst()
{
	there ab -q -r -n "$1" -c "$2" http://192.0.2.1:8080/ > "$dir/ab" 2>&1
	grep -q '^Complete requests: *[1-9]' "$dir/ab" ||
		{ cat "$dir/ab"; false; }
}

speed()
{
	awk '/^Requests per second/ { print "# " $4 " requests a second" }' \
		"$dir/ab"
}

is "nginx starts" nginx_start 511
worker=$(worker_of "$(cat "$dir/nginx.pid")")
for cookies in 0 1 2; do
	sysctl -qw net.ipv4.tcp_syncookies=$cookies
	is "cookies $cookies: ab at full speed" burst "$requests" 200
	speed
done
is "cookies were sent" [ "$(module_counter cookies_sent < "$PROC")" -gt 0 ]
is "none of that is an alert" nothing_raised_but

tc qdisc add dev tcps0 root netem delay 150ms loss 2% limit 100000
tc -n tcps_h qdisc add dev tcps1 root netem delay 150ms loss 2% limit 100000
for cookies in 0 1 2; do
	sysctl -qw net.ipv4.tcp_syncookies=$cookies
	is "cookies $cookies: clients 300 ms away, 2 % lost" \
		burst $slow_requests 300
	speed
done
is "that is no alert either" nothing_raised_but
tc qdisc del dev tcps0 root
tc -n tcps_h qdisc del dev tcps1 root

# Browsers that connect ahead of time, to a server that waits for data
silent()
{
	[ "$(ss -Htan state syn-recv sport = :7400 | wc -l)" -ge 300 ]
}
sysctl -qw net.ipv4.tcp_syncookies=1
plight_start server plight 192.0.2.1 7400
tell server "listen 511"
tell server "defer 30"
plight_start browsers there plight 192.0.2.1 7400
tell browsers "open 400"
sleep 4
is "400 clients that say nothing to a listener that defers" silent
is "that is no alert either: they have sent their ACK" nothing_raised_but
plight_stop browsers
plight_stop server

# The burst is larger than the accept queue, and nobody accepts.
kill -STOP "$worker"
plight_start callers there plight 192.0.2.1 8080
tell callers "hang 1200"
full()
{
	ss -Hltn "sport = :8080" | awk '$2 > $3 { ok = 1 } END { exit !ok }'
}
poll 20 full
begun=$(now_ms)
is "nginx is stopped: its accept queue overflows" \
	raised_now "$begun" accept_overflow 0.0.0.0:8080 0
sleep 5
kill -CONT "$worker"
is "it goes on: cleared" cleared_now "$(now_ms)" accept_overflow
sleep 5
tell callers "close client"
plight_stop callers
is "that was no flood" nothing_raised_but accept_overflow

# A flood from forged addresses, while ab goes on
! slow_kernel || echo "syn_flood count=16" > $RULE
flood_network
ip netns exec tcps_h ab -q -r -t 300 -n 10000000 -c 20 \
	http://192.0.2.1:8081/ > "$dir/ab" 2>&1 &
ab=$!
at_exit "kill $ab 2> /dev/null"

accepted()
{
	nstat -asz TcpPassiveOpens | awk '/PassiveOpens/ { print $2 }'
}

# more_accepted COUNT: than there were
more_accepted()
{
	[ "$(accepted)" -ge $((accepted_before + $1)) ]
}

# One in fifty at most may have found no room.
nearly_all_served()
{
	awk '/^Complete requests/ { complete = $3 }
	     /^Failed requests/ { failed = $3; known = 1 }
	     END { print complete " requests, " failed " failed"
		   exit !known || complete < 300 || failed * 50 > complete }' \
		"$dir/ab"
}

# All but what ab has under way
drained()
{
	[ "$(half_open)" -lt 32 ]
}

half_full()
{
	[ "$(half_open)" -ge 64 ]
}

accepted_before=$(accepted)
poll 20 more_accepted 100
sleep 3
is "ab alone: no flood" nothing_raised_but accept_overflow
flood_start 192.0.2.1 8081
poll 20 half_full
begun=$(now_ms)
is "a flood under ab: raised, that listener" \
	raised_now "$begun" syn_flood 0.0.0.0:8081 0
accepted_before=$(accepted)
is "a flood under ab: ab is served meanwhile" poll 20 more_accepted 100
is "a flood under ab: it lasts as long as the flood" rule_is syn_flood raised
flood_stop
poll 10 drained
is "a flood under ab: cleared, while ab goes on" cleared_now "$(now_ms)" syn_flood
accepted_before=$(accepted)
poll 20 more_accepted 100
kill -INT $ab
wait $ab
is "ab was served to its end" nearly_all_served
speed
is "that was the only flood" raised_is syn_flood 1
kill "$(cat "$dir/nginx.pid")"
is "nothing was left out" \
	[ "$(module_counter alerts_untracked < "$PROC")" = 0 ]
mod_unload
is "unloads" [ $? -eq 0 ]
ktap_end
