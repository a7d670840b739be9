/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log-linear histograms of dwell times.  Pure: compiled by the unit tests.
 *
 * Times are counted in units of 1,024 ns, so that a shift turns nanoseconds
 * into units.  Below 8 units a bucket is one unit wide, above it each power
 * of two has four buckets: reporting the middle of a bucket is wrong by at
 * most 12.5 %, or by a unit where that is more.
 */
#ifndef _TCPS_HIST_H
#define _TCPS_HIST_H

#include "pure.h"

#define TCPS_UNIT_SHIFT		10
#define TCPS_HIST_LINEAR	8	/* buckets of one unit */
#define TCPS_HIST_MAX_EXP	46	/* 2^47 units: 4.5 years */
#define TCPS_HIST_BUCKETS	(TCPS_HIST_LINEAR + 4 * (TCPS_HIST_MAX_EXP - 2))

/**
 * tcps_hist_bucket() - the bucket of a dwell time
 * @units:	the time, in units of 1,024 ns; less than 2^47, as is every
 *		tcps_units()
 *
 * Any context.
 *
 * Return: 0 … TCPS_HIST_BUCKETS - 1.
 */
static __always_inline unsigned int tcps_hist_bucket(u64 units)
{
	/* How many of the low bits do not matter, none of the last three. */
	unsigned int drop = __fls(units | 4) - 2;

	return 4 * drop + (units >> drop);
}

/**
 * tcps_hist_fold() - a 64-bit count from one that wraps
 * @total:	the count when it was folded last
 * @low:	its lower 32 bits now; it must not have grown by 2^32
 *
 * Return: the count now.
 */
static inline u64 tcps_hist_fold(u64 total, u32 low)
{
	return total + (u32)(low - (u32)total);
}

u64 tcps_hist_low(unsigned int bucket);
u64 tcps_hist_us(u64 units);
u64 tcps_hist_total(const u64 *buckets);
u64 tcps_hist_quantile_us(const u64 *buckets, unsigned int permille,
			  u64 max_units);

#endif /* _TCPS_HIST_H */
