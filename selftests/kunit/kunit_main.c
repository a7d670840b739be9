// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstates_kunit.ko: loading it runs the suites, the kernel log has the
 * results.
 */
#include <linux/module.h>

#include "suites.h"

kunit_test_suites(&tcps_states_suite, &tcps_hist_suite, &tcps_track_suite,
		  &tcps_hammer_suite);

MODULE_DESCRIPTION("KUnit suites for the pure parts of tcpstates");
MODULE_LICENSE("GPL");
