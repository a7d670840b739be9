// SPDX-License-Identifier: GPL-2.0
/*
 * The last 15 minutes of a namespace, a second at a time.
 */
#include "tcps.h"
#include "alert.h"

/**
 * tcps_history_add() - append a second, in place of the oldest
 * @h:		the history
 * @m:		the second
 *
 * With tcps_alert_lock held.
 */
void tcps_history_add(struct tcps_history *h, const struct tcps_moment *m)
{
	u32 at;

	div_u64_rem(h->nr++, TCPS_MOMENTS, &at);
	h->moment[at] = *m;
}

/**
 * tcps_history_read() - the last seconds
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
	u32 at;

	mutex_lock(&tcps_alert_lock);
	h = tn->watch ? tn->watch->history : NULL;
	i = h && h->nr > TCPS_MOMENTS ? h->nr - TCPS_MOMENTS : 0;
	for (; h && i < h->nr; i++) {
		div_u64_rem(i, TCPS_MOMENTS, &at);
		moments[n++] = h->moment[at];
	}
	mutex_unlock(&tcps_alert_lock);
	return n;
}
