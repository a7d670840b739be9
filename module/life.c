// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a connection: one record from its first event to its last, while
 * the kernel moves it from request to socket to mini socket.
 *
 * All functions run in any context with preemption off, and only one CPU at a
 * time calls them for one object (socket lock, or the object's last reference).
 *
 * An event without a record means one of three things.  While the seeder is
 * still at work: the connection is older than the module and nobody has
 * counted it yet; it is put into its gauge first.  Afterwards, if there was
 * always room: its birth was missed; it is put into its gauge, too, and that is
 * drift.  If there once was none: it was counted then, so its gauges are right
 * already and only its dwell time is unknown.
 */
#include "tcps.h"
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "event.h"
#include "life.h"

struct tcps_table tcps_table;

struct tcps_life tcps_life __read_mostly = {
	.flags = BIT(TCPS_LIFE_PAUSED) | BIT(TCPS_LIFE_SEEDING) |
		 BIT(TCPS_LIFE_WALKING),
};

int __init tcps_life_init(void)
{
	void *mem = __vmalloc(tcps_table_bytes(tcps_max_connections),
			      GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);

	if (!mem)
		return -ENOMEM;
	tcps_table_init(&tcps_table, mem, tcps_max_connections);
	return 0;
}

void tcps_life_exit(void)
{
	vfree(tcps_table.bucket);
}

/**
 * tcps_life_drop() - take a connection that is gone out of its gauge
 * @netid:	number of its namespace
 * @state:	the gauge; TCPS_NONE: it is in none
 *
 * Any context with preemption off.
 */
void tcps_life_drop(unsigned int netid, unsigned int state)
{
	struct tcps_net *tn;

	if (!state)
		return;
	rcu_read_lock();
	tn = tcps_net_by_id(netid);
	if (tn)
		tcps_add(tn, TCPS_CELL_DROPPED + state);
	rcu_read_unlock();
}

/**
 * tcps_life_refused() - there was no room for a record
 *
 * Any context with preemption off.
 */
void tcps_life_refused(void)
{
	tcps_count(TCPS_COUNT_REFUSED);
	tcps_life_set(TCPS_LIFE_REFUSED);
}

/**
 * tcps_life_insert() - make a record, and count that
 * @obj:	the kernel object that the connection lives in
 * @kind:	what that is, enum tcps_kind
 * @state:	its state
 * @flags:	TCPS_REC_UNKNOWN or 0
 * @when:	tcps_when()
 *
 * Any context with preemption off.
 *
 * Return: the record, or NULL: there was no room.
 */
struct tcps_slot *tcps_life_insert(const void *obj, unsigned int kind,
				   unsigned int state, u64 flags, u64 when)
{
	struct tcps_slot *slot;

	slot = tcps_insert(&tcps_table, tcps_life_word(obj, kind, state, flags),
			   when);
	if (likely(slot)) {
		tcps_count(TCPS_COUNT_INSERTED);
		return slot;
	}
	tcps_life_refused();
	return NULL;
}

/**
 * tcps_life_insert_rest() - make a record whose first bucket is half full
 * @word:	tcps_life_word()
 * @when:	tcps_when()
 *
 * Any context with preemption off.
 *
 * Return: false if there was no room.
 */
bool tcps_life_insert_rest(u64 word, u64 when)
{
	if (unlikely(!tcps_insert_rest(&tcps_table, word, when))) {
		tcps_life_refused();
		return false;
	}
	tcps_count(TCPS_COUNT_INSERTED);
	return true;
}

/**
 * tcps_life_mini_insert_rest() - the same for a mini socket
 * @tn:		its namespace
 * @state:	its state
 * @word:	tcps_life_word()
 * @when:	tcps_when()
 *
 * Any context with preemption off.
 */
void tcps_life_mini_insert_rest(struct tcps_net *tn, unsigned int state,
				u64 word, u64 when)
{
	if (!tcps_life_insert_rest(word, when))
		tcps_life_mini_refused(tn, tcps_slot_ptr(word), state);
}

/*
 * Somebody who walks all sockets may have inserted a record of our object at
 * the same time, for what it was before this event.  Both insert, then look: the
 * other record goes.
 */
static noinline void drop_others(const void *obj, const struct tcps_slot *ours)
{
	struct tcps_slot *other;
	u64 word, when;

	smp_mb(); /* insert, then look */
	while ((other = tcps_find_other(&tcps_table, obj, ours))) {
		word = tcps_slot_read(other, &when);
		if (!word || tcps_slot_ptr(word) != obj ||
		    !tcps_erase_if(&tcps_table, other, word))
			continue;
		tcps_count(TCPS_COUNT_ERASED);
		tcps_life_drop(tcps_when_netid(when), tcps_rec_state(word));
	}
}

static bool record(struct tcps_net *tn, const void *obj, unsigned int kind,
		   unsigned int state, u64 flags, u64 now)
{
	struct tcps_slot *slot;

	slot = tcps_life_insert(obj, kind, state, flags,
				tcps_when(now, tn->id));
	if (slot && unlikely(tcps_life_is(TCPS_LIFE_WALKING)))
		drop_others(obj, slot);
	return slot;
}

/*
 * Who looks at all records may mark one, and who changes the clock may say that
 * its time is unknown: it is the same record all the same.
 */
static bool only_marked(const struct tcps_slot *slot, u64 *old)
{
	u64 word = READ_ONCE(slot->word), change = word ^ *old;

	*old = word;
	return !(change & ~(TCPS_REC_MARK | TCPS_REC_UNKNOWN));
}

/*
 * Return: false if the record is not what it was any more, because it has been
 * taken for one whose object is gone: possible only while all sockets are
 * being looked at.
 */
static bool rewrite(struct tcps_slot *slot, u64 old, u64 word, u64 when)
{
	if (likely(!tcps_life_is(TCPS_LIFE_WALKING))) {
		tcps_update(slot, word, when);
		return true;
	}
	while (cmpxchg(&slot->word, old, word | TCPS_REC_BUSY) != old)
		if (!only_marked(slot, &old))
			return false;
	tcps_update(slot, word, when);
	return true;
}

static bool forget(struct tcps_slot *slot, u64 old)
{
	if (likely(!tcps_life_is(TCPS_LIFE_WALKING)))
		tcps_erase(&tcps_table, slot, old);
	else
		while (!tcps_erase_if(&tcps_table, slot, old))
			if (!only_marked(slot, &old))
				return false;
	tcps_count(TCPS_COUNT_ERASED);
	return true;
}

/*
 * A record whose object has become something else without an event that we
 * saw.  It leaves its gauge, in the namespace that it was counted in.
 */
static noinline void drop_stale(struct tcps_slot *slot)
{
	u64 word = READ_ONCE(slot->word), when = READ_ONCE(slot->when);

	if (!forget(slot, word))
		return;
	tcps_life_drop(tcps_when_netid(when), tcps_rec_state(word));
	tcps_count(TCPS_COUNT_STALE);
}

/* No record of @obj may be left from an earlier object at that address. */
static void make_room(const void *obj)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (unlikely(slot))
		drop_stale(slot);
}

