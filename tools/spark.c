// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers as a line of small bars.
 */
#include <stdio.h>

#include "spark.h"
#include "term.h"

/**
 * spark() - a number as a bar of one column
 * @value:	the number
 * @most:	the number that fills the column
 *
 * Return: a character; blank for 0 alone.
 */
const char *spark(unsigned long long value, unsigned long long most)
{
	static const char *const blocks[] = {
		" ", "\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83",
		"\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87",
		"\xe2\x96\x88"
	};
	static const char *const ascii[] = {
		" ", ".", ":", "-", "=", "+", "*", "#", "@"
	};
	size_t level;

	if (!value || !most)
		level = 0;
	else if (value >= most)
		level = 8;
	else
		level = (size_t)((double)value * 8 / (double)most);
	if (value && !level)
		level = 1;
	return term_utf8() ? blocks[level] : ascii[level];
}

static unsigned long long most_of(const unsigned long long *values, size_t from,
				  size_t to)
{
	unsigned long long most = 0;

	for (; from < to; from++)
		if (values[from] > most)
			most = values[from];
	return most;
}

/**
 * spark_print() - print numbers as bars, a line
 * @values:	the numbers
 * @nr:		how many
 * @width:	columns; where they are fewer, each shows the highest of some
 */
void spark_print(const unsigned long long *values, size_t nr, size_t width)
{
	unsigned long long most = most_of(values, 0, nr);
	size_t columns = width < nr ? width : nr, i;

	for (i = 0; i < columns; i++)
		fputs(spark(most_of(values, i * nr / columns,
				    (i + 1) * nr / columns), most), stdout);
}
