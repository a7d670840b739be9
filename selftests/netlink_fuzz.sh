#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2 util-linux
# modules: tun
# timeout: 400
#
# Requests made after the kernel's own dump of our policies, and broken ones:
# root's, here and in the initial namespace, then nobody's, while sockets of all
# kinds are there.
#
#   FUZZ_MESSAGES=COUNT   messages (200000, a tenth on a debug kernel)
#   FUZZ_SEED=NUMBER      another run (1)

# The functions below are called through is().
# shellcheck disable=SC2317

. "$(dirname "$0")/lib.sh"

need tcp_walk netlink_fuzz unshare nsenter setpriv
in_own_namespace
messages=200000
! slow_kernel || messages=20000
messages=${FUZZ_MESSAGES:-$messages}
# On the guest's kernel command line: fuzz_messages=1000000 fuzz_seed=7
said=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^fuzz_messages=//p')
messages=${said:-$messages}
seed=${FUZZ_SEED:-1}
said=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^fuzz_seed=//p')
seed=${said:-$seed}
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mod_setup
tcp_walk -n 5 -x "touch $dir/there; sleep 3000" hold_mix > /dev/null 2>&1 &
walk=$!
at_exit "kill -9 $walk 2> /dev/null"
poll 60 test -e "$dir/there"

# fuzz NAME COMMAND...: the result, and how often what was accepted
fuzz()
{
	is "$1" said_in "$dir/out" "${@:2}"
	grep accepted "$dir/out" |
		sed -E 's/^operation (.*): accepted (.*) times/\1: \2,/' |
		tr '\n' ' ' | note
	echo
}

said_in()
{
	"${@:2}" > "$1" 2>&1 && return
	cat "$1"
	return 1
}

all_settled()
{
	balanced < "$PROC" && gauges_are_kernels
}

ktap_begin 4
fuzz "root: $((messages / 2)) messages" \
	netlink_fuzz $((messages / 2)) "$seed"
fuzz "root in the initial namespace: $((messages / 4)) messages" \
	nsenter -t 1 -n netlink_fuzz $((messages / 4)) $((seed + 2))
fuzz "nobody: $((messages / 4)) messages" \
	setpriv --reuid=65534 --clear-groups --bounding-set=-all \
	netlink_fuzz $((messages / 4)) $((seed + 1))
is "the numbers are right in the end" poll 20 all_settled
kill -9 $walk
wait 2> /dev/null
ktap_end
