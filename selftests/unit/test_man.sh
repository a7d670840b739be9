#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The manual pages are sound, can be rendered, and name what there is.

set -u
# shellcheck source=../ktap.sh
. ../ktap.sh

pages=(../../tools/man/*.[48])

command -v mandoc >/dev/null || {
	echo "1..0 # SKIP mandoc is missing (Debian: apt install mandoc)"
	exit 4
}

lint()
{
	mandoc -T lint -W warning "${pages[@]}"
}

# A page without its title or its last chapter is no page.
renders()
{
	local page text title

	for page in "${pages[@]}"; do
		title=$(basename "$page" | tr '[:lower:].' '[:upper:](')")"
		text=$(mandoc -T ascii "$page" | sed $'s/.\b//g') || return
		if ! grep -qF "$title" <<<"$text" ||
		   ! grep -q '^FILES' <<<"$text" ||
		   grep -n '.\{81\}' <<<"$text"; then
			echo "$page"
			return 1
		fi
	done
}

# same NAME EXPECTED IS: not empty, and equal.
same()
{
	[[ -n $2 && $2 == "$3" ]] && return
	echo "$1:"
	diff <(echo "$2") <(echo "$3")
	return 1
}

# words_of CHAPTER: what it explains
words_of()
{
	awk -v title=".Sh $1" '/^\.Sh/ { on = $0 == title } on && /^\.It Cm/' \
		../../tools/man/tcpstates.4 | sed 's/^\.It Cm//; s/ Ns .*//; s/ ,//g' |
		tr -s ' ' '\n' | grep . | sort
}

# Those for tests are named together, those that cannot be set are files.
parameters()
{
	same "the module's parameters and the page" \
		"$(sed -n -e 's/^module_param(\([a-z_]*\),.*/\1/p' \
		-e 's/^module_param_\(named\|cb\)(\([a-z_]*\),.*/\2/p' \
		../../module/*.c | grep -vE '^(test_|fail_|break_)|_us$' | sort)" \
		"$(words_of DESCRIPTION)"
}

# shellcheck disable=SC2016
counters()
{
	same "docs/abi.md and the page" \
		"$(awk '/^\| counter \|/ { on = 1 } !/^\|/ { on = 0 } on' \
		../../docs/abi.md | cut -d'|' -f2 | grep -o '`[a-z_]*`' |
		tr -d '`' | sort)" "$(words_of COUNTERS)"
}

# "state name current entered": keywords and fields of the lines of /proc
lines()
{
	same "docs/abi.md and the page" \
		"$(sed -nE 's/^\*\*([a-z]+)\*\* ([A-Z0-9_ ]*[A-Z0-9])[^a-z]*([.] .*)?$/\1 \2/p' \
		../../docs/abi.md | tr '[:upper:]' '[:lower:]' | sort)" \
		"$(sed -n 's/^\.It Cm \([a-z]*\) Ar \([a-z0-9_ ]*\)$/\1 \2/p' \
		../../tools/man/tcpstates.4 | sort)"
}

# shellcheck disable=SC2016
trace_event()
{
	same "docs/abi.md and the page" \
		"$(sed -n '/^## The trace event/,/^##* Exit/p' ../../docs/abi.md |
		grep '^| `' | cut -d'|' -f2 | grep -o '`[a-z0-9_]*`' |
		tr -d '`' | sort)" \
		"$(sed -n 's/^\.It Va //p' ../../tools/man/tcpstates.4 |
		sed 's/ , /\n/' | sort)"
}

ktap_plan 6
ktap_run "mandoc finds nothing" lint
ktap_run "mandoc renders them" renders
ktap_run "tcpstates(4) explains all parameters" parameters
ktap_run "tcpstates(4) explains all counters" counters
ktap_run "tcpstates(4) explains all lines of /proc" lines
ktap_run "tcpstates(4) explains all fields of the event" trace_event
ktap_finish
