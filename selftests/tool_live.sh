#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 gojq tmux ncurses-base libc-bin procps
# clock: virtual
# timeout: 240
#
# tcpstatectl where it lives on: show --interval, colours, widths, and top in a
# real terminal (tmux): its numbers against /proc, keys, signals, a terminal that
# goes away, a module that is unloaded.

# The functions below are called through is() and poll().
# shellcheck disable=SC2317,SC2015,SC2086,SC2120

. "$(dirname "$0")/lib.sh"

need swarm tmux jq tcpstatectl busybox
in_own_namespace
export LC_ALL=C.UTF-8 TMUX_TMPDIR
unset NO_COLOR COLUMNS
dir=$(mktemp -d)
TMUX_TMPDIR=$dir
mod_setup
at_exit "rm -rf $dir"
at_exit "tmux kill-server 2> /dev/null"
PORT=7921
COUNT=25
ktap_begin 21

# How many times a state was entered in between is what the rate says.
rates_are_differences()
{
	tcpstatectl show -j --interval 1 --count 6 > "$dir/show" &
	sleep 1.3
	swarm clean $PORT 20 > /dev/null
	wait $!
	jq -es 'map({ seconds: .interval_s } + (.states[] |
			select(.state == "established"))) |
		length == 6 and .[0].entered_per_s == null and
		.[0].seconds == null and
		([range(1; 6) as $i | .[$i] as $now |
		  $now.entered - .[$i - 1].entered -
		  $now.entered_per_s * $now.seconds |
		  fabs <= 0.1 * $now.seconds] | all) and
		.[5].entered - .[0].entered == 40' "$dir/show" > /dev/null &&
		return
	jq -c '[.interval_s, (.states[] | select(.state == "established"))]' "$dir/show"
	return 1
}

tables_have_rates()
{
	tcpstatectl --interval 0.2 --count 2 > "$dir/show" &&
		[ "$(grep -c '^STATE .*IN/s.*OUT/s' "$dir/show")" -eq 2 ] &&
		[ "$(grep -c '^ESTABLISHED .* 0.0 ' "$dir/show")" -eq 1 ]
}

# A terminal of WIDTH x HEIGHT with a shell
new_session()
{
	tmux -f /dev/null new-session -d -x "$1" -y "$2" -s t \
		"PS1='\$ ' bash --norc --noprofile" 2> /dev/null
}

# A server takes a while to go.
screen()
{
	tmux kill-server 2> /dev/null
	poll 10 new_session "$1" "$2" && poll 10 sees '^\$'
}

type_line()
{
	tmux send-keys -t t "$1" Enter
}

sees()
{
	tmux capture-pane -p -t t 2> /dev/null | grep -q -- "$1"
}

# Each has an end of its own: that of the one before may be there for a moment.
colors_of()
{
	local end=$RANDOM$RANDOM
	tmux send-keys -t t "clear; $1 > /dev/tty; echo $end=\$?" Enter
	poll 10 sees "^$end=0"
	tmux capture-pane -e -p -t t | grep -c $'\e\\[1mSTATE'
}

colors()
{
	tcpstatectl --color=always | grep -q $'^\e\\[1mSTATE' &&
		! tcpstatectl | grep -q $'\e' || return
	screen 100 50
	[ "$(colors_of tcpstatectl)" -eq 1 ] &&
		[ "$(colors_of 'tcpstatectl --color=never')" -eq 0 ] &&
		[ "$(colors_of 'NO_COLOR=1 tcpstatectl')" -eq 0 ] &&
		[ "$(colors_of 'NO_COLOR=1 tcpstatectl --color=always')" -eq 1 ] &&
		[ "$(colors_of 'NO_COLOR= tcpstatectl')" -eq 1 ]
}

# tmux would break a line that is too long: there are as many as in a file.
narrow()
{
	screen 70 200
	type_line "clear; tcpstatectl conns; tcpstatectl; echo end"
	poll 10 sees '^end' || return
	[ "$(tmux capture-pane -p -t t | grep -c '^ESTABLISHED .*127.0.0.1')" \
		-eq $((2 * COUNT)) ] && sees '^ESTABLISHED' &&
		! tmux capture-pane -p -J -t t | grep '.\{71\}'
}

start_top()
{
	screen "${1:-100}" "${2:-40}" && type_line \
		"clear; tcpstatectl top --interval 0.5; echo status=\$?" &&
		poll 15 sees '^ESTABLISHED'
}

# row_of NAME: the numbers of a line of the screen
row_of()
{
	tmux capture-pane -p -t t | awk -v n="$1" '$1 == n { print; exit }'
}

states_are_those_of_proc()
{
	local state
	for state in LISTEN ESTABLISHED CLOSE_WAIT TIME_WAIT; do
		[ "$(row_of $state | awk '{ print $2 }')" = \
			"$(state_field $state current < /proc/tcpstates)" ] ||
			{ row_of $state; return 1; }
	done
}

