// SPDX-License-Identifier: GPL-2.0
/*
 * From what there is to findings.
 *
 * An alert that is raised is a problem: the module has looked at it every
 * second.  What comes near, or what no rule is for, is mentioned.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "doctor.h"
#include "output.h"

#define MENTION_PART	10	/* that part of an alert's number */
#define FEW		10	/* fewer are chance */
#define MANY		100
#define NO_RULE		TCPSTATES_RULES

/**
 * findings_add() - one more
 * @findings:	where
 *
 * Return: the new one, empty.
 */
struct finding *findings_add(struct findings *findings)
{
	if (findings->nr == findings->room) {
		findings->room = findings->room ? 2 * findings->room : 16;
		findings->one = output_must(reallocarray(findings->one,
							 findings->room,
							 sizeof(struct finding)));
	}
	findings->one[findings->nr] = (struct finding){ 0 };
	return &findings->one[findings->nr++];
}

/**
 * doctor_rule() - the rule of alerts for an ailment
 * @ailment:	the ailment
 *
 * Return: its number, TCPSTATES_RULES: there is none.
 */
unsigned int doctor_rule(enum ailment ailment)
{
	static const unsigned int rules[] = {
		[AIL_SYN_FLOOD] = TCPSTATES_RULE_SYN_FLOOD,
		[AIL_ACCEPT] = TCPSTATES_RULE_ACCEPT_OVERFLOW,
		[AIL_CLOSE_WAIT] = TCPSTATES_RULE_CLOSE_WAIT_LEAK,
		[AIL_FIN_LOST] = TCPSTATES_RULE_HALF_DEAD,
		[AIL_FIN_WAIT2] = TCPSTATES_RULE_HALF_DEAD,
		[AIL_TIME_WAIT] = TCPSTATES_RULE_TIME_WAIT_PRESSURE,
		[AIL_SYN_SENT] = TCPSTATES_RULE_SYN_SENT_PILEUP,
		[AIL_RESET] = TCPSTATES_RULE_RESET_BURST,
	};

	return ailment <= AIL_RESET ? rules[ailment] : NO_RULE;
}

static unsigned long long param(const struct patient *patient,
				unsigned int rule, unsigned int param)
{
	return patient->rule[rule].param[param].value;
}

/**
 * doctor_age_us() - from which age on a connection is late
 * @patient:	with its rules
 * @rule:	enum tcpstates_rule
 *
 * Return: microseconds.
 */
unsigned long long doctor_age_us(const struct patient *patient,
				 unsigned int rule)
{
	return param(patient, rule, TCPSTATES_A_RULE_AGE -
				    TCPSTATES_A_RULE_ENABLED) * 1000000;
}

static unsigned long long rule_count(const struct patient *patient,
				     unsigned int rule)
{
	return param(patient, rule, TCPSTATES_A_RULE_COUNT -
				    TCPSTATES_A_RULE_ENABLED);
}

static unsigned long long rule_percent(const struct patient *patient,
				       unsigned int rule)
{
	return param(patient, rule, TCPSTATES_A_RULE_PERCENT -
				    TCPSTATES_A_RULE_ENABLED);
}

static bool is_in_range(const struct patient *patient, unsigned int port)
{
	const struct tcpstates_num *first = &patient->setting[SET_PORT_FIRST];
	const struct tcpstates_num *last = &patient->setting[SET_PORT_LAST];

	return first->known && last->known && port >= first->value &&
	       port <= last->value;
}

/**
 * doctor_is_service() - is its own port the one that says what it is
 * @patient:	with listeners and settings
 * @conn:	a connection
 *
 * A port out of ip_local_port_range that nobody listens on was chosen by
 * connect(): then the other end's port says more.
 *
 * Return: true if it is.
 */
bool doctor_is_service(const struct patient *patient,
		       const struct tcpstates_conn *conn)
{
	size_t i;

	if (!is_in_range(patient, conn->local.port))
		return true;
	for (i = 0; i < patient->nr_listeners; i++)
		if (patient->listeners[i].local.port == conn->local.port)
			return true;
	return false;
}

/* --- alerts ------------------------------------------------------------------ */

static enum ailment ailment_of(unsigned int rule)
{
	unsigned int ailment = 0;

	while (ailment <= AIL_RESET && doctor_rule(ailment) != rule)
		ailment++;
	return ailment;
}

static bool same_num(const struct tcpstates_num *a,
		     const struct tcpstates_num *b)
{
	return !a->known || !b->known || a->value == b->value;
}

/* An alert is the same subject's if nothing speaks against it. */
static bool is_about(const struct tcpstates_incident *alert,
		     const struct finding *finding)
{
	return doctor_rule(finding->ailment) == alert->rule &&
	       alert->where.port == finding->where.port &&
	       (!alert->where.len || !finding->where.len ||
		(alert->where.len == finding->where.len &&
		 !memcmp(alert->where.bytes, finding->where.bytes,
			 alert->where.len))) &&
	       same_num(&alert->uid, &finding->uid) &&
	       same_num(&alert->cgroup, &finding->cgroup);
}

