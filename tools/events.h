/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transitions, as they happen.
 */
#ifndef _EVENTS_H
#define _EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/tcpstates.h"

#define EVENT_NO_CAUSE	255	/* it has not ended */

/**
 * struct event - one transition
 * @time_ns:	when, on the clock CLOCK_MONOTONIC
 * @cookie:	the kernel's name for the connection
 * @netns:	number of the network namespace
 * @family:	AF_INET or AF_INET6
 * @from:	the state that is left
 * @to:		the state that is entered
 * @cause:	why it has ended, or EVENT_NO_CAUSE
 * @dwell_us:	time in @from
 * @uid:	owner
 * @cgroup:	number of the cgroup
 * @local:	this end
 * @remote:	the other end
 */
struct event {
	unsigned long long time_ns;
	unsigned long long cookie;
	unsigned long long netns;
	unsigned int family;
	unsigned int from;
	unsigned int to;
	unsigned int cause;
	struct tcpstates_num dwell_us;
	struct tcpstates_num uid;
	struct tcpstates_num cgroup;
	struct tcpstates_address local;
	struct tcpstates_address remote;
};

/**
 * struct events - what is wanted of them
 * @filter:	in the words of the kernel's tracing system; empty: all
 * @event:	is given each; returns false to end
 * @lost:	is told how many more were lost
 * @turn:	is called before it waits; returns false to end
 * @arg:	for these
 */
struct events {
	const char *filter;
	bool (*event)(const struct event *event, void *arg);
	void (*lost)(unsigned long long nr, void *arg);
	bool (*turn)(void *arg);
	void *arg;
};

int events_run(const struct events *events);

#endif /* _EVENTS_H */
