/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a connection ended, read from the kernel object that it ended in.
 */
#ifndef _TCPS_CAUSE_H
#define _TCPS_CAUSE_H

struct inet_timewait_sock;
struct request_sock;
struct sock;

unsigned int tcps_cause_sock(const struct sock *sk, int from);
unsigned int tcps_cause_req(const struct request_sock *req);
unsigned int tcps_cause_mini(const struct inet_timewait_sock *tw, int from);

void tcps_closed_sock(struct tcps_percpu __percpu *p, const struct sock *sk,
		      int from);
void tcps_closed_req(struct tcps_percpu __percpu *p,
		     const struct request_sock *req);
void tcps_closed_mini(struct tcps_percpu __percpu *p,
		      const struct inet_timewait_sock *tw, int from);

#endif /* _TCPS_CAUSE_H */
