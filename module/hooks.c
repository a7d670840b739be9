// SPDX-License-Identifier: GPL-2.0
/*
 * Where we listen in the TCP stack, and what each place means.
 *
 * This is the only file that knows the names of the stack's functions.  It
 * turns kernel objects into calls of life.c and holds no policy.
 */
#include "tcps.h"
#include <linux/tracepoint.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/mptcp.h>
#include <net/request_sock.h>
#include <net/tcp.h>
#include "attach.h"
#include "cause.h"
#include "fast.h"

/* No probe translates a state. */
static_assert((int)TCPS_ESTABLISHED == TCP_ESTABLISHED);
static_assert((int)TCPS_SYN_SENT == TCP_SYN_SENT);
static_assert((int)TCPS_SYN_RECV == TCP_SYN_RECV);
static_assert((int)TCPS_FIN_WAIT1 == TCP_FIN_WAIT1);
static_assert((int)TCPS_FIN_WAIT2 == TCP_FIN_WAIT2);
static_assert((int)TCPS_TIME_WAIT == TCP_TIME_WAIT);
static_assert((int)TCPS_CLOSED == TCP_CLOSE);
static_assert((int)TCPS_CLOSE_WAIT == TCP_CLOSE_WAIT);
static_assert((int)TCPS_LAST_ACK == TCP_LAST_ACK);
static_assert((int)TCPS_LISTEN == TCP_LISTEN);
static_assert((int)TCPS_CLOSING == TCP_CLOSING);
static_assert((int)TCPS_NEW_SYN_RECV == TCP_NEW_SYN_RECV);

/*
 * All hooks begin and end to count at once, whenever they are attached: one
 * that sees a birth before another can see the death would be wrong for ever.
 */
static bool paused(void)
{
	return tcps_life_is(TCPS_LIFE_PAUSED);
}

/**
 * struct embryo - the child that is being made of a request on this CPU
 * @req:	the request that inet_csk_clone_lock() was entered with
 * @child:	its child, from the clone to its first transition here
 *
 * BH is off from the clone to the end of the handshake, some lines later.
 */
struct embryo {
	const struct request_sock *req;
	const struct sock *child;
};

static DEFINE_PER_CPU(struct embryo, embryo);

/*
 * A request that was hashed is found by a lookup, which holds a reference.
 * SYN cookies and Fast Open make a child of a request that nobody else can see.
 */
static bool was_half_open(const struct request_sock *req)
{
	return req->rsk_listener && refcount_read(&req->rsk_refcnt);
}

/* inet_csk_clone_lock(sk, req): the tracepoint that follows knows only the child. */
static __always_inline void clone_lock(unsigned long sk, unsigned long req,
				       unsigned long gfp, bool tsc)
{
	this_cpu_write(embryo.req, (const struct request_sock *)req);
	this_cpu_write(embryo.child, NULL);
}

TCPS_ENTRIES(clone_lock)

/*
 * LISTEN → SYN_RECV at the tracepoint: inet_csk_clone_lock() made a child.  The
 * request's record is the child's from now on: nobody else knows the child yet,
 * while the request can be freed by accept() before the child's first event.
 */
static void child_made(struct tcps_net *tn, const struct sock *child)
{
	const struct request_sock *req = this_cpu_read(embryo.req);

	if (tcps_hooks_req_ok() && req && was_half_open(req)) {
		this_cpu_write(embryo.child, child);
		tcps_life_take(req, child);
		return;
	}
	tcps_life_born(tn, child, TCPS_KIND_SOCK, TCPS_LISTEN, TCPS_SYN_RECV);
	/* Fast Open: the request will be freed like one that was half-open. */
	if (tcps_hooks_req_ok() && req && req->rsk_listener)
		tcps_life_ignore(tn, req);
}

/*
 * The first event of an embryo is ESTABLISHED: it is the connection.  Or it goes
 * to CLOSE, and never was one: the handshake has failed for lack of something;
 * or another CPU has made a child of the same request, which is the connection,
 * or has dropped the request, by a RST or by its timer (inet_ehash_nolisten()); or
 * the listener is gone.  Which of them it is shows when the request is freed,
 * by its sk.  Until then it is half-open.
 *
 * The child of an MPTCP join has no place in its request.  If it is dead before it
 * goes to CLOSE, MPTCP has refused the join, and ends the child that has taken
 * over; otherwise a rival has the connection.
 */
