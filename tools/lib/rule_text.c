// SPDX-License-Identifier: GPL-2.0
/*
 * Rules as people write them: close_wait_leak count=500 age=30s
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nl.h"

/**
 * struct word - a piece of the text
 * @text:	not terminated
 * @len:	its length; 0: there is none
 */
struct word {
	const char *text;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct word next_word(struct word *line)
{
	struct word word;

	while (line->len && is_blank(*line->text)) {
		line->text++;
		line->len--;
	}
	word = (struct word){ line->text, 0 };
	while (word.len < line->len && !is_blank(word.text[word.len]))
		word.len++;
	line->text += word.len;
	line->len -= word.len;
	return word;
}

/* What is wrong, with the word that is. */
static int wrong(struct tcpstates_error *error, const char *what,
		 struct word word)
{
	char reason[160], typed[64], safe[96];

	snprintf(typed, sizeof(typed), "%.*s", (int)(word.len < 40 ? word.len :
						     40), word.text);
	tcpstates_escape(safe, sizeof(safe), typed);
	snprintf(reason, sizeof(reason), "%.*s '%s'", 30, what, safe);
	return nl_fail(error, -EINVAL, reason);
}

static bool word_is(struct word word, const char *text)
{
	return word.len == strlen(text) && !memcmp(word.text, text, word.len);
}

/* Seconds in a unit; 0: there is no such unit. */
static unsigned int unit_of(struct word unit)
{
	static const struct {
		const char *name;
		unsigned int seconds;
	} units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (word_is(unit, units[i].name))
			return units[i].seconds;
	return 0;
}

/* 30, 30s, 5m, 50%, on, off: which it may be is the parameter's. */
static bool parse_value(struct word word, unsigned int param,
			unsigned long long *value)
{
	unsigned int attr = TCPSTATES_A_RULE_ENABLED + param, factor = 0;

	*value = word_is(word, "on") || word_is(word, "yes");
	if (attr == TCPSTATES_A_RULE_ENABLED &&
	    (*value || word_is(word, "off") || word_is(word, "no")))
		return true;
	if (!word.len || *word.text < '0' || *word.text > '9')
		return false;
	for (; word.len && *word.text >= '0' && *word.text <= '9'; word.len--) {
		*value = 10 * *value + (unsigned int)(*word.text++ - '0');
		if (*value > UINT32_MAX)
			return false;
	}
	if (attr == TCPSTATES_A_RULE_AGE || attr == TCPSTATES_A_RULE_DURATION ||
	    attr == TCPSTATES_A_RULE_QUIET)
		factor = unit_of(word);
	else if (attr == TCPSTATES_A_RULE_PERCENT ||
		 attr == TCPSTATES_A_RULE_CLEAR)
		factor = !word.len || word_is(word, "%");
	else
		factor = !word.len;
	*value *= factor;
	return factor && *value <= UINT32_MAX;
}

static int parse_param(struct word word, struct tcpstates_rule_info *rule,
		       struct tcpstates_error *error)
{
	const char *equals = memchr(word.text, '=', word.len);
	struct word name = word, value;
	struct tcpstates_num *num;
	int param;

	if (!equals)
		return wrong(error, "no '=' in", word);
	name.len = (size_t)(equals - word.text);
	value = (struct word){ equals + 1, word.len - name.len - 1 };
	param = tcpstates_param_number(name.text, name.len);
	if (param < 0)
		return wrong(error, "no parameter", name);
	num = &rule->param[param];
	if (num->known)
		return wrong(error, "said twice:", name);
	num->known = true;
	if (!parse_value(value, (unsigned int)param, &num->value))
		return wrong(error, "not understood:", word);
	return 0;
}

static int parse_rule(struct word line, struct tcpstates_rule_info *rule,
		      struct tcpstates_error *error)
{
	struct word word = next_word(&line);
	int number = tcpstates_rule_number(word.text, word.len);
	int ret;

	if (number < 0)
		return wrong(error, "no rule", word);
	rule->rule = (unsigned int)number;
	word = next_word(&line);
	if (!word.len)
		return nl_fail(error, -EINVAL, "there is nothing to set");
	for (; word.len; word = next_word(&line)) {
		ret = parse_param(word, rule, error);
		if (ret)
			return ret;
	}
	return 0;
}

static bool is_empty(struct word line)
{
	return !next_word(&line).len;
}

/* The next line, without its comment */
static struct word next_line(const char **text, size_t *len)
{
	const char *end = memchr(*text, '\n', *len), *hash;
	struct word line = { *text, end ? (size_t)(end - *text) : *len };
	size_t used = end ? line.len + 1 : line.len;

	*text += used;
	*len -= used;
	hash = memchr(line.text, '#', line.len);
	if (hash)
		line.len = (size_t)(hash - line.text);
	return line;
}

/**
 * tcpstates_rules_parse() - read rules as people write them
 * @text:	lines like "close_wait_leak count=500 age=30s"; "#" begins a
 *		comment
 * @len:	its length
 * @visit:	called for each rule, and the number of its line; returns 0, or
 *		a negative errno to end it
 * @arg:	for @visit
 * @error:	filled on failure, with the line
 *
 * Values may be whatever is a number: which make sense is for the kernel to
 * say.
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_rules_parse(const char *text, size_t len,
			  tcpstates_rule_fn *visit, void *arg,
			  struct tcpstates_error *error)
{
	unsigned int number = 0;
	int ret = 0;

	while (len && !ret) {
		struct tcpstates_rule_info rule = { 0 };
		struct word line = next_line(&text, &len);

		number++;
		if (is_empty(line))
			continue;
		ret = parse_rule(line, &rule, error);
		if (!ret) {
			ret = visit(&rule, number, arg);
			if (ret)
				nl_fail(error, ret, NULL);
		}
		if (ret)
			error->line = number;
	}
	return ret;
}
