/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The suites of tcpstates_kunit.ko: the pure files of the module, tested in
 * the kernel that they are made for.
 */
#ifndef _TCPS_SUITES_H
#define _TCPS_SUITES_H

#include <kunit/test.h>

extern struct kunit_suite tcps_states_suite;
extern struct kunit_suite tcps_hist_suite;
extern struct kunit_suite tcps_track_suite;
extern struct kunit_suite tcps_hammer_suite;

#endif /* _TCPS_SUITES_H */
