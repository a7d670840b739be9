// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl listeners
 */
#include <string.h>

#include "rows.h"

static int collect(const struct tcpstates_listener *listener, void *rows)
{
	rows_add(rows)->listener = *listener;
	return 0;
}

static int ask(struct tcpstates_nl *nl, const struct tcpstates_filter *filter,
	       void *rows, struct tcpstates_summary *summary,
	       struct tcpstates_error *error)
{
	return tcpstates_listeners(nl, filter, collect, rows, summary, error);
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

static const struct tcpstates_num *inode(const struct row *row)
{
	return &row->listener.inode;
}

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

static void text(struct table *table, const struct row *row,
		 struct whose *whose)
{
	const struct tcpstates_listener *l = &row->listener;
	char end[ENDPOINT_SIZE];

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

static struct json_object *json(const struct row *row, struct whose *whose)
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
	return object;
}

static const struct rows_kind kind = {
	.key = "listeners",
	.columns = columns,
	.ask = ask,
	.compare = compare,
	.inode = inode,
	.text = text,
	.json = json,
};

/**
 * cmd_listeners() - run "listeners"
 * @options:	what rows_run() takes
 * @argc:	number of words
 * @argv:	conditions, see filter.c
 *
 * Return: exit status.
 */
int cmd_listeners(const struct options *options, int argc, char **argv)
{
	struct tcpstates_filter filter = { 0 };

	if (!filter_parse(&filter, true, argc, argv))
		return STATUS_USAGE;
	return rows_run(&kind, options, &filter);
}
