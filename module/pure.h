/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files (states.c, hist.c, track.c, rules.c, ring.h) need from their
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

/**
 * tcps_mul_high() - the upper half of a product
 * @a:	one factor
 * @b:	the other
 *
 * What mul_u64_u64_shr(a, b, 64) is; gcc aligns the stack for its 128-bit type.
 *
 * Return: a * b / 2^64.
 */
static __always_inline u64 tcps_mul_high(u64 a, u64 b)
{
#ifdef __x86_64__
	u64 high;

	asm("mulq %2" : "=d" (high), "+a" (a) : "rm" (b) : "cc");
	return high;
#else
	return mul_u64_u64_shr(a, b, 64);
#endif
}

#endif /* _TCPS_PURE_H */
