// SPDX-License-Identifier: GPL-2.0
/*
 * The only writer of counters: transitions, causes, dwell times.
 *
 * A namespace that has had no connection yet counts in struct tcps_early.  Its
 * first event asks a worker for per-CPU memory; what was counted early stays
 * where it is and is added by the reader.
 */
#include "tcps.h"
#include <linux/slab.h>

DEFINE_PER_CPU(struct tcps_counts, tcps_counts);

/**
 * tcps_account_grow() - give a namespace its per-CPU memory
 * @work:	tcps_net.grow
 *
 * Process context.  When there is no memory, the next event asks again; the
 * namespace goes on counting in its early block.
 */
void tcps_account_grow(struct work_struct *work)
{
	struct tcps_net *tn = container_of(work, struct tcps_net, grow);
	struct tcps_percpu __percpu *p;

	if (tn->percpu || READ_ONCE(tn->dying))
		return;
	p = alloc_percpu_gfp(struct tcps_percpu, GFP_KERNEL | __GFP_NOWARN);
	if (p) /* pairs with tcps_percpu_of() */
		smp_store_release(&tn->percpu, p);
}

/* Nobody waits for the memory: until it is there, early is used. */
static void ask_for_percpu(struct tcps_net *tn)
{
	if (!READ_ONCE(tn->dying) && !work_pending(&tn->grow))
		schedule_work(&tn->grow);
}

/**
 * tcps_add() - add one to a counter of a namespace
 * @tn:		the namespace
 * @cell:	which, enum tcps_cell
 *
 * Any context with preemption off.
 */
void tcps_add(struct tcps_net *tn, unsigned int cell)
{
	struct tcps_percpu __percpu *p = tcps_percpu_of(tn);

	if (likely(p)) {
		this_cpu_inc(tcps_cell_of(p, cell));
		return;
	}
	atomic64_inc(&tn->early.cell[cell]);
	ask_for_percpu(tn);
}

static void early_dwell(struct tcps_early *early, unsigned int edge, u64 units)
{
	s64 old = atomic64_read(&early->max[edge]);
	unsigned int n;

	while (old < units &&
	       !atomic64_try_cmpxchg(&early->max[edge], &old, units))
		;
	/* Below the limit first, so that the number can never wrap. */
	if (atomic_read(&early->nr_dwell) < TCPS_NR_EARLY) {
		n = atomic_inc_return(&early->nr_dwell) - 1;
		if (n < TCPS_NR_EARLY) {
			WRITE_ONCE(early->dwell[n],
				   (edge + 1) << 8 | tcps_hist_bucket(units));
			return;
		}
	}
	tcps_count(TCPS_COUNT_LOST);
}

/**
 * tcps_new_max() - a dwell time may be the longest of its edge
 * @p:		numbers of the namespace
 * @edge:	the edge
 * @units:	the dwell time, in units of 1,024 ns
 *
 * Any context with preemption off.
 */
void tcps_new_max(struct tcps_percpu __percpu *p, unsigned int edge, u64 units)
{
	u64 old = this_cpu_read(p->edge[edge].max), seen;

	while (unlikely(units > old)) {
		seen = this_cpu_cmpxchg(p->edge[edge].max, old, units);
		if (seen == old)
			break;
		old = seen;
	}
}

/**
 * tcps_dwell() - record how long a state lasted
 * @tn:		the namespace
 * @edge:	the edge by which it was left
 * @units:	how long, in units of 1,024 ns
 *
 * Any context with preemption off.
 */
void tcps_dwell(struct tcps_net *tn, unsigned int edge, u64 units)
{
	struct tcps_percpu __percpu *p = tcps_percpu_of(tn);

	if (unlikely(!p)) {
		/* Nobody can read any more how a dying namespace's end. */
		if (!READ_ONCE(tn->dying))
			early_dwell(&tn->early, edge, units);
		return;
	}
	this_cpu_inc(p->edge[edge].hist[tcps_hist_bucket(units)]);
	tcps_new_max(p, edge, units);
}

/**
 * tcps_edge_taken() - count a transition
 * @tn:		the namespace
 * @from:	state that was left
 * @to:		state that was entered
 *
 * A transition that Linux is not known to make keeps the gauges right all the
 * same: both of its ends are counted as strays.  Any context with
 * preemption off.
 */
void tcps_edge_taken(struct tcps_net *tn, unsigned int from, unsigned int to)
{
	unsigned int edge = tcps_edge(from, to);

	if (likely(edge != TCPS_E_NONE)) {
		tcps_add(tn, TCPS_CELL_EDGE + edge);
		return;
	}
	tcps_count(TCPS_COUNT_OTHER);
	if (from < TCPS_NR_STATES)
		tcps_add(tn, TCPS_CELL_STRAY_OUT + from);
	if (to < TCPS_NR_STATES)
		tcps_add(tn, TCPS_CELL_STRAY_IN + to);
}

/**
 * tcps_counter() - the value of one of the module's own counters
 * @which:	the counter
 *
 * Return: the sum over all CPUs.
 */
u64 tcps_counter(enum tcps_counter which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(tcps_counts, cpu).count[which]);
	return sum;
}
