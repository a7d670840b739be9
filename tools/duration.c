// SPDX-License-Identifier: GPL-2.0
/*
 * Durations as people write them: 12us, 1.3ms, 60.0s, 5m30s, 2d.
 */
#include <stdio.h>

#include "duration.h"

static unsigned long long divide(unsigned long long value, unsigned long long by)
{
	return value / by + (value % by >= (by + 1) / 2);
}

static char *one_decimal(char *buf, unsigned long long tenths, const char *unit)
{
	snprintf(buf, DURATION_SIZE, "%llu.%u%s", tenths / 10,
		 (unsigned int)(tenths % 10), unit);
	return buf;
}

/* @small is counted in the smaller unit, @base of them make a big one. */
static char *two_units(char *buf, unsigned long long small, unsigned int base,
		       char big_unit, char small_unit)
{
	int n = snprintf(buf, DURATION_SIZE, "%llu%c", small / base,
			 big_unit);

	if (small % base)
		snprintf(buf + n, DURATION_SIZE - n, "%u%c",
			 (unsigned int)(small % base), small_unit);
	return buf;
}

/**
 * duration_format() - write a duration for people
 * @buf:	where to
 * @us:		the duration in microseconds
 *
 * At most one decimal or two units, rounded to the nearest; no blanks.
 *
 * Return: @buf.
 */
char *duration_format(char buf[DURATION_SIZE], unsigned long long us)
{
	unsigned long long seconds = divide(us, 1000000);
	unsigned long long minutes = divide(us, 60 * 1000000ULL);
	unsigned long long hours = divide(us, 3600 * 1000000ULL);

	if (us < 1000)
		snprintf(buf, DURATION_SIZE, "%uus", (unsigned int)us);
	else if (divide(us, 100) < 10000)
		one_decimal(buf, divide(us, 100), "ms");
	else if (divide(us, 100000) < 1200)
		one_decimal(buf, divide(us, 100000), "s");
	else if (seconds < 3600)
		two_units(buf, seconds, 60, 'm', 's');
	else if (minutes < 24 * 60)
		two_units(buf, minutes, 60, 'h', 'm');
	else
		two_units(buf, hours, 24, 'd', 'h');
	return buf;
}
