// SPDX-License-Identifier: GPL-2.0
/*
 * Are our gauges the kernel's own?  Some seconds apart, each namespace's numbers
 * are compared with three that the kernel keeps itself.  Numbers that move
 * are never read at one moment, so a difference means something only when
 * it stays; then every socket is looked at, and what was wrong is set right
 * and counted as drift.
 */
#include "tcps.h"
#include <linux/jiffies.h>
#include <net/inet_connection_sock.h>
#include <net/ip.h>
#include <net/snmp.h>
#include <net/sock.h>

#define DEFAULT_INTERVAL	5000	/* milliseconds */
#define ROUNDS		3	/* audits in a row that must disagree */
#define TRIES		8	/* readings in one audit, one of which agrees */
#define LONGEST_REST	720	/* audits: one hour */

static void audit(struct work_struct *work);
static DECLARE_DELAYED_WORK(auditor, audit);
static bool stopping;
static unsigned int interval = DEFAULT_INTERVAL;
static unsigned long due;	/* jiffies of the next comparison */

/* Owned by the worker: a sweep that found nothing is not repeated soon. */
static unsigned int rest, rest_after_next;

/**
 * struct truth - what the kernel itself counts in a namespace
 * @estab:	TcpCurrEstab: ESTABLISHED and CLOSE_WAIT
 * @mini:	mini sockets: TIME_WAIT and some of FIN_WAIT2
 */
struct truth {
	s64 estab;
	s64 mini;
};

static void read_truth(const struct tcps_net *tn, struct truth *truth)
{
	const struct net *net = tn->net;

	truth->estab = snmp_fold_field(net->mib.tcp_statistics,
				       TCP_MIB_CURRESTAB);
	truth->mini = tcps_mini_count(&net->ipv4.tcp_death_row);
}

static bool agrees(const s64 *gauge, const struct truth *truth)
{
	unsigned int i;

	for (i = 1; i < TCPS_NR_STATES; i++)
		if (i != TCPS_CLOSED && gauge[i] < 0)
			return false;
	if (gauge[TCPS_ESTABLISHED] + gauge[TCPS_CLOSE_WAIT] != truth->estab)
		return false;
	if (!tcps_hooks_mini_ok())
		return true;
	return gauge[TCPS_TIME_WAIT] <= truth->mini &&
	       gauge[TCPS_TIME_WAIT] + gauge[TCPS_FIN_WAIT2] >= truth->mini;
}

/*
 * The queues are read once an audit, some time before the gauge: a difference
 * counts if both have stood still since the last one.  A socket in
 * SYN_RECV (Fast Open, simultaneous open) makes one, too; the sweep that follows
 * finds nothing.
 */
static bool queues_agree(struct tcps_net *tn, s64 gauge)
{
	bool still = tn->half_open == tn->last_half_open &&
		     gauge == tn->last_syn_recv;

	tn->last_half_open = tn->half_open;
	tn->last_syn_recv = gauge;
	return !tcps_hooks_req_ok() || !still || gauge == tn->half_open;
}

/*
 * Under traffic the two sides are never read at one moment: if they meet in one
 * of some tries, they agree.
 */
static void compare(struct tcps_net *tn, void *arg)
{
	s64 gauge[TCPS_NR_STATES];
	bool *sweep = arg;
	struct truth truth;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		read_truth(tn, &truth);
		tcps_snapshot_gauges(tn, gauge);
		if (agrees(gauge, &truth))
			break;
	}
	if (i < TRIES && queues_agree(tn, gauge[TCPS_SYN_RECV]))
		tn->apart = 0;
	else if (++tn->apart >= ROUNDS)
		*sweep = true;
}

static void forget_queue(struct tcps_net *tn, void *arg)
{
	tn->half_open = 0;
}

static void add_queue(struct tcps_net *tn, unsigned int len)
{
	tn->half_open += len;
}

static void forgive(struct tcps_net *tn, void *arg)
{
	tn->apart = 0;
}

static bool is_stopping(void)
{
	return READ_ONCE(stopping);
}

struct sweep {
	struct tcps_visitor visitor;
	u64 corrections;
};

