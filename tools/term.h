/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the terminal can do.
 */
#ifndef _TERM_H
#define _TERM_H

#include <stdbool.h>
#include <stddef.h>

struct options;

/**
 * enum style - how something is shown where colours are
 * @STYLE_PLAIN: as it is
 * @STYLE_HEAD:	a heading
 * @STYLE_DIM:	nothing of interest
 * @STYLE_GOOD:	alive
 * @STYLE_WARN:	to be looked at
 * @STYLE_BAD:	wrong
 */
enum style {
	STYLE_PLAIN,
	STYLE_HEAD,
	STYLE_DIM,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
};

bool term_setup(const struct options *options);
size_t term_width(void);
bool term_utf8(void);
size_t term_length(const char *text);
void term_begin(enum style style);
void term_end(enum style style);

#endif /* _TERM_H */
