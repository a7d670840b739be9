// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics over netlink: the same snapshot, and the same order, as in /proc.
 */
#include "netlink.h"
#include <linux/slab.h>
#include <net/sock.h>

#define SAME_STATE(name)	\
	static_assert((int)TCPSTATES_TCP_STATE_##name == TCPS_##name)
SAME_STATE(ESTABLISHED);
SAME_STATE(SYN_SENT);
SAME_STATE(SYN_RECV);
SAME_STATE(FIN_WAIT1);
SAME_STATE(FIN_WAIT2);
SAME_STATE(TIME_WAIT);
SAME_STATE(CLOSED);
SAME_STATE(CLOSE_WAIT);
SAME_STATE(LAST_ACK);
SAME_STATE(LISTEN);
SAME_STATE(CLOSING);

/* A number that differs would be a division by 0. */
#define SAME_CAUSE(upper, lower)	\
	SAME_##upper = 1 / ((int)TCPSTATES_CAUSE_##upper == TCPS_CAUSE_##upper),
enum { TCPS_CAUSES(SAME_CAUSE) };

/**
 * tcps_nl_put_dwell() - put dwell times into a message
 * @skb:	the message
 * @attr:	as which attribute
 * @hist:	the times
 * @max:	the longest of them, units of 1,024 ns
 *
 * Return: 0 or -EMSGSIZE.
 */
int tcps_nl_put_dwell(struct sk_buff *skb, int attr, const u64 *hist, u64 max)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	u64 samples = tcps_hist_total(hist);

	if (!nest || nla_put_uint(skb, TCPSTATES_A_DWELL_SAMPLES, samples))
		return -EMSGSIZE;
	if (samples &&
	    (nla_put_uint(skb, TCPSTATES_A_DWELL_P50,
			  tcps_hist_quantile_us(hist, 500, max)) ||
	     nla_put_uint(skb, TCPSTATES_A_DWELL_P99,
			  tcps_hist_quantile_us(hist, 990, max)) ||
	     nla_put_uint(skb, TCPSTATES_A_DWELL_LONGEST, tcps_hist_us(max))))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_state(struct sk_buff *skb, const struct tcps_snapshot *snap,
		     unsigned int state, u64 *hist)
{
	u64 max = tcps_snapshot_state(snap, state, hist);
	struct nlattr *nest;
	int err;

	nest = nla_nest_start(skb, TCPSTATES_A_STATS_STATE);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u8(skb, TCPSTATES_A_STATE_STATS_STATE, state);
	/* Closed sockets are not counted: unknown, not 0. */
	if (!err && state != TCPS_CLOSED)
		err = nla_put_uint(skb, TCPSTATES_A_STATE_STATS_CURRENT,
				   snap->entered[state] - snap->left[state]);
	err = err ?:
	      nla_put_uint(skb, TCPSTATES_A_STATE_STATS_ENTERED,
			   snap->entered[state]) ?:
	      nla_put_uint(skb, TCPSTATES_A_STATE_STATS_LEFT,
			   snap->left[state]) ?:
	      tcps_nl_put_dwell(skb, TCPSTATES_A_STATE_STATS_DWELL, hist, max);
	nla_nest_end(skb, nest);
	return err;
}

static int put_states(struct sk_buff *skb, const struct tcps_snapshot *snap,
		      u64 *hist)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(tcps_state_order) && !err; i++)
		err = put_state(skb, snap, tcps_state_order[i], hist);
	return err;
}

static int put_edge(struct sk_buff *skb, const struct tcps_snapshot *snap,
		    unsigned int e)
{
	struct nlattr *nest = nla_nest_start(skb, TCPSTATES_A_STATS_EDGE);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u8(skb, TCPSTATES_A_EDGE_STATS_FROM,
			 tcps_edges[e].from) ?:
	      nla_put_u8(skb, TCPSTATES_A_EDGE_STATS_TO, tcps_edges[e].to) ?:
	      nla_put_uint(skb, TCPSTATES_A_EDGE_STATS_COUNT,
			   snap->cell[TCPS_CELL_EDGE + e]) ?:
	      tcps_nl_put_dwell(skb, TCPSTATES_A_EDGE_STATS_DWELL,
				snap->hist[e], snap->max[e]);
	nla_nest_end(skb, nest);
	return err;
}

static int put_edges(struct sk_buff *skb, const struct tcps_snapshot *snap)
{
	unsigned int e;
	int err = 0;

	for (e = 0; e < TCPS_NR_EDGES && !err; e++)
		err = put_edge(skb, snap, e);
	return err;
}

static int put_cause(struct sk_buff *skb, unsigned int state,
		     unsigned int cause, u64 count)
{
	struct nlattr *nest;
	int err;

	if (!count)
		return 0;
	nest = nla_nest_start(skb, TCPSTATES_A_STATS_CLOSED);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u8(skb, TCPSTATES_A_CLOSED_STATS_FROM, state) ?:
	      nla_put_u8(skb, TCPSTATES_A_CLOSED_STATS_CAUSE, cause) ?:
	      nla_put_uint(skb, TCPSTATES_A_CLOSED_STATS_COUNT, count);
	nla_nest_end(skb, nest);
	return err;
}

