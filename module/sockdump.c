// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of sockets: walks the kernel's hash tables as inet_diag does, a chain at
 * a time.  The dump rests where a message is full, without a lock or a
 * reference, and goes on when the receiver asks for more.
 */
#include "netlink.h"
#include <linux/jhash.h>
#include <linux/rculist_nulls.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#define BATCH		16
#define NO_LOCK_RUN	256	/* chains in one RCU section */
#define TRIES		4	/* to see a socket and its record agree */

enum stage {
	STAGE_LISTENERS,
	STAGE_SOCKETS,
	STAGE_SUMMARY,
	STAGE_END,
};

/**
 * struct place - a place in a chain
 * @skip:	so many sockets are before it
 * @seen:	a hash of which they were
 *
 * Should another come or go before the place where the dump rests, then one of
 * the others is missed or shown twice.  That is how we notice.
 */
struct place {
	unsigned int skip;
	u32 seen;
};

/**
 * struct sockdump - a dump that is under way; netlink_callback.args[0]
 * @ops:	of what
 * @filter:	what is wanted
 * @ready:	@filter has been read
 * @raw:	bits 1 << sk_state of what is wanted
 * @instant:	of which all ages are
 * @stage:	what is being walked
 * @chain:	number of the chain
 * @place:	where in it
 * @shown:	sockets in messages
 * @skipped:	sockets that were going away
 * @ageless:	those whose age is needed and not known
 */
struct sockdump {
	const struct tcps_sockdump_ops *ops;
	struct tcps_filter filter;
	bool ready;
	u32 raw;
	struct tcps_instant instant;
	enum stage stage;
	unsigned int chain;
	struct place place;
	u64 shown;
	u64 skipped;
	u64 ageless;
};

/**
 * struct batch - some sockets of a chain, with references
 * @nr:		how many
 * @sk:		the sockets
 * @at:		the place of each
 * @lost:	sockets before it that were going away
 * @skipped:	those in all
 * @next:	the place after them
 * @more:	there may be more in this chain
 */
struct batch {
	unsigned int nr;
	struct sock *sk[BATCH];
	struct place at[BATCH];
	unsigned int lost[BATCH];
	unsigned int skipped;
	struct place next;
	bool more;
};

static struct sockdump *dump_of(const struct netlink_callback *cb)
{
	return (struct sockdump *)cb->args[0];
}

/* States as sk_state has them: a mini socket is always TIME_WAIT there. */
static u32 raw_states(u32 states)
{
	u32 raw = states & ~(TCPF_TIME_WAIT | TCPF_CLOSE);

	if (states & (TCPF_FIN_WAIT2 | TCPF_TIME_WAIT))
		raw |= TCPF_TIME_WAIT;
	if (states & TCPF_SYN_RECV)
		raw |= TCPF_NEW_SYN_RECV;
	return raw;
}

/**
 * tcps_sockdump_done() - end a dump, complete or not
 * @cb:		the dump
 *
 * Return: 0.
 */
int tcps_sockdump_done(struct netlink_callback *cb)
{
	kfree(dump_of(cb));
	cb->args[0] = 0;
	return 0;
}

static int get_ready(struct netlink_callback *cb)
{
	struct sockdump *d = dump_of(cb);
	int err;

	err = tcps_filter_parse(&d->filter,
				genl_info_dump(cb)->attrs[d->ops->filter],
				d->ops->policy, cb);
	if (err)
		return err;
	d->filter.states &= d->ops->states;
	d->raw = raw_states(d->filter.states);
	if (!(d->raw & TCPF_LISTEN))
		d->stage = STAGE_SOCKETS;
	d->ready = true;
	return 0;
}

/**
 * tcps_sockdump_start() - begin a dump
 * @cb:		the dump
 * @ops:	of what
 *
 * Return: 0, or a negative errno.
 */
int tcps_sockdump_start(struct netlink_callback *cb,
			const struct tcps_sockdump_ops *ops)
{
	struct sockdump *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return -ENOMEM;
	d->ops = ops;
	cb->args[0] = (long)d;
	cb->seq = 1;
	err = tcps_nl_may_refuse(cb) ? get_ready(cb) : 0;
	if (err)
		tcps_sockdump_done(cb);
	return err;
}

