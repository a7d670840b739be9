/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words of the command line that say which connections.
 */
#ifndef _FILTER_H
#define _FILTER_H

#include "lib/tcpstates.h"

enum filter_of {
	FILTER_CONNS		= 1,
	FILTER_LISTENERS	= 2,
	FILTER_EVENTS		= 4,
};

/**
 * struct filter_event - which transitions; all that is said must hold
 * @conn:	of the connection; its states: what is left or entered
 * @from:	what is left; a bit 1 << state for each; 0: any
 * @to:		what is entered
 * @causes:	why it was closed; a bit 1 << cause for each; 0: any
 */
struct filter_event {
	struct tcpstates_filter conn;
	uint32_t from;
	uint32_t to;
	uint32_t causes;
};

bool filter_parse_events(struct filter_event *filter, enum filter_of of,
			 int argc, char **argv);
bool filter_parse(struct tcpstates_filter *filter, bool listeners, int argc,
		  char **argv);
bool filter_prefix(const char *text, struct tcpstates_prefix *prefix);
unsigned int filter_state(const char *text, size_t len);
uint32_t filter_next(unsigned int state);

#endif /* _FILTER_H */
