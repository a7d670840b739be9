// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl alerts
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "alert.h"
#include "rule.h"

static unsigned long long moment_of(const struct tcpstates_incident *alert)
{
	return alert->raised ? alert->since_us.value : alert->until_us.value;
}

/* What is raised, then what is over; the latest first. */
static int compare(const void *a, const void *b)
{
	const struct tcpstates_incident *x = a, *y = b;

	if (x->raised != y->raised)
		return y->raised - x->raised;
	if (moment_of(x) != moment_of(y))
		return moment_of(x) < moment_of(y) ? 1 : -1;
	return x->id < y->id ? 1 : -1;
}

static void print_text(const struct alert_list *list, struct whose *whose)
{
	static const struct column columns[] = {
		{ "STATE", ALIGN_LEFT }, { "RULE", ALIGN_LEFT },
		{ "SUBJECT", ALIGN_LEFT }, { "PROCESS", ALIGN_LEFT },
		{ "USER", ALIGN_LEFT | COLUMN_DROP(4) },
		{ "VALUE", ALIGN_RIGHT }, { "PEAK", ALIGN_RIGHT | COLUMN_DROP(2) },
		{ "THRESHOLD", ALIGN_RIGHT | COLUMN_DROP(1) },
		{ "SINCE", ALIGN_LEFT }, { "LASTED", ALIGN_RIGHT },
		{ "TIMES", ALIGN_RIGHT | COLUMN_DROP(3) },
		{ "CGROUP", ALIGN_LEFT | COLUMN_DROP(5) },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_incident *alert;
	char subject[ENDPOINT_SIZE], since[ALERT_TIME_SIZE];
	struct tcpstates_num lasted;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		alert = &list->one[i];
		lasted = alert_lasted(alert);
		table_styled(table, alert->raised ? STYLE_BAD : STYLE_DIM,
			     alert_state(alert));
		table_text(table, alert_rule(alert));
		table_text(table, alert_subject(subject, alert));
		whose_process(whose, table, &list->inode[i]);
		whose_user(whose, table, &alert->uid);
		table_num(table, &alert->value);
		table_num(table, &alert->peak);
		table_num(table, &alert->threshold);
		table_text(table, alert_time(since, &alert->since_us));
		table_duration(table, &lasted);
		table_num(table, &alert->times);
		whose_cgroup(whose, table, &alert->cgroup);
	}
	table_print(table);
}

static void print_json(const struct alert_list *list, struct whose *whose,
		       bool pretty)
{
	struct json_object *root = json_new(), *alerts = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < list->nr; i++)
		json_append(alerts, alert_json(list, i, whose));
	json_add(root, "alerts", alerts);
	output_json(root, pretty);
}

static void print(const struct options *options, struct alert_list *list)
{
	struct whose whose;

	if (list->nr)
		qsort(list->one, list->nr, sizeof(*list->one), compare);
	whose_begin(&whose, options);
	if (!alert_find_culprits(list, &whose, true))
		output_error("some processes cannot be looked into: run as root to see theirs");
	if (options->given['j'] || options->given['p'])
		print_json(list, &whose, options->given['p']);
	else if (list->nr)
		print_text(list, &whose);
	else
		puts("No alert is raised, and none is remembered.");
	whose_end(&whose);
}

static int list_alerts(const struct options *options,
		       const struct tcpstates_which *which)
{
	struct alert_list list = { 0 };
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int status = conns_open(&nl);

	if (status)
		return status;
	if (tcpstates_alerts(nl, which, alert_collect, &list, &error))
		status = conns_fail(&error);
	else
		print(options, &list);
	alert_free(&list);
	tcpstates_nl_close(nl);
	return status;
}

/* A word: raised, cleared, or the name of a rule */
static bool parse_word(struct tcpstates_which *which, const char *word)
{
	static const char *const states[] = { "raised", "cleared", NULL };
	int rule;

	if (!strcmp(word, states[0])) {
		which->state = 1 + TCPSTATES_ALERT_STATE_RAISED;
	} else if (!strcmp(word, states[1])) {
		which->state = 1 + TCPSTATES_ALERT_STATE_CLEARED;
	} else {
		rule = rule_find_or(word, states);
		if (rule < 0)
			return false;
		which->rule = 1 + (unsigned int)rule;
	}
	return true;
}

/**
 * cmd_alerts() - run "alerts"
 * @options:	-j, -n, -p, --follow, --exec
 * @argc:	number of words
 * @argv:	raised, cleared, or a rule
 *
 * Return: exit status.
 */
int cmd_alerts(const struct options *options, int argc, char **argv)
{
	struct tcpstates_which which = { 0 };

	for (; argc; argc--, argv++)
		if (!parse_word(&which, *argv))
			return STATUS_USAGE;
	if (options->given[OPT_EXEC] && !options->given['f']) {
		output_error("--exec needs --follow");
		return STATUS_USAGE;
	}
	return options->given['f'] ? alert_follow(options, &which) :
				     list_alerts(options, &which);
}
