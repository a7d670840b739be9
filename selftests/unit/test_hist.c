// SPDX-License-Identifier: GPL-2.0
/*
 * module/hist.c and hist.h
 */
#include <inttypes.h>

#include "unit.h"
#include "hist.h"
#include "random.inc"

#define END	(1ULL << (TCPS_HIST_MAX_EXP + 1))	/* of the last bucket */
#define LAST	(TCPS_HIST_BUCKETS - 1)
#define FOREVER	((1ULL << 48) - 1)
#define SAMPLES	20000

static u64 bucket[TCPS_HIST_BUCKETS];

static void clear(void)
{
	memset(bucket, 0, sizeof(bucket));
}

/* Not further than 12.5 % from what is true, and a rounding to whole us. */
static bool near(u64 reported, u64 units)
{
	u64 us = tcps_hist_us(units);
	u64 apart = reported > us ? reported - us : us - reported;

	return apart <= us / 8 + 1;
}

static void inverse(void)
{
	unsigned int i;

	for (i = 0; i < TCPS_HIST_BUCKETS; i++) {
		CHECK(tcps_hist_low(i) < tcps_hist_low(i + 1));
		CHECK(tcps_hist_bucket(tcps_hist_low(i)) == i);
		CHECK(tcps_hist_bucket(tcps_hist_low(i + 1) - 1) == i);
	}
	CHECK(tcps_hist_low(0) == 0);
	CHECK(tcps_hist_low(TCPS_HIST_BUCKETS) == END);
}

static void one_value(u64 units)
{
	unsigned int b = tcps_hist_bucket(units);
	u64 low = tcps_hist_low(b), width = tcps_hist_low(b + 1) - low;
	u64 mid = low + width / 2;
	u64 apart = mid > units ? mid - units : units - mid;

	if (CHECK(low <= units && units < low + width) &&
	    CHECK(apart * 8 <= units))
		return;
	printf("# %" PRIu64 " units in bucket %u\n", units, b);
}

/* All small ones, then around every boundary, then some of everywhere. */
static void every_value(void)
{
	unsigned int last = 0, exp;
	u64 units;
	s64 d;

	for (units = 0; units < 1 << 20 && !unit_failed; units++) {
		one_value(units);
		CHECK(tcps_hist_bucket(units) - last <= 1);
		last = tcps_hist_bucket(units);
	}
	for (exp = 4; exp <= TCPS_HIST_MAX_EXP; exp++)
		for (d = -2; d <= 2; d++)
			one_value((1ULL << exp) + d);
	for (units = 1 << 20; units < END && !unit_failed;
	     units += units / 5000 + 1)
		one_value(units);
	CHECK(tcps_hist_bucket(END - 1) == LAST);
}

/* What a histogram of one value reports, dense over all powers of two. */
static void one_sample(void)
{
	u64 units, us;

	for (units = 0; units < END && !unit_failed;
	     units += units / 200 + 1) {
		clear();
		bucket[tcps_hist_bucket(units)] = 1;
		us = tcps_hist_quantile_us(bucket, 500, FOREVER);
		if (!CHECK(near(us, units)))
			printf("# %" PRIu64 " units: %" PRIu64 " us\n", units,
			       us);
		/* The longest time is known exactly. */
		CHECK(tcps_hist_quantile_us(bucket, 990, units) <=
		      tcps_hist_us(units));
	}
}

/* The longest time that 47 bits of ticks can be. */
static void longest(void)
{
	CHECK(END == 1ULL << 47);
	CHECK(tcps_hist_bucket(END - 1) == LAST);
	clear();
	bucket[LAST] = 3;
	CHECK(tcps_hist_quantile_us(bucket, 500, FOREVER) ==
	      tcps_hist_us(tcps_hist_low(LAST) + (1ULL << 43)));
}

/* A count of 64 bits from one of 32, which wraps now and then. */
static void folded(void)
{
	u64 count = 0, total = 0, step;
	unsigned int i;

	random_seed(1);
	for (i = 0; i < 1000; i++) {
		step = random_u64() % (1ULL << 32);
		count += step;
		total = tcps_hist_fold(total, count);
		CHECK(total == count);
		CHECK(tcps_hist_fold(total, count) == count);
	}
	CHECK(total > 1ULL << 40);
}