static bool stillborn(const struct sock *child, int new)
{
	const struct request_sock *req = this_cpu_read(embryo.req);

	this_cpu_write(embryo.child, NULL);
	if (new != TCP_CLOSE) {
		tcps_life_follow(req, child);
		return false;
	}
	/* It waits for accept(), and has not seen its first segment yet. */
	if (READ_ONCE(req->sk) == child)
		return false;
	if (rsk_is_mptcp(req) &&
	    !sk_hashed(req_to_sk((struct request_sock *)req))) {
		if (sock_flag(child, SOCK_DEAD))
			return false;
		if (inet_sk_state_load(req->rsk_listener) == TCP_LISTEN) {
			tcps_life_forget(child);
			return true;
		}
	}
	/* A rival has it already. */
	if (READ_ONCE(req->sk))
		tcps_life_forget(child);
	else
		tcps_life_return(req, child);
	return true;
}

/*
 * Has this socket gone on as a mini socket, which had no room for a record?
 * The mini socket has its place in the hash table; its port is as it was, while
 * inet_num has been reset by now.
 */
static noinline bool has_mini(const struct sock *sk)
{
	const struct inet_hashinfo *info =
		sock_net(sk)->ipv4.tcp_death_row.hashinfo;
	const struct inet_ehash_bucket *head =
		&info->ehash[sk->sk_hash & info->ehash_mask];
	const struct inet_timewait_sock *tw;
	const struct hlist_nulls_node *node;
	const struct sock *other;
	bool found = false;

	rcu_read_lock();
	sk_nulls_for_each_rcu(other, node, &head->chain) {
		tw = inet_twsk(other);
		if (other->sk_hash != sk->sk_hash ||
		    other->sk_state != TCP_TIME_WAIT ||
		    tw->tw_sport != inet_sk(sk)->inet_sport ||
		    tw->tw_dport != inet_sk(sk)->inet_dport ||
		    !net_eq(twsk_net(tw), sock_net(sk)))
			continue;
		found = true;
		break;
	}
	rcu_read_unlock();
	return found;
}

/* The socket goes to CLOSE without a record: is that the connection's end? */
static bool went_on(const struct sock *sk, int old)
{
	if (!((1 << old) & (TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_CLOSING)))
		return false;
	return tcps_hooks_mini_ok() && tcps_life_counted() &&
	       !tcps_find(&tcps_table, sk) && has_mini(sk);
}

/* The same for every case that there is */
static noinline void set_state_anyhow(const struct sock *sk, int old, int new)
{
	struct tcps_net *tn;

	if (old == new || paused())
		return;
	tn = tcps_net(sock_net(sk));
	if (old == TCP_LISTEN && new == TCP_SYN_RECV)
		child_made(tn, sk);
	else if (old == TCP_CLOSE)
		tcps_life_born(tn, sk, TCPS_KIND_SOCK, TCPS_CLOSED, new);
	else if (old == TCP_SYN_RECV &&
		 this_cpu_read(embryo.child) == sk && stillborn(sk, new))
		; /* never was one */
	else if (new == TCP_CLOSE && went_on(sk, old))
		; /* as a mini socket */
	else
		tcps_life_transition(tn, sk, old, new,
				     new == TCP_CLOSE ?
				     tcps_cause_sock(sk, old) :
				     TCPS_CAUSE_OTHER);
}

static __always_inline bool fast_child_made(const struct sock *child)
{
	const struct request_sock *req = this_cpu_read(embryo.req);

	if (unlikely(!req || !was_half_open(req)))
		return false;
	this_cpu_write(embryo.child, child);
	return fast_take(req, child);
}

static __always_inline bool fast_open(const struct sock *sk, int old, int new,
				      bool tsc)
{
	if (old == TCP_CLOSE)
		return fast_born(sock_net(sk), sk, TCPS_KIND_SOCK,
				 tcps_edge(TCPS_CLOSED, new), new, tsc);
	return new == TCP_SYN_RECV && fast_child_made(sk);
}

static __always_inline bool fast_move(const struct sock *sk, int old, int new,
				      bool tsc)
{
	if (!fast_transition(sk, old, new, tsc))
		return false;
	/*
	 * The child of a request is no embryo now.  Another socket may be here
	 * while one is being made: on PREEMPT_RT a task with BH off is preempted.
	 */
	if (old == TCP_SYN_RECV && this_cpu_read(embryo.child) == sk)
		this_cpu_write(embryo.child, NULL);
	return true;
}

/* Newer kernels run probes with preemption on, older ones have turned it off. */
#ifdef TCPS_HAVE_PROBES_WITHOUT_PREEMPTION
#define PROBES_PREEMPTIBLE	0
#else
#define PROBES_PREEMPTIBLE	1
#endif

static __always_inline void probe_begin(void)
{
	if (PROBES_PREEMPTIBLE)
		preempt_disable_notrace();
}

static __always_inline void probe_end(void)
{
	if (PROBES_PREEMPTIBLE)
		preempt_enable_notrace();
}

/*
 * set_state() goes on in one of these, which has no more registers to save than
 * it needs.  They end what it has begun.
 */
static noinline void set_state_closing(const struct sock *sk, int old)
{
	if (!fast_close(sk, old, true))
		set_state_anyhow(sk, old, TCP_CLOSE);
	probe_end();
}

