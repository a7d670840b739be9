// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/tcpstates: the numbers of the reader's network namespace as text.
 * docs/abi.md describes the lines.
 */
#include "tcps.h"
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <uapi/linux/tcpstates.h>
#include "alert.h"

#define PROC_TARGET	"self/net/" TCPSTATES_PROC_NAME

static void show_quantiles(struct seq_file *m, const u64 *hist, u64 max)
{
	u64 samples = tcps_hist_total(hist);

	if (!samples) {
		seq_puts(m, "        -        -        -          0\n");
		return;
	}
	seq_printf(m, " %8llu %8llu %8llu %10llu\n",
		   tcps_hist_quantile_us(hist, 500, max),
		   tcps_hist_quantile_us(hist, 990, max), tcps_hist_us(max),
		   samples);
}

static void show_state(struct seq_file *m, const struct tcps_snapshot *snap,
		       unsigned int state, u64 *hist)
{
	u64 max = tcps_snapshot_state(snap, state, hist);

	seq_printf(m, "state        %-11s ", tcps_state_names[state]);
	/* Closed sockets are not counted: unknown, not 0. */
	if (state == TCPS_CLOSED)
		seq_puts(m, "         -");
	else
		seq_printf(m, "%10llu",
			   snap->entered[state] - snap->left[state]);
	seq_printf(m, " %10llu %10llu", snap->entered[state],
		   snap->left[state]);
	show_quantiles(m, hist, max);
}

static void show_states(struct seq_file *m, const struct tcps_snapshot *snap,
			u64 *hist)
{
	unsigned int i;

	seq_puts(m, "# state      name           current    entered       left   p50_us   p99_us   max_us    samples\n");
	for (i = 0; i < ARRAY_SIZE(tcps_state_order); i++)
		show_state(m, snap, tcps_state_order[i], hist);
}

static void show_transitions(struct seq_file *m,
			     const struct tcps_snapshot *snap)
{
	unsigned int e;

	seq_puts(m, "# transition from        to               count   p50_us   p99_us   max_us    samples\n");
	for (e = 0; e < TCPS_NR_EDGES; e++) {
		seq_printf(m, "transition   %-11s %-11s %10llu",
			   tcps_state_names[tcps_edges[e].from],
			   tcps_state_names[tcps_edges[e].to],
			   snap->cell[TCPS_CELL_EDGE + e]);
		show_quantiles(m, snap->hist[e], snap->max[e]);
	}
}

static void show_closed(struct seq_file *m, const struct tcps_snapshot *snap)
{
	const u64 *cell = &snap->cell[TCPS_CELL_CAUSE];
	unsigned int i, s, c;

	seq_puts(m, "# closed     from        cause            count\n");
	for (i = 0; i < ARRAY_SIZE(tcps_state_order); i++) {
		s = tcps_state_order[i];
		for (c = 0; c < TCPS_NR_CAUSES; c++) {
			if (!cell[s * TCPS_NR_CAUSES + c])
				continue;
			seq_printf(m, "closed       %-11s %-11s %10llu\n",
				   tcps_state_names[s], tcps_cause_names[c],
				   cell[s * TCPS_NR_CAUSES + c]);
		}
	}
}

static int show_counter(void *m, const char *name, u64 value)
{
	seq_printf(m, "counter      %-20s %14llu\n", name, value);
	return 0;
}

static int show_hook(void *m, const char *name, const char *mechanism,
		     const char *status)
{
	seq_printf(m, "hook         %-30s %-10s %s\n", name, mechanism, status);
	return 0;
}

static int tcps_proc_show(struct seq_file *m, void *unused)
{
	struct tcps_net *tn = tcps_net(seq_file_single_net(m));
	struct tcps_snapshot *snap = tcps_snapshot_take(tn);
	u64 *hist;

	hist = kvcalloc(TCPS_HIST_BUCKETS, sizeof(*hist),
			GFP_KERNEL | __GFP_NOWARN);
	if (!snap || !hist) {
		tcps_snapshot_free(snap);
		kvfree(hist);
		return -ENOMEM;
	}
	seq_printf(m, "tcpstates %d\n", TCPSTATES_PROC_FORMAT);
	show_states(m, snap, hist);
	show_transitions(m, snap);
	show_closed(m, snap);
	tcps_alert_show(m, tn);
	seq_puts(m, "# counter    name                          value\n");
	tcps_snapshot_counters(tn, show_counter, m);
	seq_puts(m, "# hook       name                           mechanism  status\n");
	tcps_hooks_each(show_hook, m);
	kvfree(hist);
	tcps_snapshot_free(snap);
	return 0;
}

/**
 * tcps_proc_net_init() - make a namespace's file
 * @net:	the namespace
 *
 * Return: 0 or -ENOMEM.
 */
int tcps_proc_net_init(struct net *net)
{
	struct tcps_net *tn = tcps_net(net);

	tn->proc = proc_create_net_single(TCPSTATES_PROC_NAME, 0444,
					  net->proc_net, tcps_proc_show, NULL);
	return tn->proc ? 0 : -ENOMEM;
}

/**
 * tcps_proc_net_exit() - remove a namespace's file, if it is there
 * @net:	the namespace
 *
 * No reader is inside when this returns: it waits for one whose memory does not
 * come (a file of a server that does not answer), as the kernel does for every
 * file in /proc.
 */
void tcps_proc_net_exit(struct net *net)
{
	struct tcps_net *tn = tcps_net(net);

	proc_remove(tn->proc);
	tn->proc = NULL;
}

/**
 * tcps_proc_init() - make /proc/tcpstates
 *
 * A symbolic link, so that every reader gets its own namespace's file.
 *
 * Return: 0 or -ENOMEM.
 */
int __init tcps_proc_init(void)
{
	return proc_symlink(TCPSTATES_PROC_NAME, NULL, PROC_TARGET) ?
	       0 : -ENOMEM;
}

/**
 * tcps_proc_exit() - remove /proc/tcpstates, and the files of all namespaces
 *
 * Who waits for a reader here keeps nobody else: the kernel calls the exit
 * functions of namespaces with pernet_ops_rwsem, without which none is made and
 * none dies.  What comes from now on, or has no number, is left to them.
 */
void tcps_proc_exit(void)
{
	struct tcps_net *tn;
	unsigned int id;

	remove_proc_entry(TCPSTATES_PROC_NAME, NULL);
	for (id = 1; (tn = tcps_net_get_from(&id)); id++) {
		tcps_proc_net_exit(tn->net);
		put_net(tn->net);
	}
}
