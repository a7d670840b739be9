#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The table of connections from several threads, under ThreadSanitizer.

set -u

export TSAN_OPTIONS="halt_on_error=1 exitcode=99"
failed=0

for program in test_track_tsan test_track_race; do
	said=$("$OUT/$program" 2>&1)
	status=$?
	# The sanitizer's memory map has no room for every random layout; it
	# says so before it does anything.
	if [[ $said == *'unexpected memory mapping'* ]]; then
		said=$(setarch -R "$OUT/$program" 2>&1)
		status=$?
	fi
	printf '%s\n' "$said"
	[[ $status -eq 0 ]] || failed=1
done
exit "$failed"
