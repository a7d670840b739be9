// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of copies: all that there is of a namespace is copied at once, so that
 * nothing can come between two of its messages.
 */
#include "netlink.h"
#include <linux/slab.h>
#include <net/sock.h>

static struct tcps_copies *dump_of(const struct netlink_callback *cb)
{
	return (struct tcps_copies *)cb->args[0];
}

/**
 * tcps_nl_copies_start() - begin a dump of copies
 * @cb:		the dump; its operation has the attribute all-netns
 * @ops:	of what
 *
 * Whoever may not have it is told so in the first message before 6.7.
 *
 * Return: the dump, or an ERR_PTR().
 */
struct tcps_copies *tcps_nl_copies_start(struct netlink_callback *cb,
					 const struct tcps_copies_ops *ops)
{
	int err = tcps_nl_may_refuse(cb) ? tcps_nl_check_all(cb) : 0;
	struct tcps_copies *d;

	if (err)
		return ERR_PTR(err);
	d = kvzalloc(sizeof(*d) + ops->size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!d)
		return ERR_PTR(-ENOMEM);
	d->ops = ops;
	d->all = tcps_nl_wants_all(cb);
	d->who.admin = netlink_net_capable(cb->skb, CAP_NET_ADMIN);
	d->who.uid = NETLINK_CB(cb->skb).creds.uid;
	d->who.user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	cb->min_dump_alloc = TCPS_NL_ROOM;
	cb->args[0] = (long)d;
	return d;
}

/**
 * tcps_nl_copies_done() - end a dump of copies
 * @cb:		the dump
 *
 * Return: 0.
 */
int tcps_nl_copies_done(struct netlink_callback *cb)
{
	kvfree(dump_of(cb));
	cb->args[0] = 0;
	return 0;
}

static void take(struct tcps_copies *d, struct tcps_net *tn)
{
	d->netns = tn->net->ns.inum;
	d->at = 0;
	d->nr = d->ops->take(tn, d->items);
}

/* Return: is there another namespace, of which there are copies now. */
static bool take_next(struct tcps_copies *d, struct net *own)
{
	struct tcps_net *tn;

	if (!d->all) {
		if (!d->over)
			take(d, tcps_net(own));
		return !xchg(&d->over, true);
	}
	tn = tcps_net_get_from(&d->id);
	if (!tn)
		return false;
	take(d, tn);
	put_net(tn->net);
	d->id++;
	return true;
}

static int put_message(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct tcps_copies *d = dump_of(cb);
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &tcps_genl, NLM_F_MULTI,
				d->ops->cmd);

	if (!hdr || d->ops->put(skb, d->netns, d->items, d->at,
				&d->who)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, hdr);
	genlmsg_end(skb, hdr);
	return 0;
}

static bool wanted(const struct tcps_copies *d)
{
	return !d->ops->wanted || d->ops->wanted(d->items, d->at, &d->want);
}

/**
 * tcps_nl_copies_more() - fill the next message of a dump of copies
 * @skb:	the message
 * @cb:		the dump
 *
 * Process context.
 *
 * Return: its length, 0: that was all, or a negative errno.
 */
int tcps_nl_copies_more(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct tcps_copies *d = dump_of(cb);
	int err = tcps_nl_check_all(cb);

	if (err)
		return err;
	/* A namespace that came or went may be missing, or not. */
	cb->seq = d->all ? tcps_netns_changes() : 1;
	do {
		for (; d->at < d->nr; d->at++)
			if (wanted(d) && put_message(skb, cb))
				return skb->len ?: -EMSGSIZE;
	} while (take_next(d, sock_net(skb->sk)));
	return skb->len;
}
