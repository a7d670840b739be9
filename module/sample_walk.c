// SPDX-License-Identifier: GPL-2.0
/*
 * The sockets behind gauges that are high: how old are they, and whose?
 *
 * A pass over the hash table tells subjects apart as long as there is room for
 * them, which there is for the ports of a machine; and counts by a hash of the
 * subject, in fixed memory.  If there were too many subjects, and some count is high
 * enough for an alert, a second pass tells those of high counts apart.  A pass is
 * done a slice of time in each second, so that it never takes more than that.
 */
#include "sample.h"
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/rculist_nulls.h>
#include <linux/timekeeping.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/ip.h>
#include <net/tcp.h>

#define TALLIES		4096
#define GROUPS		256
#define WALKED		(BIT(TCPS_RULE_CLOSE_WAIT_LEAK) |		\
			 BIT(TCPS_RULE_HALF_DEAD) |			\
			 BIT(TCPS_RULE_TIME_WAIT_PRESSURE) |		\
			 BIT(TCPS_RULE_SYN_SENT_PILEUP))

/**
 * struct whose - what sockets are counted by
 * @who:	the subject
 * @local:	with TIME_WAIT, the local address: its ports are what is used up.
 *		Of those with one @who the worst counts
 */
struct whose {
	struct tcps_subject who;
	struct in6_addr local;
};

/**
 * struct group - sockets of one kind
 * @w:		their namespace's watch; NULL: free
 * @whose:	what they have in common
 * @count:	how many
 */
struct group {
	struct tcps_watch *w;
	struct whose whose;
	u64 count;
};

/**
 * struct walk - where the walk is
 * @pass:	0: there is none; 1: all subjects; 2: those of high counts
 * @rules:	bits of the rules that some namespace asks for
 * @table:	0: it is in the shared hash table; else in that of the
 *		namespace with this number
 * @next:	bucket of that table that comes next
 * @hot:	a count is high enough
 * @full:	there were more subjects than there is room for
 * @tally:	by hash of the subject
 * @group:	the subjects
 */
static struct walk {
	unsigned int pass;
	u32 rules;
	unsigned int table;
	unsigned int next;
	bool hot;
	bool full;
	u32 tally[TALLIES];
	struct group group[GROUPS];
} walk;

/* Since when a record is in its state, in seconds; false: there is none. */
static bool record_age(const void *obj, unsigned int state, u32 *age)
{
	struct tcps_slot *slot = tcps_find(&tcps_table, obj);
	u64 word, when, units;

	word = slot ? tcps_slot_read(slot, &when) : 0;
	if (!word || !tcps_is_record(word, tcps_key(obj)) ||
	    tcps_rec_state(word) != state)
		return false;
	units = tcps_units(tcps_when_elapsed(when, tcps_now()));
	*age = div_u64(units << TCPS_UNIT_SHIFT, NSEC_PER_SEC);
	return true;
}

/* Since it sent or received anything, in us.  The coarse clock may be behind. */
static u64 silence(const struct tcp_sock *tp)
{
	s64 now = div_u64(ktime_get_coarse_ns(), NSEC_PER_USEC);

	return max_t(s64, now - (s64)READ_ONCE(tp->tcp_mstamp), 0);
}

static u32 seconds_since(const struct tcp_sock *tp, u32 stamp)
{
	return tcps_rule_quiet(tcp_jiffies32 - stamp, HZ, silence(tp));
}

/*
 * How long nothing has happened.  A connection in CLOSE_WAIT over which data is
 * sent, or in FIN_WAIT over which something arrives, is in use.
 */
static u32 idle(const struct sock *sk, unsigned int state)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 quiet, age;

	if (state == TCPS_CLOSE_WAIT)
		quiet = min(seconds_since(tp, READ_ONCE(tp->lsndtime)),
			    seconds_since(tp, READ_ONCE(tp->rcv_tstamp)));
	else if (state == TCPS_SYN_SENT)
		quiet = U32_MAX;
	else
		quiet = seconds_since(tp, READ_ONCE(tp->rcv_tstamp));
	if (record_age(sk, state, &age))
		return min(age, quiet);
	return state == TCPS_SYN_SENT ? 0 : quiet;
}

static unsigned int state_of(const struct sock *sk)
{
	unsigned int state = inet_sk_state_load(sk);

	return state == TCP_TIME_WAIT ?
	       READ_ONCE(inet_twsk(sk)->tw_substate) : state;
}

static int rule_of(unsigned int state)
{
	switch (state) {
	case TCPS_CLOSE_WAIT:
		return TCPS_RULE_CLOSE_WAIT_LEAK;
	case TCPS_FIN_WAIT1:
	case TCPS_FIN_WAIT2:
	case TCPS_CLOSING:
	case TCPS_LAST_ACK:
		return TCPS_RULE_HALF_DEAD;
	case TCPS_TIME_WAIT:
		return TCPS_RULE_TIME_WAIT_PRESSURE;
	case TCPS_SYN_SENT:
		return TCPS_RULE_SYN_SENT_PILEUP;
	default:
		return -1;
	}
}

