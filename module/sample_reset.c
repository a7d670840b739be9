// SPDX-License-Identifier: GPL-2.0
/*
 * Connections that a RST ends, by local port.  The module's counters know the
 * namespace only, and no probe of theirs is to do more.  So while a namespace has
 * many resets, and only then, two tracepoints of the kernel are listened to:
 * a RST that arrives, and a socket that is done with.
 */
#include "sample.h"
#include <linux/bitmap.h>
#include <linux/cgroup.h>
#include <linux/tracepoint.h>
#include <net/inet_sock.h>
#include "attach.h"

#define PORTS		512	/* a power of 2 */
#define TRIES		8
#define REST		(30 * MSEC_PER_SEC)	/* then the probes go */

/**
 * struct owner - whose connections
 * @cgroup:	of the socket
 * @uid:	kuid
 * @port:	local; 0: one that nobody listens on
 * @ns:		number of the namespace
 */
struct owner {
	u64 cgroup;
	u32 uid;
	u16 port;
	u16 ns;
};

/**
 * struct port - a local port of one owner
 * @key:	hash of @owner; 0: free.  Claimed by cmpxchg in a probe, freed when
 *		no probe is attached
 * @owner:	written by who claimed it
 * @ready:	@owner has been written
 * @resets:	connections that a RST has ended
 * @ends:	sockets that are done with
 * @last_resets: as of a second ago; the sampler's
 * @last_ends:	as of a second ago; the sampler's
 */
struct port {
	atomic64_t key;
	struct owner owner;
	bool ready;
	atomic_t resets;
	atomic_t ends;
	u32 last_resets;
	u32 last_ends;
};

static struct port ports[PORTS];
static atomic64_t without_room;
static u64 needed_at, read_at;	/* ms */
static bool armed;

/*
 * Ports that somebody listens on, in whatever namespace, or has listened on since
 * the probes are attached.  Bits are cleared only while they are not.
 */
static DECLARE_BITMAP(listened, 65536);

/**
 * tcps_reset_forget() - begin to look at listeners
 */
void tcps_reset_forget(void)
{
	if (!armed)
		bitmap_zero(listened, 65536);
}

/**
 * tcps_reset_listened() - somebody listens
 * @port:	on it
 */
void tcps_reset_listened(u16 port)
{
	if (!test_bit(port, listened))
		set_bit(port, listened);
}

static void fill_owner(struct owner *o, struct sock *sk)
{
	u16 port = ntohs(inet_sk(sk)->inet_sport);

	o->ns = tcps_net(sock_net(sk))->id;
	o->port = test_bit(port, listened) ? port : 0;
	o->uid = __kuid_val(sk->sk_uid);
#ifdef CONFIG_SOCK_CGROUP_DATA
	o->cgroup = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#endif
}

/* Never 0 */
static u64 key_of(const struct owner *o)
{
	u64 key = (u64)o->ns << 48 | (u64)o->port << 32 | o->uid;

	key = (key * TCPS_HASH_FIRST) ^ o->cgroup;
	return (key ^ key >> 32) * TCPS_HASH_SECOND | 1;
}

/* In a probe: no lock, no allocation. */
static struct port *find_port(struct sock *sk)
{
	struct owner owner = { };
	struct port *p;
	unsigned int i;
	u64 key, was;

	fill_owner(&owner, sk);
	key = key_of(&owner);
	for (i = 0; i < TRIES; i++) {
		p = &ports[((key >> 32) + i) % PORTS];
		was = atomic64_read(&p->key);
		if (!was)
			was = atomic64_cmpxchg(&p->key, 0, key);
		if (was == key)
			return p;
		if (was)
			continue;
		p->owner = owner;
		smp_store_release(&p->ready, true); /* pairs with read_ports() */
		return p;
	}
	atomic64_inc(&without_room);
	return NULL;
}

/* As in the counters: a RST to a SYN or a SYN,ACK ends no connection. */
static void reset_probe(void *data, struct sock *sk)
{
	struct port *p;

	switch (sk->sk_state) {
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
	case TCP_CLOSE:
		return;
	}
	rcu_read_lock();
	p = find_port(sk);
	if (p)
		atomic_inc(&p->resets);
	rcu_read_unlock();
}

static void end_probe(void *data, struct sock *sk)
{
	struct port *p;

	if (sk->sk_protocol != IPPROTO_TCP || !sk->sk_dport)
		return;
	rcu_read_lock();
	p = find_port(sk);
	if (p)
		atomic_inc(&p->ends);
	rcu_read_unlock();
}

