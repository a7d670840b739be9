#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the guest that counts instructions: what it costs to ask how many
# connections there are, with more and more of them.  Prints "reading SOCKETS
# INSTRUCTIONS COMMAND": the least of seven, or the first if that is long, without
# what it takes to read the clock, itself a command.  20 of the connections are in
# CLOSE_WAIT, the others established.  And "start INSTRUCTIONS WHAT", with what is waited
# for: until the module is there, until events are seen.
#
#   reading.sh "COUNT..." [judged]
#
# "judged": only what selftests/bench/run judges.

here=$(cd "$(dirname "$0")" && pwd)
warmup=0 count=0
. "$here/loads.sh"

COMMANDS=(
	"/bin/true"
	"cat /proc/tcpstates"
	"tcpstatectl show"
	"tcpstatectl show -j"
	"tcpstatectl show --all-netns"
	"tcpstatectl netns"
	"tcpstatectl hist established"
	"tcpstatectl listeners"
	"tcpstatectl diagram"
	"tcpstatectl alerts"
	"tcpstatectl rules"
	"tcpstatectl history"
	"tcpstatectl check"
	"tcpstatectl doctor"
	"tcpstatectl conns"
	"tcpstatectl conns state close-wait"
	"tcpstatectl conns --no-processes state close-wait"
	"tcpstatectl conns state time-wait"
	"tcpstatectl conns state established"
	"ss -s"
	"ss -tan"
	"ss -tanp"
	"ss -tan state established"
	"ss -tan state close-wait"
	"ss -tanp state close-wait"
	"ss -Htan state time-wait"
	"cat /proc/net/tcp"
	"wget -q -O - http://127.0.0.1:9100/metrics"
)
JUDGED=(
	"/bin/true"
	"tcpstatectl show"
	"tcpstatectl conns"
	"tcpstatectl conns --no-processes state close-wait"
	"tcpstatectl conns state time-wait"
	"ss -tan"
	"ss -tan state close-wait"
	"ss -Htan state time-wait"
)
[ "$2" != judged ] || COMMANDS=("${JUDGED[@]}")

die()
{
	echo "bench: $*"
	exit 1
}

# What the last one asks: node_exporter with its collector of states alone
start_exporter()
{
	local tries=100
	prometheus-node-exporter --collector.disable-defaults \
		--collector.tcpstat --web.listen-address=127.0.0.1:9100 \
		> /tmp/exporter.log 2>&1 &
	while [ $tries -gt 0 ]; do
		sleep 0.2
		wget -q -O - http://127.0.0.1:9100/metrics 2> /dev/null |
			grep -q node_tcp_connection_states && return
		tries=$((tries - 1))
	done
	die "node_exporter: $(tail -n 3 /tmp/exporter.log)"
}

# The commands are words; none has a blank in them.
# shellcheck disable=SC2086
cost()
{
	local least="" begin spent
	for _ in 1 2 3 4 5 6 7; do
		begin=$("$here/load" clock)
		$1 > /dev/null || die "$1 ended with $?"
		spent=$(($("$here/load" clock) - begin))
		[ -n "$least" ] && [ "$least" -le $spent ] || least=$spent
		[ "$spent" -lt 100000000 ] || break
	done
	echo $((least - overhead))
}

# until_there COMMAND...
until_there()
{
	local tries=1000
	while ! "$@"; do
		sleep 0.01
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "$*: never"
	done
}

events_are_seen()
{
	grep -qs 1 /sys/kernel/tracing/instances/*/events/tcpstates/enable
}

# A small table: to clear a large one takes longer than the rest.
begin=$("$here/load" clock)
insmod "$TCPSTATES_KO" clock=tsc max_connections=65536 || exit 1
echo "start $(($("$here/load" clock) - begin)) insmod"
rmmod tcpstates
insmod "$TCPSTATES_KO" clock=tsc max_connections=2097152 || exit 1
begin=$("$here/load" clock)
tcpstatectl events > /dev/null &
until_there events_are_seen
echo "start $(($("$here/load" clock) - begin)) tcpstatectl events"
kill $!
wait $! 2> /dev/null
echo "kernel $(uname -r)"
"$here/load" seed
ip link set lo up
syn_network 1
sysctl -qw fs.file-max=4000000 net.ipv4.ip_local_port_range="61000 65000"
[ "$2" = judged ] || start_exporter
overhead=0
overhead=$(cost :)
for sockets in $1; do
	# A process group of its own, for the crowd ends it as a whole.
	mkfifo /tmp/go /tmp/there
	setsid "$here/crowd" "$sockets" 20 < /tmp/go > /tmp/there &
	exec 3> /tmp/go
	read -r answer < /tmp/there
	[ "$answer" = there ] || exit 1
	sleep 2
	for state in "ss -Htan state" "tcpstatectl conns state"; do
		[ "$($state close-wait | grep -c 127.0.0.1)" = 20 ] ||
			die "$state close-wait: not 20"
	done
	for command in "${COMMANDS[@]}"; do
		spent=$(cost "$command") || die "$spent"
		echo "reading $sockets $spent $command"
	done
	exec 3>&-
	wait $! 2> /dev/null
	rm /tmp/go /tmp/there
	sleep 5
done
