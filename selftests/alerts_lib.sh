# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of alerts share, beside lib.sh.

RULE=/sys/module/tcpstates/parameters/rule

# A namespace tcps_h at the other end of a wire: 192.0.2.1 here, .2 there
alert_network()
{
	ip netns add tcps_h
	at_exit "ip netns del tcps_h; ip link del tcps0 2> /dev/null"
	ip link add tcps0 type veth peer name tcps1 netns tcps_h
	ip addr add 192.0.2.1/24 dev tcps0
	ip link set tcps0 up
	ip -n tcps_h addr add 192.0.2.2/24 dev tcps1
	ip -n tcps_h link set tcps1 up
	ip -n tcps_h link set lo up
	poll 10 ping -c 1 -W 1 192.0.2.2 > /dev/null
}

there()
{
	ip netns exec tcps_h "$@"
}

# --- SYN floods from there ------------------------------------------------------

flooders=()

# Whoever gets a SYN,ACK there must not answer; its repetition comes once.
flood_network()
{
	ip route add default via 192.0.2.2
	there sysctl -qw net.ipv4.ip_forward=0
	sysctl -qw net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.tcps0.rp_filter=0 net.ipv4.tcp_synack_retries=1
	at_exit flood_stop
}

# flood_start ADDRESS PORT: until flood_stop
flood_start()
{
	ip netns exec tcps_h hping3 -q -S -p "$2" --rand-source -i u1000 "$1" \
		> /dev/null 2>&1 &
	flooders+=($!)
}

flood_stop()
{
	# Without a name wait would wait for whatever else there is.
	[ ${#flooders[@]} -gt 0 ] || return 0
	kill "${flooders[@]}"
	wait "${flooders[@]}" 2> /dev/null
	flooders=()
}

half_open()
{
	ss -Htan state syn-recv | wc -l
}

# --- plight, told what to do --------------------------------------------------

declare -A plight_to plight_from plight_pid

# plight_start NAME COMMAND...: COMMAND ends in plight and its arguments
plight_start()
{
	local name=$1 to from
	shift
	mkfifo "$dir/$name.in" "$dir/$name.out"
	"$@" < "$dir/$name.in" > "$dir/$name.out" 2>> "$dir/plight.err" &
	plight_pid[$name]=$!
	exec {to}> "$dir/$name.in" {from}< "$dir/$name.out"
	plight_to[$name]=$to
	plight_from[$name]=$from
	rm "$dir/$name.in" "$dir/$name.out"
}

# tell NAME COMMAND: answers when it is done
tell()
{
	local answer
	echo "$2" >&"${plight_to[$1]}"
	read -r answer <&"${plight_from[$1]}"
	[ "$answer" = "done" ] || { note "plight $1: $2: $answer"; false; }
}

# tell_later NAME COMMAND: does not wait; answered NAME does.
tell_later()
{
	echo "$2" >&"${plight_to[$1]}"
}

answered()
{
	local answer
	read -r answer <&"${plight_from[$1]}"
	[ "$answer" = "done" ]
}

plight_stop()
{
	local to=${plight_to[$1]} from=${plight_from[$1]}
	# Those that were started later hold the other end, too.
	echo quit >&"$to"
	exec {to}>&- {from}<&-
	wait "${plight_pid[$1]}" 2> /dev/null
}

# --- what the module says ------------------------------------------------------

now_ms()
{
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# Where alerts are read: in this namespace, or as ALERTS_OF says
alerts()
{
	# shellcheck disable=SC2086 # words
	${ALERTS_OF:-} cat "$PROC"
}

# rule_is RULE clear|raised|off
rule_is()
{
	alerts | awk -v r="$1" -v s="$2" '
		$1 == "alert" && $2 == r && $3 == s { ok = 1 }
		END { exit !ok }'
}

raised_total()
{
	alerts | awk -v r="$1" '$1 == "alert" && $2 == r { print $4 }'
}

# raised_is RULE TIMES: so often so far
raised_is()
{
	[ "$(raised_total "$1")" = "$2" ] || { alerts | grep -E 'alert|culp'
		dmesg | grep 'alert ' | tail -n 12; false; }
}

# culprit RULE ADDRESS UID: its line; an empty UID is anybody
culprit()
{
	alerts | awk -v r="$1" -v a="$2" -v u="${3:-}" '
		$1 == "culprit" && $2 == r && $3 == a && (u == "" || $4 == u) {
			print; ok = 1
		}
		END { exit !ok }'
}

culprit_value()
{
	culprit "$1" "$2" "${3:-}" | awk '{ print $6 }'
}

# in_time SINCE MS COMMAND...: it succeeds not later than MS after SINCE, a time
# of now_ms.  Slow kernels take longer to notice.
in_time()
{
	local since=$1 limit=$2 took
	shift 2
	limit=$((limit + more_time))
	poll 60 "$@" || { echo "never: $*"; alerts | grep -E 'alert|culp'; return 1; }
	took=$(($(now_ms) - since))
	echo "after $took ms: $*" >> "$dir/times"
	[ "$took" -le "$limit" ] || { echo "after $took ms: $*"; false; }
}

# Asked once: it takes a second itself.  A kernel for debugging takes its time
# until a condition is there at all.
more_time=0
! slow_kernel || more_time=15000

# On a machine of its own 2.3 s and 10 s do: 2 s and a look of ours.  Beside other
# guests the traffic itself takes seconds to be what it is meant to be.
RAISE_MS=6000
CLEAR_MS=15000

# What holds on any machine: so many looks after there was something to see.
# A moment of history is a look, in whole seconds.  A flood ends in the midst of one;
# cookies are judged a look later, when those that are to come back have; then five
# looks are quiet.
RAISE_LOOKS=2
CLEAR_LOOKS=8

# looks_until SINCE RULE raised|cleared since_us|until_us MOST: of its last alert
looks_until()
{
	local at looks
	at=$(tcpstatectl alerts -j "$3" "$2" |
		jq --arg k "$4" '[.alerts[][$k]] | max / 1000 | floor')
	looks=$(tcpstatectl history -j | jq --argjson f "$1" --argjson t "$at" '
		[.moments[].when * 1000 | select(. > $f and . <= $t)] | length')
	echo "after $looks looks: $2 $3, us of a look:" \
		"$(cat /sys/module/tcpstates/parameters/look_us)" >> "$dir/times"
	[ "$looks" -le "$5" ] || { echo "after $looks looks: $2 $3"
		tcpstatectl history -j 15s; false; }
}

# raised_now SINCE RULE ADDRESS [UID]
raised_now()
{
	in_time "$1" $RAISE_MS culprit "$2" "$3" "${4:-}" &&
		looks_until "$1" "$2" raised since_us $RAISE_LOOKS
}

# cleared_now SINCE RULE
cleared_now()
{
	in_time "$1" $CLEAR_MS rule_is "$2" clear &&
		looks_until "$1" "$2" cleared until_us $CLEAR_LOOKS
}

# No rule but the named ones has ever raised an alert.
nothing_raised_but()
{
	alerts | awk -v but=" $* " '$1 == "alert" && $4 != 0 &&
		index(but, " " $2 " ") == 0 { print; bad = 1 }
		$1 == "alert" { n++ } END { exit bad || n != 7 }'
}
