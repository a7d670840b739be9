// SPDX-License-Identifier: GPL-2.0
/*
 * tools/lib/rule_text.c, and names of rules as people type them.
 */
#include <linux/tcpstates.h>

#include "lib/tcpstates.h"
#include "rule.h"
#include "unit.h"

#define LINES	8

/**
 * struct lines - what a text means
 * @rule:	rules
 * @at:		their lines
 * @nr:		how many
 */
struct lines {
	struct tcpstates_rule_info rule[LINES];
	unsigned int at[LINES];
	size_t nr;
};

static struct tcpstates_error error;

static int take(const struct tcpstates_rule_info *rule, unsigned int line,
		void *arg)
{
	struct lines *lines = arg;

	if (lines->nr == LINES)
		return -7;
	lines->rule[lines->nr] = *rule;
	lines->at[lines->nr++] = line;
	return 0;
}

static int parse(struct lines *lines, const char *text)
{
	*lines = (struct lines){ 0 };
	return tcpstates_rules_parse(text, strlen(text), take, lines, &error);
}

static bool param_is(const struct tcpstates_rule_info *rule, const char *name,
		     unsigned long long value)
{
	const struct tcpstates_num *num;
	int param = tcpstates_param_number(name, strlen(name));

	if (param < 0)
		return false;
	num = &rule->param[param];
	return num->known && num->value == value;
}

static unsigned int known(const struct tcpstates_rule_info *rule)
{
	unsigned int i, nr = 0;

	for (i = 0; i < TCPSTATES_PARAMS; i++)
		nr += rule->param[i].known;
	return nr;
}

static void lines_of_a_file(void)
{
	struct lines lines;

	CHECK(!parse(&lines, "# a comment\n\n"
		     "close_wait_leak count=500 age=30s # another one\r\n"
		     "  \t\n\tHALF-DEAD\tpercent=5%  enabled=off"));
	CHECK(lines.nr == 2 && lines.at[0] == 3 && lines.at[1] == 5);
	CHECK(lines.rule[0].rule == TCPSTATES_RULE_CLOSE_WAIT_LEAK);
	CHECK(known(&lines.rule[0]) == 2);
	CHECK(param_is(&lines.rule[0], "count", 500));
	CHECK(param_is(&lines.rule[0], "age", 30));
	CHECK(lines.rule[1].rule == TCPSTATES_RULE_HALF_DEAD);
	CHECK(known(&lines.rule[1]) == 2);
	CHECK(param_is(&lines.rule[1], "percent", 5));
	CHECK(param_is(&lines.rule[1], "enabled", 0));
	CHECK(!parse(&lines, "") && !lines.nr);
	CHECK(!parse(&lines, "#") && !lines.nr);
}

static void values(void)
{
	static const struct {
		const char *word;
		const char *param;
		bool valid;
		unsigned long long value;
	} cases[] = {
		{ "age=30", "age", true, 30 }, { "age=30s", "age", true, 30 },
		{ "age=5m", "age", true, 300 }, { "age=2h", "age", true, 7200 },
		{ "age=1d", "age", true, 86400 },
		{ "quiet=1m", "quiet", true, 60 },
		{ "duration=0", "duration", true, 0 },
		{ "enabled=on", "enabled", true, 1 },
		{ "enabled=no", "enabled", true, 0 },
		{ "enabled=1", "enabled", true, 1 },
		{ "clear=50%", "clear", true, 50 },
		{ "percent=50", "percent", true, 50 },
		/* What makes no sense is for the kernel to say. */
		{ "count=4294967295", "count", true, 4294967295ULL },
		{ "enabled=7", "enabled", true, 7 },
		{ "count=4294967296", "count", false, 0 },
		{ "count=99999999999999999999", "count", false, 0 },
		{ "age=71582789m", "age", false, 0 },
		{ "count=5s", "count", false, 0 },
		{ "count=5%", "count", false, 0 },
		{ "count=on", "count", false, 0 },
		{ "age=30%", "age", false, 0 }, { "age=3ms", "age", false, 0 },
		{ "percent=5s", "percent", false, 0 },
		{ "count=", "count", false, 0 }, { "count", "count", false, 0 },
		{ "count=-1", "count", false, 0 },
		{ "count=+1", "count", false, 0 },
		{ "count=0x10", "count", false, 0 },
		{ "=5", "count", false, 0 }, { "size=5", "count", false, 0 },
		{ "count=1 count=2", "count", false, 0 },
	};
	struct lines lines;
	char line[64];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "syn_flood %s", cases[i].word);
		if (!CHECK(!parse(&lines, line) == cases[i].valid))
			printf("# %s\n", line);
		else if (cases[i].valid)
			CHECK(param_is(&lines.rule[0], cases[i].param,
				       cases[i].value));
		else
			CHECK(error.line == 1);
	}
}

