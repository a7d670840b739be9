/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Statistics of one or all namespaces, once or again and again.
 */
#ifndef _SHOW_H
#define _SHOW_H

#include "interval.h"
#include "spaces.h"

/**
 * struct view - what is shown of a namespace
 * @stats:	statistics
 * @space:	where; NULL: here, and nowhere else
 */
struct view {
	struct tcpstates_stats stats;
	const struct space *space;
};

/**
 * struct look - what is shown at a time
 * @view:	of each namespace
 * @nr:		length of @view
 * @room:	for how many there is room
 * @spaces:	all namespaces, if these are asked for
 */
struct look {
	struct view *view;
	size_t nr, room;
	struct spaces spaces;
};

/**
 * struct turn - one of the times that statistics are shown
 * @options:	-j, -p
 * @interval:	when it is, and when the last was
 * @all:	those of all namespaces
 * @now:	statistics
 * @before:	those of the last turn; nothing in the first
 */
struct turn {
	const struct options *options;
	struct interval interval;
	bool all;
	struct look now;
	struct look before;
};

void turn_rates(const struct turn *turn, const struct view *view, size_t i,
		double *in, double *out);
void show_text(const struct turn *turn);

#endif /* _SHOW_H */
