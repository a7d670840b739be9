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

/*
 * The namespace's numbers on this CPU; NULL: something is unusual, or it has
 * none.
 */
static __always_inline struct tcps_percpu __percpu *
fast_begin(const struct net *net, struct tcps_net **tn)
{
	/* data_race(): as good as READ_ONCE(), and one instruction less. */
	if (unlikely(data_race(tcps_life.flags) & TCPS_LIFE_UNUSUAL))
		return NULL;
	/* net_generic() without its rcu_read_lock(): preemption is off. */
	*tn = rcu_dereference_sched(net->gen)->ptr[tcps_net_id];
	return tcps_percpu_of(*tn);
}

static __always_inline bool fast_find(const void *obj, struct tcps_slot **slot,
				      u64 *word)
{
	return likely(tcps_find_near(&tcps_table, obj, slot, word));
}

/* The same, but only if it is in @state since a time that is known */
static __always_inline bool fast_find_as(const void *obj, unsigned int state,
					 struct tcps_slot **slot, u64 *word)
{
	return likely(tcps_find_as(&tcps_table, obj, state, TCPS_REC_UNKNOWN,
				   slot, word));
}

/* In that state, since a time that is known */
static __always_inline bool fast_is(u64 word, unsigned int state)
{
	return likely((word & (TCPS_REC_STATE | TCPS_REC_UNKNOWN)) ==
		      state << TCPS_REC_STATE_SHIFT);
}

static __always_inline u64 fast_becomes(u64 word, unsigned int state)
{
	return (word & ~TCPS_REC_STATE) | state << TCPS_REC_STATE_SHIFT;
}

/* A time as it stands in a record, with the number of the namespace */
static __always_inline u64 fast_when(u64 fine, u64 id)
{
	return (fine & ~0xffffULL) | id;
}

/*
 * @since is a time that has passed, times 2^16.  It is above 2^63, and so its
 * units are above every maximum of the next two years, if another CPU's clock
 * was ahead: that counts as no time.
 */
static __always_inline void fast_dwell(struct tcps_percpu __percpu *p,
				       unsigned int edge, u64 since)
{
	struct tcps_edge_numbers __percpu *e = &p->edge[edge];
	u64 units = tcps_mul_high(since, tcps_clock.scale);
	u64 old, seen;

	/* One base for three numbers */
	OPTIMIZER_HIDE_VAR(e);
	old = this_cpu_read(e->max);
	while (unlikely(units > old)) {
		if ((s64)since < 0) {
			units = 0;
			break;
		}
		seen = this_cpu_cmpxchg(e->max, old, units);
		if (seen == old)
			break;
		old = seen;
	}
	this_cpu_inc(e->count);
	this_cpu_inc(e->hist[tcps_hist_bucket(units)]);
}

static __always_inline void fast_insert(const void *obj, unsigned int kind,
					unsigned int state, u64 flags, u64 when)
{
	u64 word = tcps_life_word(obj, kind, state, flags);
	struct tcps_slot *slot;

	if (likely(tcps_insert_near(&tcps_table, obj, word, when, &slot)))
		tcps_count(TCPS_COUNT_INSERTED);
	else
		tcps_life_insert_rest(word, when);
}

/* As tcps_erase(), for a record in its first bucket, where fast_find() looks. */
static __always_inline void fast_erase(struct tcps_slot *slot)
{
	/* Our last look at the record comes before its next owner's first. */
	smp_store_release(&slot->word, 0);
	tcps_count(TCPS_COUNT_ERASED);
}

static __always_inline bool fast_born(const struct net *net, const void *obj,
				      unsigned int kind, unsigned int edge,
				      unsigned int to, bool tsc)
{
	struct tcps_percpu __percpu *p;
	struct tcps_net *tn;

	p = fast_begin(net, &tn);
	if (unlikely(!p) || unlikely(edge == TCPS_E_NONE))
		return false;
	this_cpu_inc(p->edge[edge].count);
	fast_insert(obj, kind, to, 0,
		    fast_when(tcps_clock_fine(tsc), tn->id));
	return true;
}

