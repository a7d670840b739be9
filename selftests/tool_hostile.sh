#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 python3 gojq coreutils util-linux tmux ncurses-base libc-bin
# modules: tcp_diag inet_diag
# clock: virtual
# timeout: 240
#
# Names of processes, control groups and network namespaces that are meant to
# forge lines, to break JSON or to speak to the terminal: no verb of tcpstatectl
# lets them.  JSON is read by python3, and has the names that /proc has.

# The functions below are called through is() and poll(); A && B || C means that.
# shellcheck disable=SC2317,SC2015,SC2016,SC2086

. "$(dirname "$0")/lib.sh"

need python3 ss ip jq tcpstatectl od nsenter tmux
in_own_namespace
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"
PORT=7901
EACH=40
GROUPS_DIR=/sys/fs/cgroup
driver=$here/tool_hostile.py

# 15 bytes of each are the name.
names=($'x\n\e[2J\e]0;x\a"'
	'a","pid":1},{"x'
	$'\nESTAB 1 2 3 4'
	$'\xff\xfe\xc3(\xed\xa0\x80\xf5'
	$'\x9b31m\xc2\x85\xe2\x80\xa8\r\b'
	"\\x0a\\u0022\\'\$(x)"
	$' /1,+9\t- |%s%n')
groups=($'tcps\e[31m"},{\xff' $'tcps\r\xe2\x80\xa8\\x' 'tcps "a b"')

