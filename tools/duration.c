// SPDX-License-Identifier: GPL-2.0
/*
 * Durations as people write and read them: 12us, 1.3ms, 60.0s, 5m30s, 2d.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct unit {
	const char *name;
	unsigned long long us;
};

/* The longest first: that is the order in which people write them. */
static const struct unit units[] = {
	{ "d", 86400000000ULL }, { "h", 3600000000ULL }, { "m", 60000000 },
	{ "s", 1000000 }, { "ms", 1000 }, { "us", 1 },
};

#define NR_UNITS	(sizeof(units) / sizeof(units[0]))
#define SECONDS		3

/* The unit at @text, one of those from @first on; NR_UNITS if there is none. */
static size_t find_unit(const char *text, size_t first)
{
	size_t len = strspn(text, "dhmsu"), i;

	for (i = first; i < NR_UNITS; i++)
		if (strlen(units[i].name) == len &&
		    !strncmp(units[i].name, text, len))
			break;
	return i;
}

/* What stands behind a point, ".25", in units of @us; 0 without a point. */
static unsigned long long fraction(const char *text, unsigned long long us)
{
	unsigned long long sum = 0;

	if (*text != '.')
		return 0;
	while (isdigit((unsigned char)*++text)) {
		us /= 10;
		sum += (unsigned long long)(*text - '0') * us;
	}
	return sum;
}

/* Add a number and its unit; return what follows, NULL if it is none. */
static const char *add_part(const char *text, size_t *next,
			    unsigned long long *sum)
{
	unsigned long long value, part;
	size_t unit = SECONDS;
	char *point, *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	value = strtoull(text, &point, 10);
	end = *point == '.' ? point + 1 + strspn(point + 1, "0123456789") :
			      point;
	if (*end || *next)
		unit = find_unit(end, *next);
	if (errno || end == point + 1 || unit == NR_UNITS ||
	    __builtin_mul_overflow(value, units[unit].us, &part))
		return NULL;
	*next = unit + 1;
	if (__builtin_add_overflow(part, fraction(point, units[unit].us),
				   &part) ||
	    __builtin_add_overflow(*sum, part, sum))
		return NULL;
	return *end ? end + strlen(units[unit].name) : end;
}

/**
 * duration_parse() - read a duration as people write it
 * @text:	like 500us, 1.5s, 60s, 1h30m, 2d4h: whatever duration_format()
 *		writes, and more; a number alone is seconds
 * @us:		where to put it, microseconds; what is less is left out
 *
 * Return: false if it is no duration, or too long.
 */
bool duration_parse(const char *text, unsigned long long *us)
{
	size_t next = 0;

	*us = 0;
	do
		text = add_part(text, &next, us);
	while (text && *text);
	return text;
}