static noinline void set_state_opening(const struct sock *sk, int old, int new)
{
	if (!fast_open(sk, old, new, true))
		set_state_anyhow(sk, old, new);
	probe_end();
}

static noinline void set_state_by_ktime(const struct sock *sk, int old, int new)
{
	bool done;

	if (new == TCP_CLOSE)
		done = fast_close(sk, old, false);
	else if (old == TCP_CLOSE || old == TCP_LISTEN)
		done = fast_open(sk, old, new, false);
	else
		done = fast_move(sk, old, new, false);
	if (!done)
		set_state_anyhow(sk, old, new);
	probe_end();
}

/* The tracepoint inet_sock_set_state: every transition of a full socket. */
static void set_state(void *data, const struct sock *sk, const int old,
		      const int new)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	probe_begin();
	if (!tcps_clock_is_tsc()) {
		set_state_by_ktime(sk, old, new);
	} else if (new == TCP_CLOSE) {
		set_state_closing(sk, old);
	} else if (old == TCP_CLOSE || old == TCP_LISTEN) {
		set_state_opening(sk, old, new);
	} else {
		if (!fast_move(sk, old, new, true))
			set_state_anyhow(sk, old, new);
		probe_end();
	}
}

static noinline void req_added_anyhow(const struct sock *listener,
				      const void *req)
{
	if (!paused())
		tcps_life_born(tcps_net(sock_net(listener)), req, TCPS_KIND_REQ,
			       TCPS_LISTEN, TCPS_SYN_RECV);
}

/* inet_csk_reqsk_queue_hash_add(): a SYN has arrived, and is remembered. */
static __always_inline void req_added(unsigned long sk, unsigned long req,
				      unsigned long timeo, bool tsc)
{
	const struct sock *listener = (const struct sock *)sk;

	if (listener->sk_protocol != IPPROTO_TCP ||
	    fast_born(sock_net(listener), (void *)req, TCPS_KIND_REQ,
		      TCPS_E_LISTEN_SYN_RECV, TCPS_SYN_RECV, tsc))
		return;
	req_added_anyhow(listener, (void *)req);
}

TCPS_ENTRIES(req_added)

/*
 * No record: has it been counted as half-open?  Not if it was dropped before
 * it was hashed (no SYN,ACK was sent), nor if it is Fast Open's, nor
 * if its child took over without ever being queued (MPTCP join).
 */
static bool counted_without_record(const struct request_sock *req)
{
	return tcps_life_counted() &&
	       tcp_rsk(req)->snt_synack && !tcp_rsk(req)->tfo_listener &&
	       (!rsk_is_mptcp(req) || this_cpu_read(embryo.req) != req);
}

/*
 * The listener has closed, and the request's timer has made a copy of it for
 * another one (net.ipv4.tcp_migrate_req): the copy has taken its place in the
 * hash table.  It cannot go away: reqsk_timer_handler(), which calls us, holds
 * a reference to it.
 */
static noinline const struct request_sock *copy_of(struct request_sock *req)
{
	struct net *net = sock_net(req->rsk_listener);
	const struct inet_hashinfo *info = net->ipv4.tcp_death_row.hashinfo;
	unsigned int hash = req_to_sk(req)->sk_hash;
	const struct inet_ehash_bucket *head =
		&info->ehash[hash & info->ehash_mask];
	const struct request_sock *found = NULL;
	const struct inet_request_sock *other;
	const struct hlist_nulls_node *node;
	struct sock *sk;

	rcu_read_lock();
	sk_nulls_for_each_rcu(sk, node, &head->chain) {
		other = inet_rsk(inet_reqsk(sk));
		if (sk->sk_hash != hash || sk->sk_state != TCP_NEW_SYN_RECV ||
		    &other->req == req || !net_eq(sock_net(sk), net) ||
		    other->ir_num != inet_rsk(req)->ir_num ||
		    other->ir_rmt_port != inet_rsk(req)->ir_rmt_port)
			continue;
		found = &other->req;
		break;
	}
	rcu_read_unlock();
	/* One that came by inet_csk_reqsk_queue_hash_add() is no copy. */
	return found && !tcps_find(&tcps_table, found) ? found : NULL;
}

/* Return: true if the half-open connection goes on in another request. */
static bool migrated(struct request_sock *req)
{
	const struct request_sock *copy;

	if (likely(inet_sk_state_load(req->rsk_listener) == TCP_LISTEN))
		return false;
	copy = copy_of(req);
	if (copy)
		tcps_life_migrated(req, copy);
	return copy;
}

