#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux python3 python3-yaml python3-jsonschema
# modules: tun
# source: tools/net/ynl Documentation/netlink/genetlink.yaml
# clock: virtual
# timeout: 600
#
# /proc/tcpstates, netlink and the tool's JSON say the same, number by number:
# at rest, under load, and at rest again: see parity.py.
#
#   parity_rounds=COUNT   rounds under load (50, 6 on a debug kernel), on the
#                         kernel's command line

. "$(dirname "$0")/lib.sh"

need tcp_walk swarm tcpstatectl nsenter python3 ss
[ -d /usr/src/linux/tools/net/ynl ] || skip_all "no YNL client"
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
rounds=50
! slow_kernel || rounds=6
said=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^parity_rounds=//p')
tcp_walk -N -n 20 -x "python3 $here/parity.py ${said:-$rounds} \
	> $dir/ktap 2> $dir/py" hold_mix > "$dir/walk" 2>&1 ||
	note < "$dir/walk"
pass_on "$dir/ktap" "$dir/py"
