// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners and their queues.
 */
#include "netlink.h"
#include <net/inet_connection_sock.h>
#include <net/sock.h>

/* Numbers that move; each is right by itself. */
static int fill(struct sk_buff *skb, const struct tcps_shown *s,
		const struct tcps_filter *f)
{
	struct request_sock_queue *q = &inet_csk(s->sk)->icsk_accept_queue;
	u32 limit = READ_ONCE(s->sk->sk_max_ack_backlog);

	return nla_put_u32(skb, TCPSTATES_A_LISTENER_HALF_OPEN,
			   reqsk_queue_len(q)) ?:
	       nla_put_u32(skb, TCPSTATES_A_LISTENER_YOUNG,
			   reqsk_queue_len_young(q)) ?:
	       nla_put_u32(skb, TCPSTATES_A_LISTENER_BACKLOG, limit) ?:
	       nla_put_u32(skb, TCPSTATES_A_LISTENER_ACCEPT_QUEUE,
			   READ_ONCE(s->sk->sk_ack_backlog)) ?:
	       nla_put_u32(skb, TCPSTATES_A_LISTENER_ACCEPT_LIMIT, limit) ?:
	       nla_put_uint(skb, TCPSTATES_A_LISTENER_DROPS,
			    (u32)atomic_read(&s->sk->sk_drops));
}

static const struct tcps_sockdump_ops ops = {
	.attrs = {
		.cmd = TCPSTATES_CMD_LISTENER_GET,
		.age = TCPSTATES_A_LISTENER_AGE,
		.lower_bound = TCPSTATES_A_LISTENER_AGE_AT_LEAST,
		.family = TCPSTATES_A_LISTENER_FAMILY,
		.local_addr = TCPSTATES_A_LISTENER_LOCAL_ADDR,
		.local_port = TCPSTATES_A_LISTENER_LOCAL_PORT,
		.uid = TCPSTATES_A_LISTENER_UID,
		.inode = TCPSTATES_A_LISTENER_INODE,
		.cgroup = TCPSTATES_A_LISTENER_CGROUP,
		.cookie = TCPSTATES_A_LISTENER_COOKIE,
		.ifindex = TCPSTATES_A_LISTENER_IFINDEX,
		.summary = TCPSTATES_A_LISTENER_SUMMARY,
	},
	.policy = tcps_filter_listen,
	.filter = TCPSTATES_A_LISTENER_FILTER,
	.states = BIT(TCPS_LISTEN),
	.fill = fill,
};

/**
 * tcps_listeners_start() - begin a dump of listeners
 * @cb:		the dump
 *
 * Return: 0, or a negative errno.
 */
int tcps_listeners_start(struct netlink_callback *cb)
{
	return tcps_sockdump_start(cb, &ops);
}
