// SPDX-License-Identifier: GPL-2.0
/*
 * The only reader of counters: folds all CPUs into one plain struct.
 */
#include "tcps.h"
#include <linux/mm.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/snmp.h>
#include "alert.h"

/* Passes over all CPUs before numbers that keep moving are taken as they are */
#define PASSES	4

static u64 fold_cell(struct tcps_net *tn, unsigned int cell)
{
	struct tcps_percpu __percpu *p = tcps_percpu_of(tn);
	u64 sum = atomic64_read(&tn->early.cell[cell]);
	int cpu;

	if (p)
		for_each_possible_cpu(cpu)
			sum += READ_ONCE(tcps_cell_of(per_cpu_ptr(p, cpu), cell));
	return sum;
}

static void fold_cells(struct tcps_net *tn, u64 *cells)
{
	unsigned int i;

	for (i = 0; i < TCPS_NR_CELLS; i++)
		cells[i] = fold_cell(tn, i);
}

static void sum_entered(const u64 *cell, u64 *entered)
{
	unsigned int i;

	for (i = 0; i < TCPS_NR_STATES; i++)
		entered[i] = cell[TCPS_CELL_SEEDED + i] +
			     cell[TCPS_CELL_STRAY_IN + i];
	for (i = 0; i < TCPS_NR_EDGES; i++)
		entered[tcps_edges[i].to] += cell[TCPS_CELL_EDGE + i];
}

static void sum_left(const u64 *cell, u64 *left)
{
	unsigned int i;

	for (i = 0; i < TCPS_NR_STATES; i++)
		left[i] = cell[TCPS_CELL_DROPPED + i] +
			  cell[TCPS_CELL_STRAY_OUT + i];
	for (i = 0; i < TCPS_NR_EDGES; i++)
		left[tcps_edges[i].from] += cell[TCPS_CELL_EDGE + i];
	/* A new connection on a listener leaves the listener where it is. */
	left[TCPS_LISTEN] -= cell[TCPS_CELL_EDGE + TCPS_E_LISTEN_SYN_RECV];
}

/*
 * Two passes that agree are one moment.  If traffic never lets them,
 * "left" is taken from the earlier pass and "entered" from the later one: what
 * had left by then had entered before, so no gauge is negative.
 */
static void fold_gauges(struct tcps_net *tn, struct tcps_snapshot *snap,
			u64 *earlier)
{
	unsigned int pass;

	fold_cells(tn, snap->cell);
	for (pass = 0; pass < PASSES; pass++) {
		memcpy(earlier, snap->cell, sizeof(snap->cell));
		smp_rmb(); /* the earlier pass is earlier */
		fold_cells(tn, snap->cell);
		if (!memcmp(earlier, snap->cell, sizeof(snap->cell)))
			break;
	}
	sum_left(earlier, snap->left);
	sum_entered(snap->cell, snap->entered);
}

static void fold_early_dwell(struct tcps_net *tn, struct tcps_snapshot *snap)
{
	unsigned int i, n, dwell;

	n = min_t(unsigned int, atomic_read(&tn->early.nr_dwell),
		  TCPS_NR_EARLY);
	for (i = 0; i < n; i++) {
		dwell = READ_ONCE(tn->early.dwell[i]);
		if (dwell)
			snap->hist[(dwell >> 8) - 1][dwell & 0xff]++;
	}
	for (i = 0; i < TCPS_NR_EDGES; i++)
		snap->max[i] = atomic64_read(&tn->early.max[i]);
}

/* The sum of a bucket over all CPUs.  Each CPU's part may have wrapped. */
static u64 sum_bucket(struct tcps_percpu __percpu *p, const atomic_t *hist,
		      unsigned int edge, unsigned int bucket)
{
	u64 sum = 0;
	int cpu;

	if (hist)
		sum = (u32)atomic_read(&hist[edge * TCPS_HIST_BUCKETS +
					     bucket]);
	if (!p)
		return sum;
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(p, cpu)->edge[edge].hist[bucket]);
	return sum;
}

static void fill_total(struct tcps_net *tn, u64 *total)
{
	struct tcps_percpu __percpu *p = tcps_percpu_of(tn);
	const atomic_t *hist = smp_load_acquire(&tn->hist); /* as there */
	unsigned int e, b;

	for (e = 0; e < TCPS_NR_EDGES; e++)
		for (b = 0; b < TCPS_HIST_BUCKETS; b++)
			*total++ = sum_bucket(p, hist, e, b);
}

/*
 * The sum modulo 2^32 is right whatever has wrapped; the rest is what was
 * there when it was folded before.  @snap may be NULL.
 */
