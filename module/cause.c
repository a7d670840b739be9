// SPDX-License-Identifier: GPL-2.0
/*
 * Why a connection ended.
 */
#include "tcps.h"
#include <net/request_sock.h>
#include <net/tcp.h>
#include "cause.h"

/*
 * sk_err is set before the state (tcp_reset(), tcp_write_err(), tcp_abort());
 * a reset in CLOSE_WAIT is EPIPE.
 */
static unsigned int cause_of_error(int err)
{
	switch (err) {
	case ECONNRESET:
	case EPIPE:
		return TCPS_CAUSE_RESET;
	case ETIMEDOUT:
		return TCPS_CAUSE_TIMEOUT;
	case ECONNREFUSED:
		return TCPS_CAUSE_REFUSED;
	case ECONNABORTED:
		return TCPS_CAUSE_ABORTED;
	default:
		return TCPS_CAUSE_OTHER;
	}
}

/* The FIN is the last byte of the sequence space that was written. */
static bool fin_acked(const struct sock *sk)
{
	return tcp_sk(sk)->snd_una == READ_ONCE(tcp_sk(sk)->write_seq);
}

/*
 * A closed socket whose tcp_fin_timeout is over, or for which there was no mini
 * socket.  TCP_LINGER2 below 0 resets instead of waiting (__tcp_close()).
 */
static bool fin_wait2_over(const struct sock *sk)
{
	return sock_flag(sk, SOCK_DEAD) &&
	       READ_ONCE(tcp_sk(sk)->linger2) >= 0;
}

/**
 * tcps_cause_sock() - why a full socket goes to CLOSE
 * @sk:		the socket
 * @from:	the state that it leaves
 *
 * Called at the tracepoint, in any context.
 *
 * Return: enum tcps_cause.
 */
unsigned int tcps_cause_sock(const struct sock *sk, int from)
{
	int err = READ_ONCE(sk->sk_err);

	if (err)
		return cause_of_error(err);
	if (!check_net(sock_net(sk)))
		return TCPS_CAUSE_NETNS;
	switch (from) {
	case TCP_LISTEN:
		return TCPS_CAUSE_NORMAL;
	case TCP_LAST_ACK:
	case TCP_CLOSING:
		return fin_acked(sk) ? TCPS_CAUSE_NORMAL : TCPS_CAUSE_ABORTED;
	case TCP_FIN_WAIT2:
		return fin_wait2_over(sk) ? TCPS_CAUSE_EXPIRED :
					    TCPS_CAUSE_ABORTED;
	default:
		return TCPS_CAUSE_ABORTED;
	}
}

/*
 * A timer fires up to an eighth of its time late, so one that should have fired
 * says little: there must also have been as many retransmissions as
 * reqsk_timer_handler() waits for.  Under pressure these are two.
 */
static bool gave_up(const struct request_sock *req)
{
	const struct sock *listener = req->rsk_listener;
	unsigned int retries = READ_ONCE(inet_csk(listener)->icsk_syn_retries);

	if (!retries)
		retries = READ_ONCE(sock_net(listener)->
				    ipv4.sysctl_tcp_synack_retries);
	return req->num_timeout >= min(retries, 2U) &&
	       time_after_eq(jiffies, req->rsk_timer.expires);
}

/**
 * tcps_cause_req() - why a half-open connection ends
 * @req:	the request, about to be freed
 *
 * A request whose listener has closed lives on until its timer finds out
 * (reqsk_timer_handler()), so that is asked before the timer is.
 *
 * Return: enum tcps_cause.
 */
unsigned int tcps_cause_req(const struct request_sock *req)
{
	const struct sock *listener = req->rsk_listener;

	if (!check_net(sock_net(listener)))
		return TCPS_CAUSE_NETNS;
	if (inet_sk_state_load(listener) != TCP_LISTEN)
		return TCPS_CAUSE_ABORTED;
	if (!tcp_rsk(req)->snt_synack)
		return TCPS_CAUSE_OTHER;
	return gave_up(req) ? TCPS_CAUSE_TIMEOUT : TCPS_CAUSE_RESET;
}

/**
 * tcps_closed_sock() - count why a full socket goes to CLOSE
 * @p:		numbers of its namespace
 * @sk:		the socket
 * @from:	the state that it leaves
 *
 * Any context with preemption off.
 */
void tcps_closed_sock(struct tcps_percpu __percpu *p, const struct sock *sk,
		      int from)
{
	tcps_closed_for(p, from, tcps_cause_sock(sk, from));
}

/**
 * tcps_closed_req() - count why a half-open connection ends
 * @p:		numbers of its namespace
 * @req:	the request, about to be freed
 */
void tcps_closed_req(struct tcps_percpu __percpu *p,
		     const struct request_sock *req)
{
	tcps_closed_for(p, TCPS_SYN_RECV, tcps_cause_req(req));
}