static void seen(const struct tcps_visitor *v, struct tcps_net *tn,
		 const void *obj, unsigned int kind, unsigned int state,
		 bool owned)
{
	struct sweep *s = container_of(v, struct sweep, visitor);

	if (!tcps_recount_seen(tn, obj, kind, state, owned))
		return;
	tcps_count(TCPS_COUNT_DRIFT);
	s->corrections++;
}

static void sweep_table(struct sweep *s)
{
	u64 i, n = tcps_table_slots(&tcps_table);

	for (i = 0; i < n && !is_stopping(); i++) {
		preempt_disable();
		if (tcps_recount_sweep(i)) {
			tcps_count(TCPS_COUNT_DRIFT);
			s->corrections++;
		}
		preempt_enable();
		if (!(i & 4095))
			cond_resched();
	}
}

/* Every record that is not seen among the kernel's sockets is stale. */
static u64 mark_and_sweep(void)
{
	struct sweep s = { .visitor = { .visit = seen, .stop = is_stopping } };

	tcps_recount_begin();
	tcps_walk(&s.visitor);
	if (!is_stopping())
		sweep_table(&s);
	tcps_recount_end();
	return s.corrections;
}

/* A difference that no sweep can explain must not cost a sweep each time. */
static void sweep_or_rest(void)
{
	u64 corrections;

	if (rest) {
		rest--;
		return;
	}
	corrections = mark_and_sweep();
	tcps_netns_for_each(forgive, NULL);
	if (corrections) {
		pr_warn("gauges were apart from the kernel's: %llu corrections\n",
			corrections);
		rest_after_next = 0;
		return;
	}
	rest_after_next = min(2 * rest_after_next + 1, LONGEST_REST);
	rest = rest_after_next;
}

static void fold(struct tcps_net *tn, void *arg)
{
	tcps_snapshot_fold(tn);
}

static unsigned long period(void)
{
	return msecs_to_jiffies(READ_ONCE(interval));
}

static unsigned long pause(void)
{
	return min3(period(), msecs_to_jiffies(DEFAULT_INTERVAL),
		    tcps_standin_needed() ? HZ : MAX_JIFFY_OFFSET);
}

static void read_queues(void)
{
	tcps_netns_for_each(forget_queue, NULL);
	tcps_walk_queues(add_queue);
}

static void compare_all(void)
{
	bool sweep = false;

	read_queues();
	tcps_netns_for_each(compare, &sweep);
	if (sweep)
		sweep_or_rest();
}

/* What cannot wait as long as the next comparison may be away */
static void keep_house(void)
{
	tcps_netns_for_each(fold, NULL);
	tcps_account_report();
	tcps_clock_check();
	if (tcps_standin_needed()) {
		read_queues();
		tcps_standin_look();
	}
}

static void audit(struct work_struct *work)
{
	keep_house();
	if (time_after_eq(jiffies, READ_ONCE(due))) {
		WRITE_ONCE(due, jiffies + period());
		compare_all();
	}
	if (!is_stopping())
		schedule_delayed_work(&auditor, pause());
}

/**
 * tcps_audit_interval() - the time between two audits
 *
 * Return: milliseconds.
 */
unsigned int tcps_audit_interval(void)
{
	return READ_ONCE(interval);
}

/**
 * tcps_audit_set_interval() - change the time between two audits
 * @ms:		milliseconds; the next audit is that far away from now
 *
 * Process context, between tcps_audit_init() and tcps_audit_exit().
 */
void tcps_audit_set_interval(unsigned int ms)
{
	WRITE_ONCE(interval, ms);
	WRITE_ONCE(due, jiffies + period());
	mod_delayed_work(system_wq, &auditor, pause());
}

/**
 * tcps_audit_init() - begin to compare
 *
 * Return: 0; it cannot fail.
 */
int __init tcps_audit_init(void)
{
	due = jiffies + period();
	schedule_delayed_work(&auditor, pause());
	return 0;
}

/**
 * tcps_audit_exit() - stop comparing
 *
 * Process context; waits for the worker, which gives up a sweep.
 */
void tcps_audit_exit(void)
{
	WRITE_ONCE(stopping, true);
	cancel_delayed_work_sync(&auditor);
}
