#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In the guest, after the tests: what gcov has counted in the module, also after
# it was unloaded, as lines that selftests/coverage/run looks for.

set -u
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

counts=/sys/kernel/debug/gcov
[ -d $counts ] || skip_all "no $counts: the kernel is built without GCOV_KERNEL"
dir=$(mktemp -d)
trap 'rm -rf $dir' EXIT
# Only what is read from them knows how long they are.
find $counts -path '*/module/*.gcda' | while read -r file; do
	cat "$file" > "$dir/${file##*/}"
done
files=$(find "$dir" -name '*.gcda' | wc -l)
tar -C "$dir" -czf - . | base64 | sed 's/^/# gcda /'
ktap_begin 1
if [ "$files" -gt 0 ]; then
	ok "$files files of counts"
else
	not_ok "files of counts"
fi
ktap_end
