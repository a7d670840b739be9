// SPDX-License-Identifier: GPL-2.0
/*
 * All network namespaces and their gauges, by netlink.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include "nl.h"

struct all {
	int (*visit)(const struct tcpstates_netns *netns, void *arg);
	void *arg;
};

static int take_state(const struct nlattr *nest, struct tcpstates_num *current)
{
	struct nlattr *at[TCPSTATES_A_STATE_STATS_MAX + 1];
	struct tcpstates_num state;

	if (nl_attrs(nest, at, TCPSTATES_A_STATE_STATS_MAX))
		return -EBADMSG;
	state = nl_num(at[TCPSTATES_A_STATE_STATS_STATE]);
	if (state.value && state.value <= TCPSTATES_STATES)
		current[state.value] =
			nl_num(at[TCPSTATES_A_STATE_STATS_CURRENT]);
	return 0;
}

/**
 * nl_gauges() - how many connections are in each state
 * @nlh:	the message
 * @type:	the attribute that is repeated, with attributes of its own
 *		(TCPSTATES_A_STATE_STATS_*)
 * @current:	by state; what is not there is left alone
 *
 * Return: 0, or -EBADMSG.
 */
int nl_gauges(const struct nlmsghdr *nlh, unsigned int type,
	      struct tcpstates_num current[TCPSTATES_STATES + 1])
{
	const struct nlattr *attr;
	int ret = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (!ret && mnl_attr_get_type(attr) == type)
			ret = take_state(attr, current);
	return ret;
}

static int message(const struct nlmsghdr *nlh, struct nlattr **at, void *arg)
{
	struct tcpstates_netns netns = {
		.ino = nl_num(at[TCPSTATES_A_STATS_NETNS_INO]).value,
	};
	struct all *all = arg;
	int ret = nl_gauges(nlh, TCPSTATES_A_STATS_STATE, netns.current);

	return ret ? ret : all->visit(&netns, all->arg);
}

/**
 * tcpstates_netns() - visit all network namespaces
 * @nl:		the connection to the module, from the initial namespace
 * @visit:	called for each; returns 0, or a negative errno to end it
 * @arg:	for @visit
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_netns(struct tcpstates_nl *nl,
		    int (*visit)(const struct tcpstates_netns *netns,
				 void *arg),
		    void *arg, struct tcpstates_error *error)
{
	struct all all = { visit, arg };
	struct nl_dump dump = {
		.message = message,
		.max = TCPSTATES_A_STATS_MAX,
		.arg = &all,
	};
	struct nlmsghdr *nlh = nl_request(nl, TCPSTATES_CMD_STATS_GET);

	mnl_attr_put(nlh, TCPSTATES_A_STATS_ALL_NETNS, 0, NULL);
	return nl_dump(nl, nlh, &dump, error);
}
