// SPDX-License-Identifier: GPL-2.0
/*
 * The last 15 minutes over netlink, a look at a time.
 */
#include "netlink.h"
#include "alert.h"

#define TALLY_ATTR(tally)	(TCPSTATES_A_MOMENT_OPENED + (int)(tally))

/* A number that differs would be a division by 0. */
#define SAME_TALLY(upper, lower)					\
	SAME_##upper = 1 / ((int)TCPSTATES_A_MOMENT_##upper ==		\
			    TALLY_ATTR(TCPS_TALLY_##upper)),
enum { TCPS_TALLIES(SAME_TALLY) };

static unsigned int take(struct tcps_net *tn, void *items)
{
	return tcps_history_read(tn, items);
}

static u64 time_of(const struct tcps_moment *m)
{
	return (u64)m->when * USEC_PER_SEC;
}

static bool wanted(const void *items, unsigned int at,
		   const struct tcps_want *want)
{
	return time_of((const struct tcps_moment *)items + at) >= want->from;
}

static int put_gauge(struct sk_buff *skb, unsigned int state, u32 current_nr)
{
	struct nlattr *nest;
	int err;

	if (state == TCPS_CLOSED)
		return 0;
	nest = nla_nest_start(skb, TCPSTATES_A_MOMENT_STATE);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u8(skb, TCPSTATES_A_STATE_STATS_STATE, state) ?:
	      nla_put_uint(skb, TCPSTATES_A_STATE_STATS_CURRENT, current_nr);
	nla_nest_end(skb, nest);
	return err;
}

static int put(struct sk_buff *skb, u32 netns, const void *items,
	       unsigned int at, const struct tcps_who *who)
{
	const struct tcps_moment *m = (const struct tcps_moment *)items + at;
	int err = nla_put_u32(skb, TCPSTATES_A_MOMENT_NETNS_INO, netns) ?:
		  tcps_nl_put_u64(skb, TCPSTATES_A_MOMENT_WHEN, time_of(m)) ?:
		  nla_put_u32(skb, TCPSTATES_A_MOMENT_INTERVAL, m->interval) ?:
		  nla_put_u32(skb, TCPSTATES_A_MOMENT_WAITING,
			      m->gauge[TCPS_NONE]);
	unsigned int i, s;

	for (i = 0; i < ARRAY_SIZE(tcps_state_order) && !err; i++) {
		s = tcps_state_order[i];
		err = put_gauge(skb, s, m->gauge[s]);
	}
	for (i = 0; i < TCPS_NR_TALLIES && !err; i++)
		err = nla_put_u32(skb, TALLY_ATTR(i), m->tally[i]);
	return err;
}

static const struct tcps_copies_ops history = {
	.cmd = TCPSTATES_CMD_HISTORY_GET,
	.size = TCPS_MOMENTS * sizeof(struct tcps_moment),
	.take = take,
	.wanted = wanted,
	.put = put,
};

/**
 * tcps_nl_history_start() - begin a dump of history
 * @cb:		the dump
 *
 * Return: 0, or a negative errno.
 */
int tcps_nl_history_start(struct netlink_callback *cb)
{
	struct nlattr *when =
		genl_info_dump(cb)->attrs[TCPSTATES_A_MOMENT_WHEN];
	struct tcps_copies *d = tcps_nl_copies_start(cb, &history);

	if (IS_ERR(d))
		return PTR_ERR(d);
	d->want.from = when ? nla_get_u64(when) : 0;
	return 0;
}
