#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 gojq
# modules: veth tcp_diag inet_diag sch_netem
# clock: virtual
# timeout: 600
#
# Alerts about connections, each from a real cause: raised in time, with the
# right culprit, cleared in time; and what looks like it but is none.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

need plight swarm ss tc awk ip unshare jq tcpstatectl
in_own_namespace
dir=$(mktemp -d)
at_exit "rm -rf $dir"
UID_LEAK=1234
cgroup=/sys/fs/cgroup/tcps_leak

sockets()
{
	ss -Htan state "$1" | wc -l
}

has_sockets()
{
	[ "$(sockets "$1")" -ge "$2" ]
}

has_fewer()
{
	[ "$(sockets "$1")" -lt "$2" ]
}

rule()
{
	echo "$*" > "$RULE"
}

in_cgroup()
{
	local procs=$1
	shift
	sh -c 'echo $$ > "$0" && exec "$@"' "$procs" "$@"
}

# --- CLOSE_WAIT: 500, half of which are older than the module ------------------

mkdir -p $cgroup 2> /dev/null && at_exit "rmdir $cgroup" || cgroup=
leaker()
{
	if [ -n "$cgroup" ]; then
		in_cgroup "$cgroup/cgroup.procs" "$@"
	else
		"$@"
	fi
}

plight_start leak leaker plight -u $UID_LEAK 127.0.0.1 7400
tell leak "listen 600"
tell leak "open 250"
tell leak "accept 250"
tell leak "close client"
poll 10 has_sockets close-wait 250

mod_setup
ktap_begin 51
# Where it takes seconds to open 250 connections, "not before" must be later.
age=5
! slow_kernel || age=30
# The older ones alone, whose age is the module's, are no alert.
rule close_wait_leak age=$age count=400
tell leak "open 250"
tell leak "accept 250"
tell leak "close client"
poll 10 has_sockets close-wait 500
begun=$(now_ms)
sleep 3
is "close_wait_leak: not before their age" rule_is close_wait_leak clear
is "close_wait_leak: raised within 2 s of their age" \
	raised_now $((begun + age * 1000)) close_wait_leak '*:7400' $UID_LEAK
all_500()
{
	[ "$(culprit_value close_wait_leak '*:7400')" = 500 ]
}
is "close_wait_leak: all 500 are counted, the older ones too" \
	in_time "$(now_ms)" 3000 all_500
# right_cgroup RULE: of its last alert, which may be over on a busy machine
right_cgroup()
{
	# The kernel for debugging does not know a socket's.
	[ -z "$cgroup" ] || slow_kernel || [ "$(tcpstatectl alerts -j "$1" |
		jq '.alerts | max_by(.id).cgroup')" = \
		"$(stat -c %i "$cgroup")" ] ||
		{ tcpstatectl alerts -p "$1"; stat -c %i "$cgroup"; false; }
}
is "close_wait_leak: the control group is the right one" \
	right_cgroup close_wait_leak
tell leak "close server"
is "close_wait_leak: cleared when they are closed" \
	cleared_now "$(now_ms)" close_wait_leak
plight_stop leak

# Fewer than the threshold, and a half-close over which data flows
rule close_wait_leak count=100
plight_start few plight 127.0.0.1 7401
tell few "listen 200"
tell few "open 90"
tell few "accept 90"
tell few "close client"
plight_start healthy plight 127.0.0.1 7402
tell healthy "listen 200"
tell healthy "open 150"
tell healthy "accept 150"
rule half_dead age=3 count=100
tell healthy "shut client"
tell healthy "trickle 10"
is "close_wait_leak: neither 90 nor a half-close in use" \
	raised_is close_wait_leak 1
is "half_dead: nor is FIN_WAIT2 that receives data" \
	rule_is half_dead clear
plight_stop few
plight_stop healthy
rule half_dead count=500

# --- teardown that stops half-way ------------------------------------------------

alert_network
plight_start far there plight 192.0.2.1 7410
plight_start near plight 192.0.2.1 7410
tell near "listen 1000"

connect_far()
{
	tell far "open $1" && tell near "accept $1"
}

