// SPDX-License-Identifier: GPL-2.0
/*
 * The last 15 minutes of a namespace, a look at a time.
 */
#include "tcps.h"
#include "alert.h"
#include "ring.h"

/**
 * tcps_history_add() - append a look, in place of the oldest
 * @h:		the history
 * @m:		the look
 *
 * With tcps_alert_lock held.
 */
void tcps_history_add(struct tcps_history *h, const struct tcps_moment *m)
{
	h->moment[tcps_ring_at(h->nr++, TCPS_MOMENTS)] = *m;
}

/**
 * tcps_history_read() - the last looks
 * @tn:		the namespace, which the caller keeps alive
 * @moments:	where they go, oldest first: room for TCPS_MOMENTS
 *
 * Process context.
 *
 * Return: how many there are.
 */
unsigned int tcps_history_read(struct tcps_net *tn,
			       struct tcps_moment *moments)
{
	const struct tcps_history *h;
	unsigned int n = 0;
	u64 i;

	mutex_lock(&tcps_alert_lock);
	h = tn->watch ? tn->watch->history : NULL;
	i = h ? tcps_ring_first(h->nr, TCPS_MOMENTS) : 0;
	for (; h && i < h->nr; i++)
		moments[n++] = h->moment[tcps_ring_at(i, TCPS_MOMENTS)];
	mutex_unlock(&tcps_alert_lock);
	return n;
}