static void fold_hist(struct tcps_net *tn, struct tcps_snapshot *snap)
{
	struct tcps_percpu __percpu *p = tcps_percpu_of(tn);
	const atomic_t *hist = smp_load_acquire(&tn->hist); /* as there */
	unsigned int e, b, i = 0;
	u64 sum;

	spin_lock(&tn->fold_lock);
	for (e = 0; e < TCPS_NR_EDGES; e++) {
		for (b = 0; b < TCPS_HIST_BUCKETS; b++, i++) {
			sum = sum_bucket(p, hist, e, b);
			if (tn->total) {
				sum = tcps_hist_fold(tn->total[i], sum);
				tn->total[i] = sum;
			}
			if (snap)
				snap->hist[e][b] += sum;
		}
	}
	spin_unlock(&tn->fold_lock);
}

static void fold_max(struct tcps_net *tn, struct tcps_snapshot *snap)
{
	struct tcps_percpu __percpu *p = tcps_percpu_of(tn);
	unsigned int e;
	u64 max;
	int cpu;

	for (e = 0; p && e < TCPS_NR_EDGES; e++) {
		for_each_possible_cpu(cpu) {
			max = READ_ONCE(per_cpu_ptr(p, cpu)->edge[e].max);
			snap->max[e] = max(snap->max[e], max);
		}
	}
}

/* No bucket can grow by more than all edges together. */
#define FOLD_AFTER	BIT_ULL(31)

/**
 * tcps_snapshot_fold() - take care of buckets that are going to wrap
 * @tn:		the namespace
 *
 * To be called more often than 2^31 transitions can happen.  Under
 * rcu_read_lock(); process context.
 */
void tcps_snapshot_fold(struct tcps_net *tn)
{
	u64 sum = 0, *total = NULL;
	unsigned int i;

	for (i = 0; i < TCPS_NR_EDGES; i++)
		sum += fold_cell(tn, TCPS_CELL_EDGE + i);
	if (sum - tn->folded < FOLD_AFTER &&
	    (!READ_ONCE(tcps_test_fold) || sum == tn->folded))
		return;
	if (!tn->total) {
		total = kcalloc(TCPS_NR_EDGES * TCPS_HIST_BUCKETS,
				sizeof(*total), GFP_ATOMIC | __GFP_NOWARN);
		if (!total)
			return; /* the next call will try again */
		/* Nothing has wrapped yet: the first sum is the count. */
		spin_lock(&tn->fold_lock);
		fill_total(tn, total);
		tn->total = total;
		spin_unlock(&tn->fold_lock);
	} else {
		fold_hist(tn, NULL);
	}
	tn->folded = sum;
}

/**
 * tcps_snapshot_gauges() - the gauges of a namespace, and nothing else
 * @tn:		the namespace
 * @gauge:	TCPS_NR_STATES numbers; under traffic they can be some events
 *		apart, or even negative
 *
 * Under rcu_read_lock().
 */
void tcps_snapshot_gauges(struct tcps_net *tn, s64 *gauge)
{
	unsigned int i;

	for (i = 0; i < TCPS_NR_STATES; i++)
		gauge[i] = fold_cell(tn, TCPS_CELL_SEEDED + i) +
			   fold_cell(tn, TCPS_CELL_STRAY_IN + i) -
			   fold_cell(tn, TCPS_CELL_DROPPED + i) -
			   fold_cell(tn, TCPS_CELL_STRAY_OUT + i);
	for (i = 0; i < TCPS_NR_EDGES; i++) {
		u64 n = fold_cell(tn, TCPS_CELL_EDGE + i);

		gauge[tcps_edges[i].to] += n;
		if (i != TCPS_E_LISTEN_SYN_RECV)
			gauge[tcps_edges[i].from] -= n;
	}
}

/**
 * tcps_snapshot_cells() - the counters of a namespace, and the gauges they make
 * @tn:		the namespace
 * @cell:	TCPS_NR_CELLS numbers
 * @gauge:	as in tcps_snapshot_gauges()
 *
 * Under rcu_read_lock().
 */
void tcps_snapshot_cells(struct tcps_net *tn, u64 *cell, s64 *gauge)
{
	u64 entered[TCPS_NR_STATES], left[TCPS_NR_STATES];
	unsigned int i;

	fold_cells(tn, cell);
	sum_entered(cell, entered);
	sum_left(cell, left);
	for (i = 0; i < TCPS_NR_STATES; i++)
		gauge[i] = entered[i] - left[i];
}

#define COOKIE_MIB(upper, lower, mib)	LINUX_MIB_##mib,

/**
 * tcps_snapshot_cookies() - what has happened to SYN cookies
 * @tn:		the namespace, which the caller keeps alive
 * @cookies:	TCPS_NR_COOKIES numbers: the kernel's own, since this module
 *		knows the namespace
 */
