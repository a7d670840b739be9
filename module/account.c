// SPDX-License-Identifier: GPL-2.0
/*
 * The only writer of counters: transitions, causes, dwell times.
 *
 * A namespace that has had no connection yet counts in struct tcps_early.  Its
 * first event asks a worker for per-CPU memory; what was counted early stays
 * where it is and is added by the reader.
 */
#include "tcps.h"
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

DEFINE_PER_CPU(struct tcps_counts, tcps_counts);

/* How much per-CPU memory there may be, and is; how many had to do without. */
static u64 percpu_limit __ro_after_init;
static atomic64_t percpu_bytes;
static atomic_t shared;

/* Transitions that are in no edge: those that were seen, those reported. */
static DECLARE_BITMAP(strays, 256);
static DECLARE_BITMAP(reported, 256);

#define MIB		BIT_ULL(20)
#define AUTO		UINT_MAX
#define MAX_MIB		1048576U

/**
 * tcps_account_choose() - limit the per-CPU memory of namespaces
 * @mebibytes:	the parameter max_counter_memory
 *
 * Return: 0 or -EINVAL.
 */
int __init tcps_account_choose(unsigned int mebibytes)
{
	u64 by_memory = (u64)totalram_pages() << PAGE_SHIFT >> 6;

	if (mebibytes == AUTO) {
		percpu_limit = clamp(by_memory, 16 * MIB, 1024 * MIB);
		return 0;
	}
	if (mebibytes > MAX_MIB) {
		pr_err("max_counter_memory=%u is not in the range 0 to %u (MiB)\n",
		       mebibytes, MAX_MIB);
		return -EINVAL;
	}
	percpu_limit = mebibytes * MIB;
	return 0;
}

static u64 percpu_size(void)
{
	return (u64)num_possible_cpus() * sizeof(struct tcps_percpu);
}

/* The initial namespace is there anyway, and first. */
static bool within_limit(const struct tcps_net *tn)
{
	return tn->net == &init_net ||
	       atomic64_read(&percpu_bytes) + percpu_size() <= percpu_limit;
}

/**
 * tcps_account_grow() - give a namespace memory for its numbers
 * @work:	tcps_net.grow
 *
 * Process context.  Beyond the limit its counters stay in its early block and
 * it gets one histogram for all CPUs: slower, and as exact.  When there is no
 * memory, the next event asks again.
 */
void tcps_account_grow(struct work_struct *work)
{
	struct tcps_net *tn = container_of(work, struct tcps_net, grow);
	struct tcps_percpu __percpu *p;
	atomic_t *hist;

	if (tn->percpu || tn->hist || READ_ONCE(tn->dying))
		return;
	if (!within_limit(tn)) {
		hist = kvcalloc(TCPS_NR_EDGES * TCPS_HIST_BUCKETS,
				sizeof(*hist), GFP_KERNEL | __GFP_NOWARN);
		if (!hist)
			return;
		atomic_inc(&shared);
		/* Pairs with early_dwell(): zeroed memory. */
		smp_store_release(&tn->hist, hist);
		return;
	}
	p = alloc_percpu_gfp(struct tcps_percpu, GFP_KERNEL | __GFP_NOWARN);
	if (!p)
		return;
	atomic64_add(percpu_size(), &percpu_bytes);
	/* Pairs with tcps_percpu_of(). */
	smp_store_release(&tn->percpu, p);
}

/**
 * tcps_account_retire() - a namespace's memory is not to be used any more
 * @tn:		the namespace, whose worker has ended
 *
 * A grace period later tcps_account_free() may be called.
 */
void tcps_account_retire(struct tcps_net *tn)
{
	tn->retired = tn->percpu;
	WRITE_ONCE(tn->percpu, NULL);
	tn->retired_hist = tn->hist;
	WRITE_ONCE(tn->hist, NULL);
}

/**
 * tcps_account_free() - free what tcps_account_retire() has put aside
 * @tn:		the namespace
 */
void tcps_account_free(struct tcps_net *tn)
{
	if (tn->retired)
		atomic64_sub(percpu_size(), &percpu_bytes);
	free_percpu(tn->retired);
	tn->retired = NULL;
	if (tn->retired_hist)
		atomic_dec(&shared);
	kvfree(tn->retired_hist);
	tn->retired_hist = NULL;
	kfree(tn->total);
	tn->total = NULL;
}

/**
 * tcps_account_shared() - how many namespaces have no counters per CPU
 *
 * Return: those that have had connections, and are beyond the limit.
 */
unsigned int tcps_account_shared(void)
{
	return atomic_read(&shared);
}

/**
 * tcps_account_limit() - how much memory there may be for counters per CPU
 *
 * Return: MiB.
 */
unsigned int tcps_account_limit(void)
{
	return percpu_limit / MIB;
}

/* Nobody waits for the memory: until it is there, early is used. */
static void ask_for_percpu(struct tcps_net *tn)
{
	if (!READ_ONCE(tn->hist) && !READ_ONCE(tn->dying) &&
	    !work_pending(&tn->grow))
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

/**
 * tcps_add_many() - add to a counter of a namespace
 * @tn:		the namespace
 * @cell:	which, enum tcps_cell; none of an edge
 * @n:		how much
 *
 * Any context with preemption off.
 */
void tcps_add_many(struct tcps_net *tn, unsigned int cell, u64 n)
{
	struct tcps_percpu __percpu *p = tcps_percpu_of(tn);

	if (p) {
		this_cpu_add(p->cell[cell - TCPS_CELL_CAUSE], n);
		return;
	}
	atomic64_add(n, &tn->early.cell[cell]);
	ask_for_percpu(tn);
}

static void log_dwell(struct tcps_early *early, unsigned int edge, u64 units)
{
	unsigned int n;

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

static void early_dwell(struct tcps_net *tn, unsigned int edge, u64 units)
{
	s64 old = atomic64_read(&tn->early.max[edge]);
	/* Pairs with tcps_account_grow(). */
	atomic_t *hist = smp_load_acquire(&tn->hist);

	while (old < units &&
	       !atomic64_try_cmpxchg(&tn->early.max[edge], &old, units))
		;
	if (hist)
		atomic_inc(&hist[edge * TCPS_HIST_BUCKETS +
				 tcps_hist_bucket(units)]);
	else
		log_dwell(&tn->early, edge, units);
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
			early_dwell(tn, edge, units);
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
	set_bit((u8)(from << 4 | to), strays);
	if (from < TCPS_NR_STATES)
		tcps_add(tn, TCPS_CELL_STRAY_OUT + from);
	if (to < TCPS_NR_STATES)
		tcps_add(tn, TCPS_CELL_STRAY_IN + to);
}

static const char *name_of(unsigned int state)
{
	return state && state < TCPS_NR_STATES ? tcps_state_names[state] : "?";
}

/**
 * tcps_account_report() - say which transitions are in no edge
 *
 * Process context.  Each of them is named once.
 */
void tcps_account_report(void)
{
	unsigned int i;

	for_each_set_bit(i, strays, 256)
		if (!test_and_set_bit(i, reported))
			pr_warn("transition %s to %s is in no edge: it is counted as \"other\"\n",
				name_of(i >> 4), name_of(i & 15));
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
