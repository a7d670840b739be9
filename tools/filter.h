/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words of the command line that say which connections.
 */
#ifndef _FILTER_H
#define _FILTER_H

#include "lib/tcpstates.h"

bool filter_parse(struct tcpstates_filter *filter, bool listeners, int argc,
		  char **argv);
bool filter_duration(const char *text, unsigned long long *us);
bool filter_prefix(const char *text, struct tcpstates_prefix *prefix);
unsigned int filter_state(const char *text, size_t len);

#endif /* _FILTER_H */
