// SPDX-License-Identifier: GPL-2.0
/*
 * Names of rules, and what is said about wrong ones.
 */
#include <string.h>

#include "nearest.h"
#include "output.h"
#include "rule.h"

static void no_such(const char *what, const char *typed,
		    const char *const *names)
{
	char safe[64];

	tcpstates_escape(safe, sizeof(safe), typed);
	output_error("no %s '%s': did you mean '%s'?", what, safe,
		     nearest_word(typed, names));
}

/* Words beside rules */
#define OTHERS_MAX	4

/**
 * rule_find_or() - look up a rule where other words may stand, too
 * @typed:	its name
 * @others:	these, OTHERS_MAX at most, ended by NULL: one of them may have
 *		been meant
 *
 * Return: its number, or -1 after a message.
 */
int rule_find_or(const char *typed, const char *const *others)
{
	int rule = tcpstates_rule_number(typed, strlen(typed));
	const char *names[OTHERS_MAX + TCPSTATES_RULES + 1] = { NULL };
	size_t nr = 0;
	unsigned int i;

	if (rule >= 0)
		return rule;
	for (; nr < OTHERS_MAX && others[nr]; nr++)
		names[nr] = others[nr];
	for (i = 0; i < TCPSTATES_RULES; i++)
		names[nr++] = tcpstates_rule_name(i);
	no_such("rule", typed, names);
	return -1;
}

/**
 * rule_find() - look up a rule, say what is wrong if there is none
 * @typed:	its name
 *
 * Return: its number, or -1 after a message.
 */
int rule_find(const char *typed)
{
	static const char *const none[] = { NULL };

	return rule_find_or(typed, none);
}

/**
 * rule_find_param() - say so if a parameter is not known
 * @typed:	like "count=500"
 *
 * Return: false after a message.
 */
bool rule_find_param(const char *typed)
{
	const char *names[TCPSTATES_PARAMS + 1] = { NULL };
	size_t len = strcspn(typed, "=");
	char name[64];
	unsigned int i;

	if (tcpstates_param_number(typed, len) >= 0)
		return true;
	for (i = 0; i < TCPSTATES_PARAMS; i++)
		names[i] = tcpstates_param_name(i);
	snprintf(name, sizeof(name), "%.*s", (int)(len < 60 ? len : 60), typed);
	no_such("parameter", name, names);
	return false;
}
