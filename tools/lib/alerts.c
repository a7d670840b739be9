// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts, by netlink: those there are, and each as it is raised and cleared.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include "nl.h"

/* Whoever joins "notify" of nlctrl is told when a family goes away. */
#define CTRL_GROUP	GENL_ID_CTRL

struct visitor {
	tcpstates_incident_fn *visit;
	void *arg;
};

static int alert_message(const struct nlmsghdr *nlh, struct nlattr **at,
			 void *arg)
{
	const struct visitor *visitor = arg;
	struct tcpstates_num state = nl_num(at[TCPSTATES_A_ALERT_STATE]);
	struct tcpstates_incident incident = {
		.netns = nl_num(at[TCPSTATES_A_ALERT_NETNS_INO]).value,
		.id = nl_num(at[TCPSTATES_A_ALERT_ID]).value,
		.event = nl_num(at[TCPSTATES_A_ALERT_EVENT]).value,
		.rule = (unsigned int)nl_num(at[TCPSTATES_A_ALERT_RULE]).value,
		.raised = state.value == TCPSTATES_ALERT_STATE_RAISED,
		.uid = nl_num(at[TCPSTATES_A_ALERT_UID]),
		.cgroup = nl_num(at[TCPSTATES_A_ALERT_CGROUP]),
		.value = nl_num(at[TCPSTATES_A_ALERT_VALUE]),
		.peak = nl_num(at[TCPSTATES_A_ALERT_PEAK]),
		.threshold = nl_num(at[TCPSTATES_A_ALERT_THRESHOLD]),
		.since_us = nl_num(at[TCPSTATES_A_ALERT_SINCE]),
		.until_us = nl_num(at[TCPSTATES_A_ALERT_UNTIL]),
		.times = nl_num(at[TCPSTATES_A_ALERT_TIMES]),
		.held_back = nl_num(at[TCPSTATES_A_ALERT_HELD_BACK]),
	};

	(void)nlh;
	nl_address(&incident.where, at[TCPSTATES_A_ALERT_ADDR],
		   at[TCPSTATES_A_ALERT_PORT]);
	return visitor->visit(&incident, visitor->arg);
}

/**
 * tcpstates_alerts() - visit alerts that are raised, and the last ones
 * @nl:		the connection to the module
 * @which:	which; NULL: all
 * @visit:	called for each, by their id; returns 0, or a negative errno to
 *		end it
 * @arg:	for @visit
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_alerts(struct tcpstates_nl *nl,
		     const struct tcpstates_which *which,
		     tcpstates_incident_fn *visit, void *arg,
		     struct tcpstates_error *error)
{
	struct visitor visitor = { visit, arg };
	struct nl_dump dump = {
		.message = alert_message,
		.max = TCPSTATES_A_ALERT_MAX,
		.arg = &visitor,
	};
	struct nlmsghdr *nlh = nl_request(nl, TCPSTATES_CMD_ALERT_GET);

	if (which && which->event)
		mnl_attr_put_u64(nlh, TCPSTATES_A_ALERT_EVENT, which->event);
	if (which && which->state)
		mnl_attr_put_u8(nlh, TCPSTATES_A_ALERT_STATE, which->state - 1);
	if (which && which->rule)
		mnl_attr_put_u8(nlh, TCPSTATES_A_ALERT_RULE, which->rule - 1);
	return nl_dump(nl, nlh, &dump, error);
}

static int join(struct tcpstates_nl *nl, int group)
{
	return mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group,
				     sizeof(group)) < 0 ? -errno : 0;
}

/**
 * tcpstates_alerts_join() - want to be told of alerts
 * @nl:		the connection to the module; from now on good for
 *		tcpstates_alerts_hear() alone
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_alerts_join(struct tcpstates_nl *nl,
			  struct tcpstates_error *error)
{
	int ret = nl->family.group ? join(nl, CTRL_GROUP) : -ENOTSUP;

	if (!ret)
		ret = join(nl, (int)nl->family.group);
	return ret ? nl_fail(error, ret, NULL) : 0;
}

/**
 * tcpstates_nl_fd() - what to wait for with poll(2)
 * @nl:		the connection
 *
 * Return: a file descriptor.
 */
int tcpstates_nl_fd(const struct tcpstates_nl *nl)
{
	return mnl_socket_get_fd(nl->socket);
}

static int gone_message(const struct nlmsghdr *nlh, struct nlattr **at,
			void *arg)
{
	const struct tcpstates_nl *nl = arg;

	(void)nlh;
	return nl_num(at[CTRL_ATTR_FAMILY_ID]).value == nl->family.id ?
	       -ENOENT : 0;
}

static int hear_one(struct tcpstates_nl *nl, const struct nlmsghdr *nlh,
		    struct nl_dump *alerts, struct tcpstates_error *error)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct nl_dump gone = {
		.message = gone_message,
		.max = CTRL_ATTR_FAMILY_ID,
		.arg = (void *)nl,
	};

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return nl_fail(error, -EBADMSG, NULL);
	if (nlh->nlmsg_type == nl->family.id &&
	    genl->cmd == TCPSTATES_CMD_ALERT_NTF)
		return nl_message(nlh, alerts, error);
	if (nlh->nlmsg_type == GENL_ID_CTRL && genl->cmd == CTRL_CMD_DELFAMILY)
		return nl_message(nlh, &gone, error);
	return 0;
}

/**
 * tcpstates_alerts_hear() - wait until something is told, and visit it
 * @nl:		the connection, after tcpstates_alerts_join()
 * @visit:	called for each raise and clear; returns 0, or a negative errno
 * @arg:	for @visit
 * @error:	filled on failure
 *
 * Return: 0; -ENOBUFS: some were lost, tcpstates_alerts() on another connection
 * has them; -ENOENT: the module is not loaded any more; another negative errno.
 */
int tcpstates_alerts_hear(struct tcpstates_nl *nl,
			  tcpstates_incident_fn *visit, void *arg,
			  struct tcpstates_error *error)
{
	struct visitor visitor = { visit, arg };
	struct nl_dump alerts = {
		.message = alert_message,
		.max = TCPSTATES_A_ALERT_MAX,
		.arg = &visitor,
	};
	const struct nlmsghdr *nlh = (const void *)nl->buffer;
	int len = mnl_socket_recvfrom(nl->socket, nl->buffer,
				      sizeof(nl->buffer));
	int ret = 0;

	if (len < 0)
		return nl_fail(error, -errno, NULL);
	for (; !ret && nl_whole(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
		ret = hear_one(nl, nlh, &alerts, error);
	return ret;
}
