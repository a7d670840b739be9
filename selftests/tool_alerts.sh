#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 hping3 gojq util-linux libc-bin
# modules: veth tcp_diag inet_diag
# clock: virtual
# timeout: 420
#
# tcpstatectl alerts, rules, history and check: a real CLOSE_WAIT leak and a real
# SYN flood, against ss, /proc/tcpstates and the module's parameter.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2086

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/alerts_lib.sh"

need hping3 plight swarm ss awk ip jq setpriv unshare tcpstatectl
in_own_namespace
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
ktap_begin 34
alert_network
LEAKER=1234

# says STATUS TEXT COMMAND...: how it ends, and something it says
says()
{
	local status=$1 text=$2 is=0
	shift 2
	"$@" > "$dir/said" 2>&1 || is=$?
	[ $is -eq "$status" ] && grep -qF -- "$text" "$dir/said" && return
	echo "$*: $is instead of $status"
	cat "$dir/said"
	return 1
}

ctl()
{
	tcpstatectl "$@"
}

# --- rules ---------------------------------------------------------------------

# Ours as the module's parameter has them, those without such a parameter apart
our_rules()
{
	ctl rules -j | jq -r '.rules[] | .rule + (["enabled", "count", "percent",
		"age", "duration", "clear", "quiet"] as $names | . as $rule |
		[$names[] | select($rule[.] != null) |
		 " \(.)=\($rule[.])"] | add)'
}

rules_are_the_parameter()
{
	diff <(our_rules) $RULE && [ "$(our_rules | wc -l)" -eq 7 ]
}
is "rules: those of the module's parameter" rules_are_the_parameter

rules_can_be_set()
{
	ctl rules set close-wait-leak count=100 age=2s quiet=1 &&
		grep -q '^close_wait_leak enabled=1 count=100 age=2 .*quiet=1$' \
			$RULE && rules_are_the_parameter
}
is "rules set: in force" rules_can_be_set

rules_as_text()
{
	ctl rules | awk '$1 == "close_wait_leak" && $2 == "on" && $3 == 100 &&
		$4 == "-" && $5 == "2s" { ok = 1 } END { exit !(ok && NR == 8) }'
}
is "rules: the table" rules_as_text

refusals()
{
	cp $RULE "$dir/before"
	says 2 "age must be 1 to 86400" ctl rules set half_dead age=0 &&
		says 2 "this rule has no age" ctl rules set syn_flood age=3 &&
		says 2 "percent must be 1 to 100" \
			ctl rules set half_dead count=7 percent=101 &&
		says 1 "did you mean 'half_dead'?" ctl rules set half_daed age=1 &&
		says 1 "did you mean 'count'?" ctl rules set half_dead cuont=1 &&
		says 1 "not understood: 'age=1x'" ctl rules set half_dead age=1x &&
		diff "$dir/before" $RULE
}
is "rules set: what the kernel says, and nothing changes" refusals

as_nobody()
{
	setpriv --reuid 65534 --clear-groups "$@"
}

unprivileged()
{
	says 2 "CAP_NET_ADMIN" as_nobody tcpstatectl rules set half_dead age=9 &&
		diff "$dir/before" $RULE &&
		says 0 half_dead as_nobody tcpstatectl rules &&
		says 0 "No alert" as_nobody tcpstatectl alerts &&
		says 0 "no alert" as_nobody tcpstatectl check
}
is "an unprivileged user sees, and changes nothing" unprivileged

files()
{
	cat > "$dir/conf" <<-END
	# Rules of this machine
	half_dead count=200 age=1m      # slow
	reset_burst enabled=off
	END
	ctl rules load "$dir/conf" && grep -q '^half_dead .*count=200 .*age=60 ' \
		$RULE && grep -q '^reset_burst enabled=0 ' $RULE &&
		echo "reset_burst enabled=on" | ctl rules load - &&
		grep -q '^reset_burst enabled=1 ' $RULE
}
is "rules load: a file, and standard input" files