static bool wanted(const struct sockdump *d, const struct sock *sk,
		   const struct net *net)
{
	return BIT(sk->sk_state) & d->raw && net_eq(sock_net(sk), net) &&
	       tcps_filter_quick(&d->filter, sk);
}

static void take(struct batch *b, struct sock *sk)
{
	/* A request that is being freed has no reference left. */
	if (!refcount_inc_not_zero(&sk->sk_refcnt)) {
		b->skipped++;
		return;
	}
	b->at[b->nr] = b->next;
	b->lost[b->nr] = b->skipped;
	b->sk[b->nr++] = sk;
}

/* Under the lock of the chain.  False: something came or went before here. */
static bool grab(const struct sockdump *d, const struct net *net,
		 struct hlist_nulls_head *head, struct batch *b)
{
	struct hlist_nulls_node *node;
	struct sock *sk;
	bool same = !d->place.skip;

	b->nr = 0;
	b->skipped = 0;
	b->next = (struct place){ 0 };
	b->more = false;
	sk_nulls_for_each(sk, node, head) {
		if (b->next.skip >= d->place.skip) {
			if (b->nr == BATCH) {
				b->more = true;
				break;
			}
			if (wanted(d, sk, net))
				take(b, sk);
		}
		b->next.skip++;
		b->next.seen = jhash_2words((u32)(unsigned long)sk,
					    (u64)(unsigned long)sk >> 32,
					    b->next.seen);
		if (b->next.skip == d->place.skip)
			same = b->next.seen == d->place.seen;
	}
	return same;
}

static unsigned int state_of(const struct sock *sk)
{
	unsigned int state = inet_sk_state_load(sk);

	if (state == TCP_NEW_SYN_RECV)
		return TCPS_SYN_RECV;
	if (state == TCP_TIME_WAIT)
		return READ_ONCE(inet_twsk(sk)->tw_substate);
	return state;
}

static bool is_full(const struct sock *sk)
{
	return !(BIT(inet_sk_state_load(sk)) &
		 (TCPF_NEW_SYN_RECV | TCPF_TIME_WAIT));
}

/* The state, and the age in it.  Both may change while we look. */
static void look(struct sockdump *d, struct tcps_shown *s)
{
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		s->state = state_of(s->sk);
		s->age = tcps_age(s->sk, s->state, &d->instant);
		if (s->age.kind != TCPS_AGE_NONE)
			return;
		cpu_relax();
	}
}

static bool passes(struct sockdump *d, struct tcps_shown *s)
{
	const struct tcps_filter *f = &d->filter;

	if (is_full(s->sk) && s->sk->sk_protocol != IPPROTO_TCP)
		return false;
	if (!tcps_filter_address(f, s->sk))
		return false;
	look(d, s);
	if (!(BIT(s->state) & f->states))
		return false;
	if (!tcps_filter_owner(f, s->sk, &s->owner))
		return false;
	if (s->age.kind == TCPS_AGE_NONE)
		d->ageless++;
	return !f->age_min ||
	       (s->age.kind != TCPS_AGE_NONE && s->age.us >= f->age_min);
}

/**
 * tcps_put_addr() - put an address of a socket into a message
 * @skb:	the message
 * @attr:	as which attribute
 * @sk:		the socket, request or mini socket
 * @remote:	the other end's
 *
 * Return: 0 or -EMSGSIZE.
 */
int tcps_put_addr(struct sk_buff *skb, int attr, const struct sock *sk,
		  bool remote)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return nla_put_in6_addr(skb, attr, remote ?
					&sk->sk_v6_daddr :
					&sk->sk_v6_rcv_saddr);
#endif
	return nla_put_in_addr(skb, attr,
			       remote ? sk->sk_daddr : sk->sk_rcv_saddr);
}