static void first_sight(struct tcps_net *tn, unsigned int state)
{
	if (tcps_life_is(TCPS_LIFE_SEEDING)) {
		tcps_add(tn, TCPS_CELL_SEEDED + state);
	} else if (tcps_life_is(TCPS_LIFE_REFUSED)) {
		tcps_count(TCPS_COUNT_UNTRACKED);
	} else {
		tcps_add(tn, TCPS_CELL_SEEDED + state);
		tcps_count(TCPS_COUNT_DRIFT);
	}
}

/*
 * A record says when its state was entered, or that nobody knows.
 *
 * Return: the time since, in microseconds; -1: unknown.
 */
static s64 dwell(struct tcps_net *tn, u64 word, u64 when, unsigned int edge,
		 u64 now)
{
	u64 units;

	if (word & TCPS_REC_UNKNOWN || tcps_life_is(TCPS_LIFE_TIMELESS))
		return -1;
	units = tcps_units(tcps_when_elapsed(when, now));
	if (edge != TCPS_E_NONE)
		tcps_dwell(tn, edge, units);
	return tcps_hist_us(units);
}

static void closed(struct tcps_net *tn, unsigned int from, unsigned int cause)
{
	tcps_add(tn, TCPS_CELL_CAUSE + from * TCPS_NR_CAUSES + cause);
}

/**
 * tcps_life_born() - a connection, or a listener, begins
 * @tn:		its namespace
 * @obj:	the kernel object that it lives in
 * @kind:	what that is, enum tcps_kind
 * @from:	CLOSED, or LISTEN for a connection on a listener
 * @to:		its first state
 *
 * Whatever was recorded for that address has died without our seeing it.
 */
