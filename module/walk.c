// SPDX-License-Identifier: GPL-2.0
/*
 * Walks all TCP sockets of the machine: listeners, sockets, requests, mini
 * sockets.  In the manner of inet_diag: references are taken a batch at a
 * time under the lock of a chain, and the sockets are looked at without it; mini
 * sockets with it.
 */
#include "tcps.h"
#include <linux/delay.h>
#include <linux/rculist_nulls.h>
#include <linux/sched.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#define BATCH	16

/* How often a socket is tried that somebody keeps locked, a millisecond apart. */
#define MOST_TRIES	512

/**
 * struct walk - one walk
 * @v:		whom to tell
 * @tries:	for the next socket that is locked
 * @locked:	how many were looked at although somebody kept them locked
 */
struct walk {
	const struct tcps_visitor *v;
	unsigned int tries;
	unsigned int locked;
};

static struct inet_hashinfo *hashinfo_of(const struct net *net)
{
	return net->ipv4.tcp_death_row.hashinfo;
}

static bool stopped(const struct walk *w)
{
	return w->v->stop && w->v->stop();
}

/*
 * As lock_sock(), but not for as long as the owner likes: a sender whose memory is
 * that of a file on a server which does not answer sleeps with its socket
 * locked.  Then it is the spinlock alone, which keeps softirqs away.  Each
 * that is given up halves what the next ones get, so that many of them cannot
 * hold a walk up either.
 *
 * Return: false if the socket has an owner.
 */
static bool lock_in_time(struct walk *w, struct sock *sk)
	__acquires(&sk->sk_lock.slock)
{
	unsigned int tries = w->tries;

	for (;;) {
		spin_lock_bh(&sk->sk_lock.slock);
		if (!sock_owned_by_user(sk))
			return true;
		if (!tries-- || stopped(w))
			break;
		spin_unlock_bh(&sk->sk_lock.slock);
		usleep_range(500, 1000);
	}
	w->tries /= 2;
	w->locked++;
	return false;
}

/* Every transition of a socket that can be found happens under its lock. */
static void visit_full(struct sock *sk, struct walk *w)
{
	bool owned = !lock_in_time(w, sk);
	unsigned int state = inet_sk_state_load(sk);

	if (state != TCP_CLOSE) {
		preempt_disable();
		w->v->visit(w->v, tcps_net(sock_net(sk)), sk, TCPS_KIND_SOCK,
			    state, owned);
		preempt_enable();
	}
	spin_unlock_bh(&sk->sk_lock.slock);
}

static void visit_req(struct sock *sk, const struct walk *w)
{
	const struct request_sock *req = inet_reqsk(sk);

	if (!tcps_hooks_req_ok())
		return;
	preempt_disable();
	w->v->visit(w->v, tcps_net(sock_net(req->rsk_listener)), req,
		    TCPS_KIND_REQ, TCPS_SYN_RECV, false);
	preempt_enable();
}

/*
 * Under the lock of its chain: its death comes later, for it leaves the chain
 * before.  A reference would not do: it keeps the mini socket, but neither the
 * namespace nor our numbers of it.
 */
static void visit_mini(struct sock *sk, const struct walk *w)
{
	const struct inet_timewait_sock *tw = inet_twsk(sk);

	if (!tcps_hooks_mini_ok())
		return;
	preempt_disable();
	w->v->visit(w->v, tcps_net(twsk_net(tw)), tw, TCPS_KIND_MINI,
		    READ_ONCE(tw->tw_substate), false);
	preempt_enable();
}

static void visit_one(struct sock *sk, struct walk *w)
{
	struct net *net = sock_net(sk);

	if (inet_sk_state_load(sk) == TCP_NEW_SYN_RECV)
		visit_req(sk, w);
	else if (sk->sk_protocol == IPPROTO_TCP)
		visit_full(sk, w);
	sock_gen_put(sk);
	put_net(net);
}

/*
 * A socket of the kernel's own keeps no reference to its namespace, which may be
 * dying: then nobody will read the numbers.  A request that is being freed
 * has no reference left.  What is in a chain has a namespace.
 *
 * Return: the socket, with references to both, or NULL.
 */
static struct sock *grab(struct sock *sk)
{
	struct net *net = maybe_get_net(sock_net(sk));

	if (!net)
		return NULL;
	if (refcount_inc_not_zero(&sk->sk_refcnt))
		return sk;
	put_net(net);
	return NULL;
}

/*
 * References to the sockets of a chain from the @skip-th on.  Mini sockets are
 * visited here.
 */
