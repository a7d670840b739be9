// SPDX-License-Identifier: GPL-2.0
/*
 * What there is of alerts, for those who show it: all of one moment.
 */
#include "tcps.h"
#include <linux/sort.h>
#include <linux/string.h>
#include "alert.h"

static int by_id(const void *a, const void *b)
{
	u64 left = ((const struct tcps_alert *)a)->id;
	u64 right = ((const struct tcps_alert *)b)->id;

	return left < right ? -1 : left > right;
}

static unsigned int copy_raised(const struct tcps_watch *w,
				struct tcps_alert *alerts)
{
	const struct tcps_tracked *t;
	unsigned int n = 0;

	for (t = w->tracked; t < w->tracked + TCPS_TRACKED; t++)
		if (t->used && t->state.raised)
			alerts[n++] = t->alert;
	return n;
}

/* What is raised is in the log as it was then: the slot knows better. */
static unsigned int copy_cleared(const struct tcps_watch *w,
				 struct tcps_alert *alerts)
{
	const struct tcps_alert *a;
	unsigned int n = 0;

	for (a = w->log; a && a < w->log + TCPS_LOGGED; a++)
		if (a->until)
			alerts[n++] = *a;
	return n;
}

/**
 * tcps_alert_all() - the alerts that are raised, and the last ones
 * @tn:		the namespace, which the caller keeps alive
 * @alerts:	where they go, by ascending id: room for TCPS_ALERTS_MAX
 *
 * Process context.
 *
 * Return: how many there are.
 */
unsigned int tcps_alert_all(struct tcps_net *tn, struct tcps_alert *alerts)
{
	const struct tcps_watch *w;
	unsigned int n = 0;

	mutex_lock(&tcps_alert_lock);
	w = tn->watch;
	if (w) {
		n = copy_raised(w, alerts);
		n += copy_cleared(w, alerts + n);
	}
	mutex_unlock(&tcps_alert_lock);
	sort(alerts, n, sizeof(*alerts), by_id, NULL);
	return n;
}

/* The subject of a rule that is nearest to its threshold, or furthest above */
static const struct tcps_alert *worst(const struct tcps_watch *w,
				      unsigned int rule)
{
	const struct tcps_alert *worst = NULL;
	const struct tcps_tracked *t;

	for (t = w->tracked; t < w->tracked + TCPS_TRACKED; t++) {
		if (!t->used || t->alert.who.rule != rule ||
		    !t->alert.threshold)
			continue;
		if (!worst || t->alert.value * worst->threshold >
			      worst->value * t->alert.threshold)
			worst = &t->alert;
	}
	return worst;
}

/* With tcps_alert_lock held */
static void read_rule(const struct tcps_watch *w, unsigned int rule,
		      struct tcps_rule_status *s)
{
	const struct tcps_alert *a = worst(w, rule);

	s->active = w->active[rule];
	s->raised_total = w->raised_total[rule];
	if (a) {
		s->value = a->value;
		s->threshold = a->threshold;
	}
}

/**
 * tcps_alert_rules_held() - the rules of a namespace
 * @tn:		the namespace, which the caller keeps alive
 * @status:	where they go, TCPS_NR_RULES of them
 *
 * With tcps_alert_lock held.
 */
void tcps_alert_rules_held(const struct tcps_net *tn,
			   struct tcps_rule_status *status)
{
	const struct tcps_limits *limits = tcps_watch_limits(tn);
	unsigned int rule;

	memset(status, 0, TCPS_NR_RULES * sizeof(*status));
	for (rule = 0; rule < TCPS_NR_RULES; rule++) {
		status[rule].limits = limits[rule];
		if (tn->watch)
			read_rule(tn->watch, rule, &status[rule]);
	}
}

/**
 * tcps_alert_rules() - the rules of a namespace
 * @tn:		the namespace, which the caller keeps alive
 * @status:	where they go, TCPS_NR_RULES of them
 *
 * Process context.
 */
void tcps_alert_rules(const struct tcps_net *tn,
		      struct tcps_rule_status *status)
{
	mutex_lock(&tcps_alert_lock);
	tcps_alert_rules_held(tn, status);
	mutex_unlock(&tcps_alert_lock);
}

/**
 * tcps_alert_counters() - what of alerts is lost
 * @tn:		the namespace, which the caller keeps alive
 * @show:	see tcps_snapshot_counters()
 * @arg:	for @show
 *
 * Process context.
 *
 * Return: what @show returned last.
 */
int tcps_alert_counters(const struct tcps_net *tn, tcps_counter_fn *show,
			void *arg)
{
	u64 untracked = 0, untold = 0;

	mutex_lock(&tcps_alert_lock);
	if (tn->watch) {
		untracked = tn->watch->untracked;
		untold = tn->watch->untold;
	}
	mutex_unlock(&tcps_alert_lock);
	return show(arg, "unwatched", tcps_alert_unwatched()) ?:
	       show(arg, "alerts_untracked", untracked) ?:
	       show(arg, "alerts_untold", untold);
}
