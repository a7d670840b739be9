/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The map of the module: what each file offers to the others.
 *
 *   hooks → life → track, account → snapshot → proc, netlink
 *                                      └→ sample → rules → alert → proc
 *
 * hooks.c turns kernel objects into calls of life.c, life.c keeps one record a
 * connection (track.c) and tells account.c what happened; snapshot.c is
 * the only reader of account's numbers.
 */
#ifndef _TCPS_H
#define _TCPS_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "clock.h"
#include "hist.h"
#include "states.h"
#include "track.h"

/*
 * Counters of a namespace, all in one array of cells, so that one function
 * adds and one function folds.
 */
enum tcps_cell {
	TCPS_CELL_EDGE,
	TCPS_CELL_CAUSE = TCPS_CELL_EDGE + TCPS_NR_EDGES,
	TCPS_CELL_SEEDED = TCPS_CELL_CAUSE + TCPS_NR_STATES * TCPS_NR_CAUSES,
	/* The two ends of transitions that have no edge. */
	TCPS_CELL_STRAY_IN = TCPS_CELL_SEEDED + TCPS_NR_STATES,
	TCPS_CELL_STRAY_OUT = TCPS_CELL_STRAY_IN + TCPS_NR_STATES,
	/* Taken out of a gauge because its object is gone. */
	TCPS_CELL_DROPPED = TCPS_CELL_STRAY_OUT + TCPS_NR_STATES,
	TCPS_NR_CELLS = TCPS_CELL_DROPPED + TCPS_NR_STATES,
};

/**
 * struct tcps_edge_numbers - one CPU's numbers of one edge of a namespace
 * @count:	transitions; cell TCPS_CELL_EDGE + the edge
 * @max:	longest dwell time, units of 1,024 ns
 * @hist:	dwell times; they wrap, see tcps_snapshot_fold()
 */
struct tcps_edge_numbers {
	u64 count;
	u64 max;
	u32 hist[TCPS_HIST_BUCKETS];
};

/**
 * struct tcps_percpu - one CPU's numbers of one busy namespace
 * @edge:	per edge
 * @cell:	the other counters, enum tcps_cell
 *
 * Written by its own CPU only, with this_cpu operations: a softirq may
 * come in between any two instructions of a probe in process context.
 */
struct tcps_percpu {
	struct tcps_edge_numbers edge[TCPS_NR_EDGES];
	u64 cell[TCPS_NR_CELLS - TCPS_CELL_CAUSE];
};

/* The edges' counters stand with the rest of an edge. */
#define tcps_cell_of(p, i)						\
	(*((i) < TCPS_CELL_CAUSE ? &(p)->edge[i].count :		\
				   &(p)->cell[(i) - TCPS_CELL_CAUSE]))

#define TCPS_NR_EARLY	736

/* What can happen to a SYN cookie, as /proc/tcpstates and JSON name it. */
#define TCPS_COOKIES(X)							\
	X(SENT, sent, SYNCOOKIESSENT)	/* instead of a request */	\
	X(VALIDATED, validated, SYNCOOKIESRECV)	/* by an ACK: ESTABLISHED */ \
	X(FAILED, failed, SYNCOOKIESFAILED)	/* an ACK without a valid one */

#define TCPS_COOKIE_ENUM(upper, lower, mib)	TCPS_COOKIE_##upper,
enum tcps_cookie {
	TCPS_COOKIES(TCPS_COOKIE_ENUM)
	TCPS_NR_COOKIES,
};

/**
 * struct tcps_early - the numbers of a namespace that has no per-CPU memory
 * @cell:	counters, enum tcps_cell
 * @max:	longest dwell time per edge, units of 1,024 ns
 * @nr_dwell:	dwell times so far; those beyond TCPS_NR_EARLY are lost
 * @dwell:	edge + 1 and bucket of each, 0 while not yet written
 *
 * Most namespaces never see a connection: their share is this alone.  Shared
 * by all CPUs, hence atomic.
 */
