#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: load the KUnit module, pass on what the kernel log says of it.
# timeout: 60

set -u
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

SUITES="tcps_states tcps_hist tcps_track tcps_hammer"

log_since()
{
	dmesg | sed 's/^\[[^]]*\] //' | sed "1,/$1/d"
}

# pass_on RESULT NAME: a case's own result becomes one of ours.
pass_on()
{
	if [[ $1 == ok ]]; then
		ok "$2"
	else
		not_ok "$2"
	fi
}

cases()
{
	sed -nE 's/^    ((not )?ok) [0-9]+ ([a-z_]+).*/\1 \3/p' <<<"$log" |
		sed 's/^not ok/not_ok/'
}

[[ $(uname -s) == Linux && -n ${TCPSTATES_KO:-} ]] ||
	skip_all "no KUnit module: run selftests/kunit/run"
modprobe kunit 2>/dev/null
[[ -d /sys/module/kunit ]] || skip_all "this kernel has no KUnit"

marker="tcpstates kunit begins $$"
echo "$marker" >/dev/kmsg
insmod "$TCPSTATES_KO" || skip_all "the KUnit module does not load"
rmmod tcpstates_kunit
log=$(log_since "$marker")
mapfile -t results < <(cases)
read -ra suites <<<"$SUITES"

ktap_begin $((${#results[@]} + ${#suites[@]}))
for line in ${results[@]+"${results[@]}"}; do
	pass_on "${line%% *}" "${line#* }"
done
for suite in "${suites[@]}"; do
	is "suite $suite has ended" \
		grep -E "^(not )?ok [0-9]+ $suite\$" <<<"$log"
done
[[ $ktap_failed -eq 0 ]] || note <<<"$log"
ktap_end