static int put_closed(struct sk_buff *skb, const struct tcps_snapshot *snap)
{
	const u64 *cell = &snap->cell[TCPS_CELL_CAUSE];
	unsigned int i, s, c;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(tcps_state_order); i++) {
		s = tcps_state_order[i];
		for (c = 0; c < TCPS_NR_CAUSES && !err; c++)
			err = put_cause(skb, s, c,
					cell[s * TCPS_NR_CAUSES + c]);
	}
	return err;
}

static int put_counter(void *skb, const char *name, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, TCPSTATES_A_STATS_COUNTER);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_string(skb, TCPSTATES_A_COUNTER_NAME, name) ?:
	      nla_put_uint(skb, TCPSTATES_A_COUNTER_VALUE, value);
	nla_nest_end(skb, nest);
	return err;
}

static int put_hook(void *skb, const char *name, const char *mechanism,
		    const char *status)
{
	struct nlattr *nest = nla_nest_start(skb, TCPSTATES_A_STATS_HOOK);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_string(skb, TCPSTATES_A_HOOK_NAME, name) ?:
	      nla_put_string(skb, TCPSTATES_A_HOOK_MECHANISM, mechanism) ?:
	      nla_put_string(skb, TCPSTATES_A_HOOK_STATUS, status);
	nla_nest_end(skb, nest);
	return err;
}

static int put_stats(struct sk_buff *skb, const struct tcps_net *tn,
		     const struct tcps_snapshot *snap, u64 *hist)
{
	return nla_put_u32(skb, TCPSTATES_A_STATS_NETNS_INO,
			   tn->net->ns.inum) ?:
	       put_states(skb, snap, hist) ?:
	       put_edges(skb, snap) ?:
	       put_closed(skb, snap) ?:
	       tcps_snapshot_counters(tn, put_counter, skb) ?:
	       tcps_hooks_each(put_hook, skb);
}

static int put_namespace(struct sk_buff *skb, struct tcps_net *tn)
{
	struct tcps_snapshot *snap = tcps_snapshot_take(tn);
	u64 *hist = kvcalloc(TCPS_HIST_BUCKETS, sizeof(*hist),
			     GFP_KERNEL | __GFP_NOWARN);
	int err = -ENOMEM;

	if (snap && hist)
		err = put_stats(skb, tn, snap, hist);
	kvfree(hist);
	tcps_snapshot_free(snap);
	return err;
}

/**
 * tcps_nl_stats_get() - the statistics of the caller's namespace
 * @request:	the request
 * @info:	what it says
 *
 * Return: 0, or a negative errno.
 */
int tcps_nl_stats_get(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *all = info->attrs[TCPSTATES_A_STATS_ALL_NETNS];
	struct sk_buff *skb;
	void *hdr;
	int err;

	if (all) {
		NL_SET_ERR_MSG_ATTR(info->extack, all,
				    "all namespaces need a dump");
		return -EINVAL;
	}
	skb = genlmsg_new(TCPS_NL_ROOM, GFP_KERNEL);
	hdr = skb ? genlmsg_put_reply(skb, info, &tcps_genl, 0,
				      TCPSTATES_CMD_STATS_GET) : NULL;
	err = hdr ? put_namespace(skb, tcps_net(genl_info_net(info))) : -ENOMEM;
	if (err) {
		nlmsg_free(skb);
		NL_SET_ERR_MSG(info->extack, "out of memory");
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/*
 * args[0]: the number of the namespace to begin with in a dump of all; 0: only
 * the caller's.  args[1]: done.
 */

/**
 * tcps_nl_stats_start() - begin a dump of statistics
 * @cb:		the dump
 *
 * Return: 0, or a negative errno.
 */
int tcps_nl_stats_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = TCPS_NL_ROOM;
	cb->args[0] = tcps_nl_wants_all(cb);
	return tcps_nl_may_refuse(cb) ? tcps_nl_check_all(cb) : 0;
}

static int put_message(struct sk_buff *skb, struct netlink_callback *cb,
		       struct tcps_net *tn)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &tcps_genl, NLM_F_MULTI,
				TCPSTATES_CMD_STATS_GET);
	int err = hdr ? put_namespace(skb, tn) : -EMSGSIZE;

	if (err) {
		genlmsg_cancel(skb, hdr);
		return err;
	}
	/* A namespace that came or went may be missing, or not. */
	genl_dump_check_consistent(cb, hdr);
	genlmsg_end(skb, hdr);
	return 0;
}

static int put_all(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned int id = cb->args[0];
	struct tcps_net *tn;
	int err = 0;

	while (!err && (tn = tcps_net_get_from(&id))) {
		err = put_message(skb, cb, tn);
		put_net(tn->net);
		if (!err)
			cb->args[0] = ++id;
	}
	return err;
}

/**
 * tcps_nl_stats_more() - fill the next message of a dump of statistics
 * @skb:	the message
 * @cb:		the dump
 *
 * Return: its length, 0: that was all, or a negative errno.
 */
int tcps_nl_stats_more(struct sk_buff *skb, struct netlink_callback *cb)
{
	int err = tcps_nl_check_all(cb);

	if (err || cb->args[1])
		return err;
	cb->seq = tcps_netns_changes();
	if (cb->args[0])
		err = put_all(skb, cb);
	else
		err = put_message(skb, cb, tcps_net(sock_net(skb->sk)));
	if (!err)
		cb->args[1] = 1;
	/* No room left, or no memory: what is there goes out first. */
	return skb->len ?: err;
}
