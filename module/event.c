// SPDX-License-Identifier: GPL-2.0
/*
 * From a kernel object to the fields of the trace event.
 */
#include "tcps.h"
#include <linux/cgroup.h>
#include <linux/sock_diag.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "event.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * tcps_event_wanted() - somebody begins to listen
 *
 * Called before the first one gets an event.  Process context.
 *
 * Return: 0.
 */
int tcps_event_wanted(void)
{
	tcps_life_set(TCPS_LIFE_TRACING);
	return 0;
}

/**
 * tcps_event_unwanted() - nobody listens any more
 */
void tcps_event_unwanted(void)
{
	tcps_life_clear(TCPS_LIFE_TRACING);
}

/* Requests and mini sockets begin with what sockets begin with. */
static void set_addresses(struct tcps_event *e, const struct sock *sk)
{
	e->family = sk->sk_family;
	e->sport = sk->sk_num;
	e->dport = ntohs(sk->sk_dport);
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		e->saddr_v6 = sk->sk_v6_rcv_saddr;
		e->daddr_v6 = sk->sk_v6_daddr;
		if (ipv6_addr_v4mapped(&e->daddr_v6)) {
			e->saddr = e->saddr_v6.s6_addr32[3];
			e->daddr = e->daddr_v6.s6_addr32[3];
		}
		return;
	}
#endif
	e->saddr = sk->sk_rcv_saddr;
	e->daddr = sk->sk_daddr;
	ipv6_addr_set_v4mapped(e->saddr, &e->saddr_v6);
	ipv6_addr_set_v4mapped(e->daddr, &e->daddr_v6);
}

static void set_owner(struct tcps_event *e, const struct sock *sk)
{
	e->uid = from_kuid_munged(&init_user_ns, READ_ONCE(sk->sk_uid));
#ifdef CONFIG_SOCK_CGROUP_DATA
	e->cgroup = cgroup_id(sock_cgroup_ptr((struct sock_cgroup_data *)
					      &sk->sk_cgrp_data));
#endif
}

/* A socket that is closed has given its port back, but remembers it. */
static void set_socket(struct tcps_event *e, const struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_TIME_WAIT:
		break;
	case TCP_NEW_SYN_RECV:
		set_owner(e, inet_reqsk((struct sock *)sk)->rsk_listener);
		break;
	default:
		e->sport = ntohs(inet_sk(sk)->inet_sport);
		set_owner(e, sk);
	}
}

/* It is copied from a request to its socket, and to a mini socket. */
static u64 cookie(const struct sock *sk)
{
	u32 half[2];

	sock_diag_save_cookie((struct sock *)sk, half);
	return (u64)half[1] << 32 | half[0];
}

/**
 * tcps_event_send() - see tcps_event()
 * @obj:	as there
 * @from:	as there
 * @to:		as there
 * @cause:	as there
 * @dwell_us:	as there
 */
noinline void tcps_event_send(const void *obj, unsigned int from,
			      unsigned int to, unsigned int cause, s64 dwell_us)
{
	const struct sock *sk = obj;
	struct tcps_event e = {
		.cookie = cookie(sk),
		.dwell_us = dwell_us,
		.netns = sock_net(sk)->ns.inum,
		.uid = ~0U,
		.from = from,
		.to = to,
		.cause = to == TCPS_CLOSED ? cause : TCPS_EVENT_NO_CAUSE,
	};

	set_addresses(&e, sk);
	set_socket(&e, sk);
	trace_tcpstates_transition(&e);
}
