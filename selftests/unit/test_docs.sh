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

ktap_plan 6
ktap_run "manual: commands" man_commands
ktap_run "manual: options" man_options
ktap_run "manual: environment and files" manual_names
ktap_run "completion: commands" completes_commands
ktap_run "completion: options of each command" completes_options
ktap_run "the command takes all the options it lists" takes_options
ktap_finish
