#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 python3
# clock: virtual
# timeout: 1200
#
# Conditions that come and go: alerts, log and memory are bounded, see
# alerts_flap.py.
#
#   FLAPS=COUNT   how often each of 250 listeners is in trouble (12); 40 are
#		10,000 alerts' worth

. "$(dirname "$0")/lib.sh"

need python3 ip tcpstatectl
in_own_namespace
mod_setup
dir=$(mktemp -d)
at_exit "rm -rf $dir"
python3 "$here/alerts_flap.py" "${FLAPS:-12}" > "$dir/ktap" 2> "$dir/py"
pass_on "$dir/ktap" "$dir/py"
