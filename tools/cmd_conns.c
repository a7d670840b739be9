// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl conns
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "conns.h"
#include "filter.h"
#include "interval.h"

/* Listeners have a command of their own, unless they are asked for. */
#define NOT_LISTEN	(((1U << (TCPSTATES_TCP_STATE_CLOSING + 1)) - 2) & \
			 ~(1U << TCPSTATES_TCP_STATE_LISTEN))

/**
 * struct row - a connection
 * @conn:	the connection
 * @space:	where it is; NULL: here, as all are
 */
struct row {
	struct tcpstates_conn conn;
	const struct space *space;
};

/**
 * struct list - connections
 * @row:	the connections
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

static int collect(const struct tcpstates_conn *conn, void *arg)
{
	struct conns_visit *visit = arg;
	struct list *list = visit->arg;

	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->row = output_must(reallocarray(list->row, list->room,
						     sizeof(*list->row)));
	}
	list->row[list->nr++] = (struct row){ *conn, visit->space };
	return 0;
}

static int ask(struct tcpstates_nl *nl, struct conns_visit *visit,
	       struct tcpstates_summary *summary, struct tcpstates_error *error)
{
	const struct list *list = visit->arg;

	return tcpstates_conns(nl, &list->filter, collect, visit, summary,
			       error);
}

static unsigned long long age(const struct tcpstates_conn *conn)
{
	return conn->age_us.known ? conn->age_us.value :
				    conn->at_least_us.value;
}

/* The longest in its state first; then by addresses, so that order is stable. */
static int compare(const void *a, const void *b)
{
	const struct row *r = a, *s = b;
	const struct tcpstates_conn *x = &r->conn, *y = &s->conn;
	int diff;

	if (age(x) != age(y))
		return age(x) < age(y) ? 1 : -1;
	diff = conns_compare_end(&x->local, &y->local);
	if (!diff)
		diff = conns_compare_end(&x->remote, &y->remote);
	return diff ? diff : (r->space > s->space) - (r->space < s->space);
}

static const char *state_name(unsigned int state)
{
	const char *name = tcpstates_state_name(state);

	return name ? name : "?";
}

static const char *kind_name(unsigned int kind)
{
	static const char * const names[] = {
		[TCPSTATES_KIND_FULL] = "full",
		[TCPSTATES_KIND_REQUEST] = "request",
		[TCPSTATES_KIND_MINI] = "mini",
	};

	return kind <= TCPSTATES_KIND_MINI ? names[kind] : NULL;
}

static void print_text(const struct list *list, struct whose *whose)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT }, { "STATE", ALIGN_LEFT },
		{ "AGE", ALIGN_RIGHT }, { "LOCAL", ALIGN_LEFT },
		{ "REMOTE", ALIGN_LEFT },
		{ "PROCESS", ALIGN_LEFT }, { "USER", ALIGN_LEFT | COLUMN_DROP(2) },
		{ "CGROUP", ALIGN_LEFT | COLUMN_DROP(1) },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_conn *conn;
	const struct row *row = list->row;
	char end[ENDPOINT_SIZE];

	if (!list->options->given[OPT_ALL_NETNS])
		table_hide(table, "NETNS");
	for (; row < list->row + list->nr; row++) {
		conn = &row->conn;
		table_netns(table, row->space);
		table_safe(table, state_name(conn->state));
		conns_age(table, &conn->age_us, &conn->at_least_us);
		table_safe(table, conns_endpoint(end, &conn->local));
		table_safe(table, conns_endpoint(end, &conn->remote));
		whose_process(whose, table, &conn->inode);
		whose_user(whose, table, &conn->uid);
		whose_cgroup(whose, table, &conn->cgroup);
	}
	if (list->interval->passed)
		putchar('\n');
	table_print(table);
}

static struct json_object *conn_json(const struct row *row,
				     struct whose *whose)
{
	const struct tcpstates_conn *conn = &row->conn;
	struct json_object *object = json_new();

	json_add_lower(object, "state", state_name(conn->state));
	json_add_num(object, "age_us", &conn->age_us);
	json_add_num(object, "age_at_least_us", &conn->at_least_us);
	endpoint_json(object, "local", &conn->local);
	endpoint_json(object, "remote", &conn->remote);
	whose_json(whose, object, &conn->inode, &conn->uid, &conn->cgroup);
	json_add_num(object, "cookie", &conn->cookie);
	json_add_word(object, "kind", kind_name(conn->kind));
	conns_netns_json(object, row->space);
	return object;
}

static void print_json(const struct list *list, struct whose *whose,
		       const struct tcpstates_summary *summary, bool pretty)
{
	struct json_object *root = json_new(), *conns = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < list->nr; i++)
		json_append(conns, conn_json(&list->row[i], whose));
	json_add(root, "connections", conns);
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
		whose_want(&whose, &list->row[i].conn.inode);
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
 * cmd_conns() - run "conns"
 * @options:	-j, -n, -p, --all-netns, --interval, --count
 * @argc:	number of words
 * @argv:	conditions, see filter.c
 *
 * Return: exit status.
 */
int cmd_conns(const struct options *options, int argc, char **argv)
{
	struct list list = { .options = options };

	if (!filter_parse(&list.filter, false, argc, argv))
		return STATUS_USAGE;
	if (!list.filter.states)
		list.filter.states = NOT_LISTEN;
	return interval_run(options, run_turn, &list);
}