all_or_nothing()
{
	cp $RULE "$dir/before"
	printf 'half_dead age=7\nsyn_flood count=9\nhalf_dead count=0\n' \
		> "$dir/conf"
	says 2 "$dir/conf: line 3: the kernel refused: count must be" \
		ctl rules load "$dir/conf" && diff "$dir/before" $RULE || return
	printf 'half_dead age=7\nhalf_dead\n' > "$dir/conf"
	says 1 "$dir/conf: line 2: there is nothing to set" \
		ctl rules load "$dir/conf" && diff "$dir/before" $RULE
}
is "rules load: all or nothing" all_or_nothing

other_rules()
{
	ctl -N tcps_h rules set half_dead age=99 && diff "$dir/before" $RULE &&
		there grep -q '^half_dead .*age=99 ' $RULE
}
is "rules: of another namespace" other_rules

# --- nothing yet -----------------------------------------------------------------

is "alerts: none" says 0 "No alert is raised" ctl alerts
is "alerts: none, as JSON" says 0 '{"version":1,"alerts":[]}' ctl alerts -j
is "check: 0" says 0 "TCPSTATES OK - no alert | syn_flood=" ctl check

# --- a leak ------------------------------------------------------------------------

# follow NAME OPTION...: in the background; its pid is in $follower
follow()
{
	local name=$1
	shift
	tcpstatectl alerts --follow "$@" > "$dir/$name" 2> "$dir/$name.err" &
	follower=$!
}

# waits PID: it has joined, has said what there is, and waits for more
waits()
{
	grep -q poll "/proc/$1/wchan"
}

# events_of NAME: raised or cleared, rule, port, as JSON of --follow has them
events_of()
{
	jq -r '"\(.state) \(.rule) \(.where.port)"' "$dir/$1"
}

# In quotes: they are for the command.
# shellcheck disable=SC2016
follow leak.json -j --exec 'echo "$ALERT_STATE $ALERT_RULE $ALERT_SUBJECT" \
	"$ALERT_PROCESS/$ALERT_PID uid=$ALERT_UID $ALERT_THRESHOLD" \
	"$((ALERT_UNTIL - ALERT_SINCE >= 0 || !ALERT_UNTIL))" >> '"$dir/ran"
leak_follower=$follower
follow leak.text close_wait_leak
text_follower=$follower

plight_start leak plight -u $LEAKER 127.0.0.1 7450
tell leak "listen 300"
tell leak "open 120"
tell leak "accept 120"
tell leak "close client"

leak_is_raised()
{
	ctl alerts raised | grep -q '^raised *close_wait_leak *\*:7450 '
}
is "alerts: a leak" poll 20 leak_is_raised

# "name/pid" of those who hold sockets in a state on a port, by ss
holders()
{
	ss -Htanp state "$1" sport = ":$2" |
		sed -E 's/.*\(\("([^"]*)",pid=([0-9]+).*/\1\/\2/' | sort -u
}

leak_is_whose()
{
	ctl alerts -n raised | awk -v p="$(holders close-wait 7450)" -v u=$LEAKER \
		-v n="$(ss -Htan state close-wait | wc -l)" '
		$2 == "close_wait_leak" { ok = $4 == p && $5 == u && $6 == n &&
			$8 == 100 } END { exit !ok }' || { ctl alerts -n
			holders close-wait 7450; false; }
}
# On a busy machine some get to be old enough a second later.
is "alerts: process, user and number as ss has them" poll 10 leak_is_whose

leak_json()
{
	ctl alerts -j | jq -e --arg p "$(holders close-wait 7450)" '
		.version == 1 and (.alerts | length) == 1 and (.alerts[0] |
		"\(.process.name)/\(.process.pid)" == $p and .uid == '$LEAKER' and
		.where.port == 7450 and .where.address == null and
		.state == "raised" and .until_us == null and .times == 1 and
		.event == 1 and .id == 1 and
		(now - .since_us / 1000000 | . >= 0 and . < 60))' > /dev/null ||
		{ ctl alerts -p; false; }
}
is "alerts: JSON" leak_json

critical()
{
	says 2 "TCPSTATES CRITICAL - 1 raised: close_wait_leak *:7450 $(
		holders close-wait 7450) uid $LEAKER value 120 (threshold 100) for" \
		ctl check && [ "$(wc -l < "$dir/said")" -eq 1 ] &&
		grep -q ' | .*close_wait_leak=120;;100;0 .* alerts=1;;1;0$' "$dir/said"
}
is "check: 2, one line, numbers" critical
is "check: 0 for another rule" says 0 "OK" ctl check syn_flood half_dead

