/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands that print connections, or listeners, one a row.
 */
#ifndef _ROWS_H
#define _ROWS_H

#include "conns.h"
#include "filter.h"

/**
 * struct row - a connection or a listener
 * @space:	where it is; NULL: here, as all are
 * @conn:	the connection
 * @listener:	the listener
 */
struct row {
	const struct space *space;
	union {
		struct tcpstates_conn conn;
		struct tcpstates_listener listener;
	};
};

/**
 * struct rows_kind - what rows are rows of
 * @key:	of all of them in JSON
 * @columns:	what is printed of each, beside the namespace
 * @ask:	has the library call rows_add() for those that @filter lets pass
 * @compare:	which of two struct row comes first, for qsort()
 * @inode:	of the socket's file
 * @text:	prints the columns of one
 * @json:	the same as JSON
 */
struct rows_kind {
	const char *key;
	const struct column *columns;
	int (*ask)(struct tcpstates_nl *nl,
		   const struct tcpstates_filter *filter, void *rows,
		   struct tcpstates_summary *summary,
		   struct tcpstates_error *error);
	int (*compare)(const void *a, const void *b);
	const struct tcpstates_num *(*inode)(const struct row *row);
	void (*text)(struct table *table, const struct row *row,
		     struct whose *whose);
	struct json_object *(*json)(const struct row *row, struct whose *whose);
};

struct row *rows_add(void *rows);
int rows_run(const struct rows_kind *kind, const struct options *options,
	     const struct tcpstates_filter *filter);

#endif /* _ROWS_H */
