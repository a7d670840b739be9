// SPDX-License-Identifier: GPL-2.0
/*
 * The queues of all listeners.  Few of them are of interest in any second;
 * those are candidates for an alert.
 */
#include "sample.h"
#include <linux/jhash.h>
#include <linux/rculist_nulls.h>
#include <net/inet_hashtables.h>
#include <net/request_sock.h>
#include <net/sock_reuseport.h>
#include <net/tcp.h>

#define CANDIDATES	256	/* of all namespaces */
#define PER_NAMESPACE	96

/* Fewer old requests than this are never a flood. */
#define FEW		5

/**
 * struct candidate - a listener that might be in trouble
 * @w:		its namespace
 * @who:	the listener; sockets that share a port are one
 * @l:		the worst of their queues
 * @deferred:	whose queue that is, if he has TCP_DEFER_ACCEPT.  To be compared
 *		only: he may be gone
 * @sockets:	how many
 * @dropped:	what they have refused so far
 * @cookies:	one of them has sent a cookie
 */
struct candidate {
	struct tcps_watch *w;
	struct tcps_subject who;
	struct tcps_listener l;
	const struct sock *deferred;
	u32 sockets;
	u32 dropped;
	bool cookies;
};

static struct candidate candidates[CANDIDATES];
static unsigned int nr_candidates;
static u64 looked_at;	/* the last time, ms */

/* A cookie leaves its time at the listener; see tcp_synq_overflow(). */
static bool sent_cookie(const struct sock *sk)
{
	const struct sock_reuseport *reuse = NULL;
	u32 when, now = jiffies;

	if (sk->sk_reuseport)
		reuse = rcu_dereference(sk->sk_reuseport_cb);
	when = reuse ? READ_ONCE(reuse->synq_overflow_ts) :
		       READ_ONCE(tcp_sk(sk)->rx_opt.ts_recent_stamp);
	return when && time_between32(now, when, when + 2 * HZ);
}

/* Without cookies the kernel keeps a quarter for clients that it knows. */
static u32 room_of(const struct sock *sk)
{
	const struct net *net = sock_net(sk);
	u32 room = READ_ONCE(sk->sk_max_ack_backlog), most;

	if (READ_ONCE(net->ipv4.sysctl_tcp_syncookies))
		return room;
	most = READ_ONCE(net->ipv4.sysctl_max_syn_backlog);
	return min(room, most - (most >> 2));
}

static u32 old_of(const struct tcps_listener *l)
{
	return l->half_open > l->young ? l->half_open - l->young : 0;
}

static bool interesting(const struct tcps_listener *l, bool cookies)
{
	return cookies || old_of(l) >= clamp_t(u32, l->room, 1, FEW) ||
	       (l->waiting && 2 * (u64)l->waiting > l->accept_room);
}

static void fill_subject(struct tcps_subject *who, struct sock *sk)
{
	memset(who, 0, sizeof(*who));
	who->rule = TCPS_RULE_SYN_FLOOD;
	who->port = sk->sk_num;
	who->family = sk->sk_family;
	if (sk->sk_family == AF_INET)
		memcpy(&who->addr, &sk->sk_rcv_saddr, sizeof(sk->sk_rcv_saddr));
#if IS_ENABLED(CONFIG_IPV6)
	else
		who->addr = sk->sk_v6_rcv_saddr;
#endif
	tcps_subject_owner(who, sk);
}

static struct candidate *find(const struct tcps_watch *w,
			      const struct tcps_subject *who)
{
	struct candidate *c;

	for (c = candidates; c < candidates + nr_candidates; c++)
		if (c->w == w && !memcmp(&c->who, who, sizeof(*who)))
			return c;
	return NULL;
}

/* What does not fit is not known, so nothing is cleared in its namespace. */
static struct candidate *add(struct tcps_watch *w,
			     const struct tcps_subject *who)
{
	struct candidate *c;

	if (nr_candidates == CANDIDATES || w->candidates == PER_NAMESPACE) {
		w->untracked++;
		w->judged &= ~(BIT(TCPS_RULE_SYN_FLOOD) |
			       BIT(TCPS_RULE_ACCEPT_OVERFLOW));
		return NULL;
	}
	w->candidates++;
	c = &candidates[nr_candidates++];
	memset(c, 0, sizeof(*c));
	c->w = w;
	c->who = *who;
	return c;
}

static bool defers(const struct sock *sk)
{
	return READ_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept);
}

