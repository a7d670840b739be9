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

static void parsed(void)
{
	static const struct {
		const char *text;
		bool valid;
		unsigned long long us;
	} cases[] = {
		{ "60s", true, MINUTE }, { "60", true, MINUTE },
		{ "500ms", true, SECOND / 2 }, { "7us", true, 7 },
		{ "5m", true, 5 * MINUTE }, { "2h", true, 2 * HOUR },
		{ "1d", true, DAY }, { "0s", true, 0 },
		{ "1h30m", true, HOUR + 30 * MINUTE },
		{ "5m30s", true, 5 * MINUTE + 30 * SECOND },
		{ "2d4h", true, 2 * DAY + 4 * HOUR },
		{ "1d1h1m1s1ms1us", true, DAY + HOUR + MINUTE + 1001001 },
		{ "1m500ms", true, MINUTE + SECOND / 2 },
		{ "1.5", true, 1500000 }, { "1.3ms", true, 1300 },
		{ "60.0s", true, MINUTE }, { "0.25h", true, 15 * MINUTE },
		{ "0.0000001s", true, 0 },
		{ "18446744073709551615us", true, ULLONG_MAX },
		{ "", false, 0 }, { "s", false, 0 }, { "-1s", false, 0 },
		{ "1x", false, 0 }, { "1 s", false, 0 }, { "1s ", false, 0 },
		{ "1.s", false, 0 }, { ".5s", false, 0 }, { "1.5.5s", false, 0 },
		{ "1e3s", false, 0 }, { "0x10s", false, 0 },
		{ "1h30", false, 0 }, { "30m1h", false, 0 },
		{ "1m1m", false, 0 }, { "1mm", false, 0 }, { "1hm", false, 0 },
		{ "99999999999999999999s", false, 0 },
		{ "18446744073709551615d", false, 0 },
		{ "18446744073709551615.9us1us", false, 0 },
		{ "18446744073709s551ms616us", false, 0 },
	};
	unsigned long long us;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		us = 1234;
		if (duration_parse(cases[i].text, &us) != cases[i].valid ||
		    (cases[i].valid && us != cases[i].us))
			CHECK_TEXT(cases[i].text, "read as it should be");
	}
}

/* What is printed can be typed, and is printed the same again. */
static void there_and_back(void)
{
	char text[DURATION_SIZE], again[DURATION_SIZE];
	unsigned long long us, read;

	for (us = 1; us < 1000 * DAY; us += us / 7 + 1) {
		duration_format(text, us);
		CHECK(duration_parse(text, &read));
		CHECK_TEXT(duration_format(again, read), text);
	}
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "every unit", units },
		{ "rounding at the borders of units", rounding },
		{ "the longest duration", longest },
		{ "read as people write them", parsed },
		{ "read as they are written", there_and_back },
		{ 0 }
	};

	return unit_run(cases);
}
