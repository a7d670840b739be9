#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test that sleeps for long, and looks at the clock.
# clock: virtual
# timeout: 1500

begun=$SECONDS
sleep 1000
echo "KTAP version 1"
echo "1..1"
if [ $((SECONDS - begun)) -ge 1000 ]; then
	echo "ok 1 a thousand seconds have passed"
else
	echo "not ok 1 a thousand seconds have passed"
	exit 1
fi