static void merge(struct candidate *c, const struct tcps_listener *l,
		  const struct sock *sk, bool cookies)
{
	struct tcps_listener *worst = &c->l;

	if ((u64)old_of(l) * worst->room >= (u64)old_of(worst) * l->room) {
		worst->half_open = l->half_open;
		worst->young = l->young;
		worst->room = l->room;
		c->deferred = defers(sk) ? sk : NULL;
	}
	if (l->waiting * ((u64)worst->accept_room + 1) >=
	    worst->waiting * ((u64)l->accept_room + 1)) {
		worst->waiting = l->waiting;
		worst->accept_room = l->accept_room;
	}
	c->dropped += atomic_read(&sk->sk_drops);
	c->sockets++;
	c->w->cookie_listeners += cookies && !c->cookies;
	c->cookies |= cookies;
}

static void visit(struct tcps_watch *w, struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct tcps_listener l = {
		.half_open = reqsk_queue_len(queue),
		.young = reqsk_queue_len_young(queue),
		.room = room_of(sk),
		.waiting = READ_ONCE(sk->sk_ack_backlog),
		.accept_room = READ_ONCE(sk->sk_max_ack_backlog),
	};
	bool cookies = sent_cookie(sk);
	struct tcps_subject who;
	struct candidate *c;

	w->waiting += l.waiting;
	if (!interesting(&l, cookies))
		return;
	/* Nobody may free it while its owner is being read. */
	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return;
	fill_subject(&who, sk);
	c = find(w, &who) ?: add(w, &who);
	if (c)
		merge(c, &l, sk, cookies);
	sock_put(sk);
}

static void visit_chain(const struct inet_listen_hashbucket *head)
{
	struct hlist_nulls_node *node;
	struct tcps_watch *w;
	struct sock *sk;

	rcu_read_lock();
	sk_nulls_for_each_rcu(sk, node, &head->nulls_head) {
		/* What we know of a dying namespace may have gone. */
		if (sk->sk_protocol != IPPROTO_TCP || !check_net(sock_net(sk)))
			continue;
		tcps_reset_listened(sk->sk_num);
		w = READ_ONCE(tcps_net(sock_net(sk))->watch);
		if (w)
			visit(w, sk);
	}
	rcu_read_unlock();
}

/* Never 0, which is nobody */
static u32 owner_of(const struct candidate *c)
{
	return jhash2((const u32 *)&c->who, sizeof(c->who) / sizeof(u32), 0) | 1;
}

/*
 * Whose cookies the namespace's are, and for how long they have been his: that is
 * for looks to say that count them, not for those in between.
 */
static void own_cookies(const struct candidate *c, u64 now)
{
	struct tcps_watch *w = c->w;
	u32 owner = w->cookie_listeners == 1 ? owner_of(c) : 0;

	if (!c->cookies || w->looked_at != now)
		return;
	if (w->cookie_owner != owner)
		w->cookie_time = 0;
	w->cookie_owner = owner;
}

/*
 * Cookies are counted for the namespace only.  If one listener has sent some, they
 * are his, and so are those of the seconds for which that is so; but not those of
 * the second before, which another one may have sent who has only just ceased.  If
 * more have, the queues must tell who is flooded, and then they are his.
 */
static void share_cookies(struct candidate *c, bool flooded)
{
	const struct tcps_watch *w = c->w;
	bool his = w->cookie_listeners == 1 && w->cookie_time &&
		   w->cookie_owner == owner_of(c);

	if (!c->cookies)
		return;
	tcps_rule_cookies(&c->l, w->cookies, his ? w->cookie_time : 0);
	if (!his && !flooded)
		c->l.cookies_validated = c->l.cookies_sent;
}

/* A client that has said nothing for a second, not even an ACK */
static bool is_old(const struct request_sock *req)
{
	return req->num_timeout && !inet_rsk(req)->acked;
}

static u32 count_old(const struct inet_ehash_bucket *head,
		     const struct sock *listener)
{
	const struct hlist_nulls_node *node;
	const struct sock *sk;
	u32 old = 0;

	rcu_read_lock();
	sk_nulls_for_each_rcu(sk, node, &head->chain)
		if (inet_sk_state_load(sk) == TCP_NEW_SYN_RECV &&
		    inet_reqsk(sk)->rsk_listener == listener)
			old += is_old(inet_reqsk(sk));
	rcu_read_unlock();
	return old;
}

/*
 * With TCP_DEFER_ACCEPT a client that has nothing to say yet (a browser that
 * connects ahead of time) stays a request, and gets old; but it has sent its ACK,
 * which is known of each request only.
 *
 * Return: false: there was no time to look at all, and none is old.
 */
