// SPDX-License-Identifier: GPL-2.0
/*
 * Text in aligned columns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "output.h"

/* Narrower numbers do not make a column narrower: watch(1) stays calm. */
#define NUMBER_WIDTH	7

/**
 * struct table - rows that wait until the widths are known
 * @columns:	headings
 * @nr_columns:	how many
 * @cells:	row by row, each allocated
 * @nr_cells:	how many
 */
struct table {
	const struct column *columns;
	size_t nr_columns;
	char **cells;
	size_t nr_cells;
};

/**
 * table_new() - begin a table
 * @columns:	its headings; must outlive it
 *
 * Return: the table; table_print() ends it.
 */
struct table *table_new(const struct column *columns)
{
	struct table *table = output_must(calloc(1, sizeof(*table)));

	table->columns = columns;
	while (columns[table->nr_columns].title)
		table->nr_columns++;
	return table;
}

static void add_cell(struct table *table, char *cell)
{
	table->cells = output_must(reallocarray(table->cells,
						table->nr_cells + 1,
						sizeof(*table->cells)));
	table->cells[table->nr_cells++] = cell;
}

/**
 * table_text() - fill the next cell with a word
 * @table:	the table
 * @text:	the word, of any origin
 */
void table_text(struct table *table, const char *text)
{
	size_t size = tcpstates_escape(NULL, 0, text) + 1;
	char *cell = output_must(malloc(size));

	tcpstates_escape(cell, size, text);
	add_cell(table, cell);
}

/**
 * table_safe() - fill the next cell with what is printable already
 * @table:	the table
 * @text:	the text
 */
void table_safe(struct table *table, const char *text)
{
	add_cell(table, output_must(strdup(text)));
}

/**
 * table_num() - fill the next cell with a number
 * @table:	the table
 * @num:	the number; "-" if it is unknown
 */
void table_num(struct table *table, const struct tcpstates_num *num)
{
	char text[24] = "-";

	if (num->known)
		snprintf(text, sizeof(text), "%llu", num->value);
	table_text(table, text);
}

/**
 * table_duration() - fill the next cell with a duration
 * @table:	the table
 * @us:		microseconds; "-" if they are unknown
 */
void table_duration(struct table *table, const struct tcpstates_num *us)
{
	char text[DURATION_SIZE] = "-";

	if (us->known)
		duration_format(text, us->value);
	table_text(table, text);
}

/**
 * table_dwell() - fill the next three cells: P50, P99, MAX
 * @table:	the table
 * @dwell:	the durations
 */
void table_dwell(struct table *table, const struct tcpstates_dwell *dwell)
{
	table_duration(table, &dwell->p50_us);
	table_duration(table, &dwell->p99_us);
	table_duration(table, &dwell->max_us);
}

static void table_free(struct table *table)
{
	size_t i;

	for (i = 0; i < table->nr_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static int column_width(const struct table *table, size_t column)
{
	const struct column *head = &table->columns[column];
	size_t width = strlen(head->title);
	size_t i;

	if (head->align == ALIGN_RIGHT && width < NUMBER_WIDTH)
		width = NUMBER_WIDTH;
	for (i = column; i < table->nr_cells; i += table->nr_columns)
		if (strlen(table->cells[i]) > width)
			width = strlen(table->cells[i]);
	return (int)width;
}

static void print_cell(const struct table *table, size_t column, int width,
		       const char *text)
{
	bool last = column + 1 == table->nr_columns;

	if (table->columns[column].align == ALIGN_RIGHT)
		printf("%*s", width, text);
	else
		printf("%-*s", last ? 0 : width, text);
	fputs(last ? "\n" : "  ", stdout);
}

static void print_rows(const struct table *table, const int *widths)
{
	size_t i, nr = table->nr_columns;

	for (i = 0; i < nr; i++)
		print_cell(table, i, widths[i], table->columns[i].title);
	for (i = 0; i < table->nr_cells; i++)
		print_cell(table, i % nr, widths[i % nr], table->cells[i]);
}

/**
 * table_print() - print a table to stdout and free it
 * @table:	the table, all rows whole
 */
void table_print(struct table *table)
{
	int *widths = output_must(calloc(table->nr_columns, sizeof(*widths)));
	size_t i;

	for (i = 0; i < table->nr_columns; i++)
		widths[i] = column_width(table, i);
	print_rows(table, widths);
	free(widths);
	table_free(table);
}

/**
 * table_print_section() - print a table after an empty line, and free it
 * @table:	the table, all rows whole
 * @if_empty:	line to print instead if it has no row; NULL: print nothing
 */
void table_print_section(struct table *table, const char *if_empty)
{
	if (table->nr_cells) {
		putchar('\n');
		table_print(table);
		return;
	}
	if (if_empty)
		printf("\n%s\n", if_empty);
	table_free(table);
}