static bool is_alert(const struct patient *patient,
		     const struct finding *finding)
{
	size_t i;

	for (i = 0; i < patient->nr_alerts; i++)
		if (is_about(&patient->alerts[i], finding))
			return true;
	return false;
}

static bool is_told(const struct findings *findings,
		    const struct tcpstates_incident *alert)
{
	size_t i;

	for (i = 0; i < findings->nr; i++)
		if (is_about(alert, &findings->one[i]))
			return true;
	return false;
}

/* What a RST has ended is gone: those who listen there have had it. */
static void add_listeners(const struct patient *patient,
			  struct finding *finding)
{
	const struct tcpstates_listener *l = patient->listeners;

	for (; l < patient->listeners + patient->nr_listeners; l++)
		if (l->local.port == finding->where.port && l->inode.known &&
		    same_num(&l->uid, &finding->uid) &&
		    finding->nr_inodes < MOST_SOCKETS)
			finding->inode[finding->nr_inodes++] = l->inode.value;
}

/* What was seen by nobody else: it is over for the moment, but not for good. */
static void judge_alerts(const struct patient *patient,
			 struct findings *findings)
{
	const struct tcpstates_incident *alert = patient->alerts;
	struct finding *finding;

	for (; alert < patient->alerts + patient->nr_alerts; alert++) {
		if (alert->rule >= TCPSTATES_RULES || is_told(findings, alert))
			continue;
		finding = findings_add(findings);
		finding->ailment = ailment_of(alert->rule);
		finding->problem = true;
		finding->where = alert->where;
		finding->remote =
			alert->rule == TCPSTATES_RULE_SYN_SENT_PILEUP ||
			(alert->rule == TCPSTATES_RULE_TIME_WAIT_PRESSURE &&
			 alert->where.port);
		finding->uid = alert->uid;
		finding->cgroup = alert->cgroup;
		finding->count = alert->value.value;
		finding->of = alert->threshold;
		if (alert->rule == TCPSTATES_RULE_RESET_BURST)
			add_listeners(patient, finding);
	}
}

/* --- connections that are late ------------------------------------------------ */

static void judge_groups(const struct patient *patient,
			 struct findings *findings)
{
	const struct finding *group = patient->groups.one;
	unsigned long long few;
	bool problem;

	for (; group < patient->groups.one + patient->groups.nr; group++) {
		few = rule_count(patient, doctor_rule(group->ailment)) /
		      MENTION_PART;
		problem = is_alert(patient, group);
		if (!problem && group->count < (few ? few : 1))
			continue;
		*findings_add(findings) = *group;
		findings->one[findings->nr - 1].problem = problem;
	}
}

/* --- listeners ---------------------------------------------------------------- */

static void add_listener(const struct patient *patient,
			 struct findings *findings,
			 const struct tcpstates_listener *listener,
			 enum ailment ailment, bool mention)
{
	struct finding finding = {
		.ailment = ailment,
		.where = listener->local,
		.uid = listener->uid,
		.cgroup = listener->cgroup,
		.count = listener->accept_queue.value,
		.of = listener->accept_limit,
		.inode = { listener->inode.value },
		.nr_inodes = listener->inode.known,
	};

	if (ailment == AIL_SYN_FLOOD) {
		finding.count = listener->half_open.value;
		finding.of = listener->backlog;
	}
	finding.problem = is_alert(patient, &finding);
	if (finding.problem || mention)
		*findings_add(findings) = finding;
}

/* Requests whose SYN,ACK had to be repeated, a quarter of the queue */
static bool is_half_open(const struct tcpstates_listener *l)
{
	unsigned long long old = l->half_open.value - l->young.value;

	return l->half_open.known && l->young.known && l->backlog.known &&
	       l->young.value <= l->half_open.value && old >= FEW &&
	       old * 4 >= l->backlog.value;
}

static bool is_waiting(const struct tcpstates_listener *l)
{
	return l->accept_queue.known && l->accept_limit.known &&
	       l->accept_queue.value &&
	       2 * l->accept_queue.value >= l->accept_limit.value;
}

static void judge_listeners(const struct patient *patient,
			    struct findings *findings)
{
	const struct tcpstates_listener *l = patient->listeners;

	for (; l < patient->listeners + patient->nr_listeners; l++) {
		add_listener(patient, findings, l, AIL_SYN_FLOOD,
			     is_half_open(l));
		add_listener(patient, findings, l, AIL_ACCEPT, is_waiting(l));
	}
}

/* --- the namespace ------------------------------------------------------------ */

