#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# docs/semantics.md has a line for each state, each edge and each cause of
# module/states.h, and no other; format.sh looks for the same in /proc/tcpstates.

set -u
# shellcheck source=../ktap.sh
. ../ktap.sh

doc=../../docs/semantics.md
header=../../module/states.h
source=../../module/states.c
format=../format.sh

# same NAME EXPECTED IS: not empty, and equal.
same()
{
	[ -n "$2" ] && [ "$2" = "$3" ] && return
	echo "$1:"
	diff <(echo "$2") <(echo "$3")
	return 1
}

# table TITLE: rows of the table in a chapter of the document, without blanks
# around the bars
table()
{
	awk -v title="## $1" '
	/^## / { on = $0 == title; row = 0; next }
	on && /^\|/ && ++row > 2 {
		gsub(/^\| *| *\|$/, "")
		gsub(/ *\| */, "|")
		print
	}' "$doc"
}

# entries LIST: "FROM TO|event" or the like, of a list of X(...) in the header
entries()
{
	awk -v list="$1" '
	$1 == "#define" { on = index($2, list "(") == 1; next }
	/^$/ { on = 0 }
	on && sub(/^\tX\(/, "") {
		sub(/\)[ \t]*(\/\*.*)?\\?$/, "")
		print
	}' "$header"
}

edges()
{
	entries TCPS_EDGES | sed -E 's/^([A-Z0-9_]+), ([A-Z0-9_]+), .*/\1 \2/'
}

# In the order in which they are reported
states()
{
	awk '/tcps_state_order\[/ { on = 1; next } /^};/ { on = 0 } on' \
		"$source" | grep -oE 'TCPS_[A-Z0-9_]+' | sed 's/TCPS_//'
}

# What a shell variable of format.sh holds, line by line
looked_for()
{
	sed -n "/^$1=\"/,/\"\$/p" "$format" | sed "s/^$1=//; s/\"//g"
}

all_states()
{
	same "states" "$(states)" "$(table States | cut -d '|' -f 1)"
}

all_edges()
{
	same "edges" "$(edges)" \
		"$(table Transitions | cut -d '|' -f 1 | sed 's/ → / /')"
}

# The event is in the header as well; where it is seen is not empty.
all_events()
{
	same "events" "$(entries TCPS_EDGES | sed -E 's/[^"]*"(.*)"/\1/')" \
		"$(table Transitions | cut -d '|' -f 2)" &&
		! table Transitions | grep -vE '^[^|]+\|[^|]+\|[^|]+$'
}

all_causes()
{
	same "causes" "$(entries TCPS_CAUSES | sed 's/.*, //')" \
		"$(table Causes | cut -d '|' -f 1)"
}

# An edge leads from a state to a state.
edges_of_states()
{
	same "states of edges" "$(states | sort)" \
		"$(edges | tr ' ' '\n' | sort -u)"
}

proc_lists()
{
	same "states in format.sh" "$(states)" "$(looked_for states)" &&
		same "edges in format.sh" "$(edges)" "$(looked_for edges)"
}

ktap_plan 6
ktap_run "semantics.md: every state" all_states
ktap_run "semantics.md: every edge" all_edges
ktap_run "semantics.md: the event of every edge, and where it is seen" \
	all_events
ktap_run "semantics.md: every cause" all_causes
ktap_run "every state has an edge, every edge two states" edges_of_states
ktap_run "format.sh looks for every state and every edge" proc_lists
ktap_finish
