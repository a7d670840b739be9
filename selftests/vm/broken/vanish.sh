#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test under which the guest ends without its end marker, quietly.

echo "ok 1 said before the machine went"
sleep 0.2
reboot -f
