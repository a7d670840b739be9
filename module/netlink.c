// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "tcpstates": operations, policies, configuration.
 * docs/netlink/tcpstates.yaml is the contract.
 *
 * There is no alias for the family on purpose: nobody loads the module by
 * asking for it.
 */
#include "netlink.h"
#include <linux/module.h>
#include "alert.h"
#include <net/sock.h>

/* Whatever a policy does not name is refused. */
static const struct nla_policy stats_policy[TCPSTATES_A_STATS_MAX + 1] = {
	[TCPSTATES_A_STATS_ALL_NETNS] = { .type = NLA_FLAG },
};

#define STATE_POLICY	NLA_POLICY_RANGE(NLA_U8, TCPSTATES_TCP_STATE_ESTABLISHED, \
					 TCPSTATES_TCP_STATE_CLOSING)

static const struct nla_policy hist_policy[TCPSTATES_A_HIST_MAX + 1] = {
	[TCPSTATES_A_HIST_FROM] = STATE_POLICY,
	[TCPSTATES_A_HIST_TO] = STATE_POLICY,
};

static const struct nla_policy conn_policy[TCPSTATES_A_CONN_MAX + 1] = {
	[TCPSTATES_A_CONN_FILTER] = NLA_POLICY_NESTED(tcps_filter_conn),
};

static const struct nla_policy listener_policy[TCPSTATES_A_LISTENER_MAX + 1] = {
	[TCPSTATES_A_LISTENER_FILTER] = NLA_POLICY_NESTED(tcps_filter_listen),
};

static const struct nla_policy alert_policy[TCPSTATES_A_ALERT_MAX + 1] = {
	[TCPSTATES_A_ALERT_ALL_NETNS] = { .type = NLA_FLAG },
	[TCPSTATES_A_ALERT_EVENT] = { .type = NLA_U64 },
	[TCPSTATES_A_ALERT_STATE] =
		NLA_POLICY_MAX(NLA_U8, TCPSTATES_ALERT_STATE_CLEARED),
	[TCPSTATES_A_ALERT_RULE] =
		NLA_POLICY_MAX(NLA_U8, TCPSTATES_RULE_RESET_BURST),
};

static const struct nla_policy rule_get_policy[TCPSTATES_A_RULE_MAX + 1] = {
	[TCPSTATES_A_RULE_ALL_NETNS] = { .type = NLA_FLAG },
};

/* Which numbers are right, and for which rule, is for rules.c to say. */
static const struct nla_policy rule_set_policy[TCPSTATES_A_RULE_MAX + 1] = {
	[TCPSTATES_A_RULE_RULE] =
		NLA_POLICY_MAX(NLA_U8, TCPSTATES_RULE_RESET_BURST),
	[TCPSTATES_A_RULE_ENABLED] = { .type = NLA_U32 },
	[TCPSTATES_A_RULE_COUNT] = { .type = NLA_U32 },
	[TCPSTATES_A_RULE_PERCENT] = { .type = NLA_U32 },
	[TCPSTATES_A_RULE_AGE] = { .type = NLA_U32 },
	[TCPSTATES_A_RULE_DURATION] = { .type = NLA_U32 },
	[TCPSTATES_A_RULE_CLEAR] = { .type = NLA_U32 },
	[TCPSTATES_A_RULE_QUIET] = { .type = NLA_U32 },
};

static const struct nla_policy moment_policy[TCPSTATES_A_MOMENT_MAX + 1] = {
	[TCPSTATES_A_MOMENT_ALL_NETNS] = { .type = NLA_FLAG },
	[TCPSTATES_A_MOMENT_WHEN] = { .type = NLA_U64 },
};

/* A request to read says nothing. */
static const struct nla_policy get_policy[TCPSTATES_A_CONFIG_MAX + 1] = { };

/* Milliseconds: ten a second to one an hour.  Constant, but 6.1 does not say so. */
static struct netlink_range_validation interval_range = {
	.min = 100,
	.max = 3600000,
};

#define FIXED	{ .type = NLA_REJECT, .reject_message = "cannot be set" }

static const struct nla_policy set_policy[TCPSTATES_A_CONFIG_MAX + 1] = {
	[TCPSTATES_A_CONFIG_VERSION] = FIXED,
	[TCPSTATES_A_CONFIG_MAX_CONNECTIONS] = FIXED,
	[TCPSTATES_A_CONFIG_MAX_COUNTER_MEMORY] = FIXED,
	[TCPSTATES_A_CONFIG_CLOCK] = FIXED,
	[TCPSTATES_A_CONFIG_AUDIT_INTERVAL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &interval_range),
};

/**
 * tcps_nl_may_all() - may somebody look at, or change, more than a namespace
 * @skb:	the request
 *
 * Return: true with CAP_NET_ADMIN in the initial namespace of users, from the
 * initial namespace of the network.
 */
bool tcps_nl_may_all(const struct sk_buff *skb)
{
	return net_eq(sock_net(NETLINK_CB(skb).sk), &init_net) &&
	       netlink_capable(skb, CAP_NET_ADMIN);
}

/* One number in all operations that have it */
static struct nlattr *all_netns(struct netlink_callback *cb)
{
	static_assert((int)TCPSTATES_A_STATS_ALL_NETNS ==
		      (int)TCPSTATES_A_ALERT_ALL_NETNS);
	static_assert((int)TCPSTATES_A_STATS_ALL_NETNS ==
		      (int)TCPSTATES_A_RULE_ALL_NETNS);
	static_assert((int)TCPSTATES_A_STATS_ALL_NETNS ==
		      (int)TCPSTATES_A_MOMENT_ALL_NETNS);

