// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that findings come from, asked once.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "alert.h"
#include "doctor.h"

#define BIT(state)	(1U << TCPSTATES_TCP_STATE_##state)

/**
 * struct visit - one look at connections that are late
 * @patient:	where groups go
 * @ailment:	what those are
 * @tree:	of groups: indices in @patient->groups, by whose they are
 */
struct visit {
	struct patient *patient;
	enum ailment ailment;
	void *tree;
};

/* tsearch() has no argument for those who compare. */
static const struct findings *compared;

static struct finding *group_at(const void *index)
{
	return &compared->one[(size_t)index - 1];
}

static int compare_num(const struct tcpstates_num *a,
		       const struct tcpstates_num *b)
{
	if (a->known != b->known)
		return a->known - b->known;
	return (a->value > b->value) - (a->value < b->value);
}

static int compare_groups(const void *a, const void *b)
{
	const struct finding *x = group_at(a), *y = group_at(b);
	int diff = memcmp(&x->where, &y->where, sizeof(x->where));

	if (!diff)
		diff = compare_num(&x->uid, &y->uid);
	return diff ? diff : compare_num(&x->cgroup, &y->cgroup);
}

/* The group of a connection: by its service, or by the other end's */
static void describe(const struct visit *visit,
		     const struct tcpstates_conn *conn, struct finding *group)
{
	group->ailment = visit->ailment;
	group->uid = conn->uid;
	group->cgroup = conn->cgroup;
	group->remote = visit->ailment == AIL_SYN_SENT ||
			!doctor_is_service(visit->patient, conn);
	if (group->remote)
		group->where = conn->remote;
	else
		group->where.port = conn->local.port;
}

static void join(struct finding *group, const struct tcpstates_conn *conn)
{
	const struct tcpstates_num *age = conn->age_us.known ?
					  &conn->age_us : &conn->at_least_us;

	group->count++;
	if (age->known && (!group->oldest_us.known ||
			   age->value > group->oldest_us.value)) {
		group->oldest_us = *age;
		group->at_least = !conn->age_us.known;
	}
	if (conn->inode.known && group->nr_inodes < MOST_SOCKETS)
		group->inode[group->nr_inodes++] = conn->inode.value;
}

/* A new group stands at the end, to be compared, and goes if it is known. */
static int visit_conn(const struct tcpstates_conn *conn, void *arg)
{
	struct visit *visit = arg;
	struct findings *groups = &visit->patient->groups;
	void *index, **found;

	compared = groups;
	describe(visit, conn, findings_add(groups));
	index = (void *)groups->nr;
	found = output_must(tsearch(index, &visit->tree, compare_groups));
	if (*found != index)
		groups->nr--;
	join(group_at(*found), conn);
	return 0;
}

static void keep(void *index)
{
	(void)index;
}

static int look_at_conns(struct tcpstates_nl *nl, struct patient *patient,
			 enum ailment ailment, uint32_t states,
			 struct tcpstates_error *error)
{
	struct visit visit = { .patient = patient, .ailment = ailment };
	struct tcpstates_filter filter = {
		.states = states,
		.older_us = doctor_age_us(patient, doctor_rule(ailment)),
	};
	struct tcpstates_summary summary = { 0 };
	int ret = tcpstates_conns(nl, &filter, visit_conn, &visit, &summary,
				  error);

	tdestroy(visit.tree, keep);
	return ret;
}

static int collect_rule(const struct tcpstates_rule_info *rule,
			unsigned int line, void *arg)
{
	struct patient *patient = arg;

	(void)line;
	if (rule->rule < TCPSTATES_RULES)
		patient->rule[rule->rule] = *rule;
	return 0;
}

static int collect_listener(const struct tcpstates_listener *listener,
			    void *arg)
{
	struct patient *patient = arg;
	size_t nr = patient->nr_listeners;
	void *more = patient->listeners;

	/* Room for 2^n of them */
	if (!(nr & (nr - 1)))
		more = reallocarray(more, nr ? 2 * nr : 1, sizeof(*listener));
	patient->listeners = output_must(more);
	patient->listeners[patient->nr_listeners++] = *listener;
	return 0;
}

