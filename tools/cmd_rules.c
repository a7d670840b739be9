// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl rules
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "conns.h"
#include "nearest.h"
#include "rule.h"

struct list {
	struct tcpstates_rule_info one[TCPSTATES_RULES];
	size_t nr;
};

static int collect(const struct tcpstates_rule_info *rule, unsigned int line,
		   void *arg)
{
	struct list *list = arg;

	(void)line;
	if (list->nr < TCPSTATES_RULES)
		list->one[list->nr++] = *rule;
	return 0;
}

static const char *name_of(const struct tcpstates_rule_info *rule)
{
	const char *name = tcpstates_rule_name(rule->rule);

	return name ? name : "?";
}

/* In the units in which they can be typed */
static void show_param(struct table *table, unsigned int attr,
		       const struct tcpstates_num *num)
{
	char text[32];

	switch (num->known ? attr : 0) {
	case 0:
		table_styled(table, STYLE_DIM, "-");
		break;
	case TCPSTATES_A_RULE_ENABLED:
		table_styled(table, num->value ? STYLE_GOOD : STYLE_WARN,
			     num->value ? "on" : "off");
		break;
	case TCPSTATES_A_RULE_COUNT:
		table_num(table, num);
		break;
	case TCPSTATES_A_RULE_PERCENT:
	case TCPSTATES_A_RULE_CLEAR:
		snprintf(text, sizeof(text), "%llu%%", num->value);
		table_text(table, text);
		break;
	default:
		snprintf(text, sizeof(text), "%llus", num->value);
		table_text(table, text);
		break;
	}
}

static void print_text(const struct list *list)
{
	static const struct column columns[] = {
		{ "RULE", ALIGN_LEFT }, { "ENABLED", ALIGN_LEFT },
		{ "COUNT", ALIGN_RIGHT }, { "PERCENT", ALIGN_RIGHT },
		{ "AGE", ALIGN_RIGHT },
		{ "DURATION", ALIGN_RIGHT | COLUMN_DROP(1) },
		{ "CLEAR", ALIGN_RIGHT | COLUMN_DROP(2) },
		{ "QUIET", ALIGN_RIGHT | COLUMN_DROP(3) },
		{ "RAISED", ALIGN_RIGHT }, { "TOTAL", ALIGN_RIGHT },
		{ "VALUE", ALIGN_RIGHT }, { "THRESHOLD", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_rule_info *rule = list->one;
	unsigned int i;

	for (; rule < list->one + list->nr; rule++) {
		table_text(table, name_of(rule));
		for (i = 0; i < TCPSTATES_PARAMS; i++)
			show_param(table, TCPSTATES_A_RULE_ENABLED + i,
				   &rule->param[i]);
		table_num(table, &rule->raised);
		table_num(table, &rule->total);
		table_num(table, &rule->value);
		table_num(table, &rule->threshold);
	}
	table_print(table);
}

static struct json_object *rule_json(const struct tcpstates_rule_info *rule)
{
	struct json_object *object = json_new();
	unsigned int i;

	json_add_word(object, "rule", name_of(rule));
	for (i = 0; i < TCPSTATES_PARAMS; i++)
		json_add_num(object, tcpstates_param_name(i), &rule->param[i]);
	json_add_num(object, "raised", &rule->raised);
	json_add_num(object, "total", &rule->total);
	json_add_num(object, "value", &rule->value);
	json_add_num(object, "threshold", &rule->threshold);
	return object;
}

static void print_json(const struct list *list, bool pretty)
{
	struct json_object *root = json_new(), *rules = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < list->nr; i++)
		json_append(rules, rule_json(&list->one[i]));
	json_add(root, "rules", rules);
	output_json(root, pretty);
}

static int list_rules(const struct options *options)
{
	struct tcpstates_error error;
	struct list list = { 0 };
	struct tcpstates_nl *nl;
	int status = conns_open(&nl);

	if (status)
		return status;
	if (tcpstates_rules(nl, collect, &list, &error))
		status = conns_fail(&error);
	else if (options->given['j'] || options->given['p'])
		print_json(&list, options->given['p']);
	else
		print_text(&list);
	tcpstates_nl_close(nl);
	return status;
}

static int take_rule(const struct tcpstates_rule_info *rule, unsigned int line,
		     void *arg)
{
	*(struct tcpstates_rule_info *)arg = *rule;
	return line == 1 ? 0 : -EINVAL;
}

/* The words as one line of a file.  Return: false after a message. */
static bool parse_words(struct tcpstates_rule_info *rule, int argc, char **argv)
{
	struct tcpstates_error error;
	char *text, *longer;
	int i, ret;

	if (rule_find(argv[0]) < 0)
		return false;
	text = output_must(strdup(argv[0]));
	for (i = 1; i < argc; i++) {
		if (!rule_find_param(argv[i])) {
			free(text);
			return false;
		}
		if (asprintf(&longer, "%s %s", text, argv[i]) < 0)
			output_must(NULL);
		free(text);
		text = longer;
	}
	ret = tcpstates_rules_parse(text, strlen(text), take_rule, rule,
				    &error);
	if (ret)
		output_error("%s", error.reason);
	free(text);
	return !ret;
}

static int set_rule(int argc, char **argv)
{
	struct tcpstates_rule_info rule;
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int status;

	if (argc < 2) {
		output_error("'rules set' wants a rule and NAME=VALUE");
		return STATUS_USAGE;
	}
	if (!parse_words(&rule, argc, argv))
		return STATUS_USAGE;
	status = conns_open(&nl);
	if (status)
		return status;
	if (tcpstates_rule_set(nl, &rule, &error))
		status = conns_fail(&error);
	tcpstates_nl_close(nl);
	return status;
}

/**
 * cmd_rules() - run "rules"
 * @options:	-j, -p
 * @argc:	number of words
 * @argv:	nothing; set RULE NAME=VALUE...; load FILE
 *
 * Return: exit status.
 */
int cmd_rules(const struct options *options, int argc, char **argv)
{
	static const char *const words[] = { "set", "load", NULL };
	char safe[64];

	if (!argc)
		return list_rules(options);
	if (!strcmp(argv[0], "set"))
		return set_rule(argc - 1, argv + 1);
	if (!strcmp(argv[0], "load") && argc == 2)
		return rule_load(argv[1]);
	tcpstates_escape(safe, sizeof(safe), argv[0]);
	if (strcmp(argv[0], "load"))
		output_error("'rules' does not take '%s': did you mean '%s'?",
			     safe, nearest_word(argv[0], words));
	else
		output_error("'rules load' wants a file");
	return STATUS_USAGE;
}