static noinline void req_freed_anyhow(struct request_sock *req)
{
	struct tcps_slot *known;

	if (paused())
		return;
	known = tcps_find(&tcps_table, req);
	if (known && tcps_life_ignored(known))
		return;
	if (req->sk) {
		/* Returned by a stillborn child, too late for its rival. */
		if (unlikely(known))
			tcps_life_forget(req);
		return;
	}
	if ((known || counted_without_record(req)) && !migrated(req))
		tcps_life_transition(tcps_net(sock_net(req->rsk_listener)),
				     req, TCPS_SYN_RECV, TCPS_CLOSED,
				     tcps_cause_req(req));
}

/*
 * tcp_v4_reqsk_destructor(), tcp_v6_reqsk_destructor(): the memory of a request
 * is freed.  That ends a connection only if it was half-open still.
 */
static __always_inline void req_freed(unsigned long arg, unsigned long unused1,
				      unsigned long unused2, bool tsc)
{
	struct request_sock *req = (struct request_sock *)arg;

	/* SYN cookies leave no state: never counted. */
	if (req->rsk_listener && !fast_req_freed(req))
		req_freed_anyhow(req);
}

TCPS_ENTRIES(req_freed)

static noinline void mini_made_anyhow(const struct sock *sk,
				      const struct inet_timewait_sock *tw)
{
	if (!paused())
		tcps_life_to_mini(tcps_net(sock_net(sk)), sk, tw, sk->sk_state,
				  READ_ONCE(tw->tw_substate));
}

/*
 * inet_twsk_hashdance(_schedule)(): the socket becomes a mini socket.  The
 * same socket's transition to CLOSE follows, maybe on another CPU.
 */
static __always_inline void mini_made(unsigned long arg, unsigned long sock,
				      unsigned long unused, bool tsc)
{
	const struct inet_timewait_sock *tw =
		(const struct inet_timewait_sock *)arg;
	const struct sock *sk = (const struct sock *)sock;

	if (sk->sk_protocol == IPPROTO_TCP && !fast_to_mini(sk, tw))
		mini_made_anyhow(sk, tw);
}

TCPS_ENTRIES(mini_made)

static noinline void mini_rearmed_anyhow(const struct inet_timewait_sock *tw)
{
	if (!paused())
		tcps_life_mini_time_wait(tcps_net(twsk_net(tw)), tw);
}

/* __inet_twsk_schedule(tw, timeo, rearm): rearmed when the FIN arrives. */
static __always_inline void mini_rearmed(unsigned long arg, unsigned long timeo,
					 unsigned long rearm, bool tsc)
{
	const struct inet_timewait_sock *tw =
		(const struct inet_timewait_sock *)arg;

	if ((bool)rearm && READ_ONCE(tw->tw_substate) == TCP_TIME_WAIT &&
	    !fast_mini_time_wait(tw, tsc))
		mini_rearmed_anyhow(tw);
}

TCPS_ENTRIES(mini_rearmed)

static noinline void mini_freed_anyhow(const struct inet_timewait_sock *tw)
{
	int state = READ_ONCE(tw->tw_substate);

	if (!paused())
		tcps_life_mini_dead(tcps_net(twsk_net(tw)), tw, state,
				    tcps_cause_mini(tw, state));
}

/* tcp_twsk_destructor(): the end of a mini socket, exactly once. */
static __always_inline void mini_freed(unsigned long arg, unsigned long unused1,
				       unsigned long unused2, bool tsc)
{
	const struct inet_timewait_sock *tw = inet_twsk((struct sock *)arg);

	if (!fast_mini_dead(tw, tsc))
		mini_freed_anyhow(tw);
}

TCPS_ENTRIES(mini_freed)

#define FUNCTION(fn, new, old, cls)					\
	{								\
		.name = new, .old_name = old, .class = TCPS_CLASS_##cls, \
		.ftrace = TCPS_FTRACE_FUNC(fn), .kprobe = fn##_kprobe,	\
	}

/* In the order of attaching: deaths before births in each class. */
struct tcps_hook tcps_hook_list[] = {
	FUNCTION(req_freed, "tcp_v4_reqsk_destructor", NULL, REQ),
#if IS_ENABLED(CONFIG_IPV6)
	FUNCTION(req_freed, "tcp_v6_reqsk_destructor", NULL, REQ),
#endif
	FUNCTION(clone_lock, "inet_csk_clone_lock", NULL, REQ),
	FUNCTION(req_added, "inet_csk_reqsk_queue_hash_add", NULL, REQ),
	FUNCTION(mini_freed, "tcp_twsk_destructor", NULL, MINI),
	FUNCTION(mini_rearmed, "__inet_twsk_schedule", NULL, MINI),
	FUNCTION(mini_made, "inet_twsk_hashdance_schedule",
		 "inet_twsk_hashdance", MINI),
	{
		.name = "inet_sock_set_state",
		.class = TCPS_CLASS_SOCK,
		.probe = set_state,
	},
};

const size_t tcps_nr_hooks = ARRAY_SIZE(tcps_hook_list);
