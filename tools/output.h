/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything the command prints goes through here: messages, text in aligned
 * columns, JSON.
 */
#ifndef _OUTPUT_H
#define _OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/tcpstates.h"
#include "term.h"

struct json_object;

/**
 * output_error() - print one line to stderr, after the command's name
 * @format:	as of printf(), a literal without newline
 */
#define output_error(format, ...)					\
	fprintf(stderr, "tcpstatectl: " format "\n", ##__VA_ARGS__)

enum align {
	ALIGN_LEFT	= 0,
	ALIGN_RIGHT	= 1,
};

/* Beside the alignment: where there is no room, the highest goes first. */
#define COLUMN_DROP(n)	((n) << 1)

/**
 * struct column - one column of a table
 * @title:	its heading, one word; NULL ends an array of columns
 * @align:	where its cells stick to, and COLUMN_DROP()
 */
struct column {
	const char *title;
	unsigned int align;
};

struct table;

struct table *table_new(const struct column *columns);
void table_hide(struct table *table, const char *title);
void table_styled(struct table *table, enum style style, const char *text);
void table_text(struct table *table, const char *text);
void table_safe(struct table *table, const char *text);
void table_num(struct table *table, const struct tcpstates_num *num);
void table_duration(struct table *table, const struct tcpstates_num *us);
void table_dwell(struct table *table, const struct tcpstates_dwell *dwell);
void table_print(struct table *table);
void table_print_section(struct table *table, const char *if_empty);

void *output_must(void *memory);
void output_json(struct json_object *root, bool pretty);
void output_start(void);
int output_finish(int status);

#endif /* _OUTPUT_H */
