#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test that passes; the module is loaded with what the command line of the
# kernel says in broken=HOW.

how=$(sed -n 's/.*broken=\([a-z]*\).*/\1/p' /proc/cmdline)
echo "KTAP version 1"
echo "1..1"
if [[ -n $how ]]; then
	insmod "$TCPSTATES_KO" "how=$how" && rmmod broken
fi
echo "ok 1 this test is content"
