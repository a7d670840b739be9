// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a connection: one record from its first event to its last, while
 * the kernel moves it from request to socket to mini socket.
 *
 * All functions run in any context with preemption off, and only one CPU at a
 * time calls them for one object (socket lock, or the object's last reference).
 *
 * An event without a record means one of two things.  While the seeder is
 * still at work: the connection is older than the module and nobody has
 * counted it yet; it is put into its gauge first.  Afterwards: it was
 * counted when there was no room for a record, so its gauges are right already
 * and only its dwell time is unknown.
 */
#include "tcps.h"
#include <linux/mm.h>
#include <linux/vmalloc.h>

struct tcps_table tcps_table;

/*
 * The mark of records that are written now.  The audit flips it before it looks
 * at all sockets, so that what is old and was not seen can be told.
 */
static u64 generation __read_mostly;

/* Has there ever been no room for a record? */
static bool refused __read_mostly;

/* Set before the first hook, cleared after the last old socket is in. */
bool tcps_seeding __read_mostly;

int __init tcps_life_init(void)
{
	void *mem = vzalloc(tcps_table_bytes(tcps_max_connections));

	if (!mem)
		return -ENOMEM;
	tcps_table_init(&tcps_table, mem, tcps_max_connections);
	WRITE_ONCE(tcps_seeding, true);
	return 0;
}

void tcps_life_exit(void)
{
	vfree(tcps_table.bucket);
}

static u64 word_of(const void *obj, unsigned int kind, unsigned int state,
		   u64 flags)
{
	return tcps_rec_word(obj, kind, state, flags | READ_ONCE(generation));
}

static void inserted(const struct tcps_slot *slot)
{
	if (likely(slot)) {
		tcps_count(TCPS_COUNT_INSERTED);
		return;
	}
	tcps_count(TCPS_COUNT_REFUSED);
	if (!READ_ONCE(refused))
		WRITE_ONCE(refused, true);
}

static struct tcps_slot *record(struct tcps_net *tn, const void *obj,
				unsigned int kind, unsigned int state,
				u64 flags, u64 now)
{
	struct tcps_slot *slot;

	slot = tcps_insert(&tcps_table,
			   word_of(obj, kind, state, flags),
			   tcps_when(now, tn->id));
	inserted(slot);
	return slot;
}

static void forget(struct tcps_slot *slot)
{
	tcps_erase(&tcps_table, slot);
	tcps_count(TCPS_COUNT_ERASED);
}

/*
 * A record whose object has become something else without an event that we
 * saw.  It leaves its gauge, in the namespace that it was counted in.
 */
static void drop_stale(struct tcps_slot *slot)
{
	unsigned int state = tcps_rec_state(slot->word);
	struct tcps_net *tn;

	rcu_read_lock();
	tn = tcps_net_by_id(tcps_when_netid(slot->when));
	if (tn && state)
		tcps_add(tn, TCPS_CELL_DROPPED + state);
	rcu_read_unlock();
	forget(slot);
	tcps_count(TCPS_COUNT_STALE);
}

/* The record of an object that is in state @from, if there is such a one. */
static struct tcps_slot *find_in_state(const void *obj, unsigned int from)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (!slot || likely(tcps_rec_state(slot->word) == from))
		return slot;
	drop_stale(slot);
	return NULL;
}

static void first_sight(struct tcps_net *tn, unsigned int state)
{
	if (READ_ONCE(tcps_seeding))
		tcps_add(tn, TCPS_CELL_SEEDED + state);
	else
		tcps_count(TCPS_COUNT_UNTRACKED);
}

static void dwell(struct tcps_net *tn, const struct tcps_slot *slot,
		  unsigned int from, unsigned int to, u64 now)
{
	unsigned int edge = tcps_edge(from, to);

	if (slot->word & TCPS_REC_UNKNOWN || edge == TCPS_E_NONE)
		return;
	tcps_dwell(tn, edge, tcps_when_elapsed(slot->when, now));
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
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (unlikely(slot))
		drop_stale(slot);
	tcps_edge_taken(tn, from, to);
	record(tn, obj, kind, to, 0, tcps_now());
}

/**
 * tcps_life_ignore() - the death of a request is to be no event
 * @tn:		its namespace
 * @obj:	the request
 */
void tcps_life_ignore(struct tcps_net *tn, const void *obj)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (unlikely(slot))
		drop_stale(slot);
	record(tn, obj, TCPS_KIND_REQ, TCPS_NONE, 0, tcps_now());
}

/**
 * tcps_life_ignored() - is the death of this request no event
 * @slot:	its record, which is removed if so
 *
 * Return: true if tcps_life_ignore() was called for it.
 */
