// SPDX-License-Identifier: GPL-2.0
/*
 * The only reader of counters: folds all CPUs into one plain struct.
 */
#include "tcps.h"
#include <linux/mm.h>
#include <linux/slab.h>

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

static void fold_hist(const struct tcps_percpu *p, struct tcps_snapshot *snap)
{
	unsigned int e, b;

	for (e = 0; e < TCPS_NR_EDGES; e++) {
		for (b = 0; b < TCPS_HIST_BUCKETS; b++)
			snap->hist[e][b] += READ_ONCE(p->edge[e].hist[b]);
		snap->max[e] = max(snap->max[e], READ_ONCE(p->edge[e].max));
	}
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
 * tcps_snapshot_take() - all the numbers of a namespace, now
 * @tn:		the namespace, which the caller keeps alive
 *
 * Process context; costs the same whatever the number of sockets.
 *
 * Return: the snapshot, for tcps_snapshot_free(); NULL: out of memory.
 */
struct tcps_snapshot *tcps_snapshot_take(struct tcps_net *tn)
{
	struct tcps_percpu __percpu *p;
	struct tcps_snapshot *snap;
	u64 *earlier;
	int cpu;

	snap = kvzalloc(sizeof(*snap), GFP_KERNEL);
	earlier = kcalloc(TCPS_NR_CELLS, sizeof(*earlier), GFP_KERNEL);
	if (!snap || !earlier) {
		kvfree(snap);
		kfree(earlier);
		return NULL;
	}
	rcu_read_lock(); /* against the namespace's exit */
	fold_gauges(tn, snap, earlier);
	fold_early_dwell(tn, snap);
	p = tcps_percpu_of(tn);
	if (p)
		for_each_possible_cpu(cpu)
			fold_hist(per_cpu_ptr(p, cpu), snap);
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
