// SPDX-License-Identifier: GPL-2.0
/*
 * The valid word that was probably meant.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "nearest.h"

/* No valid word is longer; of what was typed any length is fine. */
#define WORD_MAX	31

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One row of the table of distances: @typed has grown by one letter. */
static void next_row(size_t rows[3][WORD_MAX + 1], size_t i,
		     const char *typed, const char *valid, size_t n)
{
	size_t *row = rows[i % 3];
	const size_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
	size_t j;

	row[0] = i;
	for (j = 1; j <= n; j++) {
		bool hit = same(typed[i - 1], valid[j - 1]);

		row[j] = min(last[j - 1] + !hit, min(last[j], row[j - 1]) + 1);
		if (i > 1 && j > 1 && same(typed[i - 1], valid[j - 2]) &&
		    same(typed[i - 2], valid[j - 1]))
			row[j] = min(row[j], before[j - 2] + 1);
	}
}

/**
 * nearest_distance() - how many slips make one word of another
 * @typed:	what was typed
 * @valid:	what may have been meant, WORD_MAX letters are looked at
 *
 * A slip is a letter too much, too few, wrong, or two that changed places.
 * Upper and lower case are the same.
 *
 * Return: the number of slips.
 */
size_t nearest_distance(const char *typed, const char *valid)
{
	size_t rows[3][WORD_MAX + 1] = { 0 };
	size_t n = strnlen(valid, WORD_MAX);
	size_t i;

	for (i = 0; i <= n; i++)
		rows[0][i] = i;
	for (i = 1; typed[i - 1]; i++)
		next_row(rows, i, typed, valid, n);
	return rows[(i - 1) % 3][n];
}

/**
 * nearest_word() - find the valid word that was probably meant
 * @typed:	what was typed
 * @valid:	valid words, ended by NULL; at least one
 *
 * A word that goes on where @typed stops is nearest, then the fewest slips
 * count, then the order of @valid.
 *
 * Return: one of @valid.
 */
const char *nearest_word(const char *typed, const char *const *valid)
{
	const char *best = *valid;
	size_t best_distance = (size_t)-1;

	for (; *valid; valid++) {
		size_t distance = nearest_distance(typed, *valid);

		if (*typed && !strncasecmp(typed, *valid, strlen(typed)))
			distance = 0;
		if (distance < best_distance) {
			best_distance = distance;
			best = *valid;
		}
	}
	return best;
}
