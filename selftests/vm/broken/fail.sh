#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test that fails.

echo "KTAP version 1"
echo "1..1"
echo "not ok 1 this test is not content"
exit 1
