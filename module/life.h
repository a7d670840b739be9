/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What life.c (the owners of records, in probes) and recount.c (who looks at
 * everybody's, in process context) have in common.
 */
#ifndef _TCPS_LIFE_H
#define _TCPS_LIFE_H

#include "tcps.h"

/*
 * What is unusual at the moment.  While it is nothing but REFUSED, probes
 * take the short way (fast.h).
 */
enum tcps_life_flag {
	/*
	 * All sockets are being looked at, by somebody who inserts and erases
	 * records that are not his: owners must reckon with that.  Set at
	 * least a grace period before.
	 */
	TCPS_LIFE_WALKING,
	/*
	 * Set before the first hook, cleared when the last socket that is
	 * older than the module has been counted.
	 */
	TCPS_LIFE_SEEDING,
	/* Hooks do nothing: some are not attached yet, or a test wants it. */
	TCPS_LIFE_PAUSED,
	/* Deaths may have been missed: records may be left from the dead. */
	TCPS_LIFE_DOUBT,
	/* The clock is being changed. */
	TCPS_LIFE_TIMELESS,
	/* Somebody listens to the trace event. */
	TCPS_LIFE_TRACING,
	/* There was no room for a record once. */
	TCPS_LIFE_REFUSED,
};

#define TCPS_LIFE_UNUSUAL						\
	(BIT(TCPS_LIFE_WALKING) | BIT(TCPS_LIFE_SEEDING) |		\
	 BIT(TCPS_LIFE_PAUSED) | BIT(TCPS_LIFE_DOUBT) |			\
	 BIT(TCPS_LIFE_TIMELESS) | BIT(TCPS_LIFE_TRACING))

/**
 * struct tcps_life - how records are to be written now
 * @flags:	enum tcps_life_flag
 * @generation:	what records that are written now carry: the mark, 0 or
 *		TCPS_REC_MARK, which the audit flips before it looks at all
 *		sockets, so that what is old and was not seen can be told; and
 *		TCPS_REC_UNKNOWN while the clock is being changed
 */
struct tcps_life {
	unsigned long flags;
	u64 generation;
};

extern struct tcps_life tcps_life;

static __always_inline bool tcps_life_is(enum tcps_life_flag flag)
{
	return READ_ONCE(tcps_life.flags) & BIT(flag);
}

/* Any context. */
static inline void tcps_life_set(enum tcps_life_flag flag)
{
	if (!tcps_life_is(flag))
		set_bit(flag, &tcps_life.flags);
}

/* Any context. */
static inline void tcps_life_clear(enum tcps_life_flag flag)
{
	clear_bit(flag, &tcps_life.flags);
}

static inline u64 tcps_life_word(const void *obj, unsigned int kind,
				 unsigned int state, u64 flags)
{
	return tcps_rec_word(obj, kind, state,
			     flags | READ_ONCE(tcps_life.generation));
}

struct tcps_slot *tcps_life_insert(const void *obj, unsigned int kind,
				   unsigned int state, u64 flags, u64 when);
void tcps_life_refused(void);
bool tcps_life_insert_rest(u64 word, u64 when);
void tcps_life_mini_insert_rest(struct tcps_net *tn, unsigned int state,
				u64 word, u64 when);
void tcps_life_mini_refused(struct tcps_net *tn, const void *mini,
			    unsigned int state);
void tcps_life_drop(unsigned int netid, unsigned int state);

#endif /* _TCPS_LIFE_H */