static void reasons(void)
{
	struct lines lines;

	CHECK(parse(&lines, "syn_flood count=1\nsin_flood count=1\n") == -22);
	CHECK(error.line == 2 && lines.nr == 1);
	CHECK_TEXT(error.reason, "no rule 'sin_flood'");
	CHECK(parse(&lines, "syn_flood\n") == -22);
	CHECK_TEXT(error.reason, "there is nothing to set");
	CHECK(parse(&lines, "syn_flood cuont=1") == -22);
	CHECK_TEXT(error.reason, "no parameter 'cuont'");
	CHECK(parse(&lines, "syn_flood count") == -22);
	CHECK_TEXT(error.reason, "no '=' in 'count'");
	CHECK(parse(&lines, "syn_flood count=1 count=1") == -22);
	CHECK_TEXT(error.reason, "said twice: 'count'");
	CHECK(parse(&lines, "\033[31m\xff") == -22);
	CHECK_TEXT(error.reason, "no rule '\\x1b[31m\\xff'");
	CHECK(parse(&lines, "h count=1") && parse(&lines, "half_deadx count=1"));
}

/* What is after the end is not looked at; a reader may end it. */
static void ends(void)
{
	struct lines lines = { 0 };
	char text[LINES * 2 * 20 + 1] = "";
	int i;

	CHECK(!tcpstates_rules_parse("half_dead age=7777", 15, take, &lines,
				     &error));
	CHECK(lines.nr == 1 && param_is(&lines.rule[0], "age", 7));
	for (i = 0; i < LINES + 1; i++)
		strcat(text, "half_dead age=7\n");
	CHECK(parse(&lines, text) == -7 && lines.nr == LINES);
}

static void names(void)
{
	unsigned int i;

	for (i = 0; i < TCPSTATES_RULES; i++)
		CHECK(rule_find(tcpstates_rule_name(i)) == (int)i);
	CHECK(!tcpstates_rule_name(TCPSTATES_RULES));
	CHECK(rule_find("Syn-Flood") == TCPSTATES_RULE_SYN_FLOOD);
	CHECK(rule_find("") < 0 && rule_find("syn_floo") < 0);
	CHECK(rule_find_param("count=3") && rule_find_param("quiet"));
	CHECK(!rule_find_param("=3") && !rule_find_param("coun=3"));
	CHECK(!tcpstates_param_name(TCPSTATES_PARAMS));
	CHECK_TEXT(tcpstates_tally_name(0), "opened");
	CHECK_TEXT(tcpstates_tally_name(TCPSTATES_TALLIES - 1), "retrans");
	CHECK(!tcpstates_tally_name(TCPSTATES_TALLIES));
}

/* What history counts, a second: of looks that are late or early, too */
static void rates(void)
{
	struct tcpstates_moment moment = {
		.interval_ms = { 1000, true },
		.tally = { { 5, true }, [2] = { 1, true } },
	};

	CHECK(tcpstates_moment_rate(&moment, 0) == 5);
	CHECK(tcpstates_moment_rate(&moment, 1) < 0);
	moment.interval_ms.value = 2500;
	CHECK(tcpstates_moment_rate(&moment, 0) == 2);
	CHECK(tcpstates_moment_rate(&moment, 2) == 0.4);
	moment.interval_ms.value = 500;
	CHECK(tcpstates_moment_rate(&moment, 0) == 10);
	/* The first look, an older module, and what there is not */
	moment.interval_ms.value = 0;
	CHECK(tcpstates_moment_rate(&moment, 0) < 0);
	moment.interval_ms = (struct tcpstates_num){ 1000, false };
	CHECK(tcpstates_moment_rate(&moment, 0) < 0);
	CHECK(tcpstates_moment_rate(&moment, TCPSTATES_TALLIES) < 0);
}

static const struct unit_case cases[] = {
	{ "lines of a file", lines_of_a_file },
	{ "values", values },
	{ "what is wrong, and where", reasons },
	{ "the end", ends },
	{ "names", names },
	{ "what is counted, a second", rates },
	{ 0 }
};

int main(void)
{
	return unit_run(cases);
}