struct tcps_early {
	atomic64_t cell[TCPS_NR_CELLS];
	atomic64_t max[TCPS_NR_EDGES];
	atomic_t nr_dwell;
	u16 dwell[TCPS_NR_EARLY];
};

/**
 * struct tcps_net - a network namespace, as the module knows it
 * @percpu:	NULL until the first event, and again once the namespace dies.
 *		Published by smp_store_release(), freed after a grace period
 * @retired:	@percpu of a dying namespace, until nobody can be using it
 * @net:	the namespace
 * @id:		its number in records, 1 … 65,535; 0: none was left
 * @dying:	no memory is to be allocated any more
 * @proc:	its file in /proc; written by who makes the namespace, ends it, or
 *		ends the module while it holds the namespace
 * @grow:	allocates @percpu, or else @hist, in process context
 * @hist:	dwell times of all CPUs, atomic_t [TCPS_NR_EDGES]
 *		[TCPS_HIST_BUCKETS], where there is no @percpu because of the
 *		limit max_counter_memory.  Published and freed as @percpu
 * @retired_hist: as @retired
 * @fold_lock:	protects @total; process context only
 * @total:	u64 [TCPS_NR_EDGES][TCPS_HIST_BUCKETS]: the dwell times when they
 *		were folded last; NULL: no bucket can have wrapped yet
 * @folded:	transitions by then
 * @cookies:	the kernel's counts of SYN cookies when this began
 * @apart:	audits in a row that found the gauges apart.  Written by the
 *		audit's worker only
 * @half_open:	requests in the queues of all listeners, as of this audit.
 *		Written by the audit's worker only, as are the next two
 * @last_half_open: as of the audit before
 * @last_syn_recv: SYN_RECV as of the audit before
 * @standin_req: half-open requests that SYN_RECV has followed, where they are not
 *		hooked.  Written by the audit's worker only, as is the next
 * @standin_mini: mini sockets that TIME_WAIT has followed
 * @watch:	what alerts are made of (alert.h); NULL: it is not looked at.
 *		Protected by tcps_alert_lock
 * @early:	the numbers while there is no @percpu
 */
struct tcps_net {
	struct tcps_percpu __percpu *percpu;
	struct tcps_percpu __percpu *retired;
	struct net *net;
	u16 id;
	bool dying;
	struct proc_dir_entry *proc;
	struct work_struct grow;
	atomic_t *hist;
	atomic_t *retired_hist;
	spinlock_t fold_lock;	/* @total */
	u64 *total;
	u64 folded;
	u64 cookies[TCPS_NR_COOKIES];
	unsigned int apart;
	unsigned int half_open;
	unsigned int last_half_open;
	s64 last_syn_recv;
	s64 standin_req;
	s64 standin_mini;
	struct tcps_watch *watch;
	struct tcps_early early;
};

/**
 * struct tcps_snapshot - all the numbers of a namespace at one time
 * @cell:	counters, enum tcps_cell
 * @max:	longest dwell time per edge, units of 1,024 ns
 * @hist:	dwell times per edge
 * @entered:	per state
 * @left:	per state, never above @entered
 */
struct tcps_snapshot {
	u64 cell[TCPS_NR_CELLS];
	u64 max[TCPS_NR_EDGES];
	u64 hist[TCPS_NR_EDGES][TCPS_HIST_BUCKETS];
	u64 entered[TCPS_NR_STATES];
	u64 left[TCPS_NR_STATES];
};

/*
 * Counters of the module as a whole; a line here is all a new one needs.
 */
#define TCPS_COUNTERS(X)						\
	X(INSERTED, "records made")					\
	X(ERASED, "records removed")					\
	X(UNTRACKED, "events without a record: no dwell time")		\
	X(REFUSED, "records for which there was no room")		\
	X(STALE, "records whose object was gone")			\
	X(LOST, "events or dwell times that could not be recorded")	\
	X(DRIFT, "corrections of a gauge")				\
	X(OTHER, "transitions that are in no edge")