static unsigned int grab_chain(struct inet_hashinfo *info, unsigned int i,
			       unsigned int skip, struct sock **batch,
			       const struct walk *w)
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
		batch[n] = NULL;
		if (inet_sk_state_load(sk) == TCP_TIME_WAIT)
			visit_mini(sk, w);
		else
			batch[n] = grab(sk);
		n++;
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

	spin_lock_bh(&head->lock);
	sk_nulls_for_each(sk, node, &head->nulls_head) {
		if (at++ < skip)
			continue;
		if (n == BATCH)
			break;
		batch[n++] = grab(sk);
	}
	spin_unlock_bh(&head->lock);
	return n;
}

static void visit_batch(struct sock **batch, unsigned int n,
			struct walk *w)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (batch[i])
			visit_one(batch[i], w);
	cond_resched();
}

/*
 * A chain that changes between two batches can hide a socket or show it twice.
 * Chains are shorter than a batch, as a rule; a longer one (reuseport) is
 * read twice.  Visitors do not mind to see a socket again.
 */
static void walk_chain(struct inet_hashinfo *info, unsigned int i,
		       struct walk *w)
{
	struct sock *batch[BATCH];
	unsigned int n, skip, pass;

	for (pass = 0; pass < 2; pass++) {
		skip = 0;
		do {
			n = grab_chain(info, i, skip, batch, w);
			visit_batch(batch, n, w);
			skip += n;
		} while (n == BATCH);
		if (skip < BATCH)
			break;
	}
}

static void walk_listeners(struct inet_listen_hashbucket *head,
			   struct walk *w)
{
	struct sock *batch[BATCH];
	unsigned int n, skip, pass;

	for (pass = 0; pass < 2; pass++) {
		skip = 0;
		do {
			n = grab_listeners(head, skip, batch);
			visit_batch(batch, n, w);
			skip += n;
		} while (n == BATCH);
		if (skip < BATCH)
			break;
	}
}

static void walk_hashinfo(struct inet_hashinfo *info, struct walk *w)
{
	unsigned int i;

	for (i = 0; i <= tcps_listen_mask(info) && !stopped(w); i++)
		if (!hlist_nulls_empty(&tcps_listen_head(info, i)->nulls_head))
			walk_listeners(tcps_listen_head(info, i), w);
	for (i = 0; i <= info->ehash_mask && !stopped(w); i++) {
		if (hlist_nulls_empty(&info->ehash[i].chain)) {
			if (!(i & 1023))
				cond_resched();
			continue;
		}
		walk_chain(info, i, w);
	}
}

/**
 * tcps_walk_queues() - visit the queues of half-open requests
 * @visit:	called once for each listener, under rcu_read_lock()
 *
 * Process context; no lock is taken.
 */
void tcps_walk_queues(void (*visit)(struct tcps_net *tn, unsigned int len))
{
	struct inet_hashinfo *info = hashinfo_of(&init_net);
	struct inet_listen_hashbucket *head;
	struct hlist_nulls_node *node;
	struct sock *sk;
	unsigned int i;

	for (i = 0; i <= tcps_listen_mask(info); i++) {
		head = tcps_listen_head(info, i);
		rcu_read_lock();
		/* What we know of a dying namespace may have gone. */
		sk_nulls_for_each_rcu(sk, node, &head->nulls_head)
			if (sk->sk_protocol == IPPROTO_TCP &&
			    check_net(sock_net(sk)))
				visit(tcps_net(sock_net(sk)),
				      inet_csk_reqsk_queue_len(sk));
		rcu_read_unlock();
		if (!(i & 1023))
			cond_resched();
	}
}

/**
 * tcps_walk() - visit every TCP socket there is
 * @v:		whom to tell
 *
 * Process context; takes as long as there are sockets.  A namespace may have
 * hash tables of its own (net.ipv4.tcp_child_ehash_entries).
 */
void tcps_walk(const struct tcps_visitor *v)
{
	struct inet_hashinfo *shared = hashinfo_of(&init_net);
	struct walk w = { .v = v, .tries = MOST_TRIES };
	struct net *net;

	walk_hashinfo(shared, &w);
	down_read(&net_rwsem);
	for_each_net(net)
		if (hashinfo_of(net) != shared)
			walk_hashinfo(hashinfo_of(net), &w);
	up_read(&net_rwsem);
	if (w.locked && !stopped(&w))
		pr_notice("%u sockets were kept locked while they were looked at\n",
			  w.locked);
}
