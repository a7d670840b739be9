// SPDX-License-Identifier: GPL-2.0
/*
 * Text in aligned columns.
 *
 * 200,000 rows are ordinary: cells stand one behind the other in one block
 * of memory, a byte of style before and a NUL after each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "output.h"
#include "term.h"

/* Narrower numbers do not make a column narrower: watch(1) stays calm. */
#define NUMBER_WIDTH	7
#define CUT_WIDTH	10	/* no text is cut below this */

/**
 * struct table - rows that wait until the widths are known
 * @columns:	headings
 * @nr_columns:	how many
 * @cells:	row by row
 * @len:	bytes in @cells
 * @size:	room in @cells
 * @nr_cells:	how many
 * @widths:	by column, of the widest cell; 0: not shown
 * @hidden:	by column
 */
struct table {
	const struct column *columns;
	size_t nr_columns;
	char *cells;
	size_t len;
	size_t size;
	size_t nr_cells;
	size_t *widths;
	bool *hidden;
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
	size_t i;

	table->columns = columns;
	while (columns[table->nr_columns].title)
		table->nr_columns++;
	table->widths = output_must(calloc(table->nr_columns, sizeof(size_t)));
	table->hidden = output_must(calloc(table->nr_columns, sizeof(bool)));
	for (i = 0; i < table->nr_columns; i++) {
		table->widths[i] = strlen(columns[i].title);
		if (columns[i].align & ALIGN_RIGHT &&
		    table->widths[i] < NUMBER_WIDTH)
			table->widths[i] = NUMBER_WIDTH;
	}
	return table;
}

/**
 * table_hide() - do not show a column
 * @table:	the table
 * @title:	its heading
 */
void table_hide(struct table *table, const char *title)
{
	size_t i;

	for (i = 0; i < table->nr_columns; i++)
		if (!strcmp(table->columns[i].title, title))
			table->hidden[i] = true;
}

static char *room(struct table *table, size_t bytes)
{
	if (table->len + bytes > table->size) {
		table->size = 2 * table->size + bytes + 1024;
		table->cells = output_must(realloc(table->cells, table->size));
	}
	return table->cells + table->len;
}

static void add_cell(struct table *table, enum style style, const char *text)
{
	size_t bytes = strlen(text) + 1, length = term_length(text);
	char *cell = room(table, bytes + 1);
	size_t *width = &table->widths[table->nr_cells++ % table->nr_columns];

	*cell = (char)style;
	memcpy(cell + 1, text, bytes);
	table->len += bytes + 1;
	if (*width < length)
		*width = length;
}

/**
 * table_styled() - fill the next cell with something that is safe to print
 * @table:	the table
 * @style:	how it is shown
 * @text:	our own words, numbers and so on
 */
void table_styled(struct table *table, enum style style, const char *text)
{
	add_cell(table, style, text);
}

/**
 * table_safe() - fill the next cell with what is printable already
 * @table:	the table
 * @text:	the text
 */
void table_safe(struct table *table, const char *text)
{
	add_cell(table, STYLE_PLAIN, text);
}

/**
 * table_text() - fill the next cell with a word
 * @table:	the table
 * @text:	the word, of any origin
 */
void table_text(struct table *table, const char *text)
{
	char few[256], *cell = few;
	size_t size = tcpstates_escape(few, sizeof(few), text) + 1;

	if (size > sizeof(few)) {
		cell = output_must(malloc(size));
		tcpstates_escape(cell, size, text);
	}
	add_cell(table, STYLE_PLAIN, cell);
	if (cell != few)
		free(cell);
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
	add_cell(table, num->value ? STYLE_PLAIN : STYLE_DIM, text);
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
	add_cell(table, us->known ? STYLE_PLAIN : STYLE_DIM, text);
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
	free(table->cells);
	free(table->widths);
	free(table->hidden);
	free(table);
}

static size_t last_shown(const struct table *table)
{
	size_t i = table->nr_columns;

	while (i && table->hidden[i - 1])
		i--;
	return i - 1;
}

static size_t total_width(const struct table *table)
{
	size_t i, sum = 0;

	for (i = 0; i < table->nr_columns; i++)
		if (!table->hidden[i])
			sum += table->widths[i] + 2;
	return sum - 2;
}

/* The column that is missed least, nr_columns if none may go. */
static size_t least(const struct table *table)
{
	size_t i, best = table->nr_columns;
	unsigned int drop = 0;

	for (i = 0; i < table->nr_columns; i++)
		if (!table->hidden[i] &&
		    table->columns[i].align / COLUMN_DROP(1) > drop) {
			drop = table->columns[i].align / COLUMN_DROP(1);
			best = i;
		}
	return best;
}

/* Columns go, then the last one's text is cut, until it fits. */
static void fit(struct table *table, size_t width)
{
	size_t column, *last, total;

	while (width && total_width(table) > width) {
		column = least(table);
		if (column == table->nr_columns)
			break;
		table->hidden[column] = true;
	}
	total = total_width(table);
	last = &table->widths[last_shown(table)];
	if (!width || total <= width ||
	    table->columns[last_shown(table)].align & ALIGN_RIGHT)
		return;
	*last -= total - width < *last ? total - width : *last;
	if (*last < CUT_WIDTH)
		*last = CUT_WIDTH;
}

static void pad(size_t columns)
{
	static const char blanks[] = "                                ";
	size_t n;

	for (; columns; columns -= n) {
		n = columns < sizeof(blanks) - 1 ? columns : sizeof(blanks) - 1;
		fwrite(blanks, 1, n, stdout);
	}
}

static void print_text(const char *text, size_t width)
{
	size_t length = term_length(text);

	if (length <= width) {
		fputs(text, stdout);
		return;
	}
	/* Only text of the last column is longer, and that is ASCII. */
	fwrite(text, 1, width - 1, stdout);
	putchar('+');
}

static void print_cell(const struct table *table, size_t column, bool last,
		       const char *cell)
{
	size_t length = term_length(cell + 1), width = table->widths[column];
	size_t blanks = length < width ? width - length : 0;
	bool right = table->columns[column].align & ALIGN_RIGHT;
	enum style style = (enum style)*cell;

	if (right)
		pad(blanks);
	term_begin(style);
	print_text(cell + 1, width);
	term_end(style);
	if (!right && !last)
		pad(blanks);
	fputs(last ? "\n" : "  ", stdout);
}

static void print_rows(const struct table *table)
{
	size_t last = last_shown(table), nr = table->nr_columns, i;
	const char *cell = table->cells;
	char head[32] = { STYLE_HEAD };

	for (i = 0; i < nr; i++) {
		snprintf(head + 1, sizeof(head) - 1, "%s",
			 table->columns[i].title);
		if (!table->hidden[i])
			print_cell(table, i, i == last, head);
	}
	for (i = 0; i < table->nr_cells; i++) {
		if (!table->hidden[i % nr])
			print_cell(table, i % nr, i % nr == last, cell);
		cell += strlen(cell + 1) + 2;
	}
}

/**
 * table_print() - print a table to stdout and free it
 * @table:	the table, all rows whole
 */
void table_print(struct table *table)
{
	fit(table, term_width());
	print_rows(table);
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