#define TCPS_COUNTER_ENUM(name, what)	TCPS_COUNT_##name,
enum tcps_counter {
	TCPS_COUNTERS(TCPS_COUNTER_ENUM)
	TCPS_NR_COUNTERS,
};

struct tcps_counts {
	u64 count[TCPS_NR_COUNTERS];
};

DECLARE_PER_CPU(struct tcps_counts, tcps_counts);

static inline void tcps_count(enum tcps_counter which)
{
	this_cpu_inc(tcps_counts.count[which]);
}

/* main.c */
bool tcps_step_fails(const char *step);
bool tcps_hook_breaks(const char *name);
extern unsigned int tcps_max_connections;
extern bool tcps_test_clock_lost;
extern bool tcps_test_fold;

/* netns.c */
extern unsigned int tcps_net_id;
int tcps_netns_init(void);
void tcps_netns_exit(void);
struct tcps_net *tcps_net_by_id(unsigned int id);
struct tcps_net *tcps_net_get_from(unsigned int *id);
unsigned int tcps_netns_changes(void);
void tcps_netns_for_each(void (*visit)(struct tcps_net *tn, void *arg),
			 void *arg);

static inline struct tcps_percpu __percpu *
tcps_percpu_of(const struct tcps_net *tn)
{
	/* Pairs with the release in tcps_account_grow(): zeroed memory. */
	return smp_load_acquire(&tn->percpu);
}

/**
 * tcps_net() - what the module knows of a namespace
 * @net:	the namespace
 *
 * With preemption off, or in process context while the namespace is alive.
 *
 * Return: never NULL.
 */
static inline struct tcps_net *tcps_net(const struct net *net)
{
	return net_generic(net, tcps_net_id);
}

/* account.c */
int tcps_account_choose(unsigned int mebibytes);
void tcps_account_grow(struct work_struct *work);
void tcps_account_retire(struct tcps_net *tn);
void tcps_account_free(struct tcps_net *tn);
unsigned int tcps_account_shared(void);
unsigned int tcps_account_limit(void);
void tcps_account_report(void);
void tcps_add(struct tcps_net *tn, unsigned int cell);
void tcps_add_many(struct tcps_net *tn, unsigned int cell, u64 n);
void tcps_dwell(struct tcps_net *tn, unsigned int edge, u64 units);
void tcps_new_max(struct tcps_percpu __percpu *p, unsigned int edge, u64 units);
void tcps_edge_taken(struct tcps_net *tn, unsigned int from, unsigned int to);
u64 tcps_counter(enum tcps_counter which);

/* life.c */
extern struct tcps_table tcps_table;
int tcps_life_init(void);
void tcps_life_exit(void);
void tcps_life_born(struct tcps_net *tn, const void *obj, unsigned int kind,
		    unsigned int from, unsigned int to);
void tcps_life_transition(struct tcps_net *tn, const void *obj,
			  unsigned int from, unsigned int to,
			  unsigned int cause);
void tcps_life_ignore(struct tcps_net *tn, const void *obj);
bool tcps_life_ignored(struct tcps_slot *slot);
bool tcps_life_counted(void);
void tcps_life_take(const void *req, const void *child);
void tcps_life_follow(const void *req, const void *child);
void tcps_life_return(const void *req, const void *child);
void tcps_life_migrated(const void *req, const void *copy);
void tcps_life_forget(const void *obj);
void tcps_life_to_mini(struct tcps_net *tn, const void *sk, const void *mini,
		       unsigned int from, unsigned int to);
void tcps_life_mini_time_wait(struct tcps_net *tn, const void *mini);
void tcps_life_mini_dead(struct tcps_net *tn, const void *mini,
			 unsigned int state, unsigned int cause);

/* recount.c */
void tcps_recount_seeded(void);
void tcps_recount_begin(void);
void tcps_recount_end(void);
void tcps_recount_timeless(void (*change_clock)(void));
bool tcps_recount_add(struct tcps_net *tn, const void *obj, unsigned int kind,
		      unsigned int state);
