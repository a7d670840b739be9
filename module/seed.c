// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that are older than the module: each is put into its gauge and
 * into the table, once.  How long it has been in its state is not known.
 *
 * The hooks are attached before this runs.  Every transition of a full socket
 * that can be found happens under its lock, so a socket that is
 * locked and has no record has had no event since.
 */
#include "tcps.h"
#include <net/request_sock.h>
#include <net/sock.h>

/**
 * tcps_seed_one() - count a connection that has no record
 * @tn:		its namespace
 * @obj:	the kernel object that it lives in, as tcps_walk() shows it
 * @kind:	what that is, enum tcps_kind
 * @state:	its state
 *
 * Return: false if it was counted already.
 */
bool tcps_seed_one(struct tcps_net *tn, const void *obj, unsigned int kind,
		   unsigned int state)
{
	if (!tcps_life_seed(tn, obj, kind, state))
		return false;
	if (kind != TCPS_KIND_REQ)
		return true;
	/*
	 * The child takes the record over only after the request has left the
	 * hash table: if it is still there now, the record will be found.
	 */
	smp_mb(); /* insert, then look */
	return !sk_unhashed((const struct sock *)obj) ||
	       !tcps_life_unseed(tn, obj);
}

static void seed(const struct tcps_visitor *v, struct tcps_net *tn,
		 const void *obj, unsigned int kind, unsigned int state)
{
	tcps_seed_one(tn, obj, kind, state);
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

	tcps_walk(&seeder);
	WRITE_ONCE(tcps_seeding, false);
	return 0;
}