listener_is_there()
{
	row_of "0.0.0.0:$PORT" | grep -q 'swarm/[0-9]'
}

# A client that does not close when its server does
stuck_is_there()
{
	tmux capture-pane -p -t t |
		grep -Eq "^CLOSE_WAIT +1 +[0-9.ms]+ +127.0.0.1:$((PORT + 1)) .*/$$"
}

history_is_drawn()
{
	row_of ESTABLISHED | grep -q '██'
}

key()
{
	tmux send-keys -t t "$1"
	poll 10 sees "$2"
}

pause()
{
	local before
	key p PAUSED || return
	before=$(tmux capture-pane -p -t t)
	sleep 1.2
	[ "$before" = "$(tmux capture-pane -p -t t)" ] || return
	tmux send-keys -t t p
	sleep 0.3
	! sees PAUSED
}

# By how many: 25 connections to themselves are on top.
sorts()
{
	key s 'sorted by now' &&
		tmux capture-pane -p -t t | sed -n 4p | grep -q ^ESTABLISHED &&
		key s 'sorted by rate' && key s 'sorted by state' &&
		tmux capture-pane -p -t t | sed -n 4p | grep -q ^LISTEN
}

small_screens()
{
	local size
	for size in "20 5" "1 1" "200 60" "100 40"; do
		# shellcheck disable=SC2086 # two words
		set -- $size
		tmux resize-window -t t -x "$1" -y "$2"
		sleep 0.4
	done
	key h '^Keys' && key h '^ESTABLISHED'
}

ends_with()
{
	tmux send-keys -t t "$1"
	poll 10 sees "status=$2" && ! pgrep -x tcpstatectl
}

# A shell that sees its command die of C-c forgets the rest of the line.
interrupted()
{
	tmux send-keys -t t C-c
	poll 10 nobody_left
	type_line "echo status=\$?"
	poll 10 sees 'status=130'
}

# The terminal closes: nobody is left behind.
terminal_gone()
{
	start_top || return
	tmux kill-server
	poll 10 nobody_left
}

nobody_left()
{
	! pgrep -x tcpstatectl > /dev/null
}

terminal_as_before()
{
	type_line 'stty -a | grep -o "[-]*icanon [-]*iexten"; echo done'
	poll 10 sees '^done' && sees '^icanon iexten'
}

no_terminal()
{
	local said
	! said=$(tcpstatectl top < /dev/null 2>&1) &&
		[ "$(wc -l <<< "$said")" -eq 1 ] && grep -q terminal <<< "$said"
}

unloaded_under_show()
{
	local status=0
	tcpstatectl show --interval 0.2 > "$dir/out" 2> "$dir/err" &
	sleep 0.7
	mod_unload || return
	wait $! || status=$?
	mod_load
	[ $status -eq 2 ] && [ "$(wc -l < "$dir/err")" -eq 1 ] &&
		grep -q 'not loaded' "$dir/err"
}

unloaded_under_top()
{
	start_top && mod_unload && poll 10 sees 'status=2' &&
		sees '^tcpstatectl: .*not loaded'
}

mkfifo "$dir/go"
is "show --interval: rates are differences" rates_are_differences
swarm open $PORT $COUNT < "$dir/go" > "$dir/held" &
exec 9> "$dir/go"
poll 20 grep -q open "$dir/held"
busybox nc -l -p $((PORT + 1)) -e true < /dev/null > /dev/null 2>&1 &
poll 10 eval "ss -Htln | grep -q :$((PORT + 1))"
exec 8<> "/dev/tcp/127.0.0.1/$((PORT + 1))"
is "show --interval: tables" tables_have_rates
is "colours: on a terminal, or when asked for" colors
is "a narrow terminal: columns go" narrow
is "top starts" start_top
is "top: states, those of /proc" poll 5 states_are_those_of_proc
is "top: a listener and its process" listener_is_there
is "top: the history" poll 5 history_is_drawn
is "top: a stuck connection and its process" poll 20 stuck_is_there
tmux capture-pane -p -t t | note
is "top: pause" pause
is "top: sort" sorts
is "top: help, sizes of all kinds" small_screens
is "top: q ends" ends_with q 0
is "top: the terminal is as before" terminal_as_before
start_top
is "top: SIGINT ends" interrupted
start_top
is "top: SIGTERM ends" eval "pkill -x tcpstatectl; poll 10 sees status=143"
is "top: the terminal closes" terminal_gone
is "top without a terminal: one line" no_terminal
is "the module is unloaded under show" unloaded_under_show
is "the module is unloaded under top" unloaded_under_top
mod_load
tmux kill-server
exec 8>&- 9>&-
wait
is "gauges are the kernel's" poll 10 gauges_are_kernels
ktap_end
