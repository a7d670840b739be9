#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 libc-bin python3
# modules: tun tcp_diag inet_diag
# clock: virtual
# timeout: 400
#
# tcpstatectl conns on 6,000 sockets in all states, of IPv4, IPv6 and v4-mapped,
# of several users and processes: those of ss, with all who have them open; their
# ages to 10 ms; and what is left of those after a reload: see tool_many.py.

. "$(dirname "$0")/lib.sh"

need tcp_walk ss python3 tcpstatectl
mix=500 pairs=60 least=5000
! slow_kernel || mix=60 pairs=20 least=700
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
ulimit -n 20000
tcp_walk -N -n $mix -x "python3 $here/tool_many.py $pairs $least \
	> $dir/ktap 2> $dir/py" hold_mix > "$dir/walk" 2>&1 ||
	note < "$dir/walk"
pass_on "$dir/ktap" "$dir/py"
