/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files (states.c, hist.c, track.c) need from their
 * surroundings, so that user space can compile and test them as they are.
 */
#ifndef _TCPS_PURE_H
#define _TCPS_PURE_H

#ifdef __KERNEL__

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include "pure_user.h"	/* selftests/unit/pure_user.h */

#endif

#endif /* _TCPS_PURE_H */
