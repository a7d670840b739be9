// SPDX-License-Identifier: GPL-2.0
/*
 * tools/stats_json.c: fixtures/NAME has to become fixtures/NAME.json.
 */
#include <json-c/json.h>

#include "unit.h"
#include "lib/tcpstates.h"
#include "stats_json.h"

static char *read_file(const char *name, const char *suffix)
{
	char path[64], *text;
	size_t len;

	snprintf(path, sizeof(path), "fixtures/%s%s", name, suffix);
	if (tcpstates_file_read(path, TCPSTATES_TEXT_MAX, &text, &len))
		abort();
	return text;
}

static void check(const char *name)
{
	char *text = read_file(name, ""), *expected = read_file(name, ".json");
	struct tcpstates_stats stats;
	struct tcpstates_error error;
	struct json_object *root;

	if (CHECK(!tcpstates_stats_parse(text, strlen(text), &stats, &error))) {
		root = stats_json(&stats);
		expected[strcspn(expected, "\n")] = '\0';
		CHECK_TEXT(json_object_to_json_string_ext(root, 0), expected);
		json_object_put(root);
		tcpstates_stats_free(&stats);
	}
	free(text);
	free(expected);
}

static void empty(void)
{
	check("empty");
}

static void numbers(void)
{
	check("numbers");
}

static void names(void)
{
	check("names");
}

static void whole(void)
{
	check("degraded");
	check("max");
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "sections are there when they are empty", empty },
		{ "64-bit numbers and unknown ones, in every place", numbers },
		{ "odd names are escaped", names },
		{ "whole files", whole },
		{ 0 }
	};

	return unit_run(cases);
}
