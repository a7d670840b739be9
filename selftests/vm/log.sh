# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the runner says: progress and errors on stderr, results on stdout.

say()
{
	printf 'vm: %s\n' "$*" >&2
}

# die MESSAGE: one line that says what went wrong and what to do.
die()
{
	printf 'vm: error: %s\n' "$*" >&2
	exit 2
}

# need PROGRAM PACKAGE: fail early, and name the cure.
need()
{
	command -v "$1" >/dev/null 2>&1 ||
		die "'$1' is missing (package $2): run selftests/vm/deps as root"
}

# run_logged LOG COMMAND...: quiet when it works, the end of LOG when not.
run_logged()
{
	local log=$1

	shift
	"$@" >"$log" 2>&1 && return 0
	tail -n 40 "$log" >&2
	return 1
}
