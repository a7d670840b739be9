#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test that takes its time, so that its guest can be killed meanwhile.

echo "in the middle of it"
sleep 100
echo "still there"
