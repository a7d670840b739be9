// SPDX-License-Identifier: GPL-2.0
/*
 * Colours, width and characters of the terminal.
 */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nearest.h"
#include "output.h"
#include "tcpstatectl.h"
#include "term.h"

static bool colored;

/* https://no-color.org: set and not empty. */
static bool wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term &&
	       strcmp(term, "dumb");
}

/**
 * term_setup() - decide about colours
 * @options:	--color
 *
 * Return: false after a message about a wrong value.
 */
bool term_setup(const struct options *options)
{
	static const char *const words[] = { "auto", "always", "never", NULL };
	const char *when = options->value[OPT_COLOR] ?: "auto";
	char safe[64];

	if (!strcmp(when, "auto")) {
		colored = wants_color();
	} else if (!strcmp(when, "always") || !strcmp(when, "never")) {
		colored = when[0] == 'a';
	} else {
		tcpstates_escape(safe, sizeof(safe), when);
		output_error("no such --color '%s': did you mean '%s'?", safe,
			     nearest_word(when, words));
		return false;
	}
	return true;
}

/**
 * term_width() - how wide a line may be
 *
 * Return: columns; 0: as wide as it likes.
 */
size_t term_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && atoi(columns) > 0)
		return atoi(columns);
	if (isatty(STDOUT_FILENO) &&
	    !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return size.ws_col;
	return 0;
}

/**
 * term_utf8() - may characters beyond ASCII be printed
 *
 * Return: true if so.
 */
bool term_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/**
 * term_length() - columns that a text takes
 * @text:	ASCII, or characters of one column in UTF-8
 *
 * Return: their number.
 */
size_t term_length(const char *text)
{
	size_t length = 0;

	for (; *text; text++)
		length += ((unsigned char)*text & 0xc0) != 0x80;
	return length;
}

static const char *const sequences[] = {
	[STYLE_PLAIN] = NULL,
	[STYLE_HEAD] = "\033[1m",
	[STYLE_DIM] = "\033[2m",
	[STYLE_GOOD] = "\033[32m",
	[STYLE_WARN] = "\033[33m",
	[STYLE_BAD] = "\033[1;31m",
};

/**
 * term_begin() - what follows is shown in a style
 * @style:	which
 */
void term_begin(enum style style)
{
	if (colored && sequences[style])
		fputs(sequences[style], stdout);
}

/**
 * term_end() - what follows is plain again
 * @style:	what term_begin() was given
 */
void term_end(enum style style)
{
	if (colored && sequences[style])
		fputs("\033[0m", stdout);
}
