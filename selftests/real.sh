#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 nginx apache2-utils
# modules: tcp_diag
# clock: virtual
# timeout: 240
#
# A real nginx under a real ab, in a namespace of its own: what
# /proc/tcpstates counts against the tracepoint, nstat and ss.

# The functions below are called through is(), and A && B || C means just that.
# shellcheck disable=SC2317,SC2015
. "$(dirname "$0")/lib.sh"

requests=2000
kept=500
! slow_kernel || { requests=400 kept=200; }
need nginx ab ip ss nstat awk
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
ip netns add tcps_real || skip_all "no network namespaces"
at_exit "ip netns del tcps_real"
ip -n tcps_real link set lo up

inside()
{
	ip netns exec tcps_real "$@"
}

nginx_start()
{
	mkdir "$dir/www"
	echo hello > "$dir/www/index.html"
	cat > "$dir/nginx.conf" <<-END
	user root;
	worker_processes 2;
	error_log $dir/error.log;
	pid $dir/nginx.pid;
	events { worker_connections 512; }
	http {
		access_log off;
		server { listen 8080 backlog=511; root $dir/www; }
	}
	END
	inside nginx -c "$dir/nginx.conf" && poll 20 listening
}

listening()
{
	inside ss -Hltn "sport = :8080" | grep -q .
}

nginx_stop()
{
	local pid
	pid=$(cat "$dir/nginx.pid") && kill -QUIT "$pid" &&
		poll 20 stopped "$pid"
}

stopped()
{
	! kill -0 "$1" 2> /dev/null
}

# bench ARGUMENT...: no request may fail
bench()
{
	inside ab -q "$@" http://127.0.0.1:8080/ > "$dir/ab" 2>&1 &&
		grep -q '^Failed requests: *0$' "$dir/ab" ||
		{ cat "$dir/ab"; false; }
}

# Connections are on their way out for a while.
at_rest()
{
	inside ss -Htan state all | awk '
	$1 != "TIME-WAIT" && $1 != "LISTEN" { bad = 1 } END { exit bad }'
}

# The four sources, as walk.awk reads them.  They are read one after the other,
# and a TIME_WAIT may end meanwhile: then they are read again.
sources()
{
	echo "== family real"
	echo "scenario nginx 1 loose"
	echo "== proc"
	inside cat "$PROC"
	echo "== trace"
	cat "$TRACE/trace"
	echo "== snmp"
	inside cat /proc/net/snmp
	echo "== ss"
	inside ss -Htan
	echo "== done nginx 0"
}

agree()
{
	trace_complete && sources | awk -f "$here/walk.awk" > "$dir/verdict"
	grep -q '^ok' "$dir/verdict" || { cat "$dir/verdict"; false; }
}

edge()
{
	inside cat "$PROC" | edge_count "$@"
}

# value NAME: of nstat
value()
{
	inside nstat -asz "$1" | awk -v n="$1" '$1 == n { print $2 }'
}

# ab may open a few more connections than it needs: nstat knows.
enough()
{
	[ "$(value TcpActiveOpens)" -ge "$1" ]
}

# Every connection is seen from both ends, once.
opened()
{
	local pair n want
	want=$(value TcpActiveOpens)
	for pair in "CLOSED SYN_SENT" "SYN_SENT ESTABLISHED" \
		"LISTEN SYN_RECV" "SYN_RECV ESTABLISHED"; do
		# shellcheck disable=SC2086 # two words
		n=$(edge $pair)
		[ "$n" = "$want" ] || { echo "$pair: $n, not $want"; return 1; }
	done
}

# Each connection ends once: one end in TIME_WAIT, the other in LAST_ACK.
ended()
{
	local into want
	want=$(value TcpActiveOpens)
	into=$(inside cat "$PROC" | state_field TIME_WAIT entered)
	hook_ok tcp_twsk_destructor < "$PROC" || into=$(edge FIN_WAIT2 CLOSED)
	[ "$into" = "$want" ] && [ "$(edge LAST_ACK CLOSED)" = "$want" ] ||
		{ inside cat "$PROC"; false; }
}

trace_start "sport == 8080 || dport == 8080"
ktap_begin 10
is "nginx starts" nginx_start
is "$requests requests, a connection each" bench -n "$requests" -c 20
is "all of it comes to rest" poll 40 at_rest
is "nstat counted them" enough $requests
is "so did we, at both ends" opened
is "each has ended once" ended
is "the tracepoint, nstat and ss agree" poll 90 agree
is "$kept requests on 10 connections" bench -k -n "$kept" -c 10
is "nginx stops" nginx_stop
poll 20 at_rest
is "the tracepoint, nstat and ss agree again" poll 90 agree
ktap_end