static bool recount(struct candidate *c, u64 until)
{
	struct inet_hashinfo *info =
		c->w->tn->net->ipv4.tcp_death_row.hashinfo;
	unsigned int i;
	u32 old = 0;

	c->l.young = c->l.half_open;
	for (i = 0; i <= info->ehash_mask; i++) {
		if (!hlist_nulls_empty(&info->ehash[i].chain))
			old += count_old(&info->ehash[i], c->deferred);
		if ((i & 127) != 127)
			continue;
		cond_resched();
		if (tcps_sample_stopping() || ktime_get_ns() > until)
			return false;
	}
	c->l.young -= min(old, c->l.young);
	return true;
}

/* What the queue says is believed only if it matters and was looked into. */
static struct tcps_reading read_flood(struct candidate *c,
				      struct tcps_settle *settle, bool raised,
				      u64 until, u64 now)
{
	const struct tcps_limits *limits =
		&c->w->limits[TCPS_RULE_SYN_FLOOD];
	struct tcps_reading r;
	bool looked;

	r = tcps_rule_syn_flood(limits, &c->l, now, settle);
	if (!c->deferred || !r.threshold || r.value <
	    (raised ? tcps_rule_clear_at(limits, r.threshold) : r.threshold))
		return r;
	looked = recount(c, until);
	r = tcps_rule_syn_flood(limits, &c->l, now, settle);
	if (!looked && r.value < r.threshold)
		r.threshold = 0;
	c->w->untracked += !looked;
	return r;
}

/*
 * Only what came since the last look, not of a new slot, nor what a socket that
 * shares the port has refused in all its life.
 */
static void take_drops(struct candidate *c, struct tcps_tracked *t, u64 now)
{
	if (t->read_at == looked_at && t->sockets == c->sockets &&
	    c->dropped > t->dropped)
		c->l.dropped = tcps_rule_rate(c->dropped - t->dropped,
					      now - looked_at);
	t->dropped = c->dropped;
	t->sockets = c->sockets;
	t->read_at = now;
}

static void judge(struct candidate *c, u64 until, u64 now)
{
	struct tcps_tracked *t = tcps_alert_track(c->w, &c->who, now);
	struct tcps_settle settle = { 0 };
	struct tcps_watch *w = c->w;
	struct tcps_reading r;
	bool flooded;

	if (t)
		take_drops(c, t, now);
	flooded = t && t->state.raised;
	share_cookies(c, flooded);
	r = read_flood(c, t ? &t->settle : &settle, flooded, until, now);
	w->flooded |= flooded || (r.threshold && r.value >= r.threshold);
	tcps_alert_read(w, &c->who, r, now);
	c->who.rule = TCPS_RULE_ACCEPT_OVERFLOW;
	r = tcps_rule_accept(&w->limits[TCPS_RULE_ACCEPT_OVERFLOW], &c->l);
	tcps_alert_read(w, &c->who, r, now);
}

/* Several listeners have sent cookies, and no queue says for whom */
static void judge_rest(struct tcps_watch *w, u64 now)
{
	const struct tcps_subject who = {
		.rule = TCPS_RULE_SYN_FLOOD,
		.uid = TCPS_NO_UID,
	};
	struct tcps_listener l = { };
	struct tcps_settle settle = { 0 };

	if (w->cookie_listeners < 2 || w->flooded)
		return;
	tcps_rule_cookies(&l, w->cookies, TCPS_LONGER);
	tcps_alert_read(w, &who,
			tcps_rule_syn_flood(&w->limits[who.rule], &l, now,
					    &settle), now);
}

/**
 * tcps_sample_listeners() - look at the queues of all listeners
 * @now:	ms
 *
 * Takes as long as there are listeners.
 */
void tcps_sample_listeners(u64 now)
{
	struct inet_hashinfo *info = init_net.ipv4.tcp_death_row.hashinfo;
	struct tcps_watch *w;
	unsigned int i;
	u64 until;

	nr_candidates = 0;
	tcps_reset_forget();
	for (i = 0; i <= tcps_listen_mask(info); i++) {
		if (!hlist_nulls_empty(&tcps_listen_head(info, i)->nulls_head))
			visit_chain(tcps_listen_head(info, i));
		if (!(i & 255))
			cond_resched();
	}
	until = ktime_get_ns() + TCPS_SLICE;
	for (i = 0; i < nr_candidates; i++)
		own_cookies(&candidates[i], now);
	for (i = 0; i < nr_candidates; i++)
		judge(&candidates[i], until, now);
	list_for_each_entry(w, &tcps_watches, list)
		judge_rest(w, now);
	looked_at = now;
}
