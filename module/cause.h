/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a connection ended, read from the kernel object that it ended in.
 */
#ifndef _TCPS_CAUSE_H
#define _TCPS_CAUSE_H

#include <linux/jiffies.h>
#include <net/inet_timewait_sock.h>

struct request_sock;
struct sock;

unsigned int tcps_cause_sock(const struct sock *sk, int from);
unsigned int tcps_cause_req(const struct request_sock *req);

/**
 * tcps_cause_mini() - why a mini socket ends
 * @tw:		the mini socket
 * @from:	FIN_WAIT2 or TIME_WAIT
 *
 * Return: enum tcps_cause.
 */
static inline unsigned int tcps_cause_mini(const struct inet_timewait_sock *tw,
					   int from)
{
	if (unlikely(!check_net(twsk_net(tw))))
		return TCPS_CAUSE_NETNS;
	if (time_after_eq(jiffies, tw->tw_timer.expires))
		return TCPS_CAUSE_EXPIRED;
	return from == TCP_TIME_WAIT ? TCPS_CAUSE_REUSED : TCPS_CAUSE_RESET;
}

static inline void tcps_closed_for(struct tcps_percpu __percpu *p,
				   unsigned int from, unsigned int cause)
{
	this_cpu_inc(p->cell[from * TCPS_NR_CAUSES + cause]);
}

void tcps_closed_sock(struct tcps_percpu __percpu *p, const struct sock *sk,
		      int from);
void tcps_closed_req(struct tcps_percpu __percpu *p,
		     const struct request_sock *req);

/**
 * tcps_closed_mini() - count why a mini socket ends
 * @p:		numbers of its namespace
 * @tw:		the mini socket
 * @from:	FIN_WAIT2 or TIME_WAIT
 *
 * Any context with preemption off, as the other two.
 */
static inline void tcps_closed_mini(struct tcps_percpu __percpu *p,
				    const struct inet_timewait_sock *tw,
				    int from)
{
	tcps_closed_for(p, from, tcps_cause_mini(tw, from));
}

#endif /* _TCPS_CAUSE_H */
