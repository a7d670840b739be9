// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl conns
 */
#include <string.h>

#include <linux/tcpstates.h>

#include "rows.h"

/* Listeners have a command of their own, unless they are asked for. */
#define NOT_LISTEN	(((1U << (TCPSTATES_TCP_STATE_CLOSING + 1)) - 2) & \
			 ~(1U << TCPSTATES_TCP_STATE_LISTEN))

static int collect(const struct tcpstates_conn *conn, void *rows)
{
	rows_add(rows)->conn = *conn;
	return 0;
}

static int ask(struct tcpstates_nl *nl, const struct tcpstates_filter *filter,
	       void *rows, struct tcpstates_summary *summary,
	       struct tcpstates_error *error)
{
	return tcpstates_conns(nl, filter, collect, rows, summary, error);
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

static const struct tcpstates_num *inode(const struct row *row)
{
	return &row->conn.inode;
}

static const struct column columns[] = {
	{ "NETNS", ALIGN_LEFT }, { "STATE", ALIGN_LEFT },
	{ "AGE", ALIGN_RIGHT }, { "LOCAL", ALIGN_LEFT },
	{ "REMOTE", ALIGN_LEFT },
	{ "PROCESS", ALIGN_LEFT }, { "USER", ALIGN_LEFT | COLUMN_DROP(2) },
	{ "CGROUP", ALIGN_LEFT | COLUMN_DROP(1) },
	{ 0 }
};

static void text(struct table *table, const struct row *row,
		 struct whose *whose)
{
	const struct tcpstates_conn *conn = &row->conn;
	char end[ENDPOINT_SIZE];

	table_safe(table, state_name(conn->state));
	conns_age(table, &conn->age_us, &conn->at_least_us);
	table_safe(table, conns_endpoint(end, &conn->local));
	table_safe(table, conns_endpoint(end, &conn->remote));
	whose_process(whose, table, &conn->inode);
	whose_user(whose, table, &conn->uid);
	whose_cgroup(whose, table, &conn->cgroup);
}

static struct json_object *json(const struct row *row, struct whose *whose)
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
	return object;
}

static const struct rows_kind kind = {
	.key = "connections",
	.columns = columns,
	.ask = ask,
	.compare = compare,
	.inode = inode,
	.text = text,
	.json = json,
};

/**
 * cmd_conns() - run "conns"
 * @options:	what rows_run() takes
 * @argc:	number of words
 * @argv:	conditions, see filter.c
 *
 * Return: exit status.
 */
int cmd_conns(const struct options *options, int argc, char **argv)
{
	struct tcpstates_filter filter = { 0 };

	if (!filter_parse(&filter, false, argc, argv))
		return STATUS_USAGE;
	if (!filter.states)
		filter.states = NOT_LISTEN;
	return rows_run(&kind, options, &filter);
}
