#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 python3
# timeout: 180
#
# Records whose sockets have died, or moved on, without being seen: see stale.py.

. "$(dirname "$0")/lib.sh"

need python3 ip ss
in_own_namespace
mod_setup
dir=$(mktemp -d)
at_exit "rm -rf $dir"
python3 "$here/stale.py" > "$dir/ktap" 2> "$dir/py"
pass_on "$dir/ktap" "$dir/py"
