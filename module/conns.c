// SPDX-License-Identifier: GPL-2.0
/*
 * Live connections, and how long each has been in its state.
 */
#include "netlink.h"
#include <net/inet_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

static_assert((int)TCPSTATES_KIND_FULL == TCPS_KIND_SOCK);
static_assert((int)TCPSTATES_KIND_REQUEST == TCPS_KIND_REQ);
static_assert((int)TCPSTATES_KIND_MINI == TCPS_KIND_MINI);

static unsigned int kind_of(const struct sock *sk)
{
	switch (inet_sk_state_load(sk)) {
	case TCP_NEW_SYN_RECV:
		return TCPSTATES_KIND_REQUEST;
	case TCP_TIME_WAIT:
		return TCPSTATES_KIND_MINI;
	default:
		return TCPSTATES_KIND_FULL;
	}
}

static int fill(struct sk_buff *skb, const struct tcps_shown *s,
		const struct tcps_filter *f)
{
	return nla_put_u8(skb, TCPSTATES_A_CONN_STATE, s->state) ?:
	       tcps_put_addr(skb, TCPSTATES_A_CONN_REMOTE_ADDR, s->sk, true) ?:
	       nla_put_u16(skb, TCPSTATES_A_CONN_REMOTE_PORT,
			   ntohs(s->sk->sk_dport)) ?:
	       nla_put_u8(skb, TCPSTATES_A_CONN_KIND, kind_of(s->sk));
}

static const struct tcps_sockdump_ops ops = {
	.attrs = {
		.cmd = TCPSTATES_CMD_CONN_GET,
		.age = TCPSTATES_A_CONN_AGE,
		.lower_bound = TCPSTATES_A_CONN_AGE_AT_LEAST,
		.family = TCPSTATES_A_CONN_FAMILY,
		.local_addr = TCPSTATES_A_CONN_LOCAL_ADDR,
		.local_port = TCPSTATES_A_CONN_LOCAL_PORT,
		.uid = TCPSTATES_A_CONN_UID,
		.inode = TCPSTATES_A_CONN_INODE,
		.cgroup = TCPSTATES_A_CONN_CGROUP,
		.cookie = TCPSTATES_A_CONN_COOKIE,
		.ifindex = TCPSTATES_A_CONN_IFINDEX,
		.summary = TCPSTATES_A_CONN_SUMMARY,
	},
	.policy = tcps_filter_conn,
	.filter = TCPSTATES_A_CONN_FILTER,
	.states = U32_MAX,
	.fill = fill,
};

/**
 * tcps_conns_start() - begin a dump of connections
 * @cb:		the dump
 *
 * Return: 0, or a negative errno.
 */
int tcps_conns_start(struct netlink_callback *cb)
{
	return tcps_sockdump_start(cb, &ops);
}