# Each name in one of the groups, in which it has connections
holders=()
start_all()
{
	local i group=0 name
	mkfifo "$dir/go"
	exec 9<> "$dir/go"
	for i in "${!names[@]}"; do
		group=$GROUPS_DIR/${groups[$((i % ${#groups[@]}))]}
		mkdir -p "$group" || return
		name=$(printf %s "${names[$i]}" | od -An -v -tx1 | tr -d ' \n')
		bash -c 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"' - \
			"$group" python3 "$driver" hold $((PORT + i)) $EACH \
			"$name" < "$dir/go" 9>&- > "$dir/said.$i" 2>&1 &
		holders+=($!)
	done
	for i in "${!names[@]}"; do
		poll 60 grep -q open "$dir/said.$i" ||
			{ cat "$dir/said.$i"; return 1; }
	done
}

stop_all()
{
	local group
	exec 9>&-
	wait "${holders[@]}"
	for group in "${groups[@]}"; do
		rmdir "$GROUPS_DIR/$group"
	done 2> /dev/null
}
at_exit stop_all

# printable FILE: ASCII without control characters, and ends of lines
printable()
{
	[ "$(LC_ALL=C tr -d '\n -~' < "$1" | wc -c)" = 0 ] && [ -s "$1" ] ||
		{ od -c "$1" | head -n 20; false; }
}

# All namespaces are seen from the first one.
tcpstatectl()
{
	if [ "$1" = netns ]; then
		nsenter --net=/proc/1/ns/net tcpstatectl "$@"
	else
		command tcpstatectl "$@"
	fi
}

# text LINES VERB...: so many lines, and nothing that a terminal would obey
text()
{
	local lines=$1
	shift
	tcpstatectl "$@" > "$dir/text" 2>&1 && printable "$dir/text" &&
		[ "$(wc -l < "$dir/text")" = "$lines" ] ||
		{ head -n 20 "$dir/text" | od -c | head -n 60; false; }
}

valid()
{
	printable "$dir/json" &&
		python3 -m json.tool < "$dir/json" > /dev/null ||
		{ head -c 2000 "$dir/json"; false; }
}

# json LEAST VERB...: JSON, with as many processes at least, by their right names
json()
{
	local least=$1
	shift
	tcpstatectl "$@" -j > "$dir/json" && valid &&
		python3 "$driver" check "$least" < "$dir/json" ||
		{ head -c 2000 "$dir/json"; false; }
}

# Each second connection is a line of the server's and one of the client's.
conns_are_lines()
{
	local n
	n=$(ss -Htan state established state close-wait | wc -l)
	[ "$n" -ge $((${#names[@]} * EACH)) ] &&
		text $((n + 1)) conns state established state close_wait
}

conns_as_json()
{
	json $((${#names[@]} * EACH)) conns state established
}

listeners_are_lines()
{
	text $((${#names[@]} + 1)) listeners
}

alerts_are_there()
{
	[ "$(tcpstatectl alerts -j | jq '[.alerts[] |
		select(.rule == "close_wait_leak" and .state == "raised")] |
		length')" = ${#names[@]} ]
}

doctor_has_them()
{
	tcpstatectl doctor > "$dir/text" && printable "$dir/text" &&
		[ "$(grep -c '^PROBLEM' "$dir/text")" = ${#names[@]} ] ||
		{ cat "$dir/text"; false; }
}

# One line, with one "|": what follows is for machines, and has no name in it.
check_has_them()
{
	tcpstatectl check > "$dir/text"
	[ $? = 2 ] && printable "$dir/text" &&
		[ "$(wc -l < "$dir/text")" = 1 ] &&
		[ "$(tr -cd '|' < "$dir/text")" = '|' ] &&
		grep -q 'close_wait_leak .*/[0-9]* uid' "$dir/text" || { cat "$dir/text"; false; }
}

# On a terminal, which would obey: its title is not x, and it has the names as text.
top_has_them()
{
	export LC_ALL=C TMUX_TMPDIR=$dir
	tmux -f /dev/null new-session -d -x 160 -y 80 -s t \
		"tcpstatectl top --interval 0.5" 9>&- || return
	poll 30 top_shows 'x\x0a\x1b[2J' && top_shows '\xff\xfe\xc3(' &&
		top_shows 'a","pid":1},{"x' && printable "$dir/screen" &&
		[ "$(tmux display-message -p '#{pane_title}')" != x ]
	local status=$?
	tmux kill-server
	[ $status = 0 ] || cat "$dir/screen"
	return $status
}

top_shows()
{
	tmux capture-pane -p -t t > "$dir/screen" 2> /dev/null
	grep -qF -- "$1" "$dir/screen"
}

# What a command of --exec is told: it may print that as it is.
exec_is_told()
{
	env tcpstatectl alerts --follow --exec \
		'echo "$ALERT_PROCESS $ALERT_CGROUP" >> '"$dir/told" \
		> "$dir/follow" 2>&1 9>&- &
	local pid=$! lines=${#names[@]}
	poll 60 told_all "$lines"
	kill $pid 2> /dev/null
	wait $pid
	printable "$dir/told" && printable "$dir/follow" &&
		[ "$(wc -l < "$dir/told")" -ge "$lines" ] ||
		{ cat "$dir/follow" "$dir/told"; false; }
}

told_all()
{
	[ -e "$dir/told" ] && [ "$(wc -l < "$dir/told")" -ge "$1" ]
}

# The kernel takes any name of a namespace's file, if it has no slash.
namespaces()
{
	local name=$'tcps\n\e[2J"\xff' status=0
	ip netns add "$name" || return
	tcpstatectl netns -j > "$dir/json" && valid &&
		jq -e --arg name 'tcps\x0a\x1b[2J"\xff' \
			'any(.netns[]; .name == $name)' "$dir/json" > /dev/null &&
		text $(($(jq '.netns | length' "$dir/json") + 1)) netns || status=1
	ip netns del "$name"
	return $status
}

no_newline_in_groups()
{
	! mkdir "$GROUPS_DIR/"$'tcps\nx' 2> /dev/null
}

tcpstatectl rules set close_wait_leak count=10 age=1s > "$dir/rule" 2>&1
ktap_begin 16
is "the kernel lets no group have a newline in its name" no_newline_in_groups
start_all
is "${#names[@]} processes with hostile names, in ${#groups[@]} groups" [ $? -eq 0 ]
is "conns: a line each" conns_are_lines
is "conns: JSON" conns_as_json
is "listeners: a line each" listeners_are_lines
is "listeners: JSON" json "${#names[@]}" listeners
is "alerts: one for each" poll 60 alerts_are_there
is "alerts: a line each" text $((${#names[@]} + 1)) alerts
is "alerts: JSON" json "${#names[@]}" alerts
is "alerts --exec: what a command is told" exec_is_told
is "doctor: a problem each" doctor_has_them
is "doctor: JSON" json "${#names[@]}" doctor
is "check: one line" check_has_them
is "top: text on a terminal" top_has_them
is "netns: the name of a namespace" namespaces
dmesg > "$dir/log"
tail -n 100 "$dir/log" | grep tcpstates: > "$dir/ours"
is "the kernel log" printable "$dir/ours"
ktap_end