static int put_age(struct sk_buff *skb, const struct tcps_sock_attrs *a,
		   const struct tcps_age *age)
{
	switch (age->kind) {
	case TCPS_AGE_EXACT:
		return nla_put_uint(skb, a->age, age->us);
	case TCPS_AGE_AT_LEAST:
		return nla_put_uint(skb, a->lower_bound, age->us);
	default:
		return 0;
	}
}

static int put_cookie(struct sk_buff *skb, int attr, struct sock *sk)
{
	u32 half[2];
	u64 cookie;

	sock_diag_save_cookie(sk, half);
	cookie = half[0] | (u64)half[1] << 32;
	return nla_put(skb, attr, sizeof(cookie), &cookie);
}

static int put_owner(struct sk_buff *skb, const struct tcps_sock_attrs *a,
		     const struct tcps_filter *f, const struct tcps_shown *s)
{
	const struct tcps_owner *o = &s->owner;
	int err;

	err = nla_put_u32(skb, a->uid,
			  from_kuid_munged(f->who.user_ns, o->uid));
	if (!err && o->inode)
		err = nla_put_uint(skb, a->inode, o->inode);
	if (!err && o->cgroup)
		err = nla_put(skb, a->cgroup, sizeof(o->cgroup), &o->cgroup);
	if (!err && o->details)
		err = put_cookie(skb, a->cookie, s->sk);
	return err;
}

static int put_common(struct sk_buff *skb, const struct tcps_sock_attrs *a,
		      const struct tcps_filter *f, const struct tcps_shown *s)
{
	int ifindex = READ_ONCE(s->sk->sk_bound_dev_if);

	return put_age(skb, a, &s->age) ?:
	       nla_put_u16(skb, a->family, s->sk->sk_family) ?:
	       tcps_put_addr(skb, a->local_addr, s->sk, false) ?:
	       nla_put_u16(skb, a->local_port, s->sk->sk_num) ?:
	       (ifindex ? nla_put_u32(skb, a->ifindex, ifindex) : 0) ?:
	       put_owner(skb, a, f, s);
}

static void *begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &tcps_genl, NLM_F_MULTI,
				cmd);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

