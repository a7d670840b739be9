#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the command prints and how it ends, on files instead of a module.

set -u
# shellcheck source=../ktap.sh
. ../ktap.sh

tool=$OUT/tcpstatectl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C TCPSTATES_PROC=fixtures/busy

# run STATUS ARG...: run the command, keep its output, check its status.
run()
{
	local expected=$1 status=0

	shift
	"$tool" "$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" -eq "$expected" ] && return
	echo "tcpstatectl $*: exit status $status instead of $expected"
	cat "$work/err"
	return 1
}

prints()
{
	run 0 "${@:2}" && diff "$1" "$work/out" && [ ! -s "$work/err" ]
}

# fails STATUS TEXT ARG...: one line of stderr with TEXT, nothing on stdout.
fails()
{
	run "$1" "${@:3}" || return
	if [ -s "$work/out" ] || [ "$(wc -l <"$work/err")" -ne 1 ] ||
	   ! grep -qF -- "tcpstatectl: " "$work/err" ||
	   ! grep -qF -- "$2" "$work/err"; then
		echo "expected one line with: $2"
		cat "$work/out" "$work/err"
		return 1
	fi
}

tables()
{
	local name

	for name in fresh busy degraded max; do
		TCPSTATES_PROC=fixtures/$name prints "fixtures/$name.txt" ||
			return
	done
}

json()
{
	local name

	for name in degraded max; do
		TCPSTATES_PROC=fixtures/$name prints "fixtures/$name.json" \
			show -j || return
	done
}

# Each number stands at its own place, and as it is in JSON.
diagram()
{
	local -x TCPSTATES_PROC=fixtures/diagram

	prints fixtures/diagram.txt diagram &&
		prints fixtures/diagram.json diagram -j
}

pretty_json()
{
	TCPSTATES_PROC=fixtures/max run 0 show -p || return
	[ "$(wc -l <"$work/out")" -gt 100 ] || return
	[ "$(tr -d ' \n' <"$work/out")" = "$(tr -d '\n' <fixtures/max.json)" ]
}

# The verb, its options and their order do not matter for what is printed.
spellings()
{
	prints fixtures/busy.txt show && prints fixtures/busy.txt -- show ||
		return
	run 0 -j || return
	cp "$work/out" "$work/json"
	prints "$work/json" show -j && prints "$work/json" --json show &&
		prints "$work/json" show --json || return
	run 0 -p || return
	cp "$work/out" "$work/pretty"
	prints "$work/pretty" -j show --pretty && prints "$work/pretty" -jp
}

version()
{
	run 0 version && grep -qE '^tcpstatectl [0-9.]+$' "$work/out" &&
		grep -qE '^module .' "$work/out" || return
	cp "$work/out" "$work/version"
	prints "$work/version" -V && prints "$work/version" --version &&
		prints "$work/version" show --version || return
	[ -e /sys/module/tcpstates ] ||
		grep -qx 'module not loaded' "$work/out" || return
	run 0 version -j && grep -qE '^\{"tool":"[0-9.]+","module":' "$work/out"
}

help()
{
	run 0 help && grep -q '^Usage: tcpstatectl ' "$work/out" || return
	cp "$work/out" "$work/help"
	prints "$work/help" -h && prints "$work/help" --help || return
	run 0 help show && grep -q '^Usage: tcpstatectl show' "$work/out" ||
		return
	cp "$work/out" "$work/help"
	prints "$work/help" show --help && prints "$work/help" -h show
}

wrong_usage()
{
	fails 1 "did you mean 'show'?" hsow &&
		fails 1 "did you mean 'version'?" ver &&
		fails 1 "did you mean 'help'?" hepl &&
		fails 1 "did you mean 'show'?" help shoe &&
		fails 1 "did you mean '--json'?" --jsno &&
		fails 1 "did you mean '--pretty'?" show --prety &&
		fails 1 "did you mean '--json'?" show json &&
		fails 1 "no option '-x'" show -jx &&
		fails 1 "'--json' takes no value" show --json=1 &&
		fails 1 "'show' does not take 'more'" show more &&
		fails 1 "'help' has no option '--json'" help -j &&
		fails 1 "'help' has no option '--json'" -j help &&
		fails 1 "no command ''" '' &&
		fails 1 'a\x0a\x1b[31m' $'a\n\e[31m'
}

# Words of a command: the nearest of all that may stand there
wrong_words()
{
	fails 1 "no rule 'raisde': did you mean 'raised'?" alerts raisde &&
		fails 1 "no rule 'half-daed': did you mean 'half_dead'?" \
			alerts half-daed &&
		fails 1 "no cause 'resett': did you mean 'reset'?" \
			events cause resett &&
		fails 1 "does not take 'loa': did you mean 'load'?" rules loa &&
		fails 1 "listeners have no 'state'" listeners state listen &&
		fails 1 "connections have no 'cause'" conns cause reset &&
		fails 1 "no user 'rooot': did you mean 'root'?" conns uid rooot &&
		fails 1 "wants a user's number or name, not 'xq9'" \
			conns uid xq9 &&
		fails 1 "a state is missing" hist close-wait: &&
		fails 1 "a state is missing" conns state close-wait, &&
		fails 1 "'cause' wants a cause" events cause &&
		fails 1 "goes from TIME_WAIT to LISTEN: from there to CLOSED" \
			hist time-wait:listen &&
		fails 1 "from there to CLOSED, LAST_ACK" \
			hist close-wait:close-wait
}

