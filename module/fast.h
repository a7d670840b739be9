/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The usual event, inlined into the probes: one record in one cache line, one
 * reading of the clock, the numbers of one edge on this CPU.
 *
 * Each function here does all that there is to do for an event, or nothing: then
 * it returns false, and life.c, which knows every case, does it.  With preemption
 * off, in any context.  Nothing is called in the middle, so that no register
 * has to be saved: what is rare comes last.  docs/performance.md counts
 * the instructions.
 */
#ifndef _TCPS_FAST_H
#define _TCPS_FAST_H

#include "tcps.h"
#include "cause.h"
#include "life.h"

/**
 * struct fast - what an event needs to know
 * @tn:		the namespace
 * @p:		its numbers on this CPU
 * @slot:	the record of the object
 * @word:	its @word
 */
struct fast {
	struct tcps_net *tn;
	struct tcps_percpu __percpu *p;
	struct tcps_slot *slot;
	u64 word;
};

/* Is nothing unusual, and does the namespace have its own numbers? */
static __always_inline bool fast_begin(struct fast *f, const struct net *net)
{
	/* data_race(): as good as READ_ONCE(), and one instruction less. */
	if (unlikely(data_race(tcps_life.flags) & TCPS_LIFE_UNUSUAL))
		return false;
	/* net_generic() without its rcu_read_lock(): preemption is off. */
	f->tn = rcu_dereference_sched(net->gen)->ptr[tcps_net_id];
	f->p = tcps_percpu_of(f->tn);
	return likely(f->p);
}

static __always_inline bool fast_find(struct fast *f, const void *obj)
{
	return likely(tcps_find_near(&tcps_table, obj, &f->slot, &f->word));
}

/* In that state, since a time that is known */
static __always_inline bool fast_is(const struct fast *f, unsigned int state)
{
	return likely((f->word & (TCPS_REC_STATE | TCPS_REC_UNKNOWN)) ==
		      state << TCPS_REC_STATE_SHIFT);
}

static __always_inline u64 fast_becomes(const struct fast *f,
					unsigned int state)
{
	return (f->word & ~TCPS_REC_STATE) | state << TCPS_REC_STATE_SHIFT;
}

static __always_inline void fast_dwell(const struct fast *f, unsigned int edge,
				       u64 when, u64 now)
{
	struct tcps_edge_numbers __percpu *e = &f->p->edge[edge];
	u64 units = tcps_units(tcps_when_elapsed(when, now));
	u64 old, seen;

	this_cpu_inc(e->count);
	this_cpu_inc(e->hist[tcps_hist_bucket(units)]);
	old = this_cpu_read(e->max);
	while (unlikely(units > old)) {
		seen = this_cpu_cmpxchg(e->max, old, units);
		if (seen == old)
			break;
		old = seen;
	}
}

static __always_inline void fast_insert(const void *obj, unsigned int kind,
					unsigned int state, u64 flags, u64 when)
{
	u64 word = tcps_life_word(obj, kind, state, flags);

	if (likely(tcps_insert_near(&tcps_table, word, when)))
		tcps_count(TCPS_COUNT_INSERTED);
	else
		tcps_life_insert_rest(word, when);
}

static __always_inline void fast_erase(const struct fast *f)
{
	tcps_erase(&tcps_table, f->slot, f->word);
	tcps_count(TCPS_COUNT_ERASED);
}

static __always_inline bool fast_born(const struct net *net, const void *obj,
				      unsigned int kind, unsigned int from,
				      unsigned int to, bool tsc)
{
	unsigned int edge = tcps_edge(from, to);
	struct fast f;

	if (!fast_begin(&f, net) || unlikely(edge == TCPS_E_NONE))
		return false;
	this_cpu_inc(f.p->edge[edge].count);
	fast_insert(obj, kind, to, 0,
		    tcps_when(tcps_clock_read(tsc), f.tn->id));
	return true;
}

static __always_inline bool fast_transition(const struct sock *sk,
					    unsigned int from, unsigned int to,
					    bool tsc)
{
	unsigned int edge = tcps_edge(from, to);
	struct fast f;
	u64 when, now;

	if (!fast_begin(&f, sock_net(sk)) || !fast_find(&f, sk) ||
	    !fast_is(&f, from) || unlikely(edge == TCPS_E_NONE))
		return false;
	when = READ_ONCE(f.slot->when);
	now = tcps_clock_read(tsc);
	tcps_update(f.slot, fast_becomes(&f, to), tcps_when(now, f.tn->id));
	fast_dwell(&f, edge, when, now);
	return true;
}

/* The record is removed, its last state was left by @edge. */
static __always_inline void fast_end(const struct fast *f, unsigned int edge,
				     bool tsc)
{
	u64 when = READ_ONCE(f->slot->when);

	fast_erase(f);
	fast_dwell(f, edge, when, tcps_clock_read(tsc));
}