void tcps_life_born(struct tcps_net *tn, const void *obj, unsigned int kind,
		    unsigned int from, unsigned int to)
{
	make_room(obj);
	tcps_edge_taken(tn, from, to);
	record(tn, obj, kind, to, 0, tcps_now());
	tcps_event(obj, from, to, 0, -1);
}

/**
 * tcps_life_ignore() - the death of a request is to be no event
 * @tn:		its namespace
 * @obj:	the request
 */
void tcps_life_ignore(struct tcps_net *tn, const void *obj)
{
	make_room(obj);
	record(tn, obj, TCPS_KIND_REQ, TCPS_NONE, 0, tcps_now());
}

/**
 * tcps_life_ignored() - is the death of this request no event
 * @slot:	its record, which is removed if so
 *
 * Return: true if its child is the connection, or if tcps_life_ignore() was
 * called for it.
 */
bool tcps_life_ignored(struct tcps_slot *slot)
{
	u64 word = READ_ONCE(slot->word);

	if (likely(tcps_rec_state(word)))
		return false;
	forget(slot, word);
	return true;
}

/**
 * tcps_life_counted() - can an object without a record have been counted
 *
 * Return: true if there was no room for a record once, or if the object may be
 * older than the module.
 */
bool tcps_life_counted(void)
{
	return tcps_life_is(TCPS_LIFE_REFUSED) ||
	       tcps_life_is(TCPS_LIFE_SEEDING);
}

static void taken_from_nowhere(struct tcps_net *tn, const void *obj,
			       unsigned int from, unsigned int to,
			       unsigned int cause)
{
	tcps_edge_taken(tn, from, to);
	if (to == TCPS_CLOSED)
		closed(tn, from, cause);
	else
		record(tn, obj, TCPS_KIND_SOCK, to, 0, tcps_now());
	tcps_event(obj, from, to, cause, -1);
}

/* The event of a connection that has no record. */
static noinline void unrecorded(struct tcps_net *tn, const void *obj,
				unsigned int from, unsigned int to,
				unsigned int cause)
{
	first_sight(tn, from);
	taken_from_nowhere(tn, obj, from, to, cause);
}

/*
 * The record that an object has, in the state that it is in.  Another one is
 * left from an object that died unseen: its own may be behind that.
 */
static noinline struct tcps_slot *drop_until(struct tcps_slot *slot,
					     const void *obj,
					     unsigned int state)
{
	do {
		drop_stale(slot);
		slot = tcps_find(&tcps_table, obj);
	} while (slot && tcps_rec_state(READ_ONCE(slot->word)) != state);
	return slot;
}

/*
 * The event of a connection whose only record said that it is elsewhere, or has been
 * taken for that of a dead one: it is in no gauge.
 */
static void miscounted(struct tcps_net *tn, const void *obj, unsigned int from,
		       unsigned int to, unsigned int cause)
{
	tcps_add(tn, TCPS_CELL_SEEDED + from);
	taken_from_nowhere(tn, obj, from, to, cause);
}

/**
 * tcps_life_transition() - a connection changes its state
 * @tn:		its namespace
 * @obj:	the kernel object that it lives in
 * @from:	state that it leaves
 * @to:		state that it enters; CLOSED ends it
 * @cause:	why it ends, enum tcps_cause; not used otherwise
 */
void tcps_life_transition(struct tcps_net *tn, const void *obj,
			  unsigned int from, unsigned int to,
			  unsigned int cause)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);
	u64 word, when, now;

	if (unlikely(!slot)) {
		unrecorded(tn, obj, from, to, cause);
		return;
	}
	word = READ_ONCE(slot->word);
	/* It has gone on as a mini socket: this end is no event. */
	if (!tcps_rec_state(word) && to == TCPS_CLOSED) {
		forget(slot, word);
		return;
	}
	if (unlikely(tcps_rec_state(word) != from)) {
		slot = drop_until(slot, obj, from);
		if (!slot) {
			miscounted(tn, obj, from, to, cause);
			return;
		}
		word = READ_ONCE(slot->word);
	}
	when = READ_ONCE(slot->when);

	now = tcps_now();
	if (to != TCPS_CLOSED) {
		if (unlikely(!rewrite(slot, word,
				      tcps_life_word(obj, tcps_rec_kind(word),
						     to, 0),
				      tcps_when(now, tn->id)))) {
			miscounted(tn, obj, from, to, cause);
			return;
		}
	} else {
		closed(tn, from, cause);
		/* Whoever has taken it has taken it out of its gauge. */
		if (!forget(slot, word))
			tcps_add(tn, TCPS_CELL_SEEDED + from);
	}
	tcps_edge_taken(tn, from, to);
	tcps_event(obj, from, to, cause,
		   dwell(tn, word, when, tcps_edge(from, to), now));
}