/* The fields of sock_common: sockets and mini sockets have them all. */
static void fill_other_end(struct tcps_subject *who, const struct sock *sk)
{
	who->port = ntohs(sk->sk_dport);
	who->family = sk->sk_family;
	if (sk->sk_family == AF_INET)
		memcpy(&who->addr, &sk->sk_daddr, sizeof(sk->sk_daddr));
#if IS_ENABLED(CONFIG_IPV6)
	else
		who->addr = sk->sk_v6_daddr;
#endif
}

static void fill_local(struct in6_addr *local, const struct sock *sk)
{
	if (sk->sk_family == AF_INET)
		memcpy(local, &sk->sk_rcv_saddr, sizeof(sk->sk_rcv_saddr));
#if IS_ENABLED(CONFIG_IPV6)
	else
		*local = sk->sk_v6_rcv_saddr;
#endif
}

/* A reference keeps the owner's data, and the socket from being another. */
static bool fill_owner(struct tcps_subject *who, struct sock *sk,
		       unsigned int state)
{
	bool same;

	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return false;
	same = inet_sk_state_load(sk) == state;
	if (same)
		tcps_subject_owner(who, sk);
	sock_gen_put(sk);
	return same;
}

/* Is its port one of those that connect() chooses from */
static bool may_choose(const struct sock *sk)
{
	int low, high;

	inet_get_local_port_range(sock_net(sk), &low, &high);
	return sk->sk_num >= low && sk->sk_num <= high;
}

/* A mini socket: nobody's; how old it is only the record tells. */
static bool see_mini(struct tcps_watch *w, struct whose *whose,
		     struct sock *sk, unsigned int state)
{
	struct tcps_subject *who = &whose->who;
	u32 age;

	who->uid = TCPS_NO_UID;
	if (who->rule == TCPS_RULE_TIME_WAIT_PRESSURE) {
		fill_other_end(who, sk);
		fill_local(&whose->local, sk);
		return may_choose(sk);
	}
	who->port = sk->sk_num;
	return record_age(sk, state, &age) &&
	       age >= w->limits[who->rule].p[TCPS_PARAM_AGE];
}

static bool see_full(struct tcps_watch *w, struct tcps_subject *who,
		     struct sock *sk, unsigned int state)
{
	if (sk->sk_protocol != IPPROTO_TCP ||
	    idle(sk, state) < w->limits[who->rule].p[TCPS_PARAM_AGE])
		return false;
	if (state == TCPS_SYN_SENT)
		fill_other_end(who, sk);
	else
		who->port = sk->sk_num;
	return fill_owner(who, sk, state);
}

static u32 hash_of(const struct tcps_watch *w, const struct whose *whose)
{
	BUILD_BUG_ON(sizeof(*whose) != sizeof(whose->who) +
				       sizeof(whose->local));
	return jhash2((const u32 *)whose, sizeof(*whose) / sizeof(u32),
		      w->tn->id);
}

/* Return: there was room for it. */
static bool tell_apart(struct tcps_watch *w, const struct whose *whose,
		       u32 hash)
{
	struct group *g;
	unsigned int i;

	for (i = 0; i < GROUPS; i++) {
		g = &walk.group[(hash + i) % GROUPS];
		if (!g->w) {
			g->w = w;
			g->whose = *whose;
		}
		if (g->w == w && !memcmp(&g->whose, whose, sizeof(*whose))) {
			g->count++;
			return true;
		}
	}
	return false;
}

static void count(struct tcps_watch *w, const struct whose *whose)
{
	u64 level = w->level[whose->who.rule];
	u32 hash = hash_of(w, whose);
	u32 *tally = &walk.tally[hash % TALLIES];

	if (walk.pass == 2) {
		if (*tally >= level && !tell_apart(w, whose, hash / TALLIES))
			w->untracked++;
		return;
	}
	++*tally;
	walk.hot |= *tally >= level;
	walk.full = walk.full || !tell_apart(w, whose, hash / TALLIES);
}

/* Under the lock of its chain: what is in one has a namespace. */
static void visit(struct sock *sk)
{
	bool mini = inet_sk_state_load(sk) == TCP_TIME_WAIT;
	unsigned int state = state_of(sk);
	int rule = rule_of(state);
	struct whose whose = { };
	struct tcps_watch *w;

	w = rule < 0 ? NULL : READ_ONCE(tcps_net(sock_net(sk))->watch);
	if (!w || !(w->walking & BIT(rule)))
		return;
	whose.who.rule = rule;
	if (mini ? see_mini(w, &whose, sk, state) :
		   see_full(w, &whose.who, sk, state))
		count(w, &whose);
}

