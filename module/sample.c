// SPDX-License-Identifier: GPL-2.0
/*
 * Once a second: what the namespaces count, their listeners' queues, and, where
 * a gauge is high, the sockets that make it so.
 */
#include "sample.h"
#include <linux/cgroup.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/rwsem.h>
#include <net/net_namespace.h>

#define NEW	64

static void sample(struct work_struct *work);
static DECLARE_DELAYED_WORK(sampler, sample);
static unsigned long next_sample;
static bool stopping;
static u64 last_cost, max_cost;	/* ns */

/**
 * tcps_sample_stopping() - is the module being unloaded
 *
 * Return: true: whatever takes long is to be given up.
 */
bool tcps_sample_stopping(void)
{
	return READ_ONCE(stopping);
}

/**
 * tcps_subject_owner() - whose a socket is
 * @who:	where uid and control group go
 * @sk:		a full socket, which the caller holds a reference to
 *
 * Under rcu_read_lock().
 */
void tcps_subject_owner(struct tcps_subject *who, struct sock *sk)
{
	who->uid = __kuid_val(sk->sk_uid);
#ifdef CONFIG_SOCK_CGROUP_DATA
	who->cgroup = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#endif
}

/**
 * tcps_sample_cost() - how long a look takes
 * @last_us:	the last one, in microseconds
 * @max_us:	the longest one
 */
void tcps_sample_cost(u64 *last_us, u64 *max_us)
{
	*last_us = div_u64(READ_ONCE(last_cost), NSEC_PER_USEC);
	*max_us = div_u64(READ_ONCE(max_cost), NSEC_PER_USEC);
}

/* A namespace where there has never been a socket needs no watch. */
static bool in_use(struct tcps_net *tn)
{
	unsigned int i;

	if (tcps_percpu_of(tn))
		return true;
	for (i = 0; i < TCPS_NR_CELLS; i++)
		if (atomic64_read(&tn->early.cell[i]))
			return true;
	return false;
}

/*
 * So many watches are made at one look: nobody can make a namespace meanwhile.
 *
 * A namespace is on the kernel's list from after its init to before its exit, so
 * that the watch is there when the latter looks for it.
 */
static void watch_new(void)
{
	unsigned int room = NEW;
	struct tcps_net *tn;
	struct net *net;
	u64 without = 0;

	down_read(&net_rwsem);
	for_each_net(net) {
		tn = tcps_net(net);
		cond_resched();
		if (tn->watch || !in_use(tn))
			continue;
		if (tcps_watch_get(tn) && !--room)
			break;
		without += !tn->watch;
	}
	up_read(&net_rwsem);
	tcps_alert_set_unwatched(without);
}

/* Under tcps_alert_lock no watch goes away, and so no namespace. */
static void look(u64 now)
{
	struct tcps_watch *w;

	watch_new();
	tcps_sample_count(now);
	list_for_each_entry(w, &tcps_watches, list)
		tcps_sample_anew(w);
	tcps_sample_listeners(now);
	list_for_each_entry(w, &tcps_watches, list) {
		tcps_sample_gauges(w, now);
		tcps_watch_complete(w);
		if (w->history && w->looked_at == now)
			tcps_history_add(w->history, &w->now);
		cond_resched();
	}
	tcps_sample_resets(now);
	tcps_sample_walk(now);
}

/* Queues only: what counters and sockets say comes once a second. */
static void look_again(u64 now)
{
	struct tcps_watch *w;

	list_for_each_entry(w, &tcps_watches, list)
		tcps_sample_anew(w);
	tcps_sample_listeners(now);
}

static bool judge_all(u64 now)
{
	struct tcps_watch *w;
	bool unripe = false;

	list_for_each_entry(w, &tcps_watches, list)
		unripe |= tcps_alert_judge(w, now);
	return unripe;
}

/*
 * A look each second, from the beginning of one to that of the next.  One that was
 * late is not followed by one too soon, whose few events would be many a second.
 */
static void next_look(void)
{
	next_sample += HZ;
	if ((long)(next_sample - jiffies) < HZ / 2)
		next_sample = jiffies + HZ;
}

/*
 * A look may take a tenth of a second: where there is room, not on the processor
 * that asked for it.
 *
 * What has to last for a second is looked at again before the next one: two
 * looks would come too late to be "within two seconds" now and then.
 */
static void sample(struct work_struct *work)
{
	static bool again;
	u64 now, begun;
	bool unripe;
	long wait;

	mutex_lock(&tcps_alert_lock);
	begun = ktime_get_ns();
	/* Never 0, which means "not" wherever times are kept */
	now = ktime_get_boottime_ns() / NSEC_PER_MSEC + 1;
	if (again)
		look_again(now);
	else
		look(now);
	unripe = judge_all(now);
	WRITE_ONCE(last_cost, ktime_get_ns() - begun);
	WRITE_ONCE(max_cost, max(max_cost, last_cost));
	mutex_unlock(&tcps_alert_lock);
	if (!again)
		next_look();
	again = unripe && !again;
	wait = again ? 3 * HZ / 4 : max((long)(next_sample - jiffies), 0L);
	if (!READ_ONCE(stopping))
		queue_delayed_work(system_dfl_wq, &sampler, wait);
}

/**
 * tcps_sample_init() - begin to look
 *
 * Return: 0; it cannot fail.
 */
int __init tcps_sample_init(void)
{
	next_sample = jiffies + HZ;
	queue_delayed_work(system_dfl_wq, &sampler, HZ);
	tcps_alert_open(true);
	return 0;
}

/**
 * tcps_sample_exit() - stop looking
 *
 * Process context; waits for the worker, which gives up a walk.
 */
void tcps_sample_exit(void)
{
	tcps_alert_open(false);
	WRITE_ONCE(stopping, true);
	cancel_delayed_work_sync(&sampler);
	tcps_reset_exit();
}