static __always_inline bool fast_close(const struct sock *sk, unsigned int from,
				       bool tsc)
{
	unsigned int edge = tcps_edge(from, TCPS_CLOSED);
	struct fast f;

	/* SYN_RECV: maybe a child that never was a connection */
	if (!fast_begin(&f, sock_net(sk)) || !fast_find(&f, sk) ||
	    unlikely(from == TCPS_SYN_RECV))
		return false;
	if (!tcps_rec_state(f.word)) {
		/* It has gone on as a mini socket: this end is no event. */
		fast_erase(&f);
		return true;
	}
	if (!fast_is(&f, from) || unlikely(edge == TCPS_E_NONE))
		return false;
	fast_end(&f, edge, tsc);
	tcps_closed_sock(f.p, sk, from);
	return true;
}

/*
 * The record of a request becomes that of its child, and stays behind empty.  A
 * CPU that makes a rival of the child writes the same.
 */
static __always_inline bool fast_take(const struct request_sock *req,
				      const struct sock *child)
{
	struct fast f;
	u64 when;

	if (!fast_begin(&f, sock_net(child)) || !fast_find(&f, req) ||
	    unlikely(tcps_rec_state(f.word) != TCPS_SYN_RECV))
		return false;
	when = READ_ONCE(f.slot->when);
	WRITE_ONCE(f.slot->word, fast_becomes(&f, TCPS_NONE));
	fast_insert(child, TCPS_KIND_SOCK, TCPS_SYN_RECV,
		    f.word & TCPS_REC_UNKNOWN, when);
	return true;
}

/*
 * A request is freed whose child has the connection, or which was half-open and
 * whose listener is still there.
 */
static __always_inline bool fast_req_freed(const struct request_sock *req,
					   bool tsc)
{
	const struct sock *listener = req->rsk_listener;
	struct fast f;

	if (!fast_begin(&f, sock_net(listener)) || !fast_find(&f, req))
		return false;
	if (!tcps_rec_state(f.word)) {
		fast_erase(&f);
		return true;
	}
	if (!fast_is(&f, TCPS_SYN_RECV) || unlikely(req->sk) ||
	    unlikely(inet_sk_state_load(listener) != TCP_LISTEN))
		return false;
	fast_end(&f, TCPS_E_SYN_RECV_CLOSED, tsc);
	tcps_closed_req(f.p, req);
	return true;
}

static __always_inline bool fast_to_mini(const struct sock *sk,
					 const struct inet_timewait_sock *tw,
					 bool tsc)
{
	unsigned int from = sk->sk_state, to = READ_ONCE(tw->tw_substate);
	unsigned int edge = tcps_edge(from, to);
	u64 when, now, word;
	struct fast f;

	if (!fast_begin(&f, sock_net(sk)) || !fast_find(&f, sk) ||
	    !fast_is(&f, from))
		return false;
	when = READ_ONCE(f.slot->when);
	if (from != to) {
		if (unlikely(edge == TCPS_E_NONE))
			return false;
		now = tcps_clock_read(tsc);
		fast_dwell(&f, edge, when, now);
		when = tcps_when(now, f.tn->id);
	}
	/* The socket's own end is no event any more. */
	WRITE_ONCE(f.slot->word, fast_becomes(&f, TCPS_NONE));
	word = tcps_life_word(tw, TCPS_KIND_MINI, to, 0);
	if (likely(tcps_insert_near(&tcps_table, word, when)))
		tcps_count(TCPS_COUNT_INSERTED);
	else
		tcps_life_mini_insert_rest(f.tn, to, word, when);
	return true;
}

/* FIN_WAIT2 ends; in TIME_WAIT the timer is only set anew. */
static __always_inline bool
fast_mini_time_wait(const struct inet_timewait_sock *tw, bool tsc)
{
	struct fast f;
	u64 when, now;

	if (!fast_begin(&f, twsk_net(tw)) || !fast_find(&f, tw))
		return false;
	if (!fast_is(&f, TCPS_FIN_WAIT2))
		return tcps_rec_state(f.word) == TCPS_TIME_WAIT;
	/* There is no lock: two CPUs may have a FIN each. */
	if (unlikely(cmpxchg(&f.slot->word, f.word,
			     f.word | TCPS_REC_BUSY) != f.word))
		return false;
	when = READ_ONCE(f.slot->when);
	now = tcps_clock_read(tsc);
	tcps_update(f.slot, fast_becomes(&f, TCPS_TIME_WAIT),
		    tcps_when(now, f.tn->id));
	fast_dwell(&f, TCPS_E_FIN_WAIT2_TIME_WAIT, when, now);
	return true;
}

static __always_inline bool
fast_mini_dead(const struct inet_timewait_sock *tw, bool tsc)
{
	unsigned int from = READ_ONCE(tw->tw_substate);
	unsigned int edge = tcps_edge(from, TCPS_CLOSED);
	struct fast f;

	if (!fast_begin(&f, twsk_net(tw)) || !fast_find(&f, tw) ||
	    !fast_is(&f, from) || unlikely(edge == TCPS_E_NONE))
		return false;
	fast_end(&f, edge, tsc);
	tcps_closed_mini(f.p, tw, from);
	return true;
}

#endif /* _TCPS_FAST_H */
