// SPDX-License-Identifier: GPL-2.0
/*
 * module/hist.c with the kernel's own fls64() and divisions.
 */
#include <linux/math64.h>

#include "hist.h"
#include "suites.h"

#define END	(1ULL << (TCPS_HIST_MAX_EXP + 1))
#define FOREVER	((1ULL << 48) - 1)

static void buckets(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < TCPS_HIST_BUCKETS; i++) {
		KUNIT_EXPECT_EQ(test, tcps_hist_bucket(tcps_hist_low(i)), i);
		KUNIT_EXPECT_EQ(test,
				tcps_hist_bucket(tcps_hist_low(i + 1) - 1), i);
	}
	KUNIT_EXPECT_EQ(test, tcps_hist_low(TCPS_HIST_BUCKETS), END);
	KUNIT_EXPECT_EQ(test, tcps_hist_bucket(END - 1),
			(unsigned int)TCPS_HIST_BUCKETS - 1);
}

/* The middle of a bucket is within an eighth of all that is in it. */
static void error(struct kunit *test)
{
	u64 units, low, mid;
	unsigned int b;

	for (units = TCPS_HIST_LINEAR; units < END; units += units / 50 + 1) {
		b = tcps_hist_bucket(units);
		low = tcps_hist_low(b);
		mid = low + (tcps_hist_low(b + 1) - low) / 2;
		KUNIT_ASSERT_GE(test, units, low);
		KUNIT_EXPECT_LE(test, 8 * abs_diff(mid, units), units);
	}
}

static void quantiles(struct kunit *test)
{
	u64 *bucket = kunit_kcalloc(test, TCPS_HIST_BUCKETS, sizeof(*bucket),
				    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bucket);
	bucket[3] = ~0ULL / 2;
	bucket[6] = ~0ULL / 2 + 1;
	KUNIT_EXPECT_EQ(test, tcps_hist_total(bucket), ~0ULL);
	KUNIT_EXPECT_EQ(test, tcps_hist_quantile_us(bucket, 490, 9),
			tcps_hist_us(3));
	KUNIT_EXPECT_EQ(test, tcps_hist_quantile_us(bucket, 990, 9),
			tcps_hist_us(6));
	KUNIT_EXPECT_EQ(test, tcps_hist_quantile_us(bucket, 990, 5),
			tcps_hist_us(5));
}

static void microseconds(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tcps_hist_us(0), 1ULL);
	KUNIT_EXPECT_EQ(test, tcps_hist_us(1), 2ULL);
	KUNIT_EXPECT_EQ(test, tcps_hist_us(1000), 1024ULL);
	KUNIT_EXPECT_EQ(test, tcps_hist_us(FOREVER), 288230376151711ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(buckets),
	KUNIT_CASE(error),
	KUNIT_CASE(quantiles),
	KUNIT_CASE(microseconds),
	{}
};

struct kunit_suite tcps_hist_suite = {
	.name = "tcps_hist",
	.test_cases = cases,
};