bool tcps_life_ignored(struct tcps_slot *slot)
{
	if (likely(tcps_rec_state(slot->word)))
		return false;
	forget(slot);
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
	return READ_ONCE(refused) || READ_ONCE(tcps_seeding);
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
	u64 now = tcps_now();

	if (slot && unlikely(tcps_rec_state(slot->word) != from)) {
		/* It has gone on as a mini socket: this end is no event. */
		if (!tcps_rec_state(slot->word) && to == TCPS_CLOSED) {
			forget(slot);
			return;
		}
		drop_stale(slot);
		tcps_add(tn, TCPS_CELL_SEEDED + from);
		slot = NULL;
	} else if (!slot) {
		first_sight(tn, from);
	}

	tcps_edge_taken(tn, from, to);
	if (likely(slot))
		dwell(tn, slot, from, to, now);
	if (to == TCPS_CLOSED) {
		closed(tn, from, cause);
		if (likely(slot))
			forget(slot);
		return;
	}
	if (unlikely(!slot)) {
		record(tn, obj, TCPS_KIND_SOCK, to, 0, now);
		return;
	}
	WRITE_ONCE(slot->when, tcps_when(now, tn->id));
	WRITE_ONCE(slot->word, word_of(obj, tcps_rec_kind(slot->word), to, 0));
}

/**
 * tcps_life_moved() - a request has become a socket
 * @tn:		the namespace
 * @req:	the request
 * @child:	the socket
 *
 * Nothing is counted: the connection stays in SYN_RECV, since the SYN.
 */
void tcps_life_moved(struct tcps_net *tn, const void *req, const void *child)
{
	struct tcps_slot *slot = find_in_state(req, TCPS_SYN_RECV);
	struct tcps_slot *stale;
	u64 word, when;

	/* Untracked, or moved already by the other end of accept(). */
	if (!slot)
		return;
	stale = tcps_find(&tcps_table, child);
	if (unlikely(stale))
		drop_stale(stale);
	word = slot->word;
	when = slot->when;
	forget(slot);
	slot = tcps_insert(&tcps_table,
			   word_of(child, TCPS_KIND_SOCK, TCPS_SYN_RECV,
				   word & TCPS_REC_UNKNOWN), when);
	inserted(slot);
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
	struct tcps_slot *stale = tcps_find(&tcps_table, mini);
	struct tcps_slot *slot = find_in_state(sk, from);
	u64 now = tcps_now(), flags = 0;
	bool moved = false;

	if (unlikely(stale))
		drop_stale(stale);
	if (unlikely(!slot))
		first_sight(tn, from);
	if (from != to) {
		tcps_edge_taken(tn, from, to);
		if (likely(slot))
			dwell(tn, slot, from, to, now);
	} else if (likely(slot)) {
		/* The same state: it goes on counting from its begin. */
		flags = slot->word & TCPS_REC_UNKNOWN;
		now = slot->when >> 16;
	} else {
		flags = TCPS_REC_UNKNOWN;
	}
	record(tn, mini, TCPS_KIND_MINI, to, flags, now);

	if (likely(slot)) {
		WRITE_ONCE(slot->word, word_of(sk, TCPS_KIND_SOCK, 0, 0));
		moved = true;
	} else {
		moved = record(tn, sk, TCPS_KIND_SOCK, 0, 0, now);
	}
	if (unlikely(!moved))
		tcps_count(TCPS_COUNT_LOST);
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

	if (likely(slot) && tcps_rec_state(slot->word) == TCPS_FIN_WAIT2)
		tcps_life_transition(tn, mini, TCPS_FIN_WAIT2, TCPS_TIME_WAIT,
				     TCPS_CAUSE_OTHER);
}

/**
 * tcps_life_seed() - a connection that is older than the module
 * @tn:		its namespace
 * @obj:	the kernel object that it lives in
 * @kind:	what that is, enum tcps_kind
 * @state:	its state
 *
 * The seeder alone calls this: the caller keeps the object alive, but
 * for mini sockets and requests another CPU may have its first event
 * right now.  Both insert, then look; it is the seeder that gives way.
 *
 * Return: false if the connection was there already.
 */
bool tcps_life_seed(struct tcps_net *tn, const void *obj, unsigned int kind,
		    unsigned int state)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);
	u64 word;

	if (slot)
		return false;
	slot = record(tn, obj, kind, state, TCPS_REC_UNKNOWN, tcps_now());
	if (!slot) {
		tcps_add(tn, TCPS_CELL_SEEDED + state);
		return true;
	}
	word = word_of(obj, kind, state, TCPS_REC_UNKNOWN);
	smp_mb(); /* insert, then look: as the other side does */
	if (tcps_find_other(&tcps_table, obj, slot) &&
	    tcps_erase_if(&tcps_table, slot, word)) {
		tcps_count(TCPS_COUNT_ERASED);
		return false;
	}
	tcps_add(tn, TCPS_CELL_SEEDED + state);
	return true;
}