tell leak "close server"
leak_is_over()
{
	ctl alerts cleared | grep -q '^cleared *close_wait_leak'
}
is "alerts: it is over" poll 20 leak_is_over
is "check: 1 for a while" says 1 \
	"WARNING - none is raised, 1 in the last 5 minutes: close_wait_leak" ctl check

leak_was_followed()
{
	[ "$(events_of leak.json | paste -sd' ')" = \
		"raised close_wait_leak 7450 cleared close_wait_leak 7450" ] &&
		[ ! -s "$dir/leak.json.err" ] ||
		{ cat "$dir/leak.json" "$dir/leak.json.err"; false; }
}
is "--follow: raised, then cleared" poll 10 leak_was_followed
text_was_followed()
{
	[ "$(awk '{ print $2, $3, $4, $8 }' "$dir/leak.text" | paste -sd' ')" = \
		"raised close_wait_leak *:7450 $LEAKER cleared close_wait_leak *:7450 $LEAKER" ] ||
		{ cat "$dir/leak.text"; false; }
}
is "--follow: as text" poll 10 text_was_followed
commands_ran()
{
	diff "$dir/ran" <(for state in raised cleared; do
		echo "$state close_wait_leak *:7450 plight/${plight_pid[leak]} uid=$LEAKER 100 1"
	done)
}
is "--exec: a command for each, with its environment" poll 10 commands_ran
plight_stop leak

status=0
kill -TERM $leak_follower $text_follower
wait $leak_follower || status=$?
wait $text_follower
is "--follow: ends when it is told to" [ $status -eq 143 ]

gone_reader()
{
	local begun=$SECONDS
	tcpstatectl alerts --follow | true
	[ $((SECONDS - begun)) -lt 10 ]
}
is "--follow: ends when nobody reads it" gone_reader

# --- a flood -----------------------------------------------------------------------

ip route add default via 192.0.2.2
there sysctl -qw net.ipv4.ip_forward=0
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tcps0.rp_filter=0 \
	net.ipv4.tcp_synack_retries=1 net.ipv4.tcp_max_syn_backlog=128
! slow_kernel || ctl rules set syn_flood count=16
plight_start flooded plight 192.0.2.1 7460
tell flooded "listen 128"
there hping3 -q -S -p 7460 --rand-source -i u1000 192.0.2.1 > /dev/null 2>&1 &
flooder=$!
at_exit "kill $flooder 2> /dev/null"

flood_is_whose()
{
	ctl alerts raised syn_flood | grep -q \
		"^raised *syn_flood *192.0.2.1:7460 *$(holders listening 7460) "
}
is "alerts: a flood, and the listener's process" poll 30 flood_is_whose
follow late.json -j syn_flood
late_comer()
{
	[ "$(events_of late.json)" = "raised syn_flood 7460" ]
}
is "--follow: what is raised already comes first" poll 10 late_comer
kill $follower $flooder
wait $follower $flooder 2> /dev/null
plight_stop flooded

# --- more than a buffer holds, more than a queue holds --------------------------------

# pileups COUNT SECONDS: so many alerts at once
pileups()
{
	local i
	crowd=()
	for ((i = 0; i < $1; i++)); do
		(printf 'hang 3\n'; sleep $2) |
			plight 192.0.2.99 $((7600 + i)) > /dev/null 2>&1 &
		crowd+=($!)
	done
}
ip neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev tcps0
ctl rules set syn_sent_pileup count=2 age=1 quiet=1

# What a new socket gets is the initial namespace's to say.
default_buffer()
{
	nsenter -t 1 -n sysctl -qw net.core.rmem_default=$1
}
at_exit "default_buffer $(nsenter -t 1 -n sysctl -n net.core.rmem_default)"
default_buffer 2304
follow deaf.json -j syn_sent_pileup
deaf=$follower
poll 20 waits $deaf
default_buffer 212992
# shellcheck disable=SC2016
follow busy.json -j --exec 'echo $$ >> '"$dir/busy.ran"'; sleep 1000' \
	syn_sent_pileup
