# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The loads, in the guest.  Sourced by guest.sh, which sets warmup, count, here.
# One load prints: instructions an operation, the mean of all and of the
# quarter that took least; how many connections (SYNs, cookies) there were by the kernel's own count,
# and how many we have seen.

# shellcheck disable=SC2154

# snmp PROTOCOL FIELD: of /proc/net/snmp or /proc/net/netstat
snmp()
{
	cat /proc/net/snmp /proc/net/netstat | awk -v p="$1:" -v f="$2" '
	$1 == p && !(p in at) { for (i in at) delete at[i]
		for (i = 2; i <= NF; i++) at[$i] = i; at[p] = 1; next }
	$1 == p { print $at[f] }'
}

# transitions FROM TO, as /proc/tcpstates has them
transitions()
{
	awk -v from="$1" -v to="$2" '
	$1 == "transition" && $2 == from && $3 == to { print $4 }' \
		/proc/net/tcpstates 2> /dev/null
}

# What cannot be undercounted if the load was what it says
happened()
{
	case $1 in
	syn)	grep -c ' 03 00000000:' /proc/net/tcp ;;
	cookie)	snmp TcpExt SyncookiesSent ;;
	*)	snmp Tcp ActiveOpens ;;
	esac
}

seen_here()
{
	case $1 in
	syn)	transitions LISTEN SYN_RECV ;;
	cookie)	awk '$2 == "cookies_sent" { print $3 }' /proc/net/tcpstates \
			2> /dev/null ;;
	*)	transitions CLOSED SYN_SENT ;;
	esac
}

# operations NAME: how many connections, SYNs, cookies there have to be
operations()
{
	case $1 in
	bulk|keepalive|ab_keep) echo 1 ;;
	*) echo $((warmup + count)) ;;
	esac
}

# SYNs come from 198.18.0.0/15, where nobody answers to what is sent back.
syn_network()
{
	ip addr add 198.51.100.1/32 dev lo
	ip link show dummy0 > /dev/null 2>&1 || ip link add dummy0 type dummy
	ip link set dummy0 up
	ip route add 198.18.0.0/15 dev dummy0
	sysctl -qw net.core.somaxconn=65535 \
		net.ipv4.tcp_max_syn_backlog=65535 \
		net.ipv4.tcp_syncookies="$1"
}

start_nginx()
{
	local tries=100
	mkdir -p /tmp/www
	head -c 1000 /dev/zero | tr '\0' x > /tmp/www/index.html
	cat > /tmp/nginx.conf <<- END
	worker_processes 1;
	error_log /dev/null;
	pid /tmp/nginx.pid;
	events { worker_connections 512; }
	http {
		access_log off;
		keepalive_requests 1000000;
		server { listen 8080; root /tmp/www; }
	}
	END
	nginx -c /tmp/nginx.conf || exit 1
	while [ $tries -gt 0 ] && ! ss -Hltn | grep -q :8080; do
		sleep 0.1
		tries=$((tries - 1))
	done
}

# A real server and a real client; the programs' start is part of it.
web()
{
	local url=http://127.0.0.1:8080/index.html begin end
	start_nginx
	ab -q "$@" -n "$warmup" $url > /dev/null 2>&1 || exit 1
	begin=$("$here/load" clock)
	ab -q "$@" -n "$count" $url > /dev/null 2>&1 || exit 1
	end=$("$here/load" clock)
	echo $(((end - begin) / count)) $(((end - begin) / count))
}

stop_nginx()
{
	local tries=100
	kill "$(cat /tmp/nginx.pid)"
	while [ $tries -gt 0 ] && [ -e /tmp/nginx.pid ]; do
		sleep 0.1
		tries=$((tries - 1))
	done
}

one_load()
{
	ip link set lo up
	sysctl -qw net.ipv4.ip_local_port_range="1024 65535" \
		net.ipv4.tcp_max_tw_buckets=100000
	case $1 in
	syn)		syn_network 0 ;;
	cookie)		syn_network 2 ;;
	esac
	case $1 in
	ab)		web -c 4 ;;
	ab_keep)	web -c 4 -k ;;
	*)		"$here/load" "$1" "$warmup" "$count" || exit 1 ;;
	esac
	happened "$1"
	seen_here "$1"
	case $1 in
	ab|ab_keep)	stop_nginx ;;
	esac
}
