/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What life.c (the owners of records, in probes) and recount.c (who looks at
 * everybody's, in process context) have in common.
 */
#ifndef _TCPS_LIFE_H
#define _TCPS_LIFE_H

#include "tcps.h"

/**
 * struct tcps_life_flags - how records are to be written now
 * @generation:	the mark of records that are written now, 0 or TCPS_REC_MARK.
 *		The audit flips it before it looks at all sockets, so that
 *		what is old and was not seen can be told
 * @walking:	all sockets are being looked at, by somebody who inserts and
 *		erases records that are not his: owners must reckon with that.
 *		Set at least a grace period before
 * @seeding:	set before the first hook, cleared when the last socket that is
 *		older than the module has been counted
 * @refused:	there was no room for a record once
 */
struct tcps_life_flags {
	u64 generation;
	bool walking;
	bool seeding;
	bool refused;
};

extern struct tcps_life_flags tcps_life;

static inline u64 tcps_life_word(const void *obj, unsigned int kind,
				 unsigned int state, u64 flags)
{
	return tcps_rec_word(obj, kind, state,
			     flags | READ_ONCE(tcps_life.generation));
}

struct tcps_slot *tcps_life_insert(const void *obj, unsigned int kind,
				   unsigned int state, u64 flags, u64 when);
void tcps_life_mini_refused(struct tcps_net *tn, unsigned int state);
void tcps_life_drop(unsigned int netid, unsigned int state);

#endif /* _TCPS_LIFE_H */