bool tcps_recount_seen(struct tcps_net *tn, const void *obj, unsigned int kind,
		       unsigned int state, bool owned);
bool tcps_recount_sweep(u64 index);

/* hooklist.c */
int tcps_hooks_init(void);
void tcps_hooks_pause(bool pause);
void tcps_hooks_exit(void);
u64 tcps_hooks_missed(void);
bool tcps_hooks_known(const char *name, size_t len);
bool tcps_hooks_req_ok(void);
bool tcps_hooks_mini_ok(void);
typedef int tcps_hook_fn(void *arg, const char *name, const char *mechanism,
			 const char *status);
int tcps_hooks_each(tcps_hook_fn *show, void *arg);

/* walk.c */

/**
 * struct tcps_visitor - somebody who wants to see every TCP socket
 * @visit:	called with preemption off and a reference to the object and its
 *		namespace; for a full socket also with its lock, so that it has no
 *		transition meanwhile, or else with @owned: somebody keeps the
 *		lock, and may be in the middle of one; for a mini socket with its
 *		chain's lock instead, so that it does not end.  An object may be
 *		shown twice
 * @stop:	the walk is given up as soon as this is true
 */
struct tcps_visitor {
	void (*visit)(const struct tcps_visitor *v, struct tcps_net *tn,
		      const void *obj, unsigned int kind, unsigned int state,
		      bool owned);
	bool (*stop)(void);
};

void tcps_walk(const struct tcps_visitor *v);
void tcps_walk_queues(void (*visit)(struct tcps_net *tn, unsigned int len));

/* standin.c */
bool tcps_standin_needed(void);
void tcps_standin_look(void);

/* seed.c */
int tcps_seed(void);

/* audit.c */
int tcps_audit_init(void);
void tcps_audit_exit(void);
unsigned int tcps_audit_interval(void);
void tcps_audit_set_interval(unsigned int ms);

/* snapshot.c */
void tcps_snapshot_gauges(struct tcps_net *tn, s64 *gauge);
void tcps_snapshot_cells(struct tcps_net *tn, u64 *cell, s64 *gauge);
void tcps_snapshot_fold(struct tcps_net *tn);
void tcps_snapshot_cookies(const struct tcps_net *tn, u64 *cookies);
struct tcps_snapshot *tcps_snapshot_take(struct tcps_net *tn);
void tcps_snapshot_free(struct tcps_snapshot *snap);
u64 tcps_snapshot_state(const struct tcps_snapshot *snap, unsigned int state,
			u64 *hist);
typedef int tcps_counter_fn(void *arg, const char *name, u64 value);
int tcps_snapshot_counters(const struct tcps_net *tn, tcps_counter_fn *show,
			   void *arg);

/* proc.c */
int tcps_proc_net_init(struct net *net);
void tcps_proc_net_exit(struct net *net);
int tcps_proc_init(void);
void tcps_proc_exit(void);

/* age.c */

/**
 * struct tcps_age - how long a connection has been in its state
 * @kind:	is that known
 * @us:		microseconds
 */
struct tcps_age {
	enum {
		TCPS_AGE_NONE,		/* no record, or it is changing */
		TCPS_AGE_EXACT,
		TCPS_AGE_AT_LEAST,	/* older than what we could see */
	} kind;
	u64 us;
};

/**
 * struct tcps_instant - when a look is, of which all ages are; zeroed at first
 * @now:	the clock at the first age that was asked for, in ticks
 * @began:	which clock: tcps_clock_began
 */
struct tcps_instant {
	u64 now;
	u64 began;
};

struct tcps_age tcps_age(const void *obj, unsigned int state,
			 struct tcps_instant *instant);

/* netlink.c */
int tcps_netlink_init(void);
void tcps_netlink_exit(void);

#endif /* _TCPS_H */
