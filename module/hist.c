// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a histogram of dwell times; writing it is tcps_hist_bucket().
 */
#include "hist.h"

/**
 * tcps_hist_low() - the shortest time that belongs to a bucket
 * @bucket:	0 … TCPS_HIST_BUCKETS; the last one ends where this begins
 *
 * Return: units of 1,024 ns.
 */
u64 tcps_hist_low(unsigned int bucket)
{
	unsigned int over;

	if (bucket < TCPS_HIST_LINEAR)
		return bucket;
	over = bucket - TCPS_HIST_LINEAR;
	return (u64)(4 + (over & 3)) << (over / 4 + 1);
}

/**
 * tcps_hist_us() - units as microseconds
 * @units:	units of 1,024 ns
 *
 * Rounded up: a time that was measured is never reported as 0.
 *
 * Return: microseconds.
 */
u64 tcps_hist_us(u64 units)
{
	/* × 1.024, without overflow for any 48-bit time. */
	return units + (units * 24 + 999) / 1000 + !units;
}

/**
 * tcps_hist_total() - how many times a histogram holds
 * @buckets:	TCPS_HIST_BUCKETS counts
 *
 * Return: their sum.
 */
u64 tcps_hist_total(const u64 *buckets)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < TCPS_HIST_BUCKETS; i++)
		sum += buckets[i];
	return sum;
}

/**
 * tcps_hist_quantile_us() - a quantile of a histogram
 * @buckets:	TCPS_HIST_BUCKETS counts, not all 0
 * @permille:	500 for the median, 990 for p99
 * @max_units:	the longest time seen, which no quantile exceeds
 *
 * Return: microseconds: the middle of the bucket in which the quantile lies.
 */
u64 tcps_hist_quantile_us(const u64 *buckets, unsigned int permille,
			  u64 max_units)
{
	u64 total = tcps_hist_total(buckets), seen = 0, rank, mid;
	unsigned int i;

	/* The nearest rank, 1 … total; split so that nothing overflows. */
	rank = total / 1000 * permille + (total % 1000 * permille + 999) / 1000;
	for (i = 0; i < TCPS_HIST_BUCKETS - 1; i++) {
		seen += buckets[i];
		if (seen >= rank)
			break;
	}
	mid = tcps_hist_low(i);
	mid += (tcps_hist_low(i + 1) - mid) / 2;
	return tcps_hist_us(mid < max_units ? mid : max_units);
}
