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
 * tcps_history_read() - read some seconds
 * @tn:		the namespace, which the caller keeps alive
 * @from:	number of the first that is wanted, 0: the oldest; it becomes
 *		the number after the last that was read
 * @moments:	where they go, oldest first
 * @nr:		how many at most
 *
 * Process context.
 *
 * Return: how many were read, 0: there are no more.
 */
int tcps_history_read(struct tcps_net *tn, u64 *from,
		      struct tcps_moment *moments, unsigned int nr)
{
	struct tcps_history *h;
	unsigned int n = 0;
	u32 at;

	mutex_lock(&tcps_alert_lock);
	h = tn->watch ? tn->watch->history : NULL;
	if (h && h->nr > TCPS_MOMENTS)
		*from = max(*from, h->nr - TCPS_MOMENTS);
	for (; h && n < nr && *from < h->nr; n++, (*from)++) {
		div_u64_rem(*from, TCPS_MOMENTS, &at);
		moments[n] = h->moment[at];
	}
	mutex_unlock(&tcps_alert_lock);
	return n;
}
