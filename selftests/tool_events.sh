#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux gojq coreutils
# timeout: 600
#
# tcpstatectl events: against the kernel's own tracepoint and against the trace
# event as tracefs prints it; filters, namespaces, losses, and all the ways it ends.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2016,SC2086,SC2119

. "$(dirname "$0")/lib.sh"

need swarm ip awk jq tcpstatectl setpriv
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
trace_start
EVENT=events/tcpstates/tcpstates_transition
NETNS=$(stat -L -c %i /proc/self/ns/net)
PORT=7951
COUNT=20
ktap_begin 25

# listen NAME [WORDS...]: to $dir/NAME from now on; its number is in $pid.  What
# runs in the background ignores SIGINT if it is not told otherwise.
listen()
{
	local name=$1
	shift
	env --default-signal=INT,HUP tcpstatectl events "$@" \
		> "$dir/$name" 2> "$dir/$name.err" &
	pid=$!
	poll 20 listening "$pid"
}

listening()
{
	grep -qsx 1 /sys/kernel/tracing/instances/tcpstatectl-*-"$1"/$EVENT/enable
}

nothing_left()
{
	! compgen -G "/sys/kernel/tracing/instances/tcpstatectl-*"
}

ended()
{
	! grep -qs "^State:[[:space:]]*[^Z[:space:]]" "/proc/$pid/status"
}

# ends_by SIGNAL STATUS
ends_by()
{
	local status=0
	kill -"$1" "$pid"
	poll 20 ended || kill -KILL "$pid"
	wait "$pid" || status=$?
	[ $status -eq "$2" ] || echo "status $status"
	[ $status -eq "$2" ]
}

# All that is in its buffers is read, and no more is written.
at_rest()
{
	local before
	before=$(stat -c %s "$dir/$1")
	! grep -qs 'entries: [1-9]' \
		/sys/kernel/tracing/instances/tcpstatectl-*-"$pid"/per_cpu/cpu*/stats &&
		sleep 0.5 && [ "$before" -eq "$(stat -c %s "$dir/$1")" ]
}

hear()
{
	poll 20 at_rest "$1" && ends_by INT 130
}

# Two at once: one as JSON, one as a table
record()
{
	local all
	listen all -j && all=$pid && listen table || return
	now_us > "$dir/began"
	swarm clean $PORT $COUNT
	now_us > "$dir/ended"
	hear table && pid=$all && hear all
}

# Our events as tracefs prints them
as_text()
{
	jq -r 'def mapped: if contains(":") then . else "::ffff:" + . end;
		"cookie=\(.cookie) netns=\(.netns) " +
		"saddr=\(.local.address | mapped) sport=\(.local.port) " +
		"daddr=\(.remote.address | mapped) dport=\(.remote.port) " +
		"old=\(.from | ascii_upcase) new=\(.to | ascii_upcase) " +
		"dwell_us=\(.dwell_us // -1) cause=\(.cause // "-") " +
		"uid=\(.uid // -1) cgroup=\(.cgroup // 0)"' "$dir/$1" | sort
}

tracefs_text()
{
	sed -n 's/.*: tcpstates_transition: //p' "$TRACE/trace" | sort
}

same_as_tracefs()
{
	trace_complete && [ "$(wc -l < "$dir/all")" -ge $((10 * COUNT)) ] &&
		diff <(tracefs_text | grep "netns=$NETNS ") <(as_text all)
}

# "FROM TO SPORT DPORT" of the transitions that are those of full sockets
COMMON='^(SYN_SENT ESTABLISHED|SYN_RECV ESTABLISHED|ESTABLISHED FIN_WAIT1|ESTABLISHED CLOSE_WAIT|CLOSE_WAIT LAST_ACK|LAST_ACK CLOSED) '

kernels_own()
{
	sed -nE 's/.*inet_sock_set_state:.* sport=([0-9]+) dport=([0-9]+) .*oldstate=TCP_([A-Z0-9_]+) newstate=TCP_([A-Z0-9_]+).*/\3 \4 \1 \2/p' \
		"$TRACE/trace" | sed 's/ CLOSE / CLOSED /' | grep -E "$COMMON" |
		sort
}

same_as_the_kernel()
{
	kernels_own > "$dir/kernel"
	[ "$(wc -l < "$dir/kernel")" -eq $((6 * COUNT)) ] &&
	jq -r '"\(.from) \(.to) \(.local.port) \(.remote.port)" |
		ascii_upcase' "$dir/all" | grep -E "$COMMON" | sort |
		diff "$dir/kernel" -
}

# In microseconds, between the two moments around the load
times_are_right()
{
	jq -es --argjson a "$(< "$dir/began")" \
		--argjson b "$(< "$dir/ended")" 'map(.time |
		capture("(?<s>.*)[.](?<us>[0-9]{6})Z$") |
		((.s + "Z" | fromdate) * 1000000 + (.us | tonumber))) |
		length > 0 and min >= $a and max <= $b' "$dir/all" > /dev/null
}

