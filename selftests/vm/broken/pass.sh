#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test that passes, whatever broken.ko does wrong: broken=HOW,HOW on the
# kernel's command line says what that is to be.

how=$(sed -n 's/.*broken=\([a-z,]*\).*/\1/p' /proc/cmdline)
echo "KTAP version 1"
echo "1..1"
for one in ${how//,/ }; do
	insmod "$TCPSTATES_KO" "how=$one"
	rmmod broken
done
echo "ok 1 this test is content"
