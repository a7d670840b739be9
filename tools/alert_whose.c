// SPDX-License-Identifier: GPL-2.0
/*
 * Whose an alert is: the process that has most of the sockets that it is about,
 * as far as /proc tells.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "alert.h"

/**
 * struct suspects - sockets of one alert
 * @alert:	the alert
 * @inode:	of their files
 * @nr:		how many
 */
struct suspects {
	const struct tcpstates_incident *alert;
	unsigned long long inode[MOST_SOCKETS];
	size_t nr;
};

/* The states whose sockets a rule counts, where those have an owner */
static uint32_t states_of(unsigned int rule)
{
	switch (rule) {
	case TCPSTATES_RULE_CLOSE_WAIT_LEAK:
		return 1U << TCPSTATES_TCP_STATE_CLOSE_WAIT;
	case TCPSTATES_RULE_HALF_DEAD:
		return 1U << TCPSTATES_TCP_STATE_FIN_WAIT1 |
		       1U << TCPSTATES_TCP_STATE_FIN_WAIT2 |
		       1U << TCPSTATES_TCP_STATE_CLOSING |
		       1U << TCPSTATES_TCP_STATE_LAST_ACK;
	case TCPSTATES_RULE_SYN_SENT_PILEUP:
		return 1U << TCPSTATES_TCP_STATE_SYN_SENT;
	default:
		return 0;
	}
}

static bool is_remote(unsigned int rule)
{
	return rule == TCPSTATES_RULE_SYN_SENT_PILEUP ||
	       rule == TCPSTATES_RULE_TIME_WAIT_PRESSURE;
}

/* An error of its own ends a visit: that is enough of them. */
static int suspect(struct suspects *suspects, const struct tcpstates_num *inode)
{
	if (!inode->known)
		return 0;
	suspects->inode[suspects->nr++] = inode->value;
	return suspects->nr == MOST_SOCKETS ? -ECANCELED : 0;
}

static int suspect_conn(const struct tcpstates_conn *conn, void *arg)
{
	return suspect(arg, &conn->inode);
}

/* A listener on all addresses is there for each of them. */
static int suspect_listener(const struct tcpstates_listener *listener,
			    void *arg)
{
	static const uint8_t any[16];
	struct suspects *suspects = arg;
	const struct tcpstates_incident *alert = suspects->alert;

	if (alert->where.len && listener->local.len &&
	    memcmp(listener->local.bytes, any, listener->local.len) &&
	    (alert->where.len != listener->local.len ||
	     memcmp(listener->local.bytes, alert->where.bytes,
		    alert->where.len)))
		return 0;
	if (alert->uid.known && listener->uid.known &&
	    alert->uid.value != listener->uid.value)
		return 0;
	return suspect(suspects, &listener->inode);
}

static void look_for_conns(struct tcpstates_nl *nl, struct suspects *suspects)
{
	const struct tcpstates_incident *alert = suspects->alert;
	struct tcpstates_filter filter = {
		.states = states_of(alert->rule),
		.uid = alert->uid,
		.cgroup = alert->cgroup.value,
	};
	struct tcpstates_summary summary = { 0 };
	struct tcpstates_error error;

	if (!filter.states || !alert->where.port)
		return;
	if (is_remote(alert->rule)) {
		filter.remote_port = alert->where.port;
		filter.remote.len = alert->where.len;
		filter.remote.bits = 8 * alert->where.len;
		memcpy(filter.remote.bytes, alert->where.bytes,
		       sizeof(filter.remote.bytes));
	} else {
		filter.local_port = alert->where.port;
	}
	/* What is not found is not said. */
	tcpstates_conns(nl, &filter, suspect_conn, suspects, &summary, &error);
}

static void look_for_listeners(struct tcpstates_nl *nl,
			       struct suspects *suspects)
{
	struct tcpstates_filter filter = {
		.local_port = suspects->alert->where.port,
	};
	struct tcpstates_summary summary = { 0 };
	struct tcpstates_error error;

	if (!filter.local_port || is_remote(suspects->alert->rule))
		return;
	tcpstates_listeners(nl, &filter, suspect_listener, suspects, &summary,
			    &error);
}

/*
 * A visit that was ended leaves answers behind, which the next one must not
 * take for its own: each alert has a connection of its own.
 */
static void look(struct suspects *suspects)
{
	struct tcpstates_error error;
	struct tcpstates_nl *nl;

	if (tcpstates_nl_open(&nl, &error))
		return;
	look_for_conns(nl, suspects);
	if (!suspects->nr)
		look_for_listeners(nl, suspects);
	tcpstates_nl_close(nl);
}

/**
 * alert_find_culprits() - look for the processes behind alerts
 * @list:	alerts; a socket of each one's process is noted there
 * @whose:	who is asked
 * @raised_only: what is over may have been somebody else's
 *
 * Return: false if some processes could not be looked into.
 */
bool alert_find_culprits(struct alert_list *list, struct whose *whose,
			 bool raised_only)
{
	struct suspects *all;
	struct most most;
	size_t i, j;
	int denied;

	if (!list->nr)
		return true;
	all = output_must(calloc(list->nr, sizeof(*all)));
	for (i = 0; i < list->nr; i++) {
		all[i].alert = &list->one[i];
		if (list->one[i].raised || !raised_only)
			look(&all[i]);
		for (j = 0; j < all[i].nr; j++)
			if (tcpstates_owners_want(whose->owners,
						  all[i].inode[j]))
				output_must(NULL);
	}
	denied = tcpstates_owners_find(whose->owners);
	for (i = 0; i < list->nr; i++) {
		most = whose_most(whose, all[i].inode, all[i].nr);
		list->inode[i].value = most.inode;
		list->inode[i].known = most.name;
	}
	free(all);
	return !denied;
}