# Without a module: exactly this.  With one: its numbers.
not_loaded()
{
	local -x TCPSTATES_PROC=

	if [ -e /proc/tcpstates ]; then
		run 0 show
		return
	fi
	fails 2 "the tcpstates module is not loaded (no /proc/tcpstates): load it with " show
}

unreadable()
{
	TCPSTATES_PROC=$work/none fails 2 "$work/none" show &&
		TCPSTATES_PROC=/ fails 2 "Is a directory" show &&
		TCPSTATES_PROC=/dev/zero fails 2 "File too large" show -j &&
		TCPSTATES_PROC=/dev/null fails 2 "line 1: empty" show
}

malformed()
{
	local -x TCPSTATES_PROC=$work/proc

	printf 'tcpstates 1\n# x\ncounter lost many\n' >"$work/proc"
	fails 2 "$work/proc: line 3: not a number: 'many'" show &&
		fails 2 "line 3" show -j || return
	printf 'tcpstates 7\n' >"$work/proc"
	fails 2 "line 1: format 7" show
}

odd_names()
{
	local -x TCPSTATES_PROC=$work/proc

	printf 'tcpstates 1\nstate \e[31m\xff 1 1 0 - - -\n' >"$work/proc"
	run 0 show && grep -qF '\x1b[31m\xff' "$work/out" || return
	run 0 show -j && grep -qF '"\\x1b[31m\\xff"' "$work/out" || return
	! grep -q $'\e' "$work/out"
}

disk_full()
{
	local args status

	for args in show "show -j" "show -p" help "help show" version; do
		status=0
		# shellcheck disable=SC2086
		"$tool" $args >/dev/full 2>"$work/err" || status=$?
		[ "$status" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] &&
			grep -q 'No space left on device' "$work/err" &&
			continue
		echo "$args: exit status $status"
		cat "$work/err"
		return 1
	done
}

stdout_closed()
{
	local status=0

	"$tool" show >&- 2>"$work/err" || status=$?
	cat "$work/err"
	[ "$status" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ]
}

# A reader that has gone: killed silently, or told if SIGPIPE is ignored.
pipe_closed()
{
	local status

	{
		sleep 0.3
		"$tool" show 2>"$work/err"
		echo $? >"$work/status"
	} | :
	status=$(<"$work/status")
	[ "$status" -eq 141 ] && [ ! -s "$work/err" ] || return
	{
		trap '' PIPE
		sleep 0.3
		"$tool" show -j 2>"$work/err"
		echo $? >"$work/status"
	} | :
	status=$(<"$work/status")
	[ "$status" -eq 2 ] && grep -q 'Broken pipe' "$work/err"
}

# again VERB...: these take --interval, and --count only with it.
again_refused()
{
	local verb

	for verb in show conns listeners diagram netns "hist listen"; do
		# shellcheck disable=SC2086
		fails 1 "--count needs --interval" $verb --count 2 &&
			fails 1 "0.1 to 86400" $verb --interval 0 || return
	done
	fails 1 "'rules' has no option '--interval'" rules --interval 1
}

# All of it each time, and how much time lies in between
again()
{
	local -x TCPSTATES_PROC=fixtures/diagram

	again_refused && run 0 diagram --interval 0.1 --count 2 &&
		diff <(cat fixtures/diagram.txt; echo; cat fixtures/diagram.txt) \
		"$work/out" && run 0 diagram -j --interval 0.1 --count 2 &&
		diff <(sed 'h; s/}$/,"interval_s":null}/p;
			g; s/}$/,"interval_s":0.N}/' fixtures/diagram.json) \
		<(sed 's/:0[.][0-9]*}$/:0.N}/' "$work/out")
}

# top has an interval of its own: it only wants a terminal, or the module.
top_count()
{
	run 2 top --count 3 </dev/null && [ "$(wc -l <"$work/err")" -eq 1 ] &&
		fails 1 "above 0" top --count 0
}

# Its status is that of a command that is interrupted.
interrupted()
{
	local status=0 tries=200 pid

	env --default-signal=INT "$tool" show --interval 60 >"$work/out" \
		2>"$work/err" &
	pid=$!
	until [ -s "$work/out" ] || [ $((tries -= 1)) -eq 0 ]; do
		sleep 0.05
	done
	kill -INT "$pid"
	wait "$pid" || status=$?
	cat "$work/err"
	[ "$status" -eq 130 ] && [ ! -s "$work/err" ] &&
		grep -q '^STATE .* IN/s ' "$work/out"
}

ktap_plan 19
ktap_run "tables are as they should be" tables
ktap_run "JSON is as it should be, 2^64-1 and null included" json
ktap_run "pretty JSON says the same" pretty_json
ktap_run "diagram" diagram
ktap_run "show is the default, options may stand anywhere" spellings
ktap_run "version" version
ktap_run "help" help
ktap_run "wrong usage: one line, exit status 1" wrong_usage
ktap_run "wrong words: the nearest one" wrong_words
ktap_run "module not loaded: one line, exit status 2" not_loaded
ktap_run "file that cannot be read: exit status 2" unreadable
ktap_run "malformed file: line number, exit status 2" malformed
ktap_run "names that are not printable are escaped" odd_names
ktap_run "full disk: exit status 2" disk_full
ktap_run "closed stdout: exit status 2" stdout_closed
ktap_run "closed pipe" pipe_closed
ktap_run "--interval" again
ktap_run "top --count" top_count
ktap_run "interrupted: exit status 130" interrupted
ktap_finish