now_us()
{
	echo "${EPOCHREALTIME//[!0-9]/}"
}

# The same transitions as a table
table_says_the_same()
{
	diff <(jq -r '"\(.from) \(.to) \(.local.address):\(.local.port) " +
		"\(.remote.address):\(.remote.port) \(.cause // "-") " +
			"\(if .uid == 0 then "root" else .uid // "-" end)" |
			ascii_upcase' "$dir/all" | sort) \
		<(awk 'NR > 1 { print toupper($2 " " $3 " " $5 " " $6 " " $7 \
			" " $8) }' "$dir/table" | sort) &&
	head -n 1 "$dir/table" | grep -q '^TIME .* FROM .* CAUSE  *USER$' &&
	[ "$(grep -c ' LAST_ACK  *CLOSED .* normal ' "$dir/table")" -eq "$COUNT" ]
}

# -n: the numbers of users, also of those that have a name
users_by_number()
{
	local named
	listen named sport $PORT && named=$pid && listen some -n sport $PORT ||
		return
	swarm clean $PORT 3
	hear some && pid=$named && hear named &&
		grep -q ' SYN_RECV  *ESTABLISHED .* root$' "$dir/named" &&
		grep -q ' SYN_RECV  *ESTABLISHED .* 0$' "$dir/some" &&
		! grep root "$dir/some"
}

# filtered CONDITION WORDS...: what comes is what the condition selects of all.
# Each of the two has read the clock for itself.
filtered()
{
	local condition=$1 all
	shift
	listen all -j && all=$pid && listen some -j "$@" || return
	load_of_all_kinds
	hear some && pid=$all && hear all || return
	jq -c "select($condition) | del(.time)" "$dir/all" | without_old |
		sort > "$dir/want"
	[ -s "$dir/want" ] &&
		[ "$(wc -l < "$dir/want")" -lt "$(wc -l < "$dir/all")" ] &&
		jq -c 'del(.time)' "$dir/some" | without_old | sort |
		diff "$dir/want" -
}

# What ends of the conditions before may come between the two.
without_old()
{
	grep -v '"expired"'
}

load_of_all_kinds()
{
	swarm clean $((PORT + 1)) 3
	setpriv --reuid 4321 --clear-groups swarm clean $((PORT + 2)) 3
	refused_ipv6
} > /dev/null 2>&1

refused_ipv6()
{
	! : 3<> "/dev/tcp/::1/$((PORT + 5))"
}

by_state()
{
	filtered '.from == "close_wait" or .to == "close_wait"' \
		state close-wait &&
	filtered '.from == "syn_sent" and (.to == "established" or
		.to == "closed")' from syn-sent to ESTABLISHED,closed
}

by_port()
{
	filtered ".local.port == $((PORT + 2))" sport $((PORT + 2)) &&
	filtered ".remote.port == $((PORT + 1))" dport $((PORT + 1))
}

by_address()
{
	filtered '.local.address | startswith("127.")' src 127.0.0.0/8 &&
	filtered '.remote.address == "::1"' dst ::1
}

by_owner()
{
	filtered '.uid == 4321' uid 4321 && filtered '.family == 6' family 6
}

by_cause()
{
	filtered '.cause == "normal"' cause normal &&
	filtered '.cause == "refused"' cause refused to closed &&
	filtered '.dwell_us != null and .dwell_us >= 100' older 100us
}

first_ones()
{
	listen some -j --count 3 || return
	swarm clean $PORT 3
	wait "$pid" && [ "$(wc -l < "$dir/some")" -eq 3 ]
}

pretty()
{
	listen some -p --count 2 || return
	swarm clean $PORT 3
	wait "$pid" && [ "$(jq -s length "$dir/some")" -eq 2 ] &&
		[ "$(wc -l < "$dir/some")" -gt 20 ]
}

other_netns()
{
	local here
	listen here && here=$pid && listen named -N tcps_events || return
	ip netns exec tcps_events swarm clean $((PORT + 3)) 2
	hear named && pid=$here && hear here &&
		grep -q ":$((PORT + 3)) " "$dir/named" &&
		! grep ":$((PORT + 3)) " "$dir/here"
}

all_netns()
{
	nsenter -t 1 -n env --default-signal=INT \
		tcpstatectl events --all-netns > "$dir/all" &
	pid=$!
	poll 20 grep -q '^TIME .* NETNS' "$dir/all" || return
	ip netns exec tcps_events swarm clean $((PORT + 3)) 2
	swarm clean $((PORT + 4)) 2
	hear all && grep -q "tcps_events .*:$((PORT + 3)) " "$dir/all" &&
		grep -q "pid:[0-9]* .*:$((PORT + 4)) " "$dir/all" &&
		! grep "tcps_events .*:$((PORT + 4)) " "$dir/all"
}