static int collect_moment(const struct tcpstates_moment *moment, void *arg)
{
	struct patient *patient = arg;
	size_t i;

	for (i = 0; i < TCPSTATES_TALLIES; i++)
		patient->tally[i] += moment->tally[i].value;
	patient->ms += moment->interval_ms.value;
	return 0;
}

static int look_at_alerts(struct tcpstates_nl *nl, struct patient *patient,
			  struct tcpstates_error *error)
{
	const struct tcpstates_which raised = {
		.state = 1 + TCPSTATES_ALERT_STATE_RAISED,
	};
	struct alert_list list = { 0 };
	int ret = tcpstates_alerts(nl, &raised, alert_collect, &list, error);

	patient->alerts = list.one;
	patient->nr_alerts = list.nr;
	free(list.inode);
	return ret;
}

static int ask(struct tcpstates_nl *nl, struct patient *patient,
	       struct tcpstates_error *error)
{
	struct tcpstates_filter all = { 0 };
	struct tcpstates_summary summary = { 0 };
	int ret = tcpstates_rules(nl, collect_rule, patient, error);

	if (!ret)
		ret = tcpstates_listeners(nl, &all, collect_listener, patient,
					  &summary, error);
	if (!ret)
		ret = tcpstates_history(nl, 0, collect_moment, patient, error);
	if (!ret)
		ret = look_at_conns(nl, patient, AIL_CLOSE_WAIT,
				    BIT(CLOSE_WAIT), error);
	if (!ret)
		ret = look_at_conns(nl, patient, AIL_FIN_LOST, BIT(FIN_WAIT1) |
				    BIT(CLOSING) | BIT(LAST_ACK), error);
	if (!ret)
		ret = look_at_conns(nl, patient, AIL_FIN_WAIT2,
				    BIT(FIN_WAIT2), error);
	if (!ret)
		ret = look_at_conns(nl, patient, AIL_SYN_SENT, BIT(SYN_SENT),
				    error);
	/* Last, so that what has become one meanwhile is among them. */
	return ret ? ret : look_at_alerts(nl, patient, error);
}

/* Numbers of a file of /proc/sys/net; what cannot be read is not known. */
static void look_at_file(const char *path, struct tcpstates_num *first,
			 struct tcpstates_num *second)
{
	size_t len;
	char *text;
	int n;

	if (tcpstates_file_read(path, 64, &text, &len))
		return;
	n = sscanf(text, "%llu %llu", &first->value, &second->value);
	first->known = n >= 1;
	second->known = n == 2;
	free(text);
}

static void look_at_settings(struct patient *patient)
{
	struct tcpstates_num *setting = patient->setting, none;

	look_at_file("/proc/sys/net/ipv4/tcp_syncookies",
		     &setting[SET_SYNCOOKIES], &none);
	look_at_file("/proc/sys/net/ipv4/tcp_max_tw_buckets",
		     &setting[SET_MAX_TW_BUCKETS], &none);
	look_at_file("/proc/sys/net/ipv4/ip_local_port_range",
		     &setting[SET_PORT_FIRST], &setting[SET_PORT_LAST]);
}

/**
 * doctor_look() - ask the module and the kernel
 * @patient:	filled
 *
 * Return: STATUS_DONE, or an exit status after a message.
 */
int doctor_look(struct patient *patient)
{
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int status = stats_get(&patient->stats);

	if (status)
		return status;
	status = conns_open(&nl);
	if (status)
		return status;
	look_at_settings(patient);
	if (ask(nl, patient, &error))
		status = conns_fail(&error);
	tcpstates_nl_close(nl);
	return status;
}

/**
 * doctor_dismiss() - forget it all
 * @patient:	what was filled
 */
void doctor_dismiss(struct patient *patient)
{
	tcpstates_stats_free(&patient->stats);
	free(patient->alerts);
	free(patient->listeners);
	free(patient->groups.one);
}
