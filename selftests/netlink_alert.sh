#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 python3 python3-yaml python3-jsonschema
# modules: tcp_diag inet_diag
# source: tools/net/ynl Documentation/netlink/genetlink.yaml
# clock: virtual
# timeout: 900
#
# Alerts, rules and history over netlink, and the group that is told of alerts,
# asked by the kernel's own YNL client: see netlink_alert.py.

. "$(dirname "$0")/lib.sh"

need ss python3
[ -d /usr/src/linux/tools/net/ynl ] || skip_all "no YNL client"
in_own_namespace
mod_setup
dir=$(mktemp -d)
at_exit "rm -rf $dir"
python3 "$here/netlink_alert.py" > "$dir/ktap" 2> "$dir/py"
pass_on "$dir/ktap" "$dir/py"