# A reader that sleeps, and a buffer for a few events: what is printed and what is
# lost is all there was.
losses_are_counted()
{
	local lost shown all
	local port=$((PORT + 6))
	listen some -j sport $port || return
	echo 4 > "$(echo /sys/kernel/tracing/instances/tcpstatectl-*)/buffer_size_kb"
	trace_clear
	kill -STOP "$pid"
	swarm clean $port 100
	kill -CONT "$pid"
	hear some || return
	lost=$(jq -s 'map(.lost // 0) | add' "$dir/some")
	shown=$(jq -s 'map(select(.lost == null)) | length' "$dir/some")
	all=$(tracefs_text | grep -c "netns=$NETNS .* sport=$port ")
	echo "$shown shown, $lost lost, $all in all"
	cat "$dir/some.err"
	trace_complete && [ "$lost" -gt 100 ] &&
		[ $((lost + shown)) -eq "$all" ] &&
		grep -q "^tcpstatectl: [0-9]* events were lost" "$dir/some.err"
}

ends_by_signals()
{
	local signal
	for signal in INT:130 TERM:143 HUP:129; do
		listen some && ends_by ${signal%:*} ${signal#*:} &&
			nothing_left || return
	done
	[ ! -s "$dir/some.err" ]
}

# Nothing happens, and it sees that nobody reads any more.
reader_goes_away()
{
	local status
	timeout 20 tcpstatectl events | head -n 1 | grep -q ^TIME
	status=${PIPESTATUS[0]}
	echo "status $status"
	nothing_left && { [ "$status" -eq 0 ] || [ "$status" -eq 141 ]; }
}

# What it leaves is taken away by the next one.
killed()
{
	listen some && kill -KILL "$pid"
	wait "$pid" 2> /dev/null
	! nothing_left > /dev/null && listen some && ends_by INT 130 &&
		nothing_left
}

output_is_full()
{
	local said status=0
	said=$(timeout 20 tcpstatectl events 2>&1 > /dev/full) || status=$?
	echo "$status: $said"
	[ $status -eq 2 ] && nothing_left &&
		[ "$(wc -l <<< "$said")" -eq 1 ] &&
		grep -q "^tcpstatectl: cannot write the output" <<< "$said"
}

# refuses WANT STATUS COMMAND...: one line, nothing else
refuses()
{
	local want=$1 status=0
	"${@:3}" > "$dir/out" 2> "$dir/err" || status=$?
	[ $status -eq "$2" ] && [ ! -s "$dir/out" ] &&
		[ "$(wc -l < "$dir/err")" -eq 1 ] &&
		grep -q -- "$want" "$dir/err" && return
	echo "$*: $status"
	cat "$dir/out" "$dir/err"
	return 1
}

wrong_words()
{
	refuses "did you mean 'from'" 1 tcpstatectl events form listen &&
	refuses "did you mean 'CLOSED'" 1 tcpstatectl events to close &&
	refuses "did you mean 'reset'" 1 tcpstatectl events cause resett &&
	refuses "wants a cause" 1 tcpstatectl events cause &&
	refuses "above 0" 1 tcpstatectl events --count 0 &&
	refuses "no option '--interval'" 1 tcpstatectl events --interval 1
}

unprivileged()
{
	refuses "Permission denied" 2 \
		setpriv --reuid 65534 --clear-groups tcpstatectl events &&
	refuses "Permission denied" 2 \
		setpriv --reuid 65534 --clear-groups tcpstatectl events -j
}

unloaded()
{
	local status=0
	listen some && mod_unload || return
	wait "$pid" || status=$?
	[ $status -eq 2 ] && [ "$(cat "$dir/some.err")" = \
		"tcpstatectl: the tcpstates module was unloaded" ] && nothing_left
}

# The events of the test's own instance, in the words of tracefs
echo 1 > "$TRACE/$EVENT/enable"
# Until the kernel has random numbers, programs wait for some seconds for them.
head -c 1 /dev/random > /dev/null
trace_clear
is "it is interrupted: status 130" record
is "all of the trace event, as tracefs has it" same_as_tracefs
is "those of sock:inet_sock_set_state" same_as_the_kernel
is "the time of day" times_are_right
is "the table says the same" table_says_the_same
is "users by number" users_by_number
is "nothing is left in tracefs" nothing_left
is "a state" by_state
is "a port" by_port
is "an address" by_address
is "a user, a family" by_owner
is "a cause, an age" by_cause
is "--count" first_ones
is "--pretty" pretty
ip netns add tcps_events && ip -n tcps_events link set lo up
at_exit "ip netns del tcps_events"
is "another namespace" other_netns
is "all namespaces" all_netns
is "losses are counted" losses_are_counted
is "signals end it" ends_by_signals
is "its reader goes away" reader_goes_away
is "what a killed one leaves" killed
is "the output is full" output_is_full
is "wrong words: one line" wrong_words
is "an unprivileged user: one line" unprivileged
echo 0 > "$TRACE/$EVENT/enable"
is "the module is unloaded" unloaded
is "without the module: one line" refuses "not loaded" 2 tcpstatectl events
ktap_end
