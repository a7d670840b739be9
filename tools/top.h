/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What "top" shows: collected in top_data.c, drawn in top_draw.c.
 */
#ifndef _TOP_H
#define _TOP_H

#include <stdbool.h>

#include "interval.h"
#include "lib/tcpstates.h"

#define TOP_STATES	11
#define TOP_HISTORY	40

enum top_sort {
	TOP_BY_STATE,
	TOP_BY_NOW,
	TOP_BY_RATE,
	TOP_SORTS,
};

/**
 * struct top_state - one line of the table of states
 * @state:	its numbers, as last read
 * @in:		how often it is entered, times a second; negative: not known
 * @out:	how often it is left
 * @history:	how many there were, oldest first
 * @nr_history:	length of @history
 */
struct top_state {
	const struct tcpstates_state *state;
	double in;
	double out;
	unsigned long long history[TOP_HISTORY];
	size_t nr_history;
};

#define TOP_OWNER	96

/**
 * struct top_listener - a listener and who has it open
 * @one:	the listener
 * @owner:	process, printable
 */
struct top_listener {
	struct tcpstates_listener one;
	char owner[TOP_OWNER];
};

/**
 * struct top_stuck - connections of one process that stay in a state
 * @owner:	process, printable
 * @state:	number of the state
 * @count:	how many
 * @oldest:	of them
 */
struct top_stuck {
	char owner[TOP_OWNER];
	unsigned int state;
	size_t count;
	struct tcpstates_conn oldest;
};

/**
 * struct top - everything
 * @nl:		the module
 * @interval:	when it was read
 * @stats:	statistics, now
 * @before:	statistics, the turn before
 * @states:	lines, in the module's order
 * @nr_states:	how many
 * @listeners:	busiest first
 * @nr_listeners: length of @listeners
 * @conns:	what @stuck is made of
 * @nr_conns:	length of @conns
 * @stuck:	oldest first
 * @nr_stuck:	length of @stuck
 * @denied:	processes that could not be looked into
 * @sort:	of the states
 * @paused:	nothing is read
 * @help:	the keys are shown
 * @netns:	what is looked at
 */
struct top {
	struct tcpstates_nl *nl;
	struct interval interval;
	struct tcpstates_stats stats;
	struct tcpstates_stats before;
	struct top_state states[TOP_STATES];
	size_t nr_states;
	struct top_listener *listeners;
	size_t nr_listeners;
	struct tcpstates_conn *conns;
	size_t nr_conns;
	struct top_stuck *stuck;
	size_t nr_stuck;
	int denied;
	enum top_sort sort;
	bool paused;
	bool help;
	const char *netns;
};

int top_read(struct top *top, struct tcpstates_error *error);
void top_order(const struct top *top, const struct top_state *lines[TOP_STATES]);
void top_free(struct top *top);
void top_draw(const struct top *top);

#endif /* _TOP_H */
