// SPDX-License-Identifier: GPL-2.0
/*
 * tools/interval.c
 */
#include "unit.h"
#include "interval.h"
#include "tcpstatectl.h"

static bool parse(struct interval *interval, const char *every,
		  const char *count)
{
	struct options options = { 0 };

	options.value[OPT_INTERVAL] = every;
	options.value[OPT_COUNT] = count;
	return interval_parse(interval, &options);
}

static void words(void)
{
	struct interval interval;

	CHECK(parse(&interval, NULL, NULL) && !interval.us &&
	      interval.turns == 1);
	CHECK(parse(&interval, "1", NULL) && interval.us == 1000000 &&
	      !interval.turns);
	CHECK(parse(&interval, "0.1", "3") && interval.us == 100000 &&
	      interval.turns == 3);
	CHECK(!parse(&interval, NULL, "3"));
	CHECK(!parse(&interval, "", NULL));
	CHECK(!parse(&interval, "0", NULL));
	CHECK(!parse(&interval, "-1", NULL));
	CHECK(!parse(&interval, "nan", NULL));
	CHECK(!parse(&interval, "inf", NULL));
	CHECK(!parse(&interval, "86401", NULL));
	CHECK(!parse(&interval, "1s", NULL));
	CHECK(!parse(&interval, "1", "0"));
	CHECK(!parse(&interval, "1", "-1"));
	CHECK(!parse(&interval, "1", "x"));
	CHECK(!parse(&interval, "1", ""));
}

static double rate(double passed, unsigned long long now,
		   unsigned long long before)
{
	const struct interval interval = { .passed = passed };
	const struct tcpstates_num x = { now, true }, y = { before, true };

	return interval_rate(&interval, &x, &y);
}

static void rates(void)
{
	const struct interval interval = { .passed = 1 };
	const struct tcpstates_num known = { 5, true }, unknown = { 0 };

	CHECK(rate(2, 30, 10) == 10);
	CHECK(rate(1, 10, 10) == 0);
	/* The first turn, and a module that was loaded again */
	CHECK(rate(0, 10, 5) < 0);
	CHECK(rate(1, 5, 10) < 0);
	CHECK(rate(1, -1ULL, -2ULL) == 1);
	CHECK(interval_rate(&interval, &known, &unknown) < 0);
	CHECK(interval_rate(&interval, &unknown, &known) < 0);
}

static void texts(void)
{
	char text[INTERVAL_RATE_SIZE];

	CHECK_TEXT(interval_rate_text(text, -1), "-");
	CHECK_TEXT(interval_rate_text(text, 0), "0.0");
	CHECK_TEXT(interval_rate_text(text, 99.94), "99.9");
	CHECK_TEXT(interval_rate_text(text, 99.96), "100");
	CHECK_TEXT(interval_rate_text(text, 1e18), "1000000000000000000");
}

static void turns(void)
{
	struct interval interval;

	CHECK(parse(&interval, "0.1", "3"));
	interval_begin(&interval);
	CHECK(!interval.passed);
	CHECK(interval_next(&interval));
	interval_begin(&interval);
	CHECK(interval.passed >= 0.09 && interval.passed < 60);
	CHECK(interval_next(&interval));
	CHECK(!interval_next(&interval));
}

static const struct unit_case cases[] = {
	{ "--interval and --count", words },
	{ "rates", rates },
	{ "rates as text", texts },
	{ "turns", turns },
	{ 0 }
};

int main(void)
{
	return unit_run(cases);
}