static struct tcps_hook reset_hook = {
	.name = "tcp_receive_reset",
	.probe = reset_probe,
};

static struct tcps_hook end_hook = {
	.name = "tcp_destroy_sock",
	.probe = end_probe,
};

static void disarm(void)
{
	if (!armed)
		return;
	tcps_detach(&reset_hook);
	tcps_detach(&end_hook);
	tracepoint_synchronize_unregister();
	armed = false;
}

static void arm(u64 now)
{
	if (armed)
		return;
	memset(ports, 0, sizeof(ports));
	armed = true;
	read_at = now;
	if (tcps_attach(&end_hook) || tcps_attach(&reset_hook))
		disarm();
}

/**
 * tcps_reset_exit() - listen no more
 *
 * Process context; the sampler has stopped.
 */
void tcps_reset_exit(void)
{
	disarm();
}

static void read_port(struct tcps_watch *w, struct port *p, u64 ms, u64 now)
{
	const struct tcps_limits *limits = &w->limits[TCPS_RULE_RESET_BURST];
	const struct tcps_subject who = {
		.rule = TCPS_RULE_RESET_BURST,
		.port = p->owner.port,
		.cgroup = p->owner.cgroup,
		.uid = p->owner.uid,
	};
	u32 resets = atomic_read(&p->resets), ends = atomic_read(&p->ends);
	u32 more = tcps_rule_rate(resets - p->last_resets, ms);
	u32 over = tcps_rule_rate(ends - p->last_ends, ms);

	/* Who resets and who ends need not do so in the same second. */
	tcps_alert_read(w, &who,
			tcps_rule_read(limits, more, max(over, more)), now);
	p->last_resets = resets;
	p->last_ends = ends;
}

static struct tcps_watch *watch_of(unsigned int id)
{
	struct tcps_watch *w;

	list_for_each_entry(w, &tcps_watches, list)
		if (w->tn->id == id)
			return w;
	return NULL;
}

static void read_ports(u64 now)
{
	struct tcps_watch *w;
	struct port *p;

	for (p = ports; p < ports + PORTS; p++) {
		/* Pairs with find_port(): its owner has been written. */
		w = smp_load_acquire(&p->ready) ? watch_of(p->owner.ns) : NULL;
		if (w)
			read_port(w, p, now - read_at, now);
	}
	read_at = now;
}

static u32 rate(const struct tcps_watch *w, enum tcps_tally which)
{
	return tcps_rule_rate(w->now.tally[which], w->now.interval);
}

/* Without the tracepoints: the namespace as a whole */
static void read_namespace(struct tcps_watch *w, u64 now)
{
	const struct tcps_subject who = {
		.rule = TCPS_RULE_RESET_BURST,
		.uid = TCPS_NO_UID,
	};

	tcps_alert_read(w, &who,
			tcps_rule_read(&w->limits[who.rule],
				       rate(w, TCPS_TALLY_RESET),
				       rate(w, TCPS_TALLY_CLOSED)), now);
}

/* So many resets that one port could have enough of them */
static bool many_resets(const struct tcps_watch *w)
{
	const struct tcps_limits *limits = &w->limits[TCPS_RULE_RESET_BURST];

	return limits->p[TCPS_PARAM_ENABLED] &&
	       rate(w, TCPS_TALLY_RESET) >= limits->p[TCPS_PARAM_COUNT];
}

/* The probes see a whole second before it is too much, if it comes to that. */
static bool may_need(const struct tcps_watch *w)
{
	const struct tcps_limits *limits = &w->limits[TCPS_RULE_RESET_BURST];

	return limits->p[TCPS_PARAM_ENABLED] &&
	       2 * (u64)rate(w, TCPS_TALLY_RESET) >= limits->p[TCPS_PARAM_COUNT];
}

/* Whose events found no room is not known; it is in a namespace like these. */
static void count_lost(u64 events)
{
	struct tcps_watch *w;

	list_for_each_entry(w, &tcps_watches, list)
		if (events && many_resets(w))
			w->untracked++;
}

/**
 * tcps_sample_resets() - which ports have connections that end by a RST
 * @now:	ms
 */
void tcps_sample_resets(u64 now)
{
	struct tcps_watch *w;

	if (armed)
		read_ports(now);
	list_for_each_entry(w, &tcps_watches, list) {
		w->judged |= BIT(TCPS_RULE_RESET_BURST);
		if (!may_need(w))
			continue;
		needed_at = now;
		arm(now);
		if (!armed)
			read_namespace(w, now);
	}
	if (armed && now - needed_at > REST)
		disarm();
	count_lost(atomic64_xchg(&without_room, 0));
}
