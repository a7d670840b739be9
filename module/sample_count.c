// SPDX-License-Identifier: GPL-2.0
/*
 * What a namespace counts and how that grows; which gauges are so high that the
 * sockets behind them have to be looked at.
 */
#include "sample.h"
#include <net/inet_timewait_sock.h>
#include <net/ip.h>
#include <net/snmp.h>

static u64 sum_causes(const u64 *cell, unsigned int cause)
{
	unsigned int s;
	u64 sum = 0;

	for (s = 0; s < TCPS_NR_STATES; s++)
		sum += cell[TCPS_CELL_CAUSE + s * TCPS_NR_CAUSES + cause];
	return sum;
}

/* A RST in reply to a SYN or a SYN,ACK ends no connection. */
static u64 sum_resets(const u64 *cell)
{
	const u64 *cause = cell + TCPS_CELL_CAUSE + TCPS_CAUSE_RESET;

	return sum_causes(cell, TCPS_CAUSE_RESET) -
	       cause[TCPS_SYN_SENT * TCPS_NR_CAUSES] -
	       cause[TCPS_SYN_RECV * TCPS_NR_CAUSES];
}

static u64 sum_closed(const u64 *cell)
{
	unsigned int c;
	u64 sum = 0;

	for (c = 0; c < TCPS_NR_CAUSES; c++)
		sum += sum_causes(cell, c);
	return sum;
}

static u64 mib(const struct tcps_net *tn, unsigned int which)
{
	return snmp_fold_field(tn->net->mib.net_statistics, which);
}

static void read_totals(struct tcps_net *tn, const u64 *cell, u64 *total)
{
	total[TCPS_TALLY_OPENED] =
		cell[TCPS_CELL_EDGE + TCPS_E_SYN_SENT_ESTABLISHED];
	total[TCPS_TALLY_ACCEPTED] =
		cell[TCPS_CELL_EDGE + TCPS_E_SYN_RECV_ESTABLISHED];
	total[TCPS_TALLY_CLOSED] = sum_closed(cell);
	total[TCPS_TALLY_RESET] = sum_resets(cell);
	total[TCPS_TALLY_TIMEOUT] = sum_causes(cell, TCPS_CAUSE_TIMEOUT);
	total[TCPS_TALLY_REFUSED] = sum_causes(cell, TCPS_CAUSE_REFUSED);
	total[TCPS_TALLY_COOKIES_SENT] = mib(tn, LINUX_MIB_SYNCOOKIESSENT);
	total[TCPS_TALLY_COOKIES_VALIDATED] = mib(tn, LINUX_MIB_SYNCOOKIESRECV);
	total[TCPS_TALLY_OVERFLOWS] = mib(tn, LINUX_MIB_LISTENOVERFLOWS);
	total[TCPS_TALLY_DROPS] = mib(tn, LINUX_MIB_LISTENDROPS);
	total[TCPS_TALLY_RETRANS] =
		snmp_fold_field(tn->net->mib.tcp_statistics,
				TCP_MIB_RETRANSSEGS);
}

/*
 * What came since the last look.  What a moment has no room for is in the next
 * one: the sum of all is how the counter has grown.
 */
static u32 take(u64 *last, u64 total)
{
	u32 grown = total > *last ? min_t(u64, total - *last, U32_MAX) : 0;

	*last += grown;
	return grown;
}

static void take_tallies(struct tcps_watch *w, const u64 *total, u64 now)
{
	struct tcps_moment *m = &w->now;
	unsigned int i;

	if (!w->looked_at)
		memcpy(w->total, total, sizeof(w->total));
	m->interval = w->looked_at ?
		      min_t(u64, now - w->looked_at, U32_MAX) : 0;
	for (i = 0; i < TCPS_NR_TALLIES; i++)
		m->tally[i] = take(&w->total[i], total[i]);
	w->looked_at = now;
	memmove(w->cookies + 1, w->cookies, TCPS_LONGER * sizeof(*w->cookies));
	w->cookies[0] = (struct tcps_cookies){
		.sent = m->tally[TCPS_TALLY_COOKIES_SENT],
		.validated = m->tally[TCPS_TALLY_COOKIES_VALIDATED],
		.ms = m->interval,
	};
	w->cookie_time++;
}

/**
 * tcps_sample_anew() - forget what the last look has found
 * @w:		a namespace's watch
 */
