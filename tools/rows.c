// SPDX-License-Identifier: GPL-2.0
/*
 * Rows: asked for, sorted, printed, as often as --interval says.
 */
#include <stdio.h>
#include <stdlib.h>

#include "interval.h"
#include "rows.h"

/**
 * struct rows - what there is in one turn
 * @kind:	what they are rows of
 * @options:	of the command line
 * @filter:	which are asked for
 * @interval:	when they are asked for
 * @row:	the rows
 * @nr:		length of @row
 * @room:	for how many there is room
 * @visit:	in which namespaces
 */
struct rows {
	const struct rows_kind *kind;
	const struct options *options;
	const struct tcpstates_filter *filter;
	const struct interval *interval;
	struct row *row;
	size_t nr, room;
	struct conns_visit visit;
};

/**
 * rows_add() - one row more
 * @arg:	what rows_kind.ask() was given
 *
 * Return: the row, of the namespace that is asked now; to be filled.
 */
struct row *rows_add(void *arg)
{
	struct rows *rows = arg;
	struct row *row;

	if (rows->nr == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->row = output_must(reallocarray(rows->row, rows->room,
						     sizeof(*rows->row)));
	}
	row = &rows->row[rows->nr++];
	row->space = rows->visit.space;
	return row;
}

static int ask(struct tcpstates_nl *nl, struct conns_visit *visit,
	       struct tcpstates_summary *summary, struct tcpstates_error *error)
{
	struct rows *rows = visit->arg;

	return rows->kind->ask(nl, rows->filter, rows, summary, error);
}

static void print_text(const struct rows *rows, struct whose *whose)
{
	struct table *table = table_new(rows->kind->columns);
	const struct row *row;

	if (!rows->options->given[OPT_ALL_NETNS])
		table_hide(table, "NETNS");
	for (row = rows->row; row < rows->row + rows->nr; row++) {
		table_netns(table, row->space);
		rows->kind->text(table, row, whose);
	}
	if (rows->interval->passed)
		putchar('\n');
	table_print(table);
}

static void print_json(const struct rows *rows, struct whose *whose)
{
	struct json_object *root = json_new(), *list = json_new_list(), *object;
	const struct row *row;

	json_add_uint(root, "version", 1);
	for (row = rows->row; row < rows->row + rows->nr; row++) {
		object = rows->kind->json(row, whose);
		conns_netns_json(object, row->space);
		json_append(list, object);
	}
	json_add(root, rows->kind->key, list);
	json_add(root, "summary", summary_json(&rows->visit.summary));
	interval_json(rows->interval, root);
	output_json(root, rows->options->given['p']);
}

static void print(struct rows *rows)
{
	const struct options *options = rows->options;
	struct whose whose;
	size_t i;

	whose_begin(&whose, options);
	for (i = 0; i < rows->nr; i++)
		whose_want(&whose, rows->kind->inode(&rows->row[i]));
	whose_find(&whose);
	if (rows->nr)
		qsort(rows->row, rows->nr, sizeof(*rows->row),
		      rows->kind->compare);
	if (options->given['j'] || options->given['p'])
		print_json(rows, &whose);
	else
		print_text(rows, &whose);
	whose_end(&whose);
	conns_summary(&rows->visit.summary);
}

static int run_turn(const struct interval *interval, void *arg)
{
	struct rows *rows = arg;
	int status;

	rows->interval = interval;
	rows->visit = (struct conns_visit){ .ask = ask, .arg = rows };
	status = conns_visit(&rows->visit, rows->options);
	if (!status)
		print(rows);
	free(rows->row);
	rows->row = NULL;
	rows->nr = 0;
	rows->room = 0;
	conns_visit_end(&rows->visit);
	return status;
}

/**
 * rows_run() - ask and print, once or again and again
 * @kind:	what for
 * @options:	-j, -n, -p, --all-netns, --interval, --count, --no-processes
 * @filter:	which
 *
 * Return: exit status.
 */
int rows_run(const struct rows_kind *kind, const struct options *options,
	     const struct tcpstates_filter *filter)
{
	struct rows rows = {
		.kind = kind, .options = options, .filter = filter
	};

	return interval_run(options, run_turn, &rows);
}