/* Only its state is looked at: its namespace may have gone. */
static bool has_candidate(struct inet_ehash_bucket *head)
{
	struct hlist_nulls_node *node;
	bool found = false;
	struct sock *sk;
	int rule;

	rcu_read_lock();
	sk_nulls_for_each_rcu(sk, node, &head->chain) {
		rule = rule_of(state_of(sk));
		found |= rule >= 0 && walk.rules & BIT(rule);
	}
	rcu_read_unlock();
	return found;
}

/*
 * A mini socket keeps no reference to its namespace, and the kernel frees what we
 * know of that without a grace period after the last one has left its chain.
 */
static void visit_chain(struct inet_hashinfo *info, unsigned int i)
{
	spinlock_t *lock = inet_ehash_lockp(info, i);
	struct hlist_nulls_node *node;
	struct sock *sk;

	if (!has_candidate(&info->ehash[i]))
		return;
	spin_lock_bh(lock);
	sk_nulls_for_each(sk, node, &info->ehash[i].chain)
		visit(sk);
	spin_unlock_bh(lock);
}

/* Return: the bucket that comes next; 0: the table is done. */
static unsigned int walk_table(struct inet_hashinfo *info, unsigned int i,
			       u64 until)
{
	for (; i <= info->ehash_mask; i++) {
		if (!hlist_nulls_empty(&info->ehash[i].chain))
			visit_chain(info, i);
		if ((i & 127) != 127)
			continue;
		cond_resched();
		if (tcps_sample_stopping() || ktime_get_ns() > until)
			return i + 1;
	}
	return 0;
}

static struct inet_hashinfo *table_of(const struct tcps_watch *w)
{
	return w->tn->net->ipv4.tcp_death_row.hashinfo;
}

/*
 * A namespace may have a table of its own.  They come one after the other, by the
 * namespace's number: between two slices any of them may come or go.
 */
static const struct tcps_watch *next_own(unsigned int from)
{
	struct inet_hashinfo *shared = init_net.ipv4.tcp_death_row.hashinfo;
	const struct tcps_watch *w, *found = NULL;

	list_for_each_entry(w, &tcps_watches, list)
		if (w->walking && w->tn->id >= from && table_of(w) != shared &&
		    (!found || w->tn->id < found->tn->id))
			found = w;
	return found;
}

/* Return: all tables are done. */
static bool walk_tables(u64 until)
{
	struct inet_hashinfo *info = init_net.ipv4.tcp_death_row.hashinfo;
	const struct tcps_watch *w;

	for (;;) {
		w = walk.table ? next_own(walk.table) : NULL;
		if (walk.table && !w)
			break;
		/* If the one that was being walked has gone */
		if (w && w->tn->id != walk.table) {
			walk.table = w->tn->id;
			walk.next = 0;
		}
		walk.next = walk_table(w ? table_of(w) : info, walk.next,
				       until);
		if (walk.next)
			return false;
		walk.table++;
	}
	walk.table = 0;
	return true;
}

static void begin(void)
{
	struct tcps_watch *w;
	u32 rules = 0;

	list_for_each_entry(w, &tcps_watches, list) {
		w->walking = w->needs & WALKED;
		rules |= w->walking;
	}
	if (!rules)
		return;
	memset(&walk, 0, sizeof(walk));
	walk.pass = 1;
	walk.rules = rules;
}

static void begin_again(void)
{
	memset(walk.group, 0, sizeof(walk.group));
	walk.pass = 2;
}

/* Those that are too few are nothing to remember. */
static void read_group(const struct group *g, u64 now)
{
	unsigned int rule = g->whose.who.rule;
	const struct tcps_reading r = {
		.value = g->count,
		.threshold = g->w->threshold[rule],
	};

	if (g->w->walking & BIT(rule) && g->count >= g->w->level[rule])
		tcps_alert_read(g->w, &g->whose.who, r, now);
}

/* A watch may have gone since, and another come: that one is not walking. */
static void finish(u64 now)
{
	struct tcps_watch *w;
	struct group *g;

	list_for_each_entry(w, &tcps_watches, list) {
		for (g = walk.group; g < walk.group + GROUPS; g++)
			if (g->w == w)
				read_group(g, now);
		w->judged |= w->walking;
		w->walking = 0;
	}
	walk.pass = 0;
}

/**
 * tcps_sample_walk() - look at sockets, for a slice of time
 * @now:	ms
 *
 * Begins a walk if a gauge demands one and there is none, goes on with it, and
 * takes the readings when it is at its end.
 */
void tcps_sample_walk(u64 now)
{
	u64 until = ktime_get_ns() + TCPS_SLICE;

	if (!walk.pass)
		begin();
	while (walk.pass && !tcps_sample_stopping()) {
		if (!walk_tables(until))
			return;
		if (walk.pass == 1 && walk.full && walk.hot)
			begin_again();
		else
			finish(now);
	}
}
