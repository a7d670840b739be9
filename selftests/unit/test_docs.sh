#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Help, manual page and completion know the same commands and options.

set -u
# shellcheck source=../ktap.sh
. ../ktap.sh

tool=$OUT/tcpstatectl
man=../../tools/man/tcpstatectl.8
# shellcheck source=../../tools/completion/tcpstatectl
. ../../tools/completion/tcpstatectl

# complete_words WORD...: what is offered for the last word.
complete_words()
{
	COMP_WORDS=(tcpstatectl "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_tcpstatectl
	printf '%s\n' "${COMPREPLY[@]}" | sort
}

# help_part TITLE [VERB]: the lines under a title of the help.
help_part()
{
	"$tool" help "${@:2}" |
		awk -v title="$1:" '$0 == title { on = 1; next } !NF { on = 0 } on'
}

help_commands()
{
	help_part Commands | awk '{ print $1 }' | sort
}

# "-j, --json text" becomes two words, "--count TIMES text" one.
help_options()
{
	help_part Options "$@" |
		awk '{ sub(",", "", $1); print $1; if ($1 !~ /^--/) print $2 }' |
		sort
}

# same NAME EXPECTED IS: not empty, and equal.
same()
{
	[ -n "$2" ] && [ "$2" = "$3" ] && return
	echo "$1:"
	diff <(echo "$2") <(echo "$3")
	return 1
}

man_commands()
{
	same "help and manual" "$(help_commands)" \
		"$(sed -n 's/^\.It Cm \([a-z-]*\)$/\1/p' "$man" | sort)"
}

man_options()
{
	same "help and manual" "$(help_options)" "$(sed -n -e \
		's/^\.It Fl \(.\) , Fl -\([a-z-]*\)\( Ar [a-z]*\)*$/-\1\n--\2/p' \
		-e 's/^\.It Fl -\([a-z-]*\)\( Ar [a-z]*\)*$/--\1/p' "$man" | sort)"
}

completes_commands()
{
	same "help and completion" "$(help_commands)" \
		"$(complete_words '')" &&
		same "help and completion of help" "$(help_commands)" \
			"$(complete_words help '')" &&
		same "one letter" "show" "$(complete_words s)" &&
		same "after an option" "$(help_commands)" \
			"$(complete_words -j '')"
}

completes_options()
{
	local verb

	same "options" "$(help_options)" "$(complete_words -)" || return
	for verb in $(help_commands); do
		same "options of $verb" "$(help_options "$verb")" \
			"$(complete_words "$verb" -)" || return
	done
	same "some letters" "--json" "$(complete_words show --j)"
}

# Of the tool's sources: what stands in a table of names
names_in()
{
	sed -n "/$2/,/^};/s/.*\\] = \"\([A-Za-z_0-9]*\)\",/\1/p" \
		"../../tools/lib/$1" | sort
}

rules()
{
	names_in rules.c 'rule_names\[\]'
}

causes()
{
	names_in state.c 'causes\[\]'
}

states()
{
	names_in state.c 'names\[\]'
}

# conditions PATTERN: of filter.c, for whom they make sense
conditions()
{
	sed -nE "s/^	\\{ \"([a-z]+)\", ($1), .*/\1/p" ../../tools/filter.c |
		sort
}

# completes NAME EXPECTED WORD...
completes()
{
	same "completion of $1" "$2" "$(complete_words "${@:3}")"
}

completes_words()
{
	local verb low

	low=$(states | tr A-Z_ a-z- | sort)
	completes conns "$(conditions 'ALL|ENDS')" conns '' &&
	completes listeners "$(conditions ALL)" listeners '' &&
	completes events "$(conditions 'ALL|ENDS|FILTER_EVENTS')" events '' &&
	completes cause "$(causes)" events cause '' &&
	completes alerts "$(printf 'cleared\nraised\n' |
		sort - <(rules))" alerts '' &&
	completes check "$(rules)" check '' &&
	completes 'rules set' "$(rules)" rules set '' &&
	completes parameters "$(names_in rules.c 'param_names\[\]' |
		sed 's/$/=/')" rules set half_dead '' &&
	completes hist "$low" hist '' &&
	for verb in conns events; do
		completes "$verb state" "$low" "$verb" state '' || return
	done
}

# Every spelling, lists, two states, and a value behind "="
completes_parts()
{
	completes CLOSE_ CLOSE_WAIT conns state CLOSE_ &&
	completes close_ close_wait events from close_ &&
	completes CLOSE- CLOSE-WAIT conns state CLOSE- &&
	completes close "$(printf 'close-wait\nclosed\n')" events to close &&
	completes a,la close-wait,last-ack conns state close-wait,la &&
	completes A,B,L A,B,LAST_ACK events to A,B,LA &&
	completes a:b syn-recv:established hist syn-recv:e &&
	completes 'a : b' established hist syn-recv : e &&
	completes ': ' "$(complete_words hist '')" hist syn-recv : &&
	completes --color=al --color=always conns --color=al &&
	completes '--color = al' always --color = al &&
	completes '--color =' "$(printf 'always\nauto\nnever\n')" \
		top --color = &&
	completes 'after --color = x' "$(help_commands)" --color = always ''
}

