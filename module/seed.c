// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that are older than the module: each is put into its gauge and
 * into the table, once.  How long it has been in its state is not known.
 *
 * The hooks are attached before this runs.  Every transition of a socket
 * that can be found here happens under its lock, so a socket that is
 * locked and has no record has had no event since.
 */
#include "tcps.h"
#include <linux/rculist_nulls.h>
#include <linux/sched.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#define BATCH	16

static struct inet_hashinfo *hashinfo_of(const struct net *net)
{
	return net->ipv4.tcp_death_row.hashinfo;
}

static void seed_full(struct sock *sk)
{
	int state;

	lock_sock(sk);
	state = sk->sk_state;
	if (state != TCP_CLOSE) {
		preempt_disable();
		tcps_life_seed(tcps_net(sock_net(sk)), sk, TCPS_KIND_SOCK,
			       state);
		preempt_enable();
	}
	release_sock(sk);
}

/*
 * Its child takes the record over only after the request has left the hash
 * table: if it is still there after the insertion, the record will be found.
 */
static void seed_req(struct sock *sk)
{
	struct tcps_net *tn;

	if (!tcps_hooks_req_ok())
		return;
	preempt_disable();
	tn = tcps_net(sock_net(inet_reqsk(sk)->rsk_listener));
	if (tcps_life_seed(tn, inet_reqsk(sk), TCPS_KIND_REQ, TCPS_SYN_RECV)) {
		smp_mb(); /* insert, then look */
		if (sk_unhashed(sk))
			tcps_life_unseed(tn, inet_reqsk(sk));
	}
	preempt_enable();
}

/* We hold a reference: its death, which drops the last one, comes later. */
static void seed_mini(struct sock *sk)
{
	const struct inet_timewait_sock *tw = inet_twsk(sk);

	if (!tcps_hooks_mini_ok())
		return;
	preempt_disable();
	tcps_life_seed(tcps_net(twsk_net(tw)), tw, TCPS_KIND_MINI,
		       READ_ONCE(tw->tw_substate));
	preempt_enable();
}

static void seed_one(struct sock *sk)
{
	switch (inet_sk_state_load(sk)) {
	case TCP_NEW_SYN_RECV:
		seed_req(sk);
		break;
	case TCP_TIME_WAIT:
		seed_mini(sk);
		break;
	default:
		if (sk->sk_protocol == IPPROTO_TCP)
			seed_full(sk);
	}
	sock_gen_put(sk);
}

/* References to the sockets of a chain from the @skip-th on. */
static unsigned int grab_chain(struct inet_hashinfo *info, unsigned int i,
			       unsigned int skip, struct sock **batch)
{
	spinlock_t *lock = inet_ehash_lockp(info, i);
	struct hlist_nulls_node *node;
	unsigned int n = 0, at = 0;
	struct sock *sk;

	spin_lock_bh(lock);
	sk_nulls_for_each(sk, node, &info->ehash[i].chain) {
		if (at++ < skip)
			continue;
		if (n == BATCH)
			break;
		/* A request that is being freed has no reference left. */
		batch[n++] = refcount_inc_not_zero(&sk->sk_refcnt) ? sk : NULL;
	}
	spin_unlock_bh(lock);
	return n;
}

static unsigned int grab_listeners(struct inet_listen_hashbucket *head,
				   unsigned int skip, struct sock **batch)
{
	struct hlist_nulls_node *node;
	unsigned int n = 0, at = 0;
	struct sock *sk;

	spin_lock(&head->lock);
	sk_nulls_for_each(sk, node, &head->nulls_head) {
		if (at++ < skip)
			continue;
		if (n == BATCH)
			break;
		batch[n++] = refcount_inc_not_zero(&sk->sk_refcnt) ? sk : NULL;
	}
	spin_unlock(&head->lock);
	return n;
}

static void seed_batch(struct sock **batch, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (batch[i])
			seed_one(batch[i]);
	cond_resched();
}

/*
 * A chain that shrinks between two batches can hide a socket from us, one
 * that grows can show it twice; new ones come first in a chain.  So a
 * long chain is read again until a whole pass needed one batch less than it
 * had: in practice a chain is shorter than a batch.
 */
static void seed_chain(struct inet_hashinfo *info, unsigned int i)
{
	struct sock *batch[BATCH];
	unsigned int n, skip = 0;

	do {
		n = grab_chain(info, i, skip, batch);
		seed_batch(batch, n);
		skip += n;
	} while (n == BATCH);
}

static void seed_listeners(struct inet_hashinfo *info)
{
	struct sock *batch[BATCH];
	unsigned int i, n, skip;

	for (i = 0; i <= info->lhash2_mask; i++) {
		skip = 0;
		do {
			local_bh_disable();
			n = grab_listeners(&info->lhash2[i], skip, batch);
			local_bh_enable();
			seed_batch(batch, n);
			skip += n;
		} while (n == BATCH);
	}
}

static void seed_hashinfo(struct inet_hashinfo *info)
{
	unsigned int i;

	seed_listeners(info);
	for (i = 0; i <= info->ehash_mask; i++) {
		if (hlist_nulls_empty(&info->ehash[i].chain)) {
			if (!(i & 1023))
				cond_resched();
			continue;
		}
		seed_chain(info, i);
	}
}

/**
 * tcps_seed() - count the sockets that are there already
 *
 * Process context; takes milliseconds, or as long as there are sockets.  A
 * namespace may have hash tables of its own (net.ipv4.tcp_child_ehash_entries).
 *
 * Return: 0; it cannot fail.
 */
int __init tcps_seed(void)
{
	struct inet_hashinfo *shared = hashinfo_of(&init_net);
	struct net *net;

	seed_hashinfo(shared);
	down_read(&net_rwsem);
	for_each_net(net)
		if (hashinfo_of(net) != shared)
			seed_hashinfo(hashinfo_of(net));
	up_read(&net_rwsem);
	WRITE_ONCE(tcps_seeding, false);
	return 0;
}