/*
 * Rewrite the state of a request's record.  Others may do that at the same time:
 * a CPU that makes another child of the request, somebody who looks at all
 * sockets.
 */
static void request_becomes(struct tcps_slot *slot, unsigned int from,
			    unsigned int to)
{
	u64 word;

	do {
		word = READ_ONCE(slot->word);
		if (tcps_rec_state(word) != from)
			return;
	} while (cmpxchg(&slot->word, word,
			 (word & ~TCPS_REC_STATE) |
			 (u64)to << TCPS_REC_STATE_SHIFT) != word);
}

/**
 * tcps_life_take() - a child of a request is being made
 * @req:	the request
 * @child:	the child, which nobody else knows yet
 *
 * Nothing is counted: the connection stays in SYN_RECV, since the SYN.  The
 * request's record is empty until it is freed, and says since when.  Two CPUs may
 * make a child of one request: both get a record, one of them goes on.
 */
void tcps_life_take(const void *req, const void *child)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, req);
	u64 word, when;

	if (!slot)
		return;
	word = READ_ONCE(slot->word);
	when = READ_ONCE(slot->when);
	make_room(child);
	tcps_life_insert(child, TCPS_KIND_SOCK, TCPS_SYN_RECV,
			 word & TCPS_REC_UNKNOWN, when);
	request_becomes(slot, TCPS_SYN_RECV, TCPS_NONE);
}

/**
 * tcps_life_follow() - the child of a request is the connection
 * @req:	the request
 * @child:	the child
 *
 * The request may have been older than the module, and may have been given a
 * record since its child was made.
 */
void tcps_life_follow(const void *req, const void *child)
{
	if (!tcps_find(&tcps_table, child))
		tcps_life_take(req, child);
}

/**
 * tcps_life_forget() - an object is not a connection, after all
 * @obj:	the object, whose record is removed; its gauge stays
 */
void tcps_life_forget(const void *obj)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (slot)
		forget(slot, READ_ONCE(slot->word));
}

/**
 * tcps_life_return() - a child is not to be, its request is half-open still
 * @req:	the request, whose record is as it was
 * @child:	the child
 */
void tcps_life_return(const void *req, const void *child)
{
	struct tcps_slot *slot;

	tcps_life_forget(child);
	slot = tcps_find(&tcps_table, req);
	if (slot)
		request_becomes(slot, TCPS_NONE, TCPS_SYN_RECV);
}

/**
 * tcps_life_migrated() - a request goes on as a copy of itself
 * @req:	the request, about to be freed
 * @copy:	the copy, on another listener
 */
void tcps_life_migrated(const void *req, const void *copy)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, req);
	u64 word, when;

	if (!slot)
		return;
	word = READ_ONCE(slot->word);
	when = READ_ONCE(slot->when);
	if (forget(slot, word))
		tcps_life_insert(copy, TCPS_KIND_REQ, tcps_rec_state(word),
				 word & TCPS_REC_UNKNOWN, when);
}

/*
 * The record of a socket that is about to be a mini socket; NULL: none, and the
 * socket is in the gauge of @state all the same.
 */
static struct tcps_slot *find_in_state(struct tcps_net *tn, const void *obj,
				       unsigned int state)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (unlikely(!slot)) {
		first_sight(tn, state);
		return NULL;
	}
	if (likely(tcps_rec_state(READ_ONCE(slot->word)) == state))
		return slot;
	slot = drop_until(slot, obj, state);
	/* Its only record said that it is elsewhere: see miscounted(). */
	if (!slot)
		tcps_add(tn, TCPS_CELL_SEEDED + state);
	return slot;
}

/**
 * tcps_life_to_mini() - a socket has become a mini socket
 * @tn:		the namespace
 * @sk:		the socket; its transition to CLOSED, which follows, is no event
 * @mini:	the mini socket
 * @from:	state of the socket
 * @to:		state of the mini socket: FIN_WAIT2 or TIME_WAIT
 */