static unsigned long long current(const struct patient *patient,
				  const char *name)
{
	size_t i;

	for (i = 0; i < patient->stats.nr_states; i++)
		if (!strcmp(patient->stats.states[i].name, name))
			return patient->stats.states[i].current.value;
	return 0;
}

/* Half of what the rule takes for an alert */
static void judge_time_wait(const struct patient *patient,
			    struct findings *findings)
{
	const struct tcpstates_num *most = &patient->setting[SET_MAX_TW_BUCKETS];
	struct finding finding = {
		.ailment = AIL_TIME_WAIT,
		.count = current(patient, "TIME_WAIT"),
		.of = *most,
	};
	unsigned int percent = rule_percent(patient,
					    doctor_rule(AIL_TIME_WAIT)) / 2;

	finding.problem = is_alert(patient, &finding);
	if (finding.problem ||
	    (most->known && finding.count >= FEW &&
	     finding.count * 100 >= most->value * percent))
		*findings_add(findings) = finding;
}

/* TALLY of ALL in the last minutes: mentioned from PERCENT on */
static void judge_tally(const struct patient *patient,
			struct findings *findings, enum ailment ailment,
			unsigned int tally, unsigned long long all,
			unsigned int percent)
{
	struct finding finding = {
		.ailment = ailment,
		.count = patient->tally[tally],
		.of = { all, true },
	};

	if (finding.count >= (ailment == AIL_RESET ? MANY : FEW) &&
	    finding.count * 100 >= all * percent)
		*findings_add(findings) = finding;
}

#define TALLY(name) (TCPSTATES_A_MOMENT_##name - TCPSTATES_A_MOMENT_OPENED)

static bool has(const struct findings *findings, enum ailment ailment)
{
	size_t i;

	for (i = 0; i < findings->nr; i++)
		if (findings->one[i].ailment == ailment)
			return true;
	return false;
}

/* What a flood leaves behind are time-outs, too. */
static void judge_tallies(const struct patient *patient,
			  struct findings *findings)
{
	const unsigned long long *tally = patient->tally;

	judge_tally(patient, findings, AIL_RESET, TALLY(RESET),
		    tally[TALLY(CLOSED)], 50);
	judge_tally(patient, findings, AIL_REFUSED, TALLY(REFUSED),
		    tally[TALLY(OPENED)] + tally[TALLY(REFUSED)], 10);
	if (!has(findings, AIL_SYN_FLOOD))
		judge_tally(patient, findings, AIL_TIMEOUT, TALLY(TIMEOUT),
			    tally[TALLY(CLOSED)], 10);
	judge_tally(patient, findings, AIL_DROPS, TALLY(DROPS),
		    tally[TALLY(OVERFLOWS)], 0);
}

/* --- the module itself -------------------------------------------------------- */

static void judge_counters(const struct patient *patient,
			   struct findings *findings)
{
	static const char * const harmless[] = {
		"tracked", "capacity", "shared", "refused", "cookies_sent",
		"cookies_validated", "cookies_failed", NULL
	};
	const struct tcpstates_counter *c = patient->stats.counters;
	struct finding *finding;
	size_t i;

	for (; c < patient->stats.counters + patient->stats.nr_counters; c++) {
		for (i = 0; harmless[i] && strcmp(c->name, harmless[i]); i++)
			;
		if (harmless[i] || !c->value.known || !c->value.value)
			continue;
		finding = findings_add(findings);
		finding->ailment = AIL_COUNTER;
		finding->name = c->name;
		finding->count = c->value.value;
	}
}

static void judge_hooks(const struct patient *patient,
			struct findings *findings)
{
	const struct tcpstates_hook *h = patient->stats.hooks;
	struct finding *finding;

	for (; h < patient->stats.hooks + patient->stats.nr_hooks; h++) {
		if (!strcmp(h->status, "ok"))
			continue;
		finding = findings_add(findings);
		finding->ailment = AIL_HOOK;
		finding->name = h->name;
		finding->status = h->status;
	}
}

/* Problems first, then as enum ailment has them, then the largest. */
static int compare(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->problem != y->problem)
		return y->problem - x->problem;
	if (x->ailment != y->ailment)
		return x->ailment < y->ailment ? -1 : 1;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return memcmp(&x->where, &y->where, sizeof(x->where));
}

/**
 * doctor_judge() - what is wrong
 * @patient:	all that is known
 * @findings:	filled; empty: nothing is
 */
void doctor_judge(const struct patient *patient, struct findings *findings)
{
	judge_groups(patient, findings);
	judge_listeners(patient, findings);
	judge_time_wait(patient, findings);
	judge_alerts(patient, findings);
	judge_tallies(patient, findings);
	judge_counters(patient, findings);
	judge_hooks(patient, findings);
	if (findings->nr)
		qsort(findings->one, findings->nr, sizeof(*findings->one),
		      compare);
}
