#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The manual page is sound and can be rendered.

set -u
# shellcheck source=../ktap.sh
. ../ktap.sh

man=../../tools/man/tcpstatectl.8

command -v mandoc >/dev/null || {
	echo "1..0 # SKIP mandoc is missing (Debian: apt install mandoc)"
	exit 4
}

lint()
{
	mandoc -T lint -W warning "$man"
}

renders()
{
	local text

	text=$(mandoc -T ascii "$man" | sed $'s/.\b//g') || return
	grep -q '^TCPSTATECTL(8)' <<<"$text" &&
		grep -q '^EXIT STATUS' <<<"$text" &&
		! grep -n '.\{81\}' <<<"$text"
}

ktap_plan 2
ktap_run "mandoc finds nothing" lint
ktap_run "mandoc renders it" renders
ktap_finish