/* Its record's number of the namespace stays. */
static __always_inline void fast_move_on(struct tcps_percpu __percpu *p,
					 struct tcps_slot *slot, u64 word,
					 unsigned int edge, bool tsc)
{
	u64 when = READ_ONCE(slot->when);
	u64 now = fast_when(tcps_clock_fine(tsc), tcps_when_netid(when));

	tcps_update(slot, word, now);
	fast_dwell(p, edge, now - when);
}

static __always_inline bool fast_transition(const struct sock *sk,
					    unsigned int from, unsigned int to,
					    bool tsc)
{
	unsigned int edge = tcps_edge(from, to);
	struct tcps_percpu __percpu *p;
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 word;

	p = fast_begin(sock_net(sk), &tn);
	if (unlikely(!p) || unlikely(edge == TCPS_E_NONE))
		return false;
	if (!fast_find_as(sk, from, &slot, &word))
		return false;
	fast_move_on(p, slot, word ^ (from ^ to) << TCPS_REC_STATE_SHIFT, edge,
		     tsc);
	return true;
}

/* The record is removed, its last state was left by @edge. */
static __always_inline void fast_end(struct tcps_percpu __percpu *p,
				     struct tcps_slot *slot, unsigned int edge,
				     bool tsc)
{
	u64 when = READ_ONCE(slot->when);

	fast_erase(slot);
	fast_dwell(p, edge, (tcps_clock_fine(tsc) | 0xffff) - when);
}

static __always_inline bool fast_close(const struct sock *sk, unsigned int from,
				       bool tsc)
{
	struct tcps_percpu __percpu *p;
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 word;

	/* SYN_RECV: maybe a child that never was a connection */
	p = fast_begin(sock_net(sk), &tn);
	if (unlikely(!p) || unlikely(from == TCPS_SYN_RECV) ||
	    !fast_find(sk, &slot, &word))
		return false;
	if (!tcps_rec_state(word)) {
		/* It has gone on as a mini socket: this end is no event. */
		fast_erase(slot);
		return true;
	}
	/* Every state of a record has an edge to CLOSED, or is CLOSED. */
	if (unlikely(from == TCPS_CLOSED) || !fast_is(word, from))
		return false;
	fast_end(p, slot, tcps_edge(from, TCPS_CLOSED), tsc);
	tcps_closed_sock(p, sk, from);
	return true;
}

/*
 * The record of a request becomes that of its child, and stays behind empty.  A
 * CPU that makes a rival of the child writes the same.
 */
static __always_inline bool fast_take(const struct request_sock *req,
				      const struct sock *child)
{
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 when, word;

	if (unlikely(!fast_begin(sock_net(child), &tn)) ||
	    unlikely(!tcps_find_as(&tcps_table, req, TCPS_SYN_RECV, 0, &slot,
				   &word)))
		return false;
	when = READ_ONCE(slot->when);
	WRITE_ONCE(slot->word, fast_becomes(word, TCPS_NONE));
	fast_insert(child, TCPS_KIND_SOCK, TCPS_SYN_RECV,
		    word & TCPS_REC_UNKNOWN, when);
	return true;
}

/* Out of line: here are registers to be saved. */
static noinline bool fast_half_open_freed(struct tcps_percpu __percpu *p,
					  struct tcps_slot *slot, u64 word,
					  const struct request_sock *req)
{
	const struct sock *listener = req->rsk_listener;

	if (!fast_is(word, TCPS_SYN_RECV) || unlikely(req->sk) ||
	    unlikely(inet_sk_state_load(listener) != TCP_LISTEN))
		return false;
	fast_end(p, slot, TCPS_E_SYN_RECV_CLOSED, tcps_clock_is_tsc());
	tcps_closed_req(p, req);
	return true;
}

/*
 * A request is freed whose child has the connection, or which was half-open and
 * whose listener is still there.
 */
