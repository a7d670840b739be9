#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The table of connections from several threads, under ThreadSanitizer.

set -u

program=$OUT/test_track_tsan
export TSAN_OPTIONS="halt_on_error=1 exitcode=99"

# The sanitizer's memory map has no room for every random layout; it says so
# before it does anything.
said=$("$program" 2>&1)
status=$?
if [[ $said == *'unexpected memory mapping'* ]]; then
	said=$(setarch -R "$program" 2>&1)
	status=$?
fi
printf '%s\n' "$said"
exit "$status"