vanish()
{
	tc -n tcps_h qdisc add dev tcps1 root netem loss 100%
}

reappear()
{
	tc -n tcps_h qdisc del dev tcps1 root
}

connect_far 550
vanish
tell near "close server"
poll 10 has_sockets fin-wait-1 550
begun=$(now_ms)
is "half_dead: FIN_WAIT1, the peer has vanished" \
	raised_now $((begun + 3000)) half_dead '*:7410' 0
ss -K state fin-wait-1 > /dev/null 2>&1
poll 10 has_fewer fin-wait-1 250
is "half_dead: cleared when they are gone" cleared_now "$(now_ms)" half_dead
reappear
tell far "close client"

connect_far 550
tell far "close client"
poll 10 has_sockets close-wait 550
vanish
tell near "close server"
poll 10 has_sockets last-ack 550
begun=$(now_ms)
is "half_dead: LAST_ACK, a second time" \
	raised_now $((begun + 3000)) half_dead '*:7410' 0
ss -K state last-ack > /dev/null 2>&1
poll 10 has_fewer last-ack 250
is "half_dead: cleared again" cleared_now "$(now_ms)" half_dead
reappear

connect_far 550
tell near "close server"
poll 10 has_sockets fin-wait-2 550
begun=$(now_ms)
is "half_dead: FIN_WAIT2, the peer does not close" \
	raised_now $((begun + 3000)) half_dead '*:7410' -
tell far "close client"
poll 10 has_fewer fin-wait-2 250
is "half_dead: cleared when it does" cleared_now "$(now_ms)" half_dead

# Both close: our FIN is lost, theirs arrives, then nothing does.
connect_far 550
tc qdisc add dev tcps0 root netem loss 100%
tell near "close server"
poll 10 has_sockets fin-wait-1 550
tell far "close client"
poll 20 has_sockets closing 550
vanish
begun=$(now_ms)
is "half_dead: CLOSING, a third time" \
	raised_now $((begun + 3000)) half_dead '*:7410' 0
ss -K state closing > /dev/null 2>&1
there ss -K state fin-wait-1 > /dev/null 2>&1
poll 10 has_fewer closing 250
is "half_dead: cleared a fourth time" cleared_now "$(now_ms)" half_dead
tc qdisc del dev tcps0 root
reappear

connect_far 300
tell near "close server"
sleep 5
is "half_dead: 300 are none" rule_is half_dead clear
tell far "close client"
plight_stop near
plight_stop far

# --- connects that hang -----------------------------------------------------------

ip neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev tcps0
plight_start hole plight -u 77 192.0.2.99 7420
tell hole "hang 60"
begun=$(now_ms)
is "syn_sent_pileup: raised, by destination" \
	raised_now $((begun + 3000)) syn_sent_pileup 192.0.2.99:7420 77
tell hole "close client"
is "syn_sent_pileup: cleared" cleared_now "$(now_ms)" syn_sent_pileup
tell hole "hang 40"
sleep 5
is "syn_sent_pileup: 40 are none" raised_is syn_sent_pileup 1
plight_stop hole
plight_start late there plight 192.0.2.2 7422
tell late "listen 200"
plight_start patient plight 192.0.2.2 7422
ping -c 1 -W 5 192.0.2.2 > /dev/null
tc -n tcps_h qdisc add dev tcps1 root netem delay 2000ms
tell patient "hang 60"
sleep 5
is "syn_sent_pileup: 60 that are answered after 2 s are none" \
	raised_is syn_sent_pileup 1
reappear
plight_stop patient
plight_stop late

# --- TIME_WAIT ---------------------------------------------------------------------

