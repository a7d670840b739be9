// SPDX-License-Identifier: GPL-2.0
/*
 * tools/table.c, tools/term.c: widths, columns that go, colours.
 */
#include <unistd.h>

#include "unit.h"
#include "output.h"
#include "tcpstatectl.h"

static const struct column columns[] = {
	{ "NAME", ALIGN_LEFT }, { "ONE", ALIGN_RIGHT | COLUMN_DROP(1) },
	{ "TWO", ALIGN_RIGHT | COLUMN_DROP(2) }, { "LAST", ALIGN_LEFT },
	{ 0 }
};

static char printed[4096];

/* What goes to stdout while @print runs */
static void capture(void (*print)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	size_t n;

	if (!file || saved < 0)
		abort();
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	print();
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	n = fread(printed, 1, sizeof(printed) - 1, file);
	printed[n] = '\0';
	fclose(file);
}

static void print(void)
{
	const struct tcpstates_num one = { 1, true }, zero = { 0, true };
	struct table *table = table_new(columns);

	table_text(table, "a");
	table_num(table, &one);
	table_num(table, &zero);
	table_text(table, "a-long-last-word");
	table_print(table);
}

static void print_hidden(void)
{
	const struct tcpstates_num one = { 1, true };
	struct table *table = table_new(columns);

	table_hide(table, "LAST");
	table_hide(table, "ONE");
	table_text(table, "\xff");
	table_num(table, &one);
	table_num(table, &one);
	table_text(table, "x");
	table_print(table);
}

static void print_wide_character(void)
{
	static const struct column two[] = {
		{ "AGE", ALIGN_RIGHT }, { "X", ALIGN_LEFT }, { 0 }
	};
	struct table *table = table_new(two);

	table_safe(table, "\xe2\x89\xa5:m");
	table_safe(table, "y");
	table_print(table);
}

static void in(const char *width, const char *expected)
{
	if (width)
		setenv("COLUMNS", width, 1);
	else
		unsetenv("COLUMNS");
	capture(print);
	CHECK_TEXT(printed, expected);
	unsetenv("COLUMNS");
}

static void widths(void)
{
	in(NULL, "NAME      ONE      TWO  LAST\n"
		 "a           1        0  a-long-last-word\n");
	in("40", "NAME      ONE      TWO  LAST\n"
		 "a           1        0  a-long-last-word\n");
	in("39", "NAME      ONE  LAST\na           1  a-long-last-word\n");
	in("22", "NAME  LAST\na     a-long-last-word\n");
	in("20", "NAME  LAST\na     a-long-last-w+\n");
	in("1", "NAME  LAST\na     a-long-la+\n");
	in("x", "NAME      ONE      TWO  LAST\n"
		"a           1        0  a-long-last-word\n");
}

static void hidden(void)
{
	capture(print_hidden);
	CHECK_TEXT(printed, "NAME      TWO\n\\xff        1\n");
	capture(print_wide_character);
	CHECK_TEXT(printed, "    AGE  X\n    \xe2\x89\xa5:m  y\n");
}

static void colors(void)
{
	struct options options = { 0 };

	options.value[OPT_COLOR] = "always";
	CHECK(term_setup(&options));
	capture(print);
	CHECK(strstr(printed, "\033[1mNAME\033[0m"));
	CHECK(strstr(printed, "\033[2m0\033[0m"));
	options.value[OPT_COLOR] = "sometimes";
	CHECK(!term_setup(&options));
	options.value[OPT_COLOR] = NULL;
	CHECK(term_setup(&options));
	capture(print);
	CHECK(!strchr(printed, '\033'));
}

static const struct unit_case cases[] = {
	{ "columns go where there is no room", widths },
	{ "columns that are not wanted, bytes that are no columns", hidden },
	{ "colours", colors },
	{ 0 }
};

int main(void)
{
	return unit_run(cases);
}