/**
 * tcps_life_unseed() - take back what tcps_life_seed() has just counted
 * @tn:		the namespace
 * @obj:	the request that has become a socket meanwhile
 *
 * Return: false if the socket has taken the record over.
 */
bool tcps_life_unseed(struct tcps_net *tn, const void *obj)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);
	u64 word = word_of(obj, TCPS_KIND_REQ, TCPS_SYN_RECV,
			   TCPS_REC_UNKNOWN);

	if (!slot || !tcps_erase_if(&tcps_table, slot, word))
		return false;
	tcps_count(TCPS_COUNT_ERASED);
	tcps_add(tn, TCPS_CELL_DROPPED + TCPS_SYN_RECV);
	return true;
}

/**
 * tcps_life_new_generation() - begin to mark records anew
 *
 * Process context; the audit alone calls this.  Whatever is written by a
 * probe from now on carries the new mark.
 */
void tcps_life_new_generation(void)
{
	WRITE_ONCE(generation, generation ^ TCPS_REC_MARK);
}

/* The owner may write at the same time: then it has marked the record itself */
static void mark(struct tcps_slot *slot)
{
	u64 word = READ_ONCE(slot->word);

	if (word && !(word & TCPS_REC_BUSY) &&
	    (word & TCPS_REC_MARK) != generation)
		cmpxchg(&slot->word, word, word ^ TCPS_REC_MARK);
}

/*
 * A full socket is locked by the caller: nobody else writes its record.  The
 * time in its true state is not known.
 */
static bool correct(struct tcps_net *tn, struct tcps_slot *slot,
		    const void *obj, unsigned int state)
{
	unsigned int was = tcps_rec_state(slot->word);

	if (was == state)
		return false;
	if (was)
		tcps_add(tn, TCPS_CELL_DROPPED + was);
	tcps_add(tn, TCPS_CELL_SEEDED + state);
	WRITE_ONCE(slot->when, tcps_when(tcps_now(), tn->id));
	WRITE_ONCE(slot->word, word_of(obj, TCPS_KIND_SOCK, state,
				       TCPS_REC_UNKNOWN));
	return true;
}

/**
 * tcps_life_seen() - the audit has found a connection in the kernel
 * @tn:		its namespace
 * @obj:	the kernel object that it lives in
 * @kind:	what that is, enum tcps_kind
 * @state:	its state
 *
 * Without a record, it was either never counted, or counted when there was
 * no room.  Which of the two is known only if there always was room.
 *
 * Return: true if the gauges had to be corrected.
 */
bool tcps_life_seen(struct tcps_net *tn, const void *obj, unsigned int kind,
		    unsigned int state)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (!slot)
		return !READ_ONCE(refused) &&
		       tcps_seed_one(tn, obj, kind, state);
	mark(slot);
	return kind == TCPS_KIND_SOCK && correct(tn, slot, obj, state);
}

/* Ten seconds: nothing is between two of the kernel's hash tables so long. */
#define YOUNG	(10 * NSEC_PER_SEC >> TCPS_UNIT_SHIFT)

/**
 * tcps_life_sweep() - drop the record of a connection that is gone
 * @index:	number of its slot
 *
 * To be called, with preemption off, for all slots after all sockets have been
 * seen.
 *
 * Return: true if the gauges had to be corrected.
 */
bool tcps_life_sweep(u64 index)
{
	struct tcps_slot *slot = tcps_table_slot(&tcps_table, index);
	u64 word = READ_ONCE(slot->word), when = READ_ONCE(slot->when);
	unsigned int state = tcps_rec_state(word);
	struct tcps_net *tn;

	if (!word || word & TCPS_REC_BUSY ||
	    (word & TCPS_REC_MARK) == generation ||
	    tcps_when_elapsed(when, tcps_now()) < YOUNG)
		return false;
	if (!tcps_erase_if(&tcps_table, slot, word))
		return false;
	tcps_count(TCPS_COUNT_ERASED);
	tcps_count(TCPS_COUNT_STALE);
	rcu_read_lock();
	tn = tcps_net_by_id(tcps_when_netid(when));
	if (tn && state)
		tcps_add(tn, TCPS_CELL_DROPPED + state);
	rcu_read_unlock();
	return state;
}