# All of them within a minute, or the first have gone before the last have come:
# a kernel for debugging makes twenty a second on a busy machine.
time_wait_tests()
{
	local begun i j many=1000
	! slow_kernel || many=200
	sysctl -qw net.ipv4.tcp_max_tw_buckets=100000
	swarm clean 7430 $many
	sysctl -qw net.ipv4.tcp_max_tw_buckets=$(($(sockets time-wait) * 100 / 80))
	sleep 4
	is "time_wait_pressure: 80 % is none" rule_is time_wait_pressure clear
	# Others may be there still, and go meanwhile.
	sysctl -qw net.ipv4.tcp_max_tw_buckets=$((many + 10))
	begun=$(now_ms)
	is "time_wait_pressure: near tcp_max_tw_buckets" \
		raised_now "$begun" time_wait_pressure -
	sysctl -qw net.ipv4.tcp_max_tw_buckets=100000
	is "time_wait_pressure: cleared" \
		cleared_now "$(now_ms)" time_wait_pressure
	sysctl -qw net.ipv4.ip_local_port_range="20000 $((20000 + many - 1))" \
		net.ipv4.tcp_tw_reuse=0
	swarm clean 7431 $((many * 95 / 100))
	begun=$(now_ms)
	is "time_wait_pressure: one destination takes all ports" \
		raised_now "$begun" time_wait_pressure 127.0.0.1:7431
	sysctl -qw net.ipv4.ip_local_port_range="32768 60999"
	is "time_wait_pressure: cleared with more ports" \
		cleared_now "$(now_ms)" time_wait_pressure
	# Each local address has ports of its own.  Not those of before.
	plight_start tw plight 127.0.0.1 7432
	tell tw "listen 200"
	sysctl -qw net.ipv4.ip_local_port_range="10000 $((10000 + many - 1))"
	for i in 2 3; do
		tell tw "from 127.0.0.$i"
		tell tw "finish $((many * 55 / 100)) 100000"
	done
	sleep 3
	is "time_wait_pressure: two addresses have twice as many ports" \
		raised_is time_wait_pressure 2
	plight_stop tw
	# As many ports, but to ten destinations
	for i in 0 1 2 3 4 5 6 7 8 9; do
		swarm clean $((7450 + i)) $((many * 12 / 100))
	done
	sleep 3
	is "time_wait_pressure: ten destinations have ten times as many" \
		raised_is time_wait_pressure 2
	# More subjects than a walk can tell apart at once
	plight_start tw plight 127.0.0.1 7460
	tell tw "listen 200"
	for i in {1..30}; do
		for j in {1..10}; do
			tell tw "from 127.1.$i.$j"
			tell tw "finish 1 100000"
		done
	done
	swarm clean 7461 $((many * 95 / 100))
	begun=$(now_ms)
	is "time_wait_pressure: one destination, among 300 subjects" \
		raised_now "$begun" time_wait_pressure 127.0.0.1:7461
	plight_stop tw
	sysctl -qw net.ipv4.ip_local_port_range="32768 60999"
}
time_wait_tests

# --- resets --------------------------------------------------------------------------

calm=60
! slow_kernel || { rule reset_burst count=15; calm=5; }
plight_start resets plight -u 88 127.0.0.1 7440
tell resets "listen 200"
tell resets "finish 600 300"
tell_later resets "reset 1500 300"
begun=$(now_ms)
# A busy machine takes a second to get as fast as that.
is "reset_burst: raised, by local port" \
	raised_now $((begun + 1500)) reset_burst '*:7440' 88
answered resets
is "reset_burst: cleared" cleared_now "$(now_ms)" reset_burst
plight_start mixed plight 127.0.0.1 7441
tell mixed "listen 200"
tell_later mixed "finish 1500 250"
tell resets "reset $((5 * calm)) $calm"
answered mixed
is "reset_burst: some among others are none" raised_is reset_burst 1
plight_start refused plight 127.0.0.1 7443
tell_later refused "hang 1000"
answered refused
sleep 2
is "reset_burst: 1,000 connects that are refused are none" \
	raised_is reset_burst 1
plight_stop refused
plight_stop mixed
plight_stop resets

# Both ports are of those that connect() chooses, and the probes listen: what the
# other control group's connections have left there is not these ones' fault.
plight_start cut leaker plight -u 88 127.0.0.1 50051
tell cut "listen 200"
tell_later cut "cut 900 300"
begun=$(now_ms)
is "reset_burst: clients' ports are no ports" \
	raised_now $((begun + 500)) reset_burst - 88
is "reset_burst: the control group is the right one" \
	right_cgroup reset_burst
