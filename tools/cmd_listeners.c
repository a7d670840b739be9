// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl listeners
 */
#include <stdlib.h>
#include <string.h>

#include "conns.h"
#include "filter.h"

struct list {
	struct tcpstates_listener *listener;
	size_t nr, room;
};

static int collect(const struct tcpstates_listener *listener, void *arg)
{
	struct list *list = arg;

	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->listener = output_must(reallocarray(list->listener,
							  list->room,
							  sizeof(*listener)));
	}
	list->listener[list->nr++] = *listener;
	return 0;
}

/* By port, then by address. */
static int compare(const void *a, const void *b)
{
	const struct tcpstates_listener *x = a, *y = b;
	int diff = (int)x->local.port - (int)y->local.port;

	if (!diff)
		diff = memcmp(&x->local, &y->local, sizeof(x->local));
	return diff ? diff : (x->inode.value > y->inode.value) -
			     (x->inode.value < y->inode.value);
}

static void print_text(const struct list *list, struct whose *whose)
{
	static const struct column columns[] = {
		{ "LOCAL", ALIGN_LEFT }, { "HALF", ALIGN_RIGHT },
		{ "YOUNG", ALIGN_RIGHT | COLUMN_DROP(3) }, { "BACKLOG", ALIGN_RIGHT },
		{ "QUEUE", ALIGN_RIGHT }, { "LIMIT", ALIGN_RIGHT | COLUMN_DROP(5) },
		{ "DROPS", ALIGN_RIGHT }, { "AGE", ALIGN_RIGHT | COLUMN_DROP(4) },
		{ "PROCESS", ALIGN_LEFT }, { "USER", ALIGN_LEFT | COLUMN_DROP(2) },
		{ "CGROUP", ALIGN_LEFT | COLUMN_DROP(6) },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_listener *l = list->listener;
	char end[ENDPOINT_SIZE];

	for (; l < list->listener + list->nr; l++) {
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
	table_print(table);
}

static struct json_object *
listener_json(const struct tcpstates_listener *l, struct whose *whose)
{
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

static void print_json(const struct list *list, struct whose *whose,
		       const struct tcpstates_summary *summary, bool pretty)
{
	struct json_object *root = json_new(), *listeners = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < list->nr; i++)
		json_append(listeners,
			    listener_json(&list->listener[i], whose));
	json_add(root, "listeners", listeners);
	json_add(root, "summary", summary_json(summary));
	output_json(root, pretty);
}

static void print(const struct options *options, struct list *list,
		  const struct tcpstates_summary *summary)
{
	struct whose whose;
	size_t i;

	whose_begin(&whose, options);
	for (i = 0; i < list->nr; i++)
		whose_want(&whose, &list->listener[i].inode);
	whose_find(&whose);
	if (list->nr)
		qsort(list->listener, list->nr, sizeof(*list->listener),
		      compare);
	if (options->given['j'] || options->given['p'])
		print_json(list, &whose, summary, options->given['p']);
	else
		print_text(list, &whose);
	whose_end(&whose);
	conns_summary(summary);
}

/**
 * cmd_listeners() - run "listeners"
 * @options:	-j, -n, -p
 * @argc:	number of words
 * @argv:	conditions, see filter.c
 *
 * Return: exit status.
 */
int cmd_listeners(const struct options *options, int argc, char **argv)
{
	struct tcpstates_summary summary;
	struct tcpstates_filter filter;
	struct tcpstates_error error;
	struct list list = { 0 };
	struct tcpstates_nl *nl;
	int status;

	if (!filter_parse(&filter, true, argc, argv))
		return STATUS_USAGE;
	status = conns_open(&nl);
	if (status)
		return status;
	if (tcpstates_listeners(nl, argc ? &filter : NULL, collect, &list,
				&summary, &error))
		status = conns_fail(&error);
	else
		print(options, &list, &summary);
	free(list.listener);
	tcpstates_nl_close(nl);
	return status;
}
