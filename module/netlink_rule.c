// SPDX-License-Identifier: GPL-2.0
/*
 * Rules over netlink: what they are, how near an alert is, and one changed.
 */
#include "netlink.h"
#include <net/sock.h>
#include "alert.h"

#define PARAM_ATTR(param)	(TCPSTATES_A_RULE_ENABLED + (int)(param))

/* A number that differs would be a division by 0. */
#define SAME_PARAM(upper, ...)						\
	SAME_##upper = 1 / ((int)TCPSTATES_A_RULE_##upper ==		\
			    PARAM_ATTR(TCPS_PARAM_##upper)),
enum { TCPS_PARAMS(SAME_PARAM) };

static unsigned int take(struct tcps_net *tn, void *items)
{
	tcps_alert_rules(tn, items);
	return TCPS_NR_RULES;
}

static int put_params(struct sk_buff *skb, unsigned int rule,
		      const struct tcps_limits *limits)
{
	unsigned int param;
	int err = 0;

	for (param = 0; param < TCPS_NR_PARAMS && !err; param++)
		if (tcps_rule_has(rule, param))
			err = nla_put_u32(skb, PARAM_ATTR(param),
					  limits->p[param]);
	return err;
}

static int put(struct sk_buff *skb, u32 netns, const void *items,
	       unsigned int rule, const struct tcps_who *who)
{
	const struct tcps_rule_status *s =
		(const struct tcps_rule_status *)items + rule;
	int err = nla_put_u32(skb, TCPSTATES_A_RULE_NETNS_INO, netns) ?:
		  nla_put_u8(skb, TCPSTATES_A_RULE_RULE, rule) ?:
		  put_params(skb, rule, &s->limits) ?:
		  nla_put_u32(skb, TCPSTATES_A_RULE_RAISED, s->active) ?:
		  nla_put_uint(skb, TCPSTATES_A_RULE_TOTAL, s->raised_total);

	if (s->threshold && !err)
		err = nla_put_uint(skb, TCPSTATES_A_RULE_VALUE, s->value) ?:
		      nla_put_uint(skb, TCPSTATES_A_RULE_THRESHOLD,
				   s->threshold);
	return err;
}

static const struct tcps_copies_ops rules = {
	.cmd = TCPSTATES_CMD_RULE_GET,
	.size = TCPS_NR_RULES * sizeof(struct tcps_rule_status),
	.take = take,
	.put = put,
};

/**
 * tcps_nl_rules_start() - begin a dump of rules
 * @cb:		the dump
 *
 * Return: 0, or a negative errno.
 */
int tcps_nl_rules_start(struct netlink_callback *cb)
{
	return PTR_ERR_OR_ZERO(tcps_nl_copies_start(cb, &rules));
}

static u32 take_params(struct nlattr **attrs, struct tcps_limits *limits)
{
	unsigned int param;
	u32 which = 0;

	for (param = 0; param < TCPS_NR_PARAMS; param++) {
		if (!attrs[PARAM_ATTR(param)])
			continue;
		limits->p[param] = nla_get_u32(attrs[PARAM_ATTR(param)]);
		which |= BIT(param);
	}
	return which;
}

static int set_rule(struct genl_info *info, unsigned int rule)
{
	struct tcps_limits limits = { };
	u32 which = take_params(info->attrs, &limits);
	const char *why = "there is nothing to set";
	int err = -EINVAL;

	if (which)
		err = tcps_alert_set_limits(tcps_net(genl_info_net(info)), rule,
					    &limits, &which, &why);
	if (!err || !info->extack)
		return err;
	info->extack->_msg = why;
	if (err == -EINVAL && which)
		NL_SET_BAD_ATTR(info->extack,
				info->attrs[PARAM_ATTR(__ffs(which))]);
	return err;
}

/**
 * tcps_nl_rule_set() - change a rule of the caller's namespace
 * @request:	the request
 * @info:	what it says
 *
 * Return: 0, or a negative errno.
 */
int tcps_nl_rule_set(struct sk_buff *request, struct genl_info *info)
{
	struct user_namespace *owner = genl_info_net(info)->user_ns;

	if (!netlink_ns_capable(request, owner, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(info->extack,
			       "rules are for CAP_NET_ADMIN over the namespace");
		return -EPERM;
	}
	if (GENL_REQ_ATTR_CHECK(info, TCPSTATES_A_RULE_RULE)) {
		NL_SET_ERR_MSG(info->extack, "a rule has to be named");
		return -EINVAL;
	}
	return set_rule(info, nla_get_u8(info->attrs[TCPSTATES_A_RULE_RULE]));
}