answered cut
is "reset_burst: cleared again" cleared_now "$(now_ms)" reset_burst
plight_stop cut

# --- log, rules, memory ------------------------------------------------------------------

net=$(readlink /proc/self/ns/net | tr -dc 0-9)
# Since the module was loaded: a test before may have had that namespace.
log_lines()
{
	dmesg | tac | sed '/tcpstates: version/q' | grep "alert $1: " |
		grep -c " net $net: "
}

log_agrees()
{
	local raised
	raised=$(alerts | awk '$1 == "alert" { n += $4 } END { print n }')
	[ "$(log_lines raised)" = "$raised" ] &&
		[ "$(log_lines cleared)" = "$raised" ] ||
		{ dmesg | grep 'alert '; false; }
}
is "one line in the kernel log for each raise and clear" log_agrees

refused()
{
	! rule "$1" 2> /dev/null && dmesg | tail -n 1 | grep -qF "$2"
}
is "a rule that makes no sense is refused" refused "half_dead age=0" \
	"age must be 1 to 86400"
is "so is one that has no such parameter" refused "syn_flood age=3" \
	"this rule has no age"
plight_start unsaid plight -u 78 192.0.2.99 7421
echo N > /sys/module/tcpstates/parameters/log_alerts
lines=$(log_lines raised)
tell unsaid "hang 60"
begun=$(now_ms)
is "log_alerts=0: an alert all the same" \
	raised_now $((begun + 3000)) syn_sent_pileup 192.0.2.99:7421 78
is "log_alerts=0: no line in the kernel log" \
	[ "$(log_lines raised)" = "$lines" ]
echo Y > /sys/module/tcpstates/parameters/log_alerts
plight_stop unsaid
rule syn_sent_pileup enabled=0
is "a rule can be switched off" poll 10 rule_is syn_sent_pileup off
grep -q "^close_wait_leak enabled=1 count=100 age=$age " $RULE
is "the parameters can be read" [ $? -eq 0 ]
# 550 connections that ss kills are 550 resets there.
ALERTS_OF=there
is "the other namespace has none of these" nothing_raised_but reset_burst
ALERTS_OF="unshare -n"
is "nor has a new one" nothing_raised_but
ALERTS_OF=
is "nothing has been raised that should not" nothing_raised_but \
	close_wait_leak half_dead syn_sent_pileup time_wait_pressure reset_burst
note < "$dir/times"

# While 150 sockets of interest have the table walked
plight_start asked plight 127.0.0.1 7403
tell asked "listen 200"
tell asked "open 150"
tell asked "accept 150"
tell asked "close client"
sleep 3
read -r last max < /sys/module/tcpstates/parameters/look_us
# The longest one may have waited for the machine.
note "a look: $last us, the longest $max us"
limit=1000000
! slow_kernel || limit=4000000
is "a look is over long before the next one" [ "$last" -lt $limit ]
begun=$(now_ms)
mod_unload
is "unloads" [ $? -eq 0 ]
took=$(($(now_ms) - begun))
note "in $took ms"
is "unloads: without waiting for looks" [ $took -lt $((5000 + more_time)) ]
plight_stop asked

# --- parameters of the load ----------------------------------------------------------------

no_load()
{
	! mod_load "$1" 2> /dev/null && dmesg | tail -n 3 | grep -qF "$2"
}
is "a wrong rule: the module does not load" no_load rule=half_dead,age=x \
	'a number was expected after "="'
mod_load rule=half_dead,age=77 rule=syn_flood,enabled=0 max_alert_memory=0
new_rules()
{
	unshare -n cat "$RULE" > "$dir/rules" &&
		grep -q '^half_dead .*age=77' "$dir/rules" &&
		unshare -n grep -q '^alert *syn_flood *off' "$PROC" ||
		{ cat "$dir/rules"; false; }
}
is "rules of all namespaces" new_rules
unwatched()
{
	[ "$(module_counter unwatched < "$PROC")" -gt 0 ] &&
		nothing_raised_but any
}
is "no memory for alerts: that is counted" poll 10 unwatched
ktap_end
