#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tun
# clock: virtual
# timeout: 60
#
# The format of /proc/tcpstates, and that tcpstatectl shows the same numbers.
#
#   FORMAT_FILE=FILE   check that file instead of a busy namespace's: with a
#                      doctored one, see this test fail

# The functions below are called through is(), and A && B || C means just that.
# shellcheck disable=SC2317,SC2015
. "$(dirname "$0")/lib.sh"

need tcp_walk awk dd
dir=$(mktemp -d)
mod_setup
at_exit "rm -rf $dir"

states="CLOSED
LISTEN
SYN_SENT
SYN_RECV
ESTABLISHED
FIN_WAIT1
FIN_WAIT2
CLOSE_WAIT
CLOSING
LAST_ACK
TIME_WAIT"
edges="CLOSED LISTEN
CLOSED SYN_SENT
LISTEN SYN_RECV
LISTEN CLOSED
SYN_SENT SYN_RECV
SYN_SENT ESTABLISHED
SYN_SENT CLOSED
SYN_RECV ESTABLISHED
SYN_RECV FIN_WAIT1
SYN_RECV CLOSE_WAIT
SYN_RECV CLOSED
ESTABLISHED FIN_WAIT1
ESTABLISHED CLOSE_WAIT
ESTABLISHED CLOSED
FIN_WAIT1 FIN_WAIT2
FIN_WAIT1 CLOSING
FIN_WAIT1 TIME_WAIT
FIN_WAIT1 CLOSED
FIN_WAIT2 TIME_WAIT
FIN_WAIT2 CLOSED
CLOSE_WAIT LAST_ACK
CLOSE_WAIT CLOSED
CLOSING TIME_WAIT
CLOSING CLOSED
LAST_ACK CLOSED
TIME_WAIT CLOSED"

first_line()
{
	[ "$(head -n 1 "$1")" = "tcpstates 1" ] || { head -n 1 "$1"; false; }
}

# Every line: a known keyword, enough fields, numbers where they belong
lines()
{
	awk '
	function bad(what) { print what ": " $0; failed = 1 }
	function numbers(from, to,    i) {
		for (i = from; i <= to; i++)
			if ($i !~ /^([0-9]+|-)$/)
				bad("field " i " is no number")
	}
	NR == 1 || /^#/ { next }
	$1 == "state" { if (NF < 9) bad("too short"); numbers(3, 9); next }
	$1 == "transition" { if (NF < 8) bad("too short"); numbers(4, 8); next }
	$1 == "closed" { if (NF < 4) bad("too short"); numbers(4, 4); next }
	$1 == "counter" { if (NF < 3) bad("too short"); numbers(3, 3); next }
	$1 == "hook" { if (NF < 4) bad("too short"); next }
	$1 == "alert" {
		if (NF < 7 || $3 !~ /^(clear|raised|off)$/) bad("too short")
		numbers(4, 7); next
	}
	$1 == "culprit" { if (NF < 10) bad("too short"); numbers(4, 10); next }
	{ bad("unknown keyword") }
	/[^ -~]/ { bad("not plain text") }
	END { exit failed }' "$1"
}

all_states()
{
	awk '$1 == "state" { print $2 }' "$1" | diff - <(echo "$states")
}

# The order is that of the table in the module.
all_edges()
{
	awk '$1 == "transition" { print $2, $3 }' "$1" | diff - <(echo "$edges")
}

# Lines of one kind are as long as each other, and headings end with them.
aligned()
{
	awk 'NR == 1 { next }
	{ key = $1 == "#" ? $2 : $1 }
	key != "state" && key != "transition" { next }
	key in width && length($0) != width[key] { print; bad = 1 }
	{ width[key] = length($0); n++ }
	END { exit bad || n < 30 }' "$1"
}

closed_unknown()
{
	awk '$1 == "state" && $2 == "CLOSED" && $3 == "-" { ok = 1 }
	END { exit !ok }' "$1"
}

# A namespace without sockets: 0 everywhere, no duration known
all_zero()
{
	awk '$1 == "state" && ($3 $4 $5 !~ /^[0-]00$/ || $6 $7 $8 $9 != "---0") ||
	$1 == "transition" && $4 $5 $6 $7 $8 != "0---0" ||
	$1 == "closed" { print; bad = 1 }
	END { exit bad }' "$1"
}

link_and_mode()
{
	local mode
	mode=$(stat -L -c %a "$PROC")
	[ "$(readlink "$PROC")" = self/net/tcpstates ] && [ "$mode" = 444 ] ||
		{ ls -l "$PROC"; echo "mode $mode"; false; }
}

not_writable()
{
	! { echo 1 > "$PROC"; } 2> /dev/null
}

# The same text, however small the buffer
# How many records there are in all namespaces: some end meanwhile.
but_tracked()
{
	sed '/^counter *tracked /d' "$1"
}

small_reads()
{
	local size
	but_tracked "$dir/fresh" > "$dir/whole"
	for size in 1 7 4096 65536; do
		but_tracked "$dir/fresh.$size" > "$dir/small"
		diff "$dir/whole" "$dir/small" || return
	done
}