busy=$follower
poll 20 waits $busy
kill -STOP $deaf
pileups 50 10

# all_over COUNT: so many were raised, and all are cleared
all_over()
{
	[ "$(ctl alerts cleared syn_sent_pileup | grep -c '^cleared')" -eq $1 ] &&
		[ "$(ctl alerts raised syn_sent_pileup | grep -c '^raised')" -eq 0 ]
}
is "50 alerts at once come and go" poll 60 all_over 50
kill -CONT $deaf
lost=$(awk -v p=$deaf '$3 == p { n += $9 } END { print n + 0 }' /proc/net/netlink)
note "$lost lost by a reader that was stopped"

# Each alert's last word is there, once, in order; nothing that is no alert.
all_told()
{
	diff <(jq .id "$dir/deaf.json" | sort -u) \
		<(ctl alerts -j syn_sent_pileup | jq '.alerts[].id' | sort -u) &&
	jq -es 'map(.event) | . == (sort | unique)' "$dir/deaf.json" &&
	[ "$(jq -r 'select(.state == "cleared").id' "$dir/deaf.json" | wc -l)" -eq 50 ]
}
is "--follow: what a stopped reader has lost is asked for" poll 10 all_told
is "which has lost some" [ "$lost" -gt 0 ]

# One runs, 64 wait, and 100 there were.
busy_heard_all()
{
	[ "$(wc -l < "$dir/busy.json")" -eq 100 ]
}
poll 20 busy_heard_all
kill -TERM $busy
wait $busy
bounded()
{
	[ "$(wc -l < "$dir/busy.ran")" -eq 1 ] &&
		grep -q 'not run for the last 64 alerts' "$dir/busy.json.err" &&
		grep -q 'not run for 35 alerts: its queue was full' \
			"$dir/busy.json.err" &&
		[ "$(wc -l < "$dir/busy.json")" -eq 100 ] ||
		{ cat "$dir/busy.json.err" "$dir/busy.ran"; false; }
}
is "--exec: one at a time, 64 wait, the others are counted" bounded
kill -- "-$(head -n 1 "$dir/busy.ran")"

# --- history ----------------------------------------------------------------------------

# Until it is told to go
mkfifo "$dir/stay"
swarm open 7470 40 > "$dir/swarm" < "$dir/stay" &
swarm=$!
exec {stay}> "$dir/stay"
poll 10 grep -q open "$dir/swarm"
sleep 3

# A look that was late may be in the same second as the next one.
history_is_right()
{
	ctl history -j | jq -e --argjson e "$(ss -Htan state established | wc -l)" '
		.moments | length > 5 and (map(.when) | . == sort) and
		(.[-1].current.established == $e) and
		(map(.opened) | add) >= 40 and (map(.accepted) | add) >= 40 and
		(now - .[-1].when | . > -2 and . < 5)' > /dev/null || {
		ctl history -j 5s; ss -Htan state established | wc -l; false; }
}
is "history: the last second is what ss says" poll 5 history_is_right
history_as_text()
{
	LC_ALL=C ctl history | awk '$1 == "ESTABLISHED" && $2 == 80 && $3 >= 80 &&
		/@/ { ok = 1 } END { exit !ok }' &&
	LC_ALL=C.UTF-8 ctl history 10s | grep -q '^ESTABLISHED .*█' &&
	[ "$(ctl history -j 5s | jq '.moments | length')" -le 6 ] ||
		{ LC_ALL=C ctl history; LC_ALL=C.UTF-8 ctl history 10s; false; }
}
is "history: drawn" history_as_text
exec {stay}>&-
wait $swarm

# --- a module that goes away -----------------------------------------------------------------

follow last.json -j
poll 20 waits $follower
mod_unload
status=0
wait $follower || status=$?
unloaded()
{
	[ $status -eq 2 ] && [ "$(wc -l < "$dir/last.json.err")" -eq 1 ] &&
		grep -q "not loaded any more" "$dir/last.json.err"
}
is "--follow: says that the module is gone" unloaded
is "check: 3 without the module" says 3 \
	"TCPSTATES UNKNOWN - the tcpstates module is not loaded" ctl check
is "alerts: 2 without the module" says 2 "is not loaded" ctl alerts
ktap_end
