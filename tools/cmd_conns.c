// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl conns
 */
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "conns.h"
#include "filter.h"

/* Listeners have a command of their own, unless they are asked for. */
#define NOT_LISTEN	(((1U << (TCPSTATES_TCP_STATE_CLOSING + 1)) - 2) & \
			 ~(1U << TCPSTATES_TCP_STATE_LISTEN))

struct list {
	struct tcpstates_conn *conn;
	size_t nr, room;
};

static int collect(const struct tcpstates_conn *conn, void *arg)
{
	struct list *list = arg;

	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->conn = output_must(reallocarray(list->conn, list->room,
						      sizeof(*conn)));
	}
	list->conn[list->nr++] = *conn;
	return 0;
}

static unsigned long long age(const struct tcpstates_conn *conn)
{
	return conn->age_us.known ? conn->age_us.value :
				    conn->at_least_us.value;
}

/* The longest in its state first; then by addresses, so that order is stable. */
static int compare(const void *a, const void *b)
{
	const struct tcpstates_conn *x = a, *y = b;
	int diff;

	if (age(x) != age(y))
		return age(x) < age(y) ? 1 : -1;
	diff = memcmp(&x->local, &y->local, sizeof(x->local));
	return diff ? diff : memcmp(&x->remote, &y->remote, sizeof(x->remote));
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
		{ "STATE", ALIGN_LEFT }, { "AGE", ALIGN_RIGHT },
		{ "LOCAL", ALIGN_LEFT }, { "REMOTE", ALIGN_LEFT },
		{ "PROCESS", ALIGN_LEFT }, { "USER", ALIGN_LEFT | COLUMN_DROP(2) },
		{ "CGROUP", ALIGN_LEFT | COLUMN_DROP(1) },
		{ 0 }
	};
	struct table *table = table_new(columns);
	const struct tcpstates_conn *conn;
	char end[ENDPOINT_SIZE];

	for (conn = list->conn; conn < list->conn + list->nr; conn++) {
		table_text(table, state_name(conn->state));
		conns_age(table, &conn->age_us, &conn->at_least_us);
		table_text(table, conns_endpoint(end, &conn->local));
		table_text(table, conns_endpoint(end, &conn->remote));
		whose_process(whose, table, &conn->inode);
		whose_user(whose, table, &conn->uid);
		whose_cgroup(whose, table, &conn->cgroup);
	}
	table_print(table);
}

static struct json_object *conn_json(const struct tcpstates_conn *conn,
				     struct whose *whose)
{
	struct json_object *object = json_new();

	json_add_lower(object, "state", state_name(conn->state));
	json_add_num(object, "age_us", &conn->age_us);
	json_add_num(object, "age_at_least_us", &conn->at_least_us);
	endpoint_json(object, "local", &conn->local);
	endpoint_json(object, "remote", &conn->remote);
	whose_json(whose, object, &conn->inode, &conn->uid, &conn->cgroup);
	json_add_num(object, "cookie", &conn->cookie);
	json_add_word(object, "kind", kind_name(conn->kind));
	return object;
}

static void print_json(const struct list *list, struct whose *whose,
		       const struct tcpstates_summary *summary, bool pretty)
{
	struct json_object *root = json_new(), *conns = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < list->nr; i++)
		json_append(conns, conn_json(&list->conn[i], whose));
	json_add(root, "connections", conns);
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
		whose_want(&whose, &list->conn[i].inode);
	whose_find(&whose);
	if (list->nr)
		qsort(list->conn, list->nr, sizeof(*list->conn), compare);
	if (options->given['j'] || options->given['p'])
		print_json(list, &whose, summary, options->given['p']);
	else
		print_text(list, &whose);
	whose_end(&whose);
	conns_summary(summary);
}

/**
 * cmd_conns() - run "conns"
 * @options:	-j, -n, -p
 * @argc:	number of words
 * @argv:	conditions, see filter.c
 *
 * Return: exit status.
 */
int cmd_conns(const struct options *options, int argc, char **argv)
{
	struct tcpstates_summary summary;
	struct tcpstates_filter filter;
	struct tcpstates_error error;
	struct list list = { 0 };
	struct tcpstates_nl *nl;
	int status;

	if (!filter_parse(&filter, false, argc, argv))
		return STATUS_USAGE;
	if (!filter.states)
		filter.states = NOT_LISTEN;
	status = conns_open(&nl);
	if (status)
		return status;
	if (tcpstates_conns(nl, &filter, collect, &list, &summary, &error))
		status = conns_fail(&error);
	else
		print(options, &list, &summary);
	free(list.conn);
	tcpstates_nl_close(nl);
	return status;
}
