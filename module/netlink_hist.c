// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms over netlink: those of one snapshot, a message for each edge.
 */
#include "netlink.h"
#include <linux/slab.h>
#include <net/sock.h>

/**
 * struct histdump - a dump that is under way; netlink_callback.args[0]
 * @snap:	the numbers
 * @from:	only of edges from this state; 0: any
 * @to:		only of edges to this state; 0: any
 * @edge:	the next one
 */
struct histdump {
	struct tcps_snapshot *snap;
	u8 from;
	u8 to;
	unsigned int edge;
};

static struct histdump *dump_of(const struct netlink_callback *cb)
{
	return (struct histdump *)cb->args[0];
}

static int check_edge(const struct histdump *d, const struct nlattr *to,
		      struct netlink_ext_ack *extack)
{
	if (!d->from || !d->to || tcps_edge(d->from, d->to) != TCPS_E_NONE)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, to, "Linux makes no such transition");
	return -EINVAL;
}

/**
 * tcps_nl_hist_start() - begin a dump of histograms
 * @cb:		the dump
 *
 * Return: 0, or a negative errno.
 */
int tcps_nl_hist_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct nlattr *from = attrs[TCPSTATES_A_HIST_FROM];
	struct nlattr *to = attrs[TCPSTATES_A_HIST_TO];
	struct histdump *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err = -ENOMEM;

	if (!d)
		return err;
	d->from = from ? nla_get_u8(from) : 0;
	d->to = to ? nla_get_u8(to) : 0;
	err = tcps_nl_may_refuse(cb) ? check_edge(d, to, cb->extack) : 0;
	if (err)
		goto free;
	d->snap = tcps_snapshot_take(tcps_net(sock_net(NETLINK_CB(cb->skb).sk)));
	err = d->snap ? 0 : -ENOMEM;
	if (err)
		goto free;
	cb->min_dump_alloc = TCPS_NL_ROOM;
	cb->args[0] = (long)d;
	/* One snapshot: nothing can come between two messages. */
	cb->seq = 1;
	return 0;
free:
	kfree(d);
	return err;
}

/**
 * tcps_nl_hist_done() - end a dump of histograms
 * @cb:		the dump
 *
 * Return: 0.
 */
int tcps_nl_hist_done(struct netlink_callback *cb)
{
	struct histdump *d = dump_of(cb);

	tcps_snapshot_free(d->snap);
	kfree(d);
	cb->args[0] = 0;
	return 0;
}

static int put_bucket(struct sk_buff *skb, unsigned int b, u64 count)
{
	struct nlattr *nest;
	int err;

	if (!count)
		return 0;
	nest = nla_nest_start(skb, TCPSTATES_A_HIST_BUCKET);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_uint(skb, TCPSTATES_A_BUCKET_LOW_NS,
			   tcps_hist_low(b) << TCPS_UNIT_SHIFT) ?:
	      nla_put_uint(skb, TCPSTATES_A_BUCKET_HIGH_NS,
			   tcps_hist_low(b + 1) << TCPS_UNIT_SHIFT) ?:
	      nla_put_uint(skb, TCPSTATES_A_BUCKET_COUNT, count);
	nla_nest_end(skb, nest);
	return err;
}

static int put_hist(struct sk_buff *skb, const struct tcps_snapshot *snap,
		    unsigned int e)
{
	unsigned int b;
	int err;

	err = nla_put_u8(skb, TCPSTATES_A_HIST_FROM, tcps_edges[e].from) ?:
	      nla_put_u8(skb, TCPSTATES_A_HIST_TO, tcps_edges[e].to) ?:
	      nla_put_u32(skb, TCPSTATES_A_HIST_NETNS_INO,
			  sock_net(skb->sk)->ns.inum) ?:
	      nla_put_uint(skb, TCPSTATES_A_HIST_COUNT,
			   snap->cell[TCPS_CELL_EDGE + e]) ?:
	      tcps_nl_put_dwell(skb, TCPSTATES_A_HIST_DWELL, snap->hist[e],
				snap->max[e]);
	for (b = 0; b < TCPS_HIST_BUCKETS && !err; b++)
		err = put_bucket(skb, b, snap->hist[e][b]);
	return err;
}

static int put_message(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct histdump *d = dump_of(cb);
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &tcps_genl, NLM_F_MULTI,
				TCPSTATES_CMD_HIST_GET);

	if (!hdr || put_hist(skb, d->snap, d->edge)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, hdr);
	genlmsg_end(skb, hdr);
	return 0;
}

static bool wanted(const struct histdump *d)
{
	const struct tcps_edge_info *edge = &tcps_edges[d->edge];

	return (!d->from || d->from == edge->from) &&
	       (!d->to || d->to == edge->to);
}

/**
 * tcps_nl_hist_more() - fill the next message of a dump of histograms
 * @skb:	the message
 * @cb:		the dump
 *
 * Return: its length, 0: that was all, or a negative errno.
 */
int tcps_nl_hist_more(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *to = genl_info_dump(cb)->attrs[TCPSTATES_A_HIST_TO];
	struct histdump *d = dump_of(cb);
	int err = check_edge(d, to, cb->extack);

	if (err)
		return err;
	for (; d->edge < TCPS_NR_EDGES; d->edge++)
		if (wanted(d) && put_message(skb, cb))
			return skb->len ?: -EMSGSIZE;
	return skb->len;
}