# A chapter of the manual
chapter()
{
	awk -v title=".Sh $1" '/^\.Sh/ { on = $0 == title } on' "$man"
}

man_words()
{
	same "conditions in the manual" \
		"$(conditions 'ALL|ENDS|FILTER_EVENTS')" \
		"$(chapter FILTERS | grep '^\.It Cm' | grep -oE 'Cm [a-z]+' |
			sed 's/Cm //' | sort -u)" &&
	same "causes in the manual" "$(causes)" \
		"$(chapter FILTERS | sed -n '/^\.It Cm cause/,/^\.It Cm older/s/^\.Ql \([a-z]*\) .*/\1/p' |
			sort)" &&
	same "states in the manual" "$(states)" "$(chapter FILTERS |
		grep -o '^\.Dv [A-Z].*' | grep -oE '[A-Z_]{3,}[12]?' | sort)" &&
	same "rules in the manual" "$(rules)" "$(chapter RULES |
		sed -n '/^Rules are/,/^\.Bl/p' | grep -oE '[a-z]+_[a-z_]+' |
		sort)" &&
	same "parameters in the manual" \
		"$(names_in rules.c 'param_names\[\]')" \
		"$(chapter RULES | sed -n 's/^\.It Va //p' | sort)"
}

# A letter for those that have one: it is the synopsis that is to be short.
short_options()
{
	help_part Options "$@" |
		awk '{ sub(",", "", $1); print $1 }' | sort
}

# synopsis [VERB]: options of its lines in the manual
synopsis()
{
	chapter SYNOPSIS | awk -v verb="${1:-}" '
	/^\.Nm/ { name = "" }
	/^\.(Op )?Cm/ { name = $1 == ".Op" ? $3 : $2 }
	{ lines[++n] = $0 }
	/^\.Nm/ { block++ }
	{ of[n] = block }
	/^\.(Op )?(Cm|Ar command)/ && !(block in names) {
		names[block] = /command/ ? "" : $1 == ".Op" ? $3 : $2
	}
	END {
		for (i = 1; i <= n; i++)
			if (of[i] && names[of[i]] == verb)
				print lines[i]
	}' | grep -oE 'Fl (-[a-z-]+|[a-zA-Z]+)' | while read -r _ option; do
		case $option in
		-*)	echo "-$option" ;;
		*)	fold -w 1 <<<"$option" | sed 's/^/-/' ;;
		esac
	done | sort
}

man_synopsis()
{
	local verb always

	always=$(synopsis)
	same "synopsis: options of all commands" "$(short_options help)" \
		"$always" || return
	for verb in $(help_commands); do
		same "synopsis of $verb" "$(short_options "$verb")" \
			"$({ synopsis "$verb"; echo "$always"; } | grep . |
				sort)" || return
	done
}

# What the help lists is what the command takes; 2 is for a module that is not
# loaded, which most commands need.
takes_options()
{
	local verb option words
	local -x TCPSTATES_PROC=fixtures/busy

	for verb in $(help_commands); do
		for option in $(help_options "$verb"); do
			words=("$verb" "$option")
			case $option in
			-N | --netns)	words+=("$$") ;;
			--interval)	words+=(0.1 --count 1) ;;
			--count)	words+=(1)
					[[ $verb == @(events|top) ]] ||
						words+=(--interval 0.1) ;;
			--color)	words+=(never) ;;
			--exec)		words+=(true --follow) ;;
			esac
			[[ $verb != hist ]] || words+=(listen)
			"$tool" "${words[@]}" >/dev/null 2>&1
			[[ $? -ne 1 ]] || { echo "${words[*]}"; return 1; }
		done
	done
}

manual_names()
{
	local word

	for word in TCPSTATES_PROC /proc/tcpstates \
		    /sys/module/tcpstates/version; do
		grep -q "^\.It [PE][av] $word$" "$man" || return
	done
}

ktap_plan 10
ktap_run "manual: commands" man_commands
ktap_run "manual: options" man_options
ktap_run "manual: options in the synopsis" man_synopsis
ktap_run "manual: conditions, causes, states, rules" man_words
ktap_run "manual: environment and files" manual_names
ktap_run "completion: commands" completes_commands
ktap_run "completion: options of each command" completes_options
ktap_run "completion: conditions, causes, states, rules" completes_words
ktap_run "completion: parts of words" completes_parts
ktap_run "the command takes all the options it lists" takes_options
ktap_finish
