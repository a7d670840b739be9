# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# From what a guest sent to KTAP and an exit status.

# What a kernel says when something is wrong, whatever the tests say.
VERDICT_WARNINGS='WARNING:|BUG:|BUG |Oops|[Cc]all [Tt]race:|KASAN|KCSAN|UBSAN'
VERDICT_WARNINGS+='|possible (recursive|circular|irq lock inversion)'
VERDICT_WARNINGS+='|inconsistent lock state|suspicious RCU usage'
VERDICT_WARNINGS+='|unreferenced object|INFO: task .* blocked|INFO: rcu'
VERDICT_WARNINGS+='|self-detected stall|detected stalls|rcu.*stall'
VERDICT_WARNINGS+='|general protection|[Uu]nable to handle|double fault'
VERDICT_WARNINGS+='|scheduling while atomic|sleeping function called'
VERDICT_WARNINGS+='|soft lockup|hard LOCKUP|bad page state|stack guard'
VERDICT_WARNINGS+='|ODEBUG:|refcount_t:|list_(add|del) corruption'
VERDICT_WARNINGS+='|Kernel panic|kernel bug|unchecked MSR|trap invalid'
VERDICT_WARNINGS+='|Objects remaining|held lock freed|still holding locks|Internal error:'

# Lines that match the above and say nothing is wrong.
VERDICT_HARMLESS='KernelAddressSanitizer initialized|kcsan: non-strict mode'

# verdict_warnings LOG: the offending lines.
verdict_warnings()
{
	tr -d '\r' <"$1" | verdict_races | grep -aE "$VERDICT_WARNINGS" |
		grep -avE "$VERDICT_HARMLESS"
}

# verdict_races: without the data races of the kernel's own, of which there are
# many. Ours have a module, which it has none of itself, in the first line of one
# of the two stacks.
verdict_races()
{
	awk '
	/BUG: KCSAN: / { report = $0; next }
	{ print }
	report == "" { next }
	first && / \[[a-z0-9_]+\]$/ { ours = 1 }
	{ first = / by (task|interrupt)|race at unknown origin/ }
	/Reported by Kernel Concurrency Sanitizer/ {
		if (ours)
			print report
		report = ours = first = ""
	}
	END { if (report != "") print report }'
}

# verdict_taint MASK: the bits of /proc/sys/kernel/tainted that mean trouble.
verdict_taint()
{
	local -A bits=([3]=forced-unload [4]=machine-check [5]=bad-page
		       [7]=died [9]=warned [14]=lockup)
	local bit

	for bit in "${!bits[@]}"; do
		((($1 >> bit & 1) == 0)) || printf '%s ' "${bits[$bit]}"
	done
}

# report LINE: for the caller, and for whoever looks later.
report()
{
	printf '%s\n' "$1"
	printf '%s\n' "$1" >>"$OUT/ktap.log"
}

# report_indented: stdin as a comment inside the result that follows.
report_indented()
{
	local line

	while IFS= read -r line; do
		report "  # $line"
	done
}

# result ok|'not ok' NAME [COMMENT]
result()
{
	RESULTS=$((RESULTS + 1))
	[[ $1 == ok ]] || FAILED=$((FAILED + 1))
	report "$1 $RESULTS selftests: tcpstates: $2${3:+ # $3}"
}

# verdict_tests: KTAP from the guest's lines on stdin and from its log. The
# plan is all tests, the guest's own end, and the kernel log.
verdict_tests()
{
	RESULTS=0 FAILED=0 ENDED=
	report "KTAP version 1"
	report "1..$((${#TESTS[@]} + 2))"
	verdict_stream
	while ((RESULTS < ${#TESTS[@]})); do
		result 'not ok' "${TESTS[RESULTS]}" "no result from the guest"
	done
	verdict_end
	verdict_log
	[[ $FAILED -eq 0 ]]
}

# verdict_stream: the blank line before a marker belongs to it.
verdict_stream()
{
	local line blank=

	while IFS= read -r line; do
		line=${line//$'\r'/}
		if [[ $line == "@$NONCE "* ]]; then
			blank=
			verdict_marker "${line#* }"
			continue
		fi
		[[ -z $blank ]] || report "  "
		blank=
		if [[ -z $line ]]; then
			blank=yes
		else
			report "  $line"
		fi
	done
}

# verdict_marker WORDS: "begin NAME", "end NAME STATUS" or "exit TAINT".
verdict_marker()
{
	local words

	read -ra words <<<"$1"
	case ${words[0]} in
	begin)	SECONDS=0 BEGUN=$(boot_cost) || : ;;
	end)	verdict_one "${words[1]}" "${words[2]}" ;;
	exit)	ENDED=${words[1]} ;;
	esac
}

verdict_one()
{
	local on="kernel $KERNEL_RELEASE, $SECONDS s" cost

	# What it takes on a machine that has nothing else to do
	! cost=$(boot_cost) || on+=", $((cost - ${BEGUN:-0})) of a processor"
	case $2 in
	0)		result ok "$1" "$on" ;;
	4)		result ok "$1" "SKIP $on" ;;
	timeout)	result 'not ok' "$1" "TIMEOUT $on" ;;
	*)		result 'not ok' "$1" "exit=$2 $on" ;;
	esac
}

verdict_end()
{
	local why=

	if [[ -e $WORK/timeout ]]; then
		why="no end within $HOST_TIMEOUT s, the guest was stopped"
	elif [[ -z $ENDED ]]; then
		why="the end marker is missing: the guest died half-way"
	fi
	if [[ -n $why ]]; then
		tail -n 5 "$OUT/qemu.log" "$OUT/console.log" |
			tr -d '\r' | report_indented
		result 'not ok' "the guest ran to its end" "$why"
	else
		result ok "the guest ran to its end"
	fi
}

# verdict_first WARNINGS: what the log says from the first of them on, for the next run
# writes over it
verdict_first()
{
	[[ -z $1 ]] || tr -d '\r' <"$OUT/console.log" |
		grep -aF -m 1 -A 60 -- "$(head -n 1 <<<"$1")"
}

verdict_log()
{
	local warnings taint

	warnings=$(verdict_warnings "$OUT/console.log") || :
	taint=$(verdict_taint "${ENDED:-0}")
	if [[ -n $warnings || -n $taint ]]; then
		head -n 40 <<<"$warnings" | report_indented
		verdict_first "$warnings" | report_indented
		result 'not ok' "the kernel log is clean" \
			"${taint:+tainted: $taint}see $OUT/console.log"
	else
		result ok "the kernel log is clean"
	fi
}

# verdict_command: the command's own output, and its status unless the guest
# or its kernel went wrong.
verdict_command()
{
	local status=1

	RESULTS=0 FAILED=0 ENDED='' STATUS=1
	verdict_pass
	status=$STATUS
	{
		verdict_end
		verdict_log
	} >"$WORK/verdict"
	[[ $FAILED -eq 0 ]] && return "$status"
	cat "$WORK/verdict" >&2
	return 1
}

# verdict_pass: what is between "begin" and "end", unchanged.
verdict_pass()
{
	local line open='' held=

	while IFS= read -r line; do
		if [[ $line == "@$NONCE "* ]]; then
			case ${line#* } in
			begin*)	open=yes held= ;;
			end*)	[[ -z $held ]] || printf %s "${held%$'\n'}"
				open='' STATUS=${line##* } ;;
			exit*)	ENDED=${line##* } ;;
			esac
			continue
		fi
		[[ -n $open ]] || continue
		printf %s "$held"
		held=$line$'\n'
	done
}
