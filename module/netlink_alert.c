// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts over netlink: those there are, in a dump, and each as it is raised and
 * cleared, for the multicast group.
 */
#include "netlink.h"
#include <net/sock.h>
#include "alert.h"

/* A number that differs would be a division by 0. */
#define SAME_RULE(upper, lower, ...)	\
	SAME_##upper = 1 / ((int)TCPSTATES_RULE_##upper == TCPS_RULE_##upper),
enum { TCPS_RULES(SAME_RULE) };

/* Microseconds since 1970 */
static int put_time(struct sk_buff *skb, int attr, u64 ns)
{
	return nla_put_uint(skb, attr, div_u64(ns, NSEC_PER_USEC));
}

static int put_address(struct sk_buff *skb, const struct tcps_subject *who)
{
	int len = who->family == AF_INET ? sizeof(struct in_addr) :
					   sizeof(struct in6_addr);
	int err = 0;

	if (who->family)
		err = nla_put_u16(skb, TCPSTATES_A_ALERT_FAMILY, who->family) ?:
		      nla_put(skb, TCPSTATES_A_ALERT_ADDR, len, &who->addr);
	if (who->port && !err)
		err = nla_put_u16(skb, TCPSTATES_A_ALERT_PORT, who->port);
	return err;
}

/* The control group is for those who may see it of a connection, too. */
static int put_subject(struct sk_buff *skb, const struct tcps_subject *who,
		       const struct tcps_who *reader)
{
	int err = nla_put_u8(skb, TCPSTATES_A_ALERT_RULE, who->rule) ?:
		  put_address(skb, who);
	kuid_t uid = KUIDT_INIT(who->uid);

	if (who->uid != TCPS_NO_UID && !err)
		err = nla_put_u32(skb, TCPSTATES_A_ALERT_UID,
				  from_kuid_munged(reader->user_ns, uid));
	if (who->cgroup && !err &&
	    (reader->admin || uid_eq(uid, reader->uid)))
		err = tcps_nl_put_u64(skb, TCPSTATES_A_ALERT_CGROUP, who->cgroup);
	return err;
}

static int put_values(struct sk_buff *skb, const struct tcps_alert *a)
{
	return nla_put_uint(skb, TCPSTATES_A_ALERT_VALUE, a->value) ?:
	       nla_put_uint(skb, TCPSTATES_A_ALERT_PEAK, a->peak) ?:
	       nla_put_uint(skb, TCPSTATES_A_ALERT_THRESHOLD, a->threshold) ?:
	       nla_put_u32(skb, TCPSTATES_A_ALERT_TIMES, a->times) ?:
	       nla_put_u32(skb, TCPSTATES_A_ALERT_HELD_BACK, a->held_back);
}

static unsigned int state_of(const struct tcps_alert *a)
{
	return a->until ? TCPSTATES_ALERT_STATE_CLEARED :
			  TCPSTATES_ALERT_STATE_RAISED;
}

static int put_alert(struct sk_buff *skb, u32 netns,
		     const struct tcps_alert *a, const struct tcps_who *reader)
{
	int err = nla_put_u32(skb, TCPSTATES_A_ALERT_NETNS_INO, netns) ?:
		  tcps_nl_put_u64(skb, TCPSTATES_A_ALERT_EVENT, a->event) ?:
		  nla_put_uint(skb, TCPSTATES_A_ALERT_ID, a->id) ?:
		  nla_put_u8(skb, TCPSTATES_A_ALERT_STATE, state_of(a)) ?:
		  put_subject(skb, &a->who, reader) ?:
		  put_values(skb, a) ?:
		  put_time(skb, TCPSTATES_A_ALERT_SINCE, a->since);

	if (a->until && !err)
		err = put_time(skb, TCPSTATES_A_ALERT_UNTIL, a->until);
	return err;
}

static unsigned int take(struct tcps_net *tn, void *items)
{
	return tcps_alert_all(tn, items);
}

static bool wanted(const void *items, unsigned int at,
		   const struct tcps_want *want)
{
	const struct tcps_alert *a = (const struct tcps_alert *)items + at;

	return a->event >= want->from &&
	       (!want->state || want->state == 1 + state_of(a)) &&
	       (!want->rule || want->rule == 1U + a->who.rule);
}

static int put(struct sk_buff *skb, u32 netns, const void *items,
	       unsigned int at, const struct tcps_who *who)
{
	return put_alert(skb, netns, (const struct tcps_alert *)items + at,
			 who);
}

static const struct tcps_copies_ops alerts = {
	.cmd = TCPSTATES_CMD_ALERT_GET,
	.size = TCPS_ALERTS_MAX * sizeof(struct tcps_alert),
	.take = take,
	.wanted = wanted,
	.put = put,
};

/**
 * tcps_nl_alerts_start() - begin a dump of alerts
 * @cb:		the dump
 *
 * Return: 0, or a negative errno.
 */
int tcps_nl_alerts_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct tcps_copies *d = tcps_nl_copies_start(cb, &alerts);

	if (IS_ERR(d))
		return PTR_ERR(d);
	if (attrs[TCPSTATES_A_ALERT_EVENT])
		d->want.from = nla_get_u64(attrs[TCPSTATES_A_ALERT_EVENT]);
	if (attrs[TCPSTATES_A_ALERT_STATE])
		d->want.state = 1 + nla_get_u8(attrs[TCPSTATES_A_ALERT_STATE]);
	if (attrs[TCPSTATES_A_ALERT_RULE])
		d->want.rule = 1 + nla_get_u8(attrs[TCPSTATES_A_ALERT_RULE]);
	return 0;
}

/**
 * tcps_nl_alert_tell() - tell the multicast group of an alert
 * @tn:		the namespace, alive
 * @alert:	the alert, raised or cleared
 *
 * Process context; waits for no receiver.
 *
 * Return: 0, or a negative errno: somebody who has asked to be counted, or
 * everybody, did not get it.
 */
int tcps_nl_alert_tell(struct tcps_net *tn, const struct tcps_alert *alert)
{
	/* Whoever listens: what everybody may see. */
	const struct tcps_who everybody = {
		.uid = INVALID_UID,
		.user_ns = tn->net->user_ns,
	};
	struct sk_buff *skb;
	void *hdr;
	int err;

	if (!genl_has_listeners(&tcps_genl, tn->net, 0))
		return 0;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	hdr = skb ? genlmsg_put(skb, 0, 0, &tcps_genl, 0,
				TCPSTATES_CMD_ALERT_NTF) : NULL;
	if (!hdr || put_alert(skb, tn->net->ns.inum, alert, &everybody)) {
		nlmsg_free(skb);
		return -ENOMEM;
	}
	genlmsg_end(skb, hdr);
	err = genlmsg_multicast_netns(&tcps_genl, tn->net, skb, 0, 0,
				      GFP_KERNEL);
	return err == -ESRCH ? 0 : err;
}
