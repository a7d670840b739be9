// SPDX-License-Identifier: GPL-2.0
/*
 * In the place of events.c where there was no libtracefs to build with.
 */
#include <errno.h>
#include <stdio.h>

#include "tcpstates.h"

/**
 * tcpstates_events() - say why there are no events
 * @wanted:	not looked at
 * @error:	filled
 *
 * Return: -EOPNOTSUPP.
 */
int tcpstates_events(const struct tcpstates_wanted *wanted,
		     struct tcpstates_error *error)
{
	(void)wanted;
	error->line = 0;
	snprintf(error->reason, sizeof(error->reason),
		 "built without libtracefs: there are no events");
	return -EOPNOTSUPP;
}