void tcps_snapshot_cookies(const struct tcps_net *tn, u64 *cookies)
{
	static const int mibs[] = { TCPS_COOKIES(COOKIE_MIB) };
	unsigned int i;

	for (i = 0; i < TCPS_NR_COOKIES; i++)
		cookies[i] = snmp_fold_field(tn->net->mib.net_statistics,
					     mibs[i]) - tn->cookies[i];
}

/**
 * tcps_snapshot_take() - all the numbers of a namespace, now
 * @tn:		the namespace, which the caller keeps alive
 *
 * Process context; costs the same whatever the number of sockets.
 *
 * Return: the snapshot, for tcps_snapshot_free(); NULL: out of memory.
 */
struct tcps_snapshot *tcps_snapshot_take(struct tcps_net *tn)
{
	struct tcps_snapshot *snap;
	u64 *earlier;

	snap = kvzalloc(sizeof(*snap), GFP_KERNEL | __GFP_NOWARN);
	earlier = kcalloc(TCPS_NR_CELLS, sizeof(*earlier),
			  GFP_KERNEL | __GFP_NOWARN);
	if (!snap || !earlier) {
		kvfree(snap);
		kfree(earlier);
		return NULL;
	}
	rcu_read_lock(); /* against the namespace's exit */
	fold_gauges(tn, snap, earlier);
	fold_early_dwell(tn, snap);
	fold_max(tn, snap);
	fold_hist(tn, snap);
	rcu_read_unlock();
	kfree(earlier);
	return snap;
}

/**
 * tcps_snapshot_free() - free a snapshot
 * @snap:	the snapshot, or NULL
 */
void tcps_snapshot_free(struct tcps_snapshot *snap)
{
	kvfree(snap);
}

/**
 * tcps_snapshot_state() - the dwell times of a state
 * @snap:	the snapshot
 * @state:	the state
 * @hist:	where they go: TCPS_HIST_BUCKETS counts, those of all the edges
 *		by which the state is left
 *
 * Return: the longest of them, units of 1,024 ns.
 */
u64 tcps_snapshot_state(const struct tcps_snapshot *snap, unsigned int state,
			u64 *hist)
{
	unsigned int e, b;
	u64 max = 0;

	memset(hist, 0, TCPS_HIST_BUCKETS * sizeof(*hist));
	for (e = 0; e < TCPS_NR_EDGES; e++) {
		if (tcps_edges[e].from != state)
			continue;
		for (b = 0; b < TCPS_HIST_BUCKETS; b++)
			hist[b] += snap->hist[e][b];
		max = max(max, snap->max[e]);
	}
	return max;
}

#define COOKIE_NAME(upper, lower, mib)	"cookies_" #lower,

static int show_cookies(const struct tcps_net *tn, tcps_counter_fn *show,
			void *arg)
{
	static const char * const names[] = { TCPS_COOKIES(COOKIE_NAME) };
	u64 cookies[TCPS_NR_COOKIES];
	unsigned int i;
	int err = 0;

	tcps_snapshot_cookies(tn, cookies);
	for (i = 0; i < TCPS_NR_COOKIES && !err; i++)
		err = show(arg, names[i], cookies[i]);
	return err;
}

/**
 * tcps_snapshot_counters() - the counters that are not of one state
 * @tn:		the namespace, which the caller keeps alive
 * @show:	called for each, in the order of /proc, until it fails
 * @arg:	for @show
 *
 * Process context.
 *
 * Return: what @show returned last.
 */
int tcps_snapshot_counters(const struct tcps_net *tn, tcps_counter_fn *show,
			   void *arg)
{
	u64 erased = tcps_counter(TCPS_COUNT_ERASED);
	u64 inserted = tcps_counter(TCPS_COUNT_INSERTED);
	int err;

	/* Erased is read first: a sum over CPUs is not one moment. */
	err = show(arg, "tracked", inserted - erased) ?:
	      show(arg, "capacity", tcps_max_connections) ?:
	      show(arg, "untracked", tcps_counter(TCPS_COUNT_UNTRACKED)) ?:
	      show(arg, "refused", tcps_counter(TCPS_COUNT_REFUSED)) ?:
	      show(arg, "lost", tcps_counter(TCPS_COUNT_LOST)) ?:
	      show(arg, "shared", tcps_account_shared()) ?:
	      show(arg, "missed", tcps_hooks_missed()) ?:
	      show(arg, "stale", tcps_counter(TCPS_COUNT_STALE)) ?:
	      show(arg, "drift", tcps_counter(TCPS_COUNT_DRIFT)) ?:
	      show(arg, "other", tcps_counter(TCPS_COUNT_OTHER));
	err = err ?: show_cookies(tn, show, arg);
	return err ?: tcps_alert_counters(tn, show, arg);
}