static int put_one(struct sk_buff *skb, struct netlink_callback *cb,
		   const struct tcps_shown *s)
{
	struct sockdump *d = dump_of(cb);
	const struct tcps_sockdump_ops *ops = d->ops;
	void *hdr = begin(skb, cb, ops->attrs.cmd);

	if (!hdr)
		return -EMSGSIZE;
	if (put_common(skb, &ops->attrs, &d->filter, s) ||
	    ops->fill(skb, s, &d->filter)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	d->shown++;
	return 0;
}

static int put_if_wanted(struct sk_buff *skb, struct netlink_callback *cb,
			 struct sock *sk)
{
	struct sockdump *d = dump_of(cb);
	struct tcps_shown s = { .sk = sk };
	u64 ageless = d->ageless;
	int err = 0;

	if (passes(d, &s))
		err = put_one(skb, cb, &s);
	if (err)
		d->ageless = ageless; /* it will come again */
	return err;
}

/* What finds no room is where the dump will go on. */
static int put_batch(struct sk_buff *skb, struct netlink_callback *cb,
		     struct batch *b)
{
	struct sockdump *d = dump_of(cb);
	unsigned int i;
	int err = 0;

	for (i = 0; i < b->nr; i++) {
		if (!err) {
			err = put_if_wanted(skb, cb, b->sk[i]);
			if (err) {
				b->next = b->at[i];
				b->skipped = b->lost[i];
			}
		}
		sock_gen_put(b->sk[i]);
	}
	d->place = b->next;
	d->skipped += b->skipped;
	return err;
}

static int dump_chain(struct sk_buff *skb, struct netlink_callback *cb,
		      struct hlist_nulls_head *head, spinlock_t *lock)
{
	struct sockdump *d = dump_of(cb);
	struct batch b;
	bool same;
	int err;

	do {
		spin_lock_bh(lock);
		same = grab(d, sock_net(skb->sk), head, &b);
		spin_unlock_bh(lock);
		if (!same)
			cb->seq++;
		err = put_batch(skb, cb, &b);
		if (err)
			return err;
		cond_resched();
	} while (b.more);
	d->place = (struct place){ 0 };
	return 0;
}

static int dump_listeners(struct sk_buff *skb, struct netlink_callback *cb,
			  struct inet_hashinfo *info)
{
	struct sockdump *d = dump_of(cb);
	struct inet_listen_hashbucket *head;
	int err;

	for (; d->chain <= tcps_listen_mask(info); d->chain++) {
		head = tcps_listen_head(info, d->chain);
		if (hlist_nulls_empty(&head->nulls_head) && !d->place.skip)
			continue;
		err = dump_chain(skb, cb, &head->nulls_head, &head->lock);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Most chains have nothing that is wanted when few states or ports are.  That
 * is seen without a lock; a socket that moves to another chain meanwhile
 * leads us to that one's end, and then the lock is taken to be sure.
 */
static bool chain_may_match(const struct sockdump *d, const struct net *net,
			    struct hlist_nulls_head *head, unsigned int chain)
{
	struct hlist_nulls_node *node;
	struct sock *sk;

	sk_nulls_for_each_rcu(sk, node, head)
		if (wanted(d, sk, net))
			return true;
	return get_nulls_value(node) != chain;
}

/* The next chain that may have something that is wanted. */
static void skip_chains(struct sockdump *d, const struct net *net,
			struct inet_hashinfo *info)
{
	unsigned int run = 0;

	rcu_read_lock();
	for (; d->chain <= info->ehash_mask; d->chain++) {
		if (chain_may_match(d, net, &info->ehash[d->chain].chain,
				    d->chain))
			break;
		if (++run % NO_LOCK_RUN)
			continue;
		rcu_read_unlock();
		cond_resched();
		rcu_read_lock();
	}
	rcu_read_unlock();
}

static int dump_sockets(struct sk_buff *skb, struct netlink_callback *cb,
			struct inet_hashinfo *info)
{
	struct net *net = sock_net(skb->sk);
	struct sockdump *d = dump_of(cb);
	int err;

	for (;; d->chain++) {
		if (!d->place.skip)
			skip_chains(d, net, info);
		if (d->chain > info->ehash_mask)
			return 0;
		err = dump_chain(skb, cb, &info->ehash[d->chain].chain,
				 inet_ehash_lockp(info, d->chain));
		if (err)
			return err;
	}
}

static int put_summary(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct sockdump *d = dump_of(cb);
	void *hdr = begin(skb, cb, d->ops->attrs.cmd);
	struct nlattr *nest;

	nest = hdr ? nla_nest_start(skb, d->ops->attrs.summary) : NULL;
	if (!nest ||
	    nla_put_uint(skb, TCPSTATES_A_SUMMARY_SHOWN, d->shown) ||
	    nla_put_uint(skb, TCPSTATES_A_SUMMARY_SKIPPED, d->skipped) ||
	    nla_put_uint(skb, TCPSTATES_A_SUMMARY_AGELESS, d->ageless)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;
}

static int dump_stage(struct sk_buff *skb, struct netlink_callback *cb,
		      enum stage stage)
{
	struct inet_hashinfo *info =
		sock_net(skb->sk)->ipv4.tcp_death_row.hashinfo;
	const struct sockdump *d = dump_of(cb);

	switch (stage) {
	case STAGE_LISTENERS:
		return dump_listeners(skb, cb, info);
	case STAGE_SOCKETS:
		return d->raw & ~TCPF_LISTEN ? dump_sockets(skb, cb, info) : 0;
	default:
		return put_summary(skb, cb);
	}
}

/**
 * tcps_sockdump_more() - fill the next message
 * @skb:	the message
 * @cb:		the dump
 *
 * Process context.
 *
 * Return: its length, 0: the dump is complete, or a negative errno.
 */
int tcps_sockdump_more(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sockdump *d = dump_of(cb);
	int err = d->ready ? 0 : get_ready(cb);

	if (err)
		return err;

	for (; d->stage < STAGE_END; d->stage++) {
		if (dump_stage(skb, cb, d->stage))
			break;
		d->chain = 0;
		d->place = (struct place){ 0 };
	}
	return skb->len;
}