# JSON -> the lines of /proc/tcpstates that it stands for
flatten_json()
{
	sed 's/[][{},]/\n/g; s/"//g' | awk -F: '
	function value() { return $2 == "null" ? "-" : $2 }
	$1 == "counters" || $1 == "hooks" || $1 == "alerts" {
		part = $1; line = ""; next
	}
	$1 == "rule" { line = "alert " $2; next }
	part == "alerts" { line = line " " value() }
	part == "alerts" && $1 == "threshold" { print line; line = "" }
	part == "alerts" { next }
	part == "counters" && NF == 2 { print "counter", $1, value(); next }
	$1 == "name" || $1 == "mechanism" { line = line " " $2; next }
	$1 == "status" { print "hook" line, $2; line = ""; next }
	$1 == "state" { line = "state " toupper($2); next }
	$1 == "from" { line = toupper($2); next }
	$1 == "to" { line = "transition " line " " toupper($2); counted = 0 }
	$1 == "cause" { line = "closed " line " " $2; next }
	$1 == "current" || $1 == "entered" || $1 == "left" ||
	$1 == "p50" || $1 == "p99" { line = line " " value(); next }
	$1 == "count" && line ~ /^closed/ { print line, $2; line = ""; next }
	$1 == "count" && line ~ /^transition/ && !counted++ {
		line = line " " $2
		next
	}
	$1 == "count" { samples = value() }
	$1 == "max" { print line, value(), samples; line = "" }'
}

# The fields that JSON has, one blank between them
flatten_proc()
{
	awk '$1 == "state" { NF = 9 } $1 == "transition" { NF = 8 }
	$1 == "closed" { NF = 4 } $1 == "counter" { NF = 3 }
	$1 == "hook" { NF = 4 } $1 == "alert" { NF = 6 }
	/^(state|transition|closed|counter|hook|alert) / { $1 = $1; print }'
}

json_agrees()
{
	flatten_json < "$dir/json" | sort > "$dir/a"
	flatten_proc < "$dir/busy" | sort > "$dir/b"
	[ -s "$dir/a" ] && diff "$dir/a" "$dir/b"
}

# Durations are for people there: their presence and all counts are compared.
table_agrees()
{
	awk '$1 ~ /^[A-Z_0-9]+$/ && $1 != "STATE" && $1 != "FROM" {
		gsub(/->/, "")
		$1 = $1
		if (NF == 7)
			print "state", $1, $2, $3, $4, $5 != "-"
		else
			print "transition", $1, $2, $3, $4 != "-"
	}' "$dir/show" | sort > "$dir/a"
	awk '$1 == "state" { print $1, $2, $3, $4, $5, $6 != "-" }
	$1 == "transition" && $4 { print $1, $2, $3, $4, $5 != "-" }' \
		"$dir/busy" | sort > "$dir/b"
	[ -s "$dir/a" ] && diff "$dir/a" "$dir/b"
}

# status WANTED COMMAND...
status()
{
	local want=$1 got
	shift
	"$@" > "$dir/out" 2> "$dir/err"
	got=$?
	[ "$got" = "$want" ] || { echo "$*: status $got, not $want"; false; }
}

not_loaded()
{
	mod_unload && status 2 tcpstatectl show &&
		[ "$(wc -l < "$dir/err")" = 1 ] && grep -q insmod "$dir/err" ||
		{ cat "$dir/err"; false; }
}

tcp_walk -N -x "cat $PROC > $dir/busy; tcpstatectl show > $dir/show
		tcpstatectl show -j > $dir/json; tcpstatectl > $dir/default" \
	hold_mix > /dev/null 2> "$dir/err" || note < "$dir/err"
read_fresh()
{
	local size
	cat "$PROC" > "$dir/fresh"
	for size in 1 7 4096 65536; do
		dd if="$PROC" bs="$size" > "$dir/fresh.$size" 2> /dev/null
	done
}
export -f read_fresh
export PROC dir
unshare -n bash -c read_fresh
busy=${FORMAT_FILE:-$dir/busy}

ktap_begin 18
for file in "$busy" "$dir/fresh"; do
	name=busy
	[ "$file" = "$busy" ] || name=fresh
	is "$name: version" first_line "$file"
	is "$name: every line can be parsed" lines "$file"
	is "$name: every state, in order" all_states "$file"
	is "$name: every transition, once, in order" all_edges "$file"
	is "$name: columns are aligned" aligned "$file"
done
is "closed sockets are not counted" closed_unknown "$busy"
is "a new namespace begins at zero" all_zero "$dir/fresh"
is "/proc/tcpstates is a link, read-only" link_and_mode
is "it cannot be written" not_writable
is "any buffer size reads the same" small_reads
if command -v tcpstatectl > /dev/null; then
	is "tcpstatectl show -j has the same numbers" json_agrees
	is "tcpstatectl show has the same numbers" table_agrees
	is "tcpstatectl without the module: one line, status 2" not_loaded
else
	for name in "show -j" "show" "without the module"; do
		skip "tcpstatectl $name" "not installed"
	done
fi
ktap_end
