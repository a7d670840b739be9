// SPDX-License-Identifier: GPL-2.0
/*
 * tools/duration.c
 */
#include <limits.h>

#include "unit.h"
#include "duration.h"

#define SECOND	1000000ULL
#define MINUTE	(60 * SECOND)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)

static void check(unsigned long long us, const char *expected)
{
	char buf[DURATION_SIZE];

	CHECK_TEXT(duration_format(buf, us), expected);
}

static void units(void)
{
	check(0, "0us");
	check(12, "12us");
	check(999, "999us");
	check(1000, "1.0ms");
	check(1300, "1.3ms");
	check(SECOND, "1.0s");
	check(MINUTE, "60.0s");
	check(2 * MINUTE, "2m");
	check(5 * MINUTE + 30 * SECOND, "5m30s");
	check(HOUR, "1h");
	check(3 * HOUR + 20 * MINUTE, "3h20m");
	check(2 * DAY, "2d");
	check(2 * DAY + 4 * HOUR, "2d4h");
}

/* Rounded to the nearest, and never to 1000.0ms or 60m60s. */
static void rounding(void)
{
	check(1049, "1.0ms");
	check(1050, "1.1ms");
	check(999949, "999.9ms");
	check(999950, "1.0s");
	check(119949999, "119.9s");
	check(119950000, "2m");
	check(HOUR - SECOND, "59m59s");
	check(HOUR - SECOND / 2, "1h");
	check(DAY - MINUTE, "23h59m");
	check(DAY - MINUTE / 2, "1d");
	check(2 * DAY - 1, "2d");
}

static void longest(void)
{
	check(ULLONG_MAX, "213503982d8h");
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "every unit", units },
		{ "rounding at the borders of units", rounding },
		{ "the longest duration", longest },
		{ 0 }
	};

	return unit_run(cases);
}
