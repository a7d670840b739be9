// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that are older than the module: each is put into its gauge and
 * into the table, once.  How long it has been in its state is not known.
 *
 * The hooks are attached before this runs.  Every transition of a full socket
 * that can be found happens under its lock, so a socket that is
 * locked and has no record has had no event since.  Where somebody keeps the lock,
 * see tcps_recount_add().
 */
#include "tcps.h"
#include <linux/rcupdate.h>

/*
 * A socket that goes to CLOSE leaves the hash table before its event, and one
 * that connects is put there after its event.  For a moment it can neither be
 * found nor has been seen; where that moment can be preempted, or the processor is
 * one of a guest, it lasts.  What was in it has come out of it when this returns.
 */
static void let_pass(void)
{
	synchronize_rcu();		/* softirqs */
	synchronize_rcu_tasks();	/* tasks that have been preempted */
}

static void seed(const struct tcps_visitor *v, struct tcps_net *tn,
		 const void *obj, unsigned int kind, unsigned int state,
		 bool owned)
{
	tcps_recount_add(tn, obj, kind, state);
}

/**
 * tcps_seed() - count the sockets that are there already
 *
 * Process context.
 *
 * Return: 0; it cannot fail.
 */
int __init tcps_seed(void)
{
	static const struct tcps_visitor seeder = { .visit = seed };

	let_pass();
	tcps_walk(&seeder);
	let_pass();
	tcps_recount_seeded();
	return 0;
}
