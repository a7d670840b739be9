// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl show
 */
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "stats_json.h"
#include "tcpstatectl.h"

static bool is_zero(const struct tcpstates_num *num)
{
	return num->known && !num->value;
}

static void show_states(const struct tcpstates_stats *stats)
{
	static const struct column columns[] = {
		{ "STATE", ALIGN_LEFT }, { "NOW", ALIGN_RIGHT },
		{ "ENTERED", ALIGN_RIGHT }, { "LEFT", ALIGN_RIGHT },
		{ "P50", ALIGN_RIGHT }, { "P99", ALIGN_RIGHT },
		{ "MAX", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_state *state = stats->states;

	for (; state < stats->states + stats->nr_states; state++) {
		table_text(table, state->name);
		table_num(table, &state->current);
		table_num(table, &state->entered);
		table_num(table, &state->left);
		table_dwell(table, &state->dwell);
	}
	table_print(table);
}

static void show_transitions(const struct tcpstates_stats *stats)
{
	static const struct column columns[] = {
		{ "FROM", ALIGN_LEFT }, { "->", ALIGN_LEFT },
		{ "TO", ALIGN_LEFT }, { "COUNT", ALIGN_RIGHT },
		{ "P50", ALIGN_RIGHT }, { "P99", ALIGN_RIGHT },
		{ "MAX", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_transition *edge = stats->transitions;

	for (; edge < stats->transitions + stats->nr_transitions; edge++) {
		if (is_zero(&edge->count))
			continue;
		table_text(table, edge->from);
		table_text(table, "->");
		table_text(table, edge->to);
		table_num(table, &edge->count);
		table_dwell(table, &edge->dwell);
	}
	table_print_section(table, "No transition has happened yet.");
}

static void show_closed(const struct tcpstates_stats *stats)
{
	static const struct column columns[] = {
		{ "CLOSED_FROM", ALIGN_LEFT }, { "CAUSE", ALIGN_LEFT },
		{ "COUNT", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_closed *closed = stats->closed;

	for (; closed < stats->closed + stats->nr_closed; closed++) {
		if (is_zero(&closed->count))
			continue;
		table_text(table, closed->from);
		table_text(table, closed->cause);
		table_num(table, &closed->count);
	}
	table_print_section(table, NULL);
}

/* Rules that are raised, or were. */
static void show_alerts(const struct tcpstates_stats *stats)
{
	static const struct column columns[] = {
		{ "ALERT", ALIGN_LEFT }, { "STATUS", ALIGN_LEFT },
		{ "RAISED", ALIGN_RIGHT }, { "CURRENT", ALIGN_RIGHT },
		{ "THRESHOLD", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_alert *alert = stats->alerts;

	for (; alert < stats->alerts + stats->nr_alerts; alert++) {
		if (!strcmp(alert->status, "clear") &&
		    is_zero(&alert->raised))
			continue;
		table_text(table, alert->rule);
		table_text(table, alert->status);
		table_num(table, &alert->raised);
		table_num(table, &alert->current);
		table_num(table, &alert->threshold);
	}
	table_print_section(table, NULL);
}

static void show_hooks(const struct tcpstates_stats *stats)
{
	static const struct column columns[] = {
		{ "DEGRADED_HOOK", ALIGN_LEFT }, { "MECHANISM", ALIGN_LEFT },
		{ "STATUS", ALIGN_LEFT },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_hook *hook = stats->hooks;

	for (; hook < stats->hooks + stats->nr_hooks; hook++) {
		if (!strcmp(hook->status, "ok"))
			continue;
		table_text(table, hook->name);
		table_text(table, hook->mechanism);
		table_text(table, hook->status);
	}
	table_print_section(table, NULL);
}

/*
 * Counters that are never 0 while all is well.  A name that is not known here
 * is rather shown once too often.
 */
static bool is_ordinary(const char *counter)
{
	return !strcmp(counter, "tracked") || !strcmp(counter, "capacity");
}

static void show_counters(const struct tcpstates_stats *stats)
{
	static const struct column columns[] = {
		{ "COUNTER", ALIGN_LEFT }, { "VALUE", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_counter *counter = stats->counters;

	for (; counter < stats->counters + stats->nr_counters; counter++) {
		if (is_zero(&counter->value) || is_ordinary(counter->name))
			continue;
		table_text(table, counter->name);
		table_num(table, &counter->value);
	}
	table_print_section(table, NULL);
}

static void show_text(const struct tcpstates_stats *stats)
{
	show_states(stats);
	show_transitions(stats);
	show_closed(stats);
	show_alerts(stats);
	show_hooks(stats);
	show_counters(stats);
}

/**
 * cmd_show() - run "show"
 * @options:	-j, -p
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_show(const struct options *options, int argc, char **argv)
{
	struct tcpstates_stats stats;
	int status;

	(void)argc;
	(void)argv;
	status = stats_get(&stats);
	if (status)
		return status;
	if (options->given['j'] || options->given['p'])
		output_json(stats_json(&stats), options->given['p']);
	else
		show_text(&stats);
	tcpstates_stats_free(&stats);
	return STATUS_DONE;
}