static int by_size(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static u64 uniform(void)
{
	return random_u64() % 100000;
}

static u64 log_uniform(void)
{
	return random_u64() >> (26 + random_u64() % 38);
}

static u64 two_peaks(void)
{
	return random_u64() % 50 ? 80 + random_u64() % 5 :
	       58593750 + random_u64() % 1000;	/* 60 s: TIME_WAIT */
}

static u64 tiny(void)
{
	return random_u64() % 10;
}

static u64 constant(void)
{
	return 12345;
}

static void compare(const u64 *sample, u64 n)
{
	static const unsigned int permille[] = { 1, 10, 500, 900, 990, 999,
						 1000 };
	u64 max = sample[n - 1], last = 0, us, rank;
	unsigned int i;

	CHECK(tcps_hist_total(bucket) == n);
	for (i = 0; i < ARRAY_SIZE(permille); i++) {
		rank = (n * permille[i] + 999) / 1000;
		us = tcps_hist_quantile_us(bucket, permille[i], max);
		if (!CHECK(near(us, sample[rank - 1])))
			printf("# %u of 1000 of %" PRIu64 ": %" PRIu64
			       " us, not of %" PRIu64 " units\n", permille[i],
			       n, us, sample[rank - 1]);
		CHECK(last <= us);
		last = us;
	}
	CHECK(last <= tcps_hist_us(max));
}

/* Against the same numbers, sorted. */
static void against_sorted(void)
{
	static u64 (*const draw[])(void) = {
		uniform, log_uniform, two_peaks, tiny, constant,
	};
	static const u64 size[] = { 1, 2, 3, 10, 99, 100, 101, 999, 1000, 1001,
				    SAMPLES };
	static u64 sample[SAMPLES];
	unsigned int d, s;
	u64 i;

	for (d = 0; d < ARRAY_SIZE(draw); d++) {
		for (s = 0; s < ARRAY_SIZE(size); s++) {
			clear();
			for (i = 0; i < size[s]; i++) {
				sample[i] = draw[d]();
				bucket[tcps_hist_bucket(sample[i])]++;
			}
			qsort(sample, size[s], sizeof(*sample), by_size);
			compare(sample, size[s]);
		}
	}
}

/* Ranks, where they change from one bucket to the next. */
static void ranks(void)
{
	clear();
	bucket[1] = 50;
	bucket[7] = 50;
	CHECK(tcps_hist_quantile_us(bucket, 500, 7) == tcps_hist_us(1));
	CHECK(tcps_hist_quantile_us(bucket, 501, 7) == tcps_hist_us(7));
	bucket[7] = 51;
	CHECK(tcps_hist_quantile_us(bucket, 500, 7) == tcps_hist_us(7));
	clear();
	bucket[2] = 99;
	bucket[5] = 1;
	CHECK(tcps_hist_quantile_us(bucket, 990, 7) == tcps_hist_us(2));
	bucket[2] = 98;
	CHECK(tcps_hist_quantile_us(bucket, 990, 7) == tcps_hist_us(5));
}

/* So many that a rank computed the plain way would be any number. */
static void huge(void)
{
	u64 half = ~0ULL / 2;

	clear();
	bucket[3] = half;
	bucket[6] = half + 1;
	CHECK(tcps_hist_total(bucket) == ~0ULL);
	CHECK(tcps_hist_quantile_us(bucket, 490, 7) == tcps_hist_us(3));
	CHECK(tcps_hist_quantile_us(bucket, 510, 7) == tcps_hist_us(6));
	CHECK(tcps_hist_quantile_us(bucket, 1000, 7) == tcps_hist_us(6));
	CHECK(tcps_hist_quantile_us(bucket, 1, 7) == tcps_hist_us(3));
}

/* Never 0, and less than 1 us above 1.024 times the units. */
static void check_us(u64 units)
{
	unsigned __int128 exact = (unsigned __int128)units * 1024;
	unsigned __int128 us = (unsigned __int128)tcps_hist_us(units) * 1000;

	if (CHECK(us > 0) && CHECK(us >= exact) &&
	    CHECK(us - exact < 1000 || !units))
		return;
	printf("# %" PRIu64 " units: %" PRIu64 " us\n", units,
	       tcps_hist_us(units));
}

static void microseconds(void)
{
	u64 units;

	CHECK(tcps_hist_us(0) == 1);
	CHECK(tcps_hist_us(1) == 2);
	CHECK(tcps_hist_us(1000) == 1024);
	CHECK(tcps_hist_us(FOREVER) == 288230376151711ULL);
	for (units = 0; units < 100000 && !unit_failed; units++)
		check_us(units);
	for (units = 100000; units <= FOREVER && !unit_failed;
	     units += units / 1000)
		check_us(units);
	check_us(FOREVER);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "buckets and where they begin", inverse },
		{ "every value lies in its bucket, 12.5 %", every_value },
		{ "one sample is reported within 12.5 %", one_sample },
		{ "the longest time has a bucket", longest },
		{ "a count that wraps is folded", folded },
		{ "quantiles against sorted samples", against_sorted },
		{ "ranks at the border of two buckets", ranks },
		{ "totals near 2^64", huge },
		{ "units as microseconds", microseconds },
		{ 0 }
	};

	return unit_run(cases);
}
