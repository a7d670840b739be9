// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl show
 */
#include <stdio.h>
#include <string.h>

#include "interval.h"
#include "json.h"
#include "output.h"
#include "stats_json.h"
#include "tcpstatectl.h"

static bool is_zero(const struct tcpstates_num *num)
{
	return num->known && !num->value;
}

/**
 * struct turn - one of the times that statistics are shown
 * @interval:	when it is, and when the last was
 * @now:	statistics
 * @before:	those of the last turn; without a state in the first
 */
struct turn {
	struct interval interval;
	struct tcpstates_stats now;
	struct tcpstates_stats before;
};

/* How often a state is entered and left; negative: not known */
static void rates(const struct turn *turn, size_t i, double *in, double *out)
{
	const struct tcpstates_state *now = &turn->now.states[i], *before;

	*in = -1;
	*out = -1;
	if (i >= turn->before.nr_states)
		return;
	before = &turn->before.states[i];
	*in = interval_rate(&turn->interval, &now->entered, &before->entered);
	*out = interval_rate(&turn->interval, &now->left, &before->left);
}

static void show_rate(struct table *table, double rate)
{
	char text[INTERVAL_RATE_SIZE];

	table_styled(table, rate > 0 ? STYLE_PLAIN : STYLE_DIM,
		     interval_rate_text(text, rate));
}

static void show_states(const struct turn *turn)
{
	static const struct column columns[] = {
		{ "STATE", ALIGN_LEFT }, { "NOW", ALIGN_RIGHT },
		{ "ENTERED", ALIGN_RIGHT | COLUMN_DROP(1) },
		{ "LEFT", ALIGN_RIGHT | COLUMN_DROP(2) },
		{ "IN/s", ALIGN_RIGHT }, { "OUT/s", ALIGN_RIGHT },
		{ "P50", ALIGN_RIGHT | COLUMN_DROP(5) },
		{ "P99", ALIGN_RIGHT | COLUMN_DROP(3) },
		{ "MAX", ALIGN_RIGHT | COLUMN_DROP(4) },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_state *state = turn->now.states;
	double in, out;
	size_t i;

	if (!turn->interval.us) {
		table_hide(table, "IN/s");
		table_hide(table, "OUT/s");
	}
	for (i = 0; i < turn->now.nr_states; i++, state++) {
		rates(turn, i, &in, &out);
		table_text(table, state->name);
		table_num(table, &state->current);
		table_num(table, &state->entered);
		table_num(table, &state->left);
		show_rate(table, in);
		show_rate(table, out);
		table_dwell(table, &state->dwell);
	}
	table_print(table);
}

static void show_transitions(const struct tcpstates_stats *stats)
{
	static const struct column columns[] = {
		{ "FROM", ALIGN_LEFT }, { "->", ALIGN_LEFT },
		{ "TO", ALIGN_LEFT }, { "COUNT", ALIGN_RIGHT },
		{ "P50", ALIGN_RIGHT | COLUMN_DROP(3) },
		{ "P99", ALIGN_RIGHT | COLUMN_DROP(1) },
		{ "MAX", ALIGN_RIGHT | COLUMN_DROP(2) },
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

static void show_text(const struct turn *turn)
{
	const struct tcpstates_stats *stats = &turn->now;

	if (turn->interval.passed)
		putchar('\n');
	show_states(turn);
	show_transitions(stats);
	show_closed(stats);
	show_alerts(stats);
	show_hooks(stats);
	show_counters(stats);
}

/* What is negative is not known: null. */
static void add_double(struct json_object *object, const char *key,
		       double number, int decimals)
{
	char text[INTERVAL_RATE_SIZE];
	struct json_object *value = NULL;

	snprintf(text, sizeof(text), "%.*f", decimals, number);
	if (number >= 0)
		value = output_must(json_object_new_double_s(number, text));
	json_add(object, key, value);
}

static struct json_object *turn_json(const struct turn *turn)
{
	struct json_object *root = stats_json(&turn->now), *states, *state;
	double in, out;
	size_t i;

	states = json_object_object_get(root, "states");
	for (i = 0; turn->interval.us && i < turn->now.nr_states; i++) {
		state = json_object_array_get_idx(states, i);
		rates(turn, i, &in, &out);
		add_double(state, "entered_per_s", in, 1);
		add_double(state, "left_per_s", out, 1);
	}
	if (turn->interval.us)
		add_double(root, "interval_s", turn->interval.passed ? : -1, 3);
	return root;
}

static int run_turn(struct turn *turn, const struct options *options)
{
	int status;

	interval_begin(&turn->interval);
	status = stats_get(&turn->now);
	if (status)
		return status;
	if (options->given['j'] || options->given['p'])
		output_json(turn_json(turn), options->given['p']);
	else
		show_text(turn);
	tcpstates_stats_free(&turn->before);
	turn->before = turn->now;
	return STATUS_DONE;
}

/**
 * cmd_show() - run "show"
 * @options:	-j, -p, --interval, --count
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_show(const struct options *options, int argc, char **argv)
{
	struct turn turn = { 0 };
	int status;

	(void)argc;
	(void)argv;
	if (!interval_parse(&turn.interval, options))
		return STATUS_USAGE;
	do
		status = run_turn(&turn, options);
	while (!status && interval_next(&turn.interval));
	tcpstates_stats_free(&turn.before);
	return status;
}