void tcps_life_to_mini(struct tcps_net *tn, const void *sk, const void *mini,
		       unsigned int from, unsigned int to)
{
	struct tcps_slot *slot = find_in_state(tn, sk, from);
	u64 now = tcps_now(), flags = 0, word = 0, when = 0;

	if (likely(slot)) {
		word = READ_ONCE(slot->word);
		when = READ_ONCE(slot->when);
		if (!rewrite(slot, word,
			     tcps_life_word(sk, TCPS_KIND_SOCK, TCPS_NONE, 0),
			     when)) {
			tcps_add(tn, TCPS_CELL_SEEDED + from);
			slot = NULL;
		}
	}
	/* The marker is what makes the socket's end no event. */
	if (unlikely(!slot)) {
		record(tn, sk, TCPS_KIND_SOCK, TCPS_NONE, 0, now);
		word = TCPS_REC_UNKNOWN;
	}

	if (from != to) {
		tcps_edge_taken(tn, from, to);
		tcps_event(sk, from, to, 0, dwell(tn, word, when,
						  tcps_edge(from, to), now));
	} else {
		/* The same state: it goes on counting from its begin. */
		flags = word & TCPS_REC_UNKNOWN;
		now = slot ? when >> 16 : now;
	}
	make_room(mini);
	if (!record(tn, mini, TCPS_KIND_MINI, to, flags, now))
		tcps_life_mini_refused(tn, mini, to);
}

/**
 * tcps_life_mini_refused() - there is no room for a mini socket's record
 * @tn:		its namespace
 * @mini:	the mini socket
 * @state:	its state, in whose gauge it is
 *
 * Without a record nobody can tell when FIN_WAIT2 ends (see
 * tcps_life_mini_time_wait()): it is counted as TIME_WAIT from the beginning.
 */
void tcps_life_mini_refused(struct tcps_net *tn, const void *mini,
			    unsigned int state)
{
	if (state == TCPS_TIME_WAIT)
		return;
	tcps_edge_taken(tn, state, TCPS_TIME_WAIT);
	tcps_event(mini, state, TCPS_TIME_WAIT, 0, -1);
}

/**
 * tcps_life_mini_dead() - the end of a mini socket
 * @tn:		its namespace
 * @mini:	the mini socket
 * @state:	FIN_WAIT2 or TIME_WAIT
 * @cause:	why it ends, enum tcps_cause
 */
void tcps_life_mini_dead(struct tcps_net *tn, const void *mini,
			 unsigned int state, unsigned int cause)
{
	/* Without a record: see tcps_life_mini_refused(). */
	if (unlikely(tcps_life_is(TCPS_LIFE_REFUSED)) &&
	    !tcps_find(&tcps_table, mini))
		state = TCPS_TIME_WAIT;
	tcps_life_transition(tn, mini, state, TCPS_CLOSED, cause);
}

/**
 * tcps_life_mini_time_wait() - a mini socket's TIME_WAIT begins, or again
 * @tn:		the namespace
 * @mini:	the mini socket
 *
 * Its timer is also set anew by segments that arrive in TIME_WAIT: only the
 * record can tell that from the end of FIN_WAIT2.
 */
void tcps_life_mini_time_wait(struct tcps_net *tn, const void *mini)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, mini);
	u64 word, when, now = tcps_now();

	if (unlikely(!slot))
		return;
	word = READ_ONCE(slot->word);
	/* There is no lock: two CPUs may have a FIN each, and one of them wins. */
	if (tcps_rec_state(word) != TCPS_FIN_WAIT2 ||
	    cmpxchg(&slot->word, word, word | TCPS_REC_BUSY) != word)
		return;
	when = READ_ONCE(slot->when);
	tcps_update(slot, tcps_life_word(mini, TCPS_KIND_MINI,
					 TCPS_TIME_WAIT, 0),
		    tcps_when(now, tn->id));
	tcps_edge_taken(tn, TCPS_FIN_WAIT2, TCPS_TIME_WAIT);
	tcps_event(mini, TCPS_FIN_WAIT2, TCPS_TIME_WAIT, 0,
		   dwell(tn, word, when, TCPS_E_FIN_WAIT2_TIME_WAIT, now));
}
