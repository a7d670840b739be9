#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux python3 python3-yaml python3-jsonschema
# modules: tun tcp_diag inet_diag
# source: tools/net/ynl Documentation/netlink/genetlink.yaml
# clock: virtual
# timeout: 120
#
# Who may see and change what: root of a container that a user has made, root of a
# user namespace alone, root of a network namespace, root without CAP_NET_ADMIN,
# netlink sockets that change hands.  Against ss and /proc/net/tcp of the same
# place: see container.py.

. "$(dirname "$0")/lib.sh"

need ss ip python3 setpriv tcpstatectl
in_own_namespace
[ -d /usr/src/linux/tools/net/ynl ] || skip_all "no YNL client"
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
python3 "$here/container.py" > "$dir/ktap" 2> "$dir/py"
pass_on "$dir/ktap" "$dir/py"
