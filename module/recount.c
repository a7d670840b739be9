// SPDX-License-Identifier: GPL-2.0
/*
 * Records, as seen from all the kernel's sockets: the seeder and the audit come
 * from there.  They insert and erase records that belong to somebody else,
 * who may be at work at the same time.
 */
#include "tcps.h"
#include <linux/mutex.h>
#include <linux/sched.h>
#include <net/sock.h>
#include "life.h"

/* One at a time, who looks at all records. */
static DEFINE_MUTEX(recounting);

/**
 * tcps_recount_seeded() - all sockets older than the module are counted
 *
 * Process context.
 */
void tcps_recount_seeded(void)
{
	tcps_life_clear(TCPS_LIFE_WALKING);
	tcps_life_clear(TCPS_LIFE_SEEDING);
}

/**
 * tcps_recount_begin() - all sockets are going to be looked at
 *
 * Process context.  Whatever a probe writes from now on carries a new mark, and
 * when this returns all probes know.
 */
void tcps_recount_begin(void)
{
	mutex_lock(&recounting);
	tcps_life_set(TCPS_LIFE_WALKING);
	WRITE_ONCE(tcps_life.generation,
		   tcps_life.generation ^ TCPS_REC_MARK);
	synchronize_rcu();
}

/**
 * tcps_recount_end() - all sockets have been looked at
 *
 * Process context.
 */
void tcps_recount_end(void)
{
	tcps_life_clear(TCPS_LIFE_WALKING);
	mutex_unlock(&recounting);
}

/* Only the flag changes: whoever owns the record may change the rest. */
static void forget_time(struct tcps_slot *slot)
{
	u64 word;

	do {
		word = READ_ONCE(slot->word);
		if (!word || word & TCPS_REC_BUSY)
			return; /* is, or is becoming, one without a time */
	} while (cmpxchg(&slot->word, word, word | TCPS_REC_UNKNOWN) != word);
}

/**
 * tcps_recount_timeless() - change the clock
 * @change_clock:	called when nobody measures a time
 *
 * Process context.  All connections have been in their states since an unknown
 * time afterwards.
 */
void tcps_recount_timeless(void (*change_clock)(void))
{
	u64 i, n = tcps_table_slots(&tcps_table);

	mutex_lock(&recounting);
	tcps_life_set(TCPS_LIFE_WALKING);
	tcps_life_set(TCPS_LIFE_TIMELESS);
	WRITE_ONCE(tcps_life.generation,
		   tcps_life.generation | TCPS_REC_UNKNOWN);
	synchronize_rcu();
	change_clock();
	for (i = 0; i < n; i++) {
		forget_time(tcps_table_slot(&tcps_table, i));
		if (!(i & 4095))
			cond_resched();
	}
	WRITE_ONCE(tcps_life.generation,
		   tcps_life.generation & ~TCPS_REC_UNKNOWN);
	/* Who has read the old clock, or its length of a tick, has ended. */
	synchronize_rcu();
	tcps_life_clear(TCPS_LIFE_TIMELESS);
	tcps_life_clear(TCPS_LIFE_WALKING);
	mutex_unlock(&recounting);
}

/* The child has taken the record over, or will find none. */
static bool undo(struct tcps_net *tn, struct tcps_slot *slot, u64 word)
{
	if (!tcps_erase_if(&tcps_table, slot, word))
		return false;
	tcps_count(TCPS_COUNT_ERASED);
	tcps_add(tn, TCPS_CELL_DROPPED + tcps_rec_state(word));
	return true;
}

/*
 * Its child takes a request's record over, and a socket closes, only after they
 * have left the hash table: what is still there after the insertion will have its
 * record found.
 */
static bool taken_over(const void *obj, unsigned int kind)
{
	return kind != TCPS_KIND_MINI &&
	       sk_unhashed((const struct sock *)obj);
}

/**
 * tcps_recount_add() - count a connection that has no record
 * @tn:		its namespace
 * @obj:	the kernel object that it lives in, as tcps_walk() shows it
 * @kind:	what that is, enum tcps_kind
 * @state:	its state
 *
 * How long it has been in its state is not known.  A full socket is locked, as a
 * rule; of others another CPU may have an event right now.  Both insert, then
 * look.
 *
 * Return: false if it had a record, or has one meanwhile.
 */
