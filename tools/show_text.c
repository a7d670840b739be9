// SPDX-License-Identifier: GPL-2.0
/*
 * What show prints for people.
 */
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "show.h"

static bool is_zero(const struct tcpstates_num *num)
{
	return num->known && !num->value;
}

/* A table whose first column is shown where there are several namespaces. */
static struct table *begin(const struct turn *turn,
			   const struct column *columns)
{
	struct table *table = table_new(columns);

	if (!turn->all)
		table_hide(table, "NETNS");
	return table;
}

static void each_view(const struct turn *turn, struct table *table,
		      void (*add)(struct table *table,
				  const struct view *view))
{
	const struct view *view = turn->now.view;

	for (; view < turn->now.view + turn->now.nr; view++)
		add(table, view);
}

static void show_rate(struct table *table, double rate)
{
	char text[INTERVAL_RATE_SIZE];

	table_styled(table, rate > 0 ? STYLE_PLAIN : STYLE_DIM,
		     interval_rate_text(text, rate));
}

static void add_state(struct table *table, const struct turn *turn,
		      const struct view *view, size_t i)
{
	const struct tcpstates_state *state = &view->stats.states[i];
	double in, out;

	/* All states of all namespaces would be more than anybody reads. */
	if (turn->all && !state->current.value && is_zero(&state->entered))
		return;
	turn_rates(turn, view, i, &in, &out);
	table_netns(table, view->space);
	table_text(table, state->name);
	table_num(table, &state->current);
	table_num(table, &state->entered);
	table_num(table, &state->left);
	show_rate(table, in);
	show_rate(table, out);
	table_dwell(table, &state->dwell);
}

static void show_states(const struct turn *turn)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT },
		{ "STATE", ALIGN_LEFT }, { "NOW", ALIGN_RIGHT },
		{ "ENTERED", ALIGN_RIGHT | COLUMN_DROP(1) },
		{ "LEFT", ALIGN_RIGHT | COLUMN_DROP(2) },
		{ "IN/s", ALIGN_RIGHT }, { "OUT/s", ALIGN_RIGHT },
		{ "P50", ALIGN_RIGHT | COLUMN_DROP(5) },
		{ "P99", ALIGN_RIGHT | COLUMN_DROP(3) },
		{ "MAX", ALIGN_RIGHT | COLUMN_DROP(4) },
		{ 0 }
	};
	struct table *table = begin(turn, columns);
	const struct view *view = turn->now.view;
	size_t i;

	if (!turn->interval.us) {
		table_hide(table, "IN/s");
		table_hide(table, "OUT/s");
	}
	for (; view < turn->now.view + turn->now.nr; view++)
		for (i = 0; i < view->stats.nr_states; i++)
			add_state(table, turn, view, i);
	table_print(table);
}

static void add_transitions(struct table *table, const struct view *view)
{
	const struct tcpstates_stats *stats = &view->stats;
	const struct tcpstates_transition *edge = stats->transitions;

	for (; edge < stats->transitions + stats->nr_transitions; edge++) {
		if (is_zero(&edge->count))
			continue;
		table_netns(table, view->space);
		table_text(table, edge->from);
		table_text(table, "->");
		table_text(table, edge->to);
		table_num(table, &edge->count);
		table_dwell(table, &edge->dwell);
	}
}

static void show_transitions(const struct turn *turn)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT },
		{ "FROM", ALIGN_LEFT }, { "->", ALIGN_LEFT },
		{ "TO", ALIGN_LEFT }, { "COUNT", ALIGN_RIGHT },
		{ "P50", ALIGN_RIGHT | COLUMN_DROP(3) },
		{ "P99", ALIGN_RIGHT | COLUMN_DROP(1) },
		{ "MAX", ALIGN_RIGHT | COLUMN_DROP(2) },
		{ 0 }
	};
	struct table *table = begin(turn, columns);

	each_view(turn, table, add_transitions);
	table_print_section(table, "No transition has happened yet.");
}

static void add_closed(struct table *table, const struct view *view)
{
	const struct tcpstates_stats *stats = &view->stats;
	const struct tcpstates_closed *closed = stats->closed;

	for (; closed < stats->closed + stats->nr_closed; closed++) {
		if (is_zero(&closed->count))
			continue;
		table_netns(table, view->space);
		table_text(table, closed->from);
		table_text(table, closed->cause);
		table_num(table, &closed->count);
	}
}

static void show_closed(const struct turn *turn)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT },
		{ "CLOSED_FROM", ALIGN_LEFT }, { "CAUSE", ALIGN_LEFT },
		{ "COUNT", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = begin(turn, columns);

	each_view(turn, table, add_closed);
	table_print_section(table, NULL);
}

/* Rules that are raised, or were. */
static void add_alerts(struct table *table, const struct view *view)
{
	const struct tcpstates_stats *stats = &view->stats;
	const struct tcpstates_alert *alert = stats->alerts;

	for (; alert < stats->alerts + stats->nr_alerts; alert++) {
		if (!strcmp(alert->status, "clear") &&
		    is_zero(&alert->raised))
			continue;
		table_netns(table, view->space);
		table_text(table, alert->rule);
		table_text(table, alert->status);
		table_num(table, &alert->raised);
		table_num(table, &alert->current);
		table_num(table, &alert->threshold);
	}
}

static void show_alerts(const struct turn *turn)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT },
		{ "ALERT", ALIGN_LEFT }, { "STATUS", ALIGN_LEFT },
		{ "RAISED", ALIGN_RIGHT }, { "CURRENT", ALIGN_RIGHT },
		{ "THRESHOLD", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = begin(turn, columns);

	each_view(turn, table, add_alerts);
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

/* The others belong to the module as a whole: the first namespace has them. */
static bool is_of_netns(const char *counter)
{
	return !strcmp(counter, "alerts_untracked");
}

static void add_counters(struct table *table, const struct turn *turn,
			 const struct view *view)
{
	const struct tcpstates_stats *stats = &view->stats;
	const struct tcpstates_counter *counter = stats->counters;
	bool own;

	for (; counter < stats->counters + stats->nr_counters; counter++) {
		own = is_of_netns(counter->name);
		if (is_zero(&counter->value) || is_ordinary(counter->name) ||
		    (!own && view != turn->now.view))
			continue;
		table_netns(table, own ? view->space : NULL);
		table_text(table, counter->name);
		table_num(table, &counter->value);
	}
}

static void show_counters(const struct turn *turn)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT },
		{ "COUNTER", ALIGN_LEFT }, { "VALUE", ALIGN_RIGHT },
		{ 0 }
	};
	struct table *table = begin(turn, columns);
	const struct view *view = turn->now.view;

	for (; view < turn->now.view + turn->now.nr; view++)
		add_counters(table, turn, view);
	table_print_section(table, NULL);
}

/**
 * show_text() - print a turn for people
 * @turn:	the turn
 */
void show_text(const struct turn *turn)
{
	if (turn->interval.passed)
		putchar('\n');
	show_states(turn);
	show_transitions(turn);
	show_closed(turn);
	show_alerts(turn);
	if (turn->now.nr)
		show_hooks(&turn->now.view->stats);
	show_counters(turn);
}
