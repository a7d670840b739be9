#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 python3 python3-yaml python3-jsonschema
# modules: tun tcp_diag inet_diag
# source: tools/net/ynl Documentation/netlink/genetlink.yaml
# timeout: 300
#
# The netlink family, asked by the kernel's own YNL client with our spec, against
# /proc/tcpstates, ss and /proc/net/tcp: see netlink.py.

# at_exit takes what it is to expand later.
# shellcheck disable=SC2016

. "$(dirname "$0")/lib.sh"

need tcp_walk ss python3
[ -d /usr/src/linux/tools/net/ynl ] || skip_all "no YNL client"
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
tcp_walk -N -n 20 -x "python3 $here/netlink.py > $dir/ktap 2> $dir/py" hold_mix \
	> "$dir/walk" 2>&1 || note < "$dir/walk"
pass_on "$dir/ktap" "$dir/py"