bool tcps_recount_add(struct tcps_net *tn, const void *obj, unsigned int kind,
		      unsigned int state)
{
	u64 word = tcps_life_word(obj, kind, state, TCPS_REC_UNKNOWN);
	struct tcps_slot *slot;

	if (tcps_find(&tcps_table, obj))
		return false;
	slot = tcps_life_insert(obj, kind, state, TCPS_REC_UNKNOWN,
				tcps_when(tcps_now(), tn->id));
	smp_mb(); /* insert, then look: as the other side does */
	if (slot && tcps_find_other(&tcps_table, obj, slot) &&
	    tcps_erase_if(&tcps_table, slot, word)) {
		tcps_count(TCPS_COUNT_ERASED);
		return false;
	}
	tcps_add(tn, TCPS_CELL_SEEDED + state);
	if (!slot && kind == TCPS_KIND_MINI)
		tcps_life_mini_refused(tn, obj, state);
	return !slot || !taken_over(obj, kind) || !undo(tn, slot, word);
}

/* The owner may write at the same time: then it has marked the record itself */
static void mark(struct tcps_slot *slot, u64 word)
{
	if (word && !(word & TCPS_REC_BUSY) &&
	    (word & TCPS_REC_MARK) != tcps_life.generation)
		cmpxchg(&slot->word, word, word ^ TCPS_REC_MARK);
}

/*
 * A full socket is locked by the caller: nobody else writes its record.  The
 * time in its true state is not known.
 */
static bool correct(struct tcps_net *tn, struct tcps_slot *slot,
		    const void *obj, unsigned int state)
{
	unsigned int was = tcps_rec_state(READ_ONCE(slot->word));

	if (was == state)
		return false;
	if (was)
		tcps_add(tn, TCPS_CELL_DROPPED + was);
	tcps_add(tn, TCPS_CELL_SEEDED + state);
	tcps_update(slot, tcps_life_word(obj, TCPS_KIND_SOCK, state,
					 TCPS_REC_UNKNOWN),
		    tcps_when(tcps_now(), tn->id));
	return true;
}

/**
 * tcps_recount_seen() - the audit has found a connection in the kernel
 * @tn:		its namespace
 * @obj:	the kernel object that it lives in
 * @kind:	what that is, enum tcps_kind
 * @state:	its state
 * @owned:	a full socket that may have an event right now: nothing is
 *		corrected then
 *
 * Without a record, it was either never counted, or counted when there was
 * no room.  Which of the two is known only if there always was room.
 *
 * Return: true if the gauges had to be corrected.
 */
bool tcps_recount_seen(struct tcps_net *tn, const void *obj, unsigned int kind,
		       unsigned int state, bool owned)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);

	if (!slot)
		return !owned && !tcps_life_is(TCPS_LIFE_REFUSED) &&
		       tcps_recount_add(tn, obj, kind, state);
	mark(slot, READ_ONCE(slot->word));
	return kind == TCPS_KIND_SOCK && !owned && correct(tn, slot, obj, state);
}

/* Ten seconds: nothing is between two of the kernel's hash tables so long. */
#define YOUNG	(10 * NSEC_PER_SEC >> TCPS_UNIT_SHIFT)

/**
 * tcps_recount_sweep() - drop the record of a connection that is gone
 * @index:	number of its slot
 *
 * To be called, with preemption off, for all slots after all sockets have been
 * seen.
 *
 * Return: true if the gauges had to be corrected.
 */
bool tcps_recount_sweep(u64 index)
{
	struct tcps_slot *slot = tcps_table_slot(&tcps_table, index);
	u64 when, word = tcps_slot_read(slot, &when);

	if (!word || (word & TCPS_REC_MARK) == tcps_life.generation ||
	    tcps_units(tcps_when_elapsed(when, tcps_now())) < YOUNG)
		return false;
	if (!tcps_erase_if(&tcps_table, slot, word))
		return false;
	tcps_count(TCPS_COUNT_ERASED);
	/* An empty one: of a request that waits for accept(), say. */
	if (!tcps_rec_state(word))
		return false;
	tcps_count(TCPS_COUNT_STALE);
	tcps_life_drop(tcps_when_netid(when), tcps_rec_state(word));
	return true;
}
