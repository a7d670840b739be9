// SPDX-License-Identifier: GPL-2.0
/*
 * In the place of events.c where there was no libtracefs to build with.
 */
#include "events.h"
#include "output.h"
#include "tcpstatectl.h"

/**
 * events_run() - say why there are no events
 * @events:	what is wanted
 *
 * Return: STATUS_REFUSED.
 */
int events_run(const struct events *events)
{
	(void)events;
	output_error("built without libtracefs: there are no events");
	return STATUS_REFUSED;
}
