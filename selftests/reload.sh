#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages: iproute2
# modules: tcp_diag inet_diag
# timeout: 900
#
# Unloaded and loaded in the midst of chaos: what is counted afterwards is
# what the kernel has.

CHAOS=reload
. "$(dirname "$0")/chaos.sh"
