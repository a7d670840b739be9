// SPDX-License-Identifier: GPL-2.0
/*
 * tools/nearest.c
 */
#include "unit.h"
#include "nearest.h"

static void distance(void)
{
	CHECK(nearest_distance("", "") == 0);
	CHECK(nearest_distance("", "show") == 4);
	CHECK(nearest_distance("show", "") == 4);
	CHECK(nearest_distance("show", "SHOW") == 0);
	CHECK(nearest_distance("sow", "show") == 1);
	CHECK(nearest_distance("shoow", "show") == 1);
	CHECK(nearest_distance("shaw", "show") == 1);
	CHECK(nearest_distance("hsow", "show") == 1);
	CHECK(nearest_distance("kitten", "sitting") == 3);
}

static void word(void)
{
	static const char *const verbs[] = { "show", "version", "help", NULL };

	CHECK_TEXT(nearest_word("hsow", verbs), "show");
	CHECK_TEXT(nearest_word("hlep", verbs), "help");
	CHECK_TEXT(nearest_word("ver", verbs), "version");
	CHECK_TEXT(nearest_word("", verbs), "show");
	CHECK_TEXT(nearest_word("versionn", verbs), "version");
}

static void very_long(void)
{
	static const char *const verbs[] = { "show", NULL };
	static char typed[100001];

	memset(typed, 'x', sizeof(typed) - 1);
	CHECK(nearest_distance(typed, "show") == 100000);
	CHECK_TEXT(nearest_word(typed, verbs), "show");
	CHECK(nearest_distance("show", typed) == 31);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "slips are counted", distance },
		{ "the nearest word wins", word },
		{ "very long words", very_long },
		{ 0 }
	};

	return unit_run(cases);
}
