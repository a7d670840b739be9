// SPDX-License-Identifier: GPL-2.0
/*
 * In the place of hooks that could not be attached: what the kernel itself counts
 * of request sockets and of mini sockets is looked at once a second, and the
 * gauge follows.  Which transitions there were, and how long anything lasted,
 * cannot be known that way.
 */
#include "tcps.h"

static void follow(struct tcps_net *tn, s64 *last, s64 now, unsigned int state)
{
	s64 by = now - *last;

	*last = now;
	preempt_disable();
	if (by > 0)
		tcps_add_many(tn, TCPS_CELL_SEEDED + state, by);
	else if (by < 0)
		tcps_add_many(tn, TCPS_CELL_DROPPED + state, -by);
	preempt_enable();
}

/* Mini sockets in FIN_WAIT2 are among them: the kernel does not tell them apart. */
static void look_at(struct tcps_net *tn, void *arg)
{
	if (!tcps_hooks_req_ok())
		follow(tn, &tn->standin_req, tn->half_open, TCPS_SYN_RECV);
	if (!tcps_hooks_mini_ok())
		follow(tn, &tn->standin_mini,
		       tcps_mini_count(&tn->net->ipv4.tcp_death_row),
		       TCPS_TIME_WAIT);
}

/**
 * tcps_standin_needed() - is there anything that is not hooked
 *
 * Return: true if so.
 */
bool tcps_standin_needed(void)
{
	return !tcps_hooks_req_ok() || !tcps_hooks_mini_ok();
}

/**
 * tcps_standin_look() - have the gauges follow the kernel's own
 *
 * Process context; by the audit's worker, which has read all listeners' queues.
 */
void tcps_standin_look(void)
{
	tcps_netns_for_each(look_at, NULL);
}
