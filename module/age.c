// SPDX-License-Identifier: GPL-2.0
/*
 * How long a connection has been in its state, read from a record that belongs
 * to somebody else.
 */
#include "life.h"

static u64 read_record(const void *obj, unsigned int state, u64 *when)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);
	u64 word = slot ? tcps_slot_read(slot, when) : 0;

	/* The slot may have become another connection's meanwhile. */
	if (!tcps_is_record(word, tcps_key(obj)) ||
	    tcps_rec_state(word) != state)
		return 0;
	return word;
}

/*
 * A record whose time is unknown says when it was made; if that was by a clock
 * that is not used any more, it was before this one began.
 */
static u64 lower_bound(u64 elapsed, u64 now)
{
	return min(elapsed, now - tcps_clock_began);
}

/*
 * Both times are rounded, not what is between them: what was entered earlier is
 * as much older in every look.  Until times are too old for
 * tcps_when_elapsed(), after two years.
 */
static u64 units_before(u64 now, u64 elapsed)
{
	if (elapsed > now)
		return tcps_units(elapsed);
	return tcps_units(now) - tcps_units(now - elapsed);
}

/* Rounded down, unlike a dwell time: an age may be 0.  Differs where units do. */
static u64 us_of(u64 units)
{
	return units + units * 24 / 1000;
}

/* The clock is read once, and once more if it has become another one. */
static u64 now_of(struct tcps_instant *instant)
{
	if (instant->began != tcps_clock_began) {
		instant->now = tcps_now();
		instant->began = tcps_clock_began;
	}
	return instant->now;
}

/**
 * tcps_age() - how long a connection has been in its state
 * @obj:	the kernel object that it lives in, to which the caller has a
 *		reference
 * @state:	its state, as the caller sees it
 * @instant:	of the look, the caller's own
 *
 * Ages of one look are all of one moment, so that they and their order are the
 * same in the next look.  What was entered after it has the age 0.
 *
 * Any context; takes no lock.  The connection may have an event at the same
 * time: then the age is not known, or is that of the state it is about to
 * enter, and never longer than the truth but for what rounding adds, a
 * microsecond.
 *
 * Return: the age.
 */
struct tcps_age tcps_age(const void *obj, unsigned int state,
			 struct tcps_instant *instant)
{
	struct tcps_age age = { .kind = TCPS_AGE_NONE };
	u64 word, when, now, elapsed;

	/* The clock changes between two grace periods, TIMELESS until then. */
	rcu_read_lock();
	word = tcps_life_is(TCPS_LIFE_TIMELESS) ?
	       0 : read_record(obj, state, &when);
	if (!word)
		goto unlock;
	now = now_of(instant);
	elapsed = tcps_when_elapsed(when, now);
	age.kind = TCPS_AGE_EXACT;
	if (word & TCPS_REC_UNKNOWN) {
		age.kind = TCPS_AGE_AT_LEAST;
		elapsed = lower_bound(elapsed, now);
	}
	age.us = us_of(units_before(now, elapsed));
unlock:
	rcu_read_unlock();
	return age;
}
