# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# KTAP for scripts that run on the host: ktap_plan N, ktap_run NAME COMMAND...,
# ktap_finish (the exit status).

KTAP_NR=0
KTAP_FAILED=0

ktap_plan()
{
	echo "TAP version 13"
	echo "1..$1"
}

# ktap_run NAME COMMAND...: the command's output is shown if it fails.
ktap_run()
{
	local name=$1 out status=0

	shift
	KTAP_NR=$((KTAP_NR + 1))
	out=$("$@" 2>&1) || status=$?
	if [[ $status -eq 0 ]]; then
		echo "ok $KTAP_NR $name"
		return 0
	fi
	printf '# %s\n' "${out//$'\n'/$'\n# '}"
	echo "not ok $KTAP_NR $name # exit status $status"
	KTAP_FAILED=$((KTAP_FAILED + 1))
}

ktap_finish()
{
	[[ $KTAP_FAILED -eq 0 ]]
}