void tcps_sample_anew(struct tcps_watch *w)
{
	w->waiting = 0;
	w->candidates = 0;
	w->cookie_listeners = 0;
	w->flooded = false;
	w->needs = 0;
	w->judged = BIT(TCPS_RULE_SYN_FLOOD) | BIT(TCPS_RULE_ACCEPT_OVERFLOW);
}

static void count(struct tcps_watch *w, u64 now)
{
	static u64 cell[TCPS_NR_CELLS]; /* too large for the stack */
	u64 total[TCPS_NR_TALLIES];
	s64 gauge[TCPS_NR_STATES];
	unsigned int i;

	rcu_read_lock(); /* against the namespace's exit */
	tcps_snapshot_cells(w->tn, cell, gauge);
	rcu_read_unlock();
	read_totals(w->tn, cell, total);
	w->now.when = ktime_get_real_seconds();
	for (i = 1; i < TCPS_NR_STATES; i++)
		w->now.gauge[i] = i == TCPS_CLOSED ?
				  0 : clamp_t(s64, gauge[i], 0, U32_MAX);
	take_tallies(w, total, now);
}

/**
 * tcps_sample_count() - how the namespaces' counters have grown
 * @now:	ms
 *
 * All of them, or as many as there is time for: those that were counted are the
 * last ones then, so that the others come first at the next look.
 */
void tcps_sample_count(u64 now)
{
	u64 until = ktime_get_ns() + TCPS_SLICE;
	struct tcps_watch *w;

	for (;;) {
		w = list_first_entry_or_null(&tcps_watches, struct tcps_watch,
					     list);
		if (!w || w->looked_at == now || tcps_sample_stopping() ||
		    ktime_get_ns() > until)
			return;
		count(w, now);
		list_move_tail(&w->list, &tcps_watches);
		cond_resched();
	}
}

/*
 * The sockets of a state have to be looked at if there are enough of them for
 * an alert, or for one that is raised to go on.
 */
static void need(struct tcps_watch *w, unsigned int rule, u64 value, u64 base)
{
	const struct tcps_limits *limits = &w->limits[rule];
	u64 level = tcps_rule_read(limits, value, base).threshold;

	w->threshold[rule] = level;
	if (w->active[rule])
		level = tcps_rule_clear_at(limits, level);
	w->level[rule] = level;
	if (limits->p[TCPS_PARAM_ENABLED] && value >= level)
		w->needs |= BIT(rule);
	else
		w->judged |= BIT(rule);
}

/* Ports that connect() may choose; to one destination there are no more. */
static u32 local_ports(struct net *net)
{
	int low, high;

	inet_get_local_port_range(net, &low, &high);
	return high > low ? high - low + 1 : 1;
}

static void read_time_wait(struct tcps_watch *w, u64 now)
{
	const struct inet_timewait_death_row *row =
		&w->tn->net->ipv4.tcp_death_row;
	const struct tcps_subject who = {
		.rule = TCPS_RULE_TIME_WAIT_PRESSURE,
		.uid = TCPS_NO_UID,
	};
	u64 count = tcps_mini_count(row);
	int room = max(READ_ONCE(row->sysctl_max_tw_buckets), 0);

	tcps_alert_read(w, &who,
			tcps_rule_read(&w->limits[who.rule], count, room), now);
}

/* Connections that there are, but for those that are over */
static u64 connections(const u32 *gauge)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 1; i < TCPS_NR_STATES; i++)
		if (i != TCPS_LISTEN && i != TCPS_TIME_WAIT)
			sum += gauge[i];
	return sum;
}

/**
 * tcps_sample_gauges() - which gauges are high
 * @w:		a namespace's watch
 * @now:	ms
 */
void tcps_sample_gauges(struct tcps_watch *w, u64 now)
{
	const u32 *gauge = w->now.gauge;
	u64 half = (u64)gauge[TCPS_FIN_WAIT1] + gauge[TCPS_FIN_WAIT2] +
		   gauge[TCPS_CLOSING] + gauge[TCPS_LAST_ACK];

	w->now.gauge[TCPS_NONE] = w->waiting;
	need(w, TCPS_RULE_CLOSE_WAIT_LEAK, gauge[TCPS_CLOSE_WAIT], 0);
	need(w, TCPS_RULE_HALF_DEAD, half, connections(gauge));
	need(w, TCPS_RULE_TIME_WAIT_PRESSURE, gauge[TCPS_TIME_WAIT],
	     local_ports(w->tn->net));
	need(w, TCPS_RULE_SYN_SENT_PILEUP, gauge[TCPS_SYN_SENT], 0);
	read_time_wait(w, now);
}