static __always_inline bool fast_req_freed(const struct request_sock *req)
{
	struct tcps_percpu __percpu *p;
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 word;

	p = fast_begin(sock_net(req->rsk_listener), &tn);
	if (unlikely(!p) || !fast_find(req, &slot, &word))
		return false;
	if (tcps_rec_state(word))
		return fast_half_open_freed(p, slot, word, req);
	fast_erase(slot);
	return true;
}

/* The socket's record becomes the mini socket's, and stays behind empty. */
static __always_inline void fast_leave(struct tcps_net *tn,
				       struct tcps_slot *slot, u64 word,
				       const struct inet_timewait_sock *tw,
				       unsigned int state, u64 when)
{
	/* The socket's own end is no event any more. */
	WRITE_ONCE(slot->word, fast_becomes(word, TCPS_NONE));
	word = tcps_life_word(tw, TCPS_KIND_MINI, state, 0);
	if (likely(tcps_insert_near(&tcps_table, tw, word, when, &slot)))
		tcps_count(TCPS_COUNT_INSERTED);
	else
		tcps_life_mini_insert_rest(tn, state, word, when);
}

/* Out of line: here are registers to be saved. */
static noinline bool fast_turn_mini(const struct sock *sk,
				    const struct inet_timewait_sock *tw)
{
	unsigned int from = sk->sk_state, to = READ_ONCE(tw->tw_substate);
	unsigned int edge = tcps_edge(from, to);
	struct tcps_percpu __percpu *p;
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 when, now, word;

	p = fast_begin(sock_net(sk), &tn);
	if (unlikely(!p) || unlikely(edge == TCPS_E_NONE) ||
	    !fast_find_as(sk, from, &slot, &word))
		return false;
	when = READ_ONCE(slot->when);
	now = fast_when(tcps_clock_fine(tcps_clock_is_tsc()),
			tcps_when_netid(when));
	fast_dwell(p, edge, now - when);
	fast_leave(tn, slot, word, tw, to, now);
	return true;
}

static __always_inline bool fast_to_mini(const struct sock *sk,
					 const struct inet_timewait_sock *tw)
{
	unsigned int state = sk->sk_state;
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 word;

	if (state != READ_ONCE(tw->tw_substate))
		return fast_turn_mini(sk, tw);
	if (unlikely(!fast_begin(sock_net(sk), &tn)) ||
	    !fast_find_as(sk, state, &slot, &word))
		return false;
	fast_leave(tn, slot, word, tw, state, READ_ONCE(slot->when));
	return true;
}

/* FIN_WAIT2 ends; in TIME_WAIT the timer is only set anew. */
static __always_inline bool
fast_mini_time_wait(const struct inet_timewait_sock *tw, bool tsc)
{
	struct tcps_percpu __percpu *p;
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 word;

	p = fast_begin(twsk_net(tw), &tn);
	if (unlikely(!p) ||
	    !fast_find(tw, &slot, &word))
		return false;
	if (!fast_is(word, TCPS_FIN_WAIT2))
		return tcps_rec_state(word) == TCPS_TIME_WAIT;
	/* There is no lock: two CPUs may have a FIN each. */
	if (unlikely(cmpxchg(&slot->word, word,
			     word | TCPS_REC_BUSY) != word))
		return false;
	fast_move_on(p, slot, fast_becomes(word, TCPS_TIME_WAIT),
		     TCPS_E_FIN_WAIT2_TIME_WAIT, tsc);
	return true;
}

static __always_inline bool
fast_mini_dead(const struct inet_timewait_sock *tw, bool tsc)
{
	unsigned int from = READ_ONCE(tw->tw_substate);
	struct tcps_percpu __percpu *p;
	struct tcps_slot *slot;
	struct tcps_net *tn;
	u64 word;

	p = fast_begin(twsk_net(tw), &tn);
	if (unlikely(!p))
		return false;
	if (!fast_find_as(tw, from, &slot, &word))
		return false;
	fast_end(p, slot, tcps_edge(from, TCPS_CLOSED), tsc);
	tcps_closed_mini(p, tw, from);
	return true;
}

#endif /* _TCPS_FAST_H */
