// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl listeners
 */
#include <stdlib.h>
#include <string.h>

#include "conns.h"
#include "filter.h"
#include "interval.h"

/**
 * struct row - a listener
 * @listener:	the listener
 * @space:	where it is; NULL: here, as all are
 */
struct row {
	struct tcpstates_listener listener;
	const struct space *space;
};

/**
 * struct list - listeners
 * @row:	the listeners
 * @nr:		length of @row
 * @room:	for how many there is room
 * @filter:	which are asked for
 * @options:	of the command line
 * @interval:	when they are asked for
 */
struct list {
	struct row *row;
	size_t nr, room;
	struct tcpstates_filter filter;
	const struct options *options;
	const struct interval *interval;
};

static int collect(const struct tcpstates_listener *listener, void *arg)
{
	struct conns_visit *visit = arg;
	struct list *list = visit->arg;

	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->row = output_must(reallocarray(list->row, list->room,
						     sizeof(*list->row)));
	}
	list->row[list->nr++] = (struct row){ *listener, visit->space };
	return 0;
}

static int ask(struct tcpstates_nl *nl, struct conns_visit *visit,
	       struct tcpstates_summary *summary, struct tcpstates_error *error)
{
	const struct list *list = visit->arg;

	return tcpstates_listeners(nl, &list->filter, collect, visit, summary,
				   error);
}

/* By port, then by address. */
static int compare(const void *a, const void *b)
{
	const struct tcpstates_listener *x = &((const struct row *)a)->listener;
	const struct tcpstates_listener *y = &((const struct row *)b)->listener;
	int diff = (int)x->local.port - (int)y->local.port;

	if (!diff)
		diff = conns_compare_end(&x->local, &y->local);
	return diff ? diff : (x->inode.value > y->inode.value) -
			     (x->inode.value < y->inode.value);
}

static void print_text(const struct list *list, struct whose *whose)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT }, { "LOCAL", ALIGN_LEFT },
		{ "HALF", ALIGN_RIGHT },
		{ "YOUNG", ALIGN_RIGHT | COLUMN_DROP(3) }, { "BACKLOG", ALIGN_RIGHT },
		{ "QUEUE", ALIGN_RIGHT }, { "LIMIT", ALIGN_RIGHT | COLUMN_DROP(5) },
		{ "DROPS", ALIGN_RIGHT }, { "AGE", ALIGN_RIGHT | COLUMN_DROP(4) },
		{ "PROCESS", ALIGN_LEFT }, { "USER", ALIGN_LEFT | COLUMN_DROP(2) },
		{ "CGROUP", ALIGN_LEFT | COLUMN_DROP(6) },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct row *row = list->row;
	const struct tcpstates_listener *l;
	char end[ENDPOINT_SIZE];

	if (!list->options->given[OPT_ALL_NETNS])
		table_hide(table, "NETNS");
	for (; row < list->row + list->nr; row++) {
		l = &row->listener;
		table_netns(table, row->space);
		table_text(table, conns_endpoint(end, &l->local));
		table_num(table, &l->half_open);
		table_num(table, &l->young);
		table_num(table, &l->backlog);
		table_num(table, &l->accept_queue);
		table_num(table, &l->accept_limit);
		table_num(table, &l->drops);
		conns_age(table, &l->age_us, &l->at_least_us);
		whose_process(whose, table, &l->inode);
		whose_user(whose, table, &l->uid);
		whose_cgroup(whose, table, &l->cgroup);
	}
	if (list->interval->passed)
		putchar('\n');
	table_print(table);
}

static struct json_object *listener_json(const struct row *row,
					 struct whose *whose)
{
	const struct tcpstates_listener *l = &row->listener;
	struct json_object *object = json_new();

	endpoint_json(object, "local", &l->local);
	json_add_num(object, "half_open", &l->half_open);
	json_add_num(object, "young", &l->young);
	json_add_num(object, "backlog", &l->backlog);
	json_add_num(object, "accept_queue", &l->accept_queue);
	json_add_num(object, "accept_limit", &l->accept_limit);
	json_add_num(object, "drops", &l->drops);
	json_add_num(object, "age_us", &l->age_us);
	json_add_num(object, "age_at_least_us", &l->at_least_us);
	whose_json(whose, object, &l->inode, &l->uid, &l->cgroup);
	conns_netns_json(object, row->space);
	return object;
}

static void print_json(const struct list *list, struct whose *whose,
		       const struct tcpstates_summary *summary, bool pretty)
{
	struct json_object *root = json_new(), *listeners = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < list->nr; i++)
		json_append(listeners, listener_json(&list->row[i], whose));
	json_add(root, "listeners", listeners);
	json_add(root, "summary", summary_json(summary));
	interval_json(list->interval, root);
	output_json(root, pretty);
}

static void print(struct list *list, const struct tcpstates_summary *summary)
{
	const struct options *options = list->options;
	struct whose whose;
	size_t i;

	whose_begin(&whose, options);
	for (i = 0; i < list->nr; i++)
		whose_want(&whose, &list->row[i].listener.inode);
	whose_find(&whose);
	if (list->nr)
		qsort(list->row, list->nr, sizeof(*list->row), compare);
	if (options->given['j'] || options->given['p'])
		print_json(list, &whose, summary, options->given['p']);
	else
		print_text(list, &whose);
	whose_end(&whose);
	conns_summary(summary);
}

static int run_turn(const struct interval *interval, void *arg)
{
	struct list *list = arg;
	struct conns_visit visit = { .ask = ask, .arg = list };
	int status = conns_visit(&visit, list->options);

	list->interval = interval;
	if (!status)
		print(list, &visit.summary);
	free(list->row);
	list->row = NULL;
	list->nr = 0;
	list->room = 0;
	conns_visit_end(&visit);
	return status;
}

/**
 * cmd_listeners() - run "listeners"
 * @options:	-j, -n, -p, --all-netns, --interval, --count
 * @argc:	number of words
 * @argv:	conditions, see filter.c
 *
 * Return: exit status.
 */
int cmd_listeners(const struct options *options, int argc, char **argv)
{
	struct list list = { .options = options };

	if (!filter_parse(&list.filter, true, argc, argv))
		return STATUS_USAGE;
	return interval_run(options, run_turn, &list);
}
