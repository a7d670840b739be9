#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test that never ends, nor listens, nor keeps its children to itself.
# timeout: 3

trap '' TERM
echo "this test hangs"
setsid sleep 1000 &
while :; do
	sleep 1000
done