	return genl_info_dump(cb)->attrs[TCPSTATES_A_STATS_ALL_NETNS];
}

/**
 * tcps_nl_wants_all() - is a dump to be one of all namespaces
 * @cb:		the dump, of an operation that has the attribute all-netns
 *
 * Return: true if that is asked for.
 */
bool tcps_nl_wants_all(struct netlink_callback *cb)
{
	return all_netns(cb);
}

/**
 * tcps_nl_check_all() - refuse a dump of all namespaces to who may not have it
 * @cb:		the dump, of an operation that has the attribute all-netns
 *
 * Return: 0 or -EPERM, with a text.
 */
int tcps_nl_check_all(struct netlink_callback *cb)
{
	if (!all_netns(cb) || tcps_nl_may_all(cb->skb))
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, all_netns(cb),
			    "all namespaces are for CAP_NET_ADMIN in the initial namespace");
	return -EPERM;
}

static int put_config(struct sk_buff *skb)
{
	return nla_put_string(skb, TCPSTATES_A_CONFIG_VERSION,
			      TCPSTATES_VERSION) ?:
	       nla_put_u32(skb, TCPSTATES_A_CONFIG_MAX_CONNECTIONS,
			   tcps_max_connections) ?:
	       nla_put_u32(skb, TCPSTATES_A_CONFIG_MAX_COUNTER_MEMORY,
			   tcps_account_limit()) ?:
	       nla_put_string(skb, TCPSTATES_A_CONFIG_CLOCK,
			      tcps_clock_name()) ?:
	       nla_put_u32(skb, TCPSTATES_A_CONFIG_AUDIT_INTERVAL,
			   tcps_audit_interval());
}

static int config_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr = skb ? genlmsg_put_reply(skb, info, &tcps_genl, 0,
					    TCPSTATES_CMD_CONFIG_GET) : NULL;
	int err = hdr ? put_config(skb) : -ENOMEM;

	if (err) {
		nlmsg_free(skb);
		NL_SET_ERR_MSG(info->extack, "out of memory");
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int config_set(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *interval =
		info->attrs[TCPSTATES_A_CONFIG_AUDIT_INTERVAL];

	if (!tcps_nl_may_all(request)) {
		NL_SET_ERR_MSG(info->extack,
			       "the configuration is for CAP_NET_ADMIN in the initial namespace");
		return -EPERM;
	}
	if (!interval) {
		NL_SET_ERR_MSG(info->extack, "there is nothing to set");
		return -EINVAL;
	}
	tcps_audit_set_interval(nla_get_u32(interval));
	return 0;
}

#define POLICY(p)	.policy = p, .maxattr = ARRAY_SIZE(p) - 1

static const struct genl_ops ops[] = {
	{
		.cmd = TCPSTATES_CMD_STATS_GET,
		.doit = tcps_nl_stats_get,
		.start = tcps_nl_stats_start,
		.dumpit = tcps_nl_stats_more,
		POLICY(stats_policy),
	}, {
		.cmd = TCPSTATES_CMD_HIST_GET,
		.start = tcps_nl_hist_start,
		.dumpit = tcps_nl_hist_more,
		.done = tcps_nl_hist_done,
		POLICY(hist_policy),
	}, {
		.cmd = TCPSTATES_CMD_CONN_GET,
		.start = tcps_conns_start,
		.dumpit = tcps_sockdump_more,
		.done = tcps_sockdump_done,
		POLICY(conn_policy),
	}, {
		.cmd = TCPSTATES_CMD_LISTENER_GET,
		.start = tcps_listeners_start,
		.dumpit = tcps_sockdump_more,
		.done = tcps_sockdump_done,
		POLICY(listener_policy),
	}, {
		.cmd = TCPSTATES_CMD_CONFIG_GET,
		.doit = config_get,
		POLICY(get_policy),
	}, {
		.cmd = TCPSTATES_CMD_CONFIG_SET,
		.doit = config_set,
		POLICY(set_policy),
	}, {
		.cmd = TCPSTATES_CMD_ALERT_GET,
		.start = tcps_nl_alerts_start,
		.dumpit = tcps_nl_copies_more,
		.done = tcps_nl_copies_done,
		POLICY(alert_policy),
	}, {
		.cmd = TCPSTATES_CMD_RULE_GET,
		.start = tcps_nl_rules_start,
		.dumpit = tcps_nl_copies_more,
		.done = tcps_nl_copies_done,
		POLICY(rule_get_policy),
	}, {
		.cmd = TCPSTATES_CMD_RULE_SET,
		.doit = tcps_nl_rule_set,
		POLICY(rule_set_policy),
	}, {
		.cmd = TCPSTATES_CMD_HISTORY_GET,
		.start = tcps_nl_history_start,
		.dumpit = tcps_nl_copies_more,
		.done = tcps_nl_copies_done,
		POLICY(moment_policy),
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = TCPSTATES_MCGRP_ALERTS },
};

struct genl_family tcps_genl __ro_after_init = {
	.name = TCPSTATES_FAMILY_NAME,
	.version = TCPSTATES_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * tcps_netlink_init() - answer requests
 *
 * Return: 0, or a negative errno.
 */
int __init tcps_netlink_init(void)
{
	int err = genl_register_family(&tcps_genl);

	if (!err)
		tcps_alert_tell(tcps_nl_alert_tell);
	return err;
}

/**
 * tcps_netlink_exit() - answer no more requests
 *
 * Process context.  No request is being answered when this returns: a dump that
 * is under way holds the module.
 */
void tcps_netlink_exit(void)
{
	tcps_alert_tell(NULL);
	genl_unregister_family(&tcps_genl);
}
