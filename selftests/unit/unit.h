/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every test_*.c needs: TAP on stdout, exit status 1 after a failure.
 */
#ifndef _UNIT_H
#define _UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct unit_case - one test case
 * @name:	what it shows
 * @run:	does it; failed checks are noted by CHECK()
 */
struct unit_case {
	const char *name;
	void (*run)(void);
};

static bool unit_failed;

/**
 * CHECK() - note a failure, go on
 * @condition:	what has to hold
 */
#define CHECK(condition)						\
	unit_check(condition, __FILE__, __LINE__, #condition)

static inline bool unit_check(bool good, const char *file, int line,
			      const char *what)
{
	if (!good)
		printf("# %s:%d: not true: %s\n", file, line, what);
	unit_failed |= !good;
	return good;
}

/**
 * CHECK_TEXT() - note a failure if two strings differ
 * @is:		what was found
 * @expected:	what has to be there
 */
#define CHECK_TEXT(is, expected)					\
	unit_check_text(is, expected, __FILE__, __LINE__)

static inline bool unit_check_text(const char *is, const char *expected,
				   const char *file, int line)
{
	bool good = !strcmp(is, expected);

	if (!good)
		printf("# %s:%d: '%s' instead of '%s'\n", file, line, is,
		       expected);
	unit_failed |= !good;
	return good;
}

/**
 * unit_run() - run test cases
 * @cases:	ended by one without name
 *
 * Return: exit status.
 */
static inline int unit_run(const struct unit_case *cases)
{
	int nr = 0, status = 0, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (cases[nr].name)
		nr++;
	printf("TAP version 13\n1..%d\n", nr);
	for (i = 0; i < nr; i++) {
		unit_failed = false;
		cases[i].run();
		printf("%sok %d %s\n", unit_failed ? "not " : "", i + 1,
		       cases[i].name);
		status |= unit_failed;
	}
	return status;
}

#endif /* _UNIT_H */
