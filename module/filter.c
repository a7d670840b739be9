// SPDX-License-Identifier: GPL-2.0
/*
 * What a dump of sockets is to contain: parsed from a request, then asked for
 * every socket.
 */
#include "netlink.h"
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#define ALL_STATES	(BIT(TCPS_NR_STATES) - 2)

#define A(name)		TCPSTATES_A_FILTER_##name

/* Not for listeners, which have one state and no other end. */
#define REFUSED		{ .type = NLA_REJECT,				\
			  .reject_message = "listeners have no such thing" }

/* -1 is nobody, in all namespaces; not const for the sake of 6.1. */
static struct netlink_range_validation uid_range = {
	.max = U32_MAX - 1,
};

/*
 * What concerns one attribute is said by its policy: before 6.7 a dump's start
 * has no extended ACK to say it in.  Not of numbers: for those with a function
 * the kernel's dump of policies would warn.
 */
static int check_addr(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	if (nla_len(attr) == sizeof(struct in_addr) ||
	    nla_len(attr) == sizeof(struct in6_addr))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "an address has 4 or 16 bytes");
	return -EINVAL;
}

#define ADDR_POLICY	NLA_POLICY_VALIDATE_FN(NLA_BINARY, check_addr)

#define COMMON								\
	[A(AGE_MIN)] = { .type = NLA_U64 },				\
	[A(LOCAL_PORT)] = NLA_POLICY_MIN(NLA_U16, 1),			\
	[A(LOCAL_ADDR)] = ADDR_POLICY,					\
	[A(LOCAL_PREFIX)] = NLA_POLICY_MAX(NLA_U8, 128),		\
	[A(FAMILY)] = NLA_POLICY_RANGE(NLA_U16, AF_INET, AF_INET6),	\
	[A(UID)] = NLA_POLICY_FULL_RANGE(NLA_U32, &uid_range),		\
	[A(CGROUP)] = NLA_POLICY_MIN(NLA_U64, 1)

const struct nla_policy tcps_filter_conn[TCPSTATES_A_FILTER_MAX + 1] = {
	COMMON,
	[A(STATES)] = NLA_POLICY_MASK(NLA_U32, ALL_STATES),
	[A(REMOTE_PORT)] = NLA_POLICY_MIN(NLA_U16, 1),
	[A(REMOTE_ADDR)] = ADDR_POLICY,
	[A(REMOTE_PREFIX)] = NLA_POLICY_MAX(NLA_U8, 128),
};

const struct nla_policy tcps_filter_listen[TCPSTATES_A_FILTER_MAX + 1] = {
	COMMON,
	[A(STATES)] = REFUSED,
	[A(REMOTE_PORT)] = REFUSED,
	[A(REMOTE_ADDR)] = REFUSED,
	[A(REMOTE_PREFIX)] = REFUSED,
};

static int parse_prefix(struct tcps_prefix *p, const struct nlattr *addr,
			const struct nlattr *prefix,
			struct netlink_ext_ack *extack)
{
	unsigned int bits = addr ? 8 * nla_len(addr) : 0;

	if (prefix && !addr) {
		NL_SET_ERR_MSG_ATTR(extack, prefix,
				    "a prefix length needs its address");
		return -EINVAL;
	}
	if (!addr)
		return 0;
	if (prefix && nla_get_u8(prefix) > bits) {
		NL_SET_ERR_MSG_ATTR(extack, prefix,
				    "the prefix is longer than the address");
		return -EINVAL;
	}
	p->only_v6 = bits == 128;
	p->len = 128 - bits + (prefix ? nla_get_u8(prefix) : bits);
	if (p->only_v6)
		p->addr = nla_get_in6_addr(addr);
	else
		ipv6_addr_set_v4mapped(nla_get_in_addr(addr), &p->addr);
	return 0;
}

static int parse_family(struct tcps_filter *f, const struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	f->family = nla_get_u16(attr);
	if (f->family == AF_INET || f->family == AF_INET6)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "the family is AF_INET or AF_INET6");
	return -EINVAL;
}

static u16 get_port(const struct nlattr *attr)
{
	return attr ? nla_get_u16(attr) : 0;
}

static int parse(struct tcps_filter *f, struct nlattr **tb,
		 struct netlink_ext_ack *extack)
{
	f->local_port = get_port(tb[A(LOCAL_PORT)]);
	f->remote_port = get_port(tb[A(REMOTE_PORT)]);
	if (tb[A(AGE_MIN)])
		f->age_min = nla_get_u64(tb[A(AGE_MIN)]);
	if (tb[A(CGROUP)])
		f->cgroup = nla_get_u64(tb[A(CGROUP)]);
	if (tb[A(STATES)])
		f->states = nla_get_u32(tb[A(STATES)]);
	/* Who does not exist in the caller's namespace owns nothing. */
	f->by_uid = tb[A(UID)];
	if (f->by_uid)
		f->uid = make_kuid(f->who.user_ns, nla_get_u32(tb[A(UID)]));
	return parse_family(f, tb[A(FAMILY)], extack) ?:
	       parse_prefix(&f->local, tb[A(LOCAL_ADDR)], tb[A(LOCAL_PREFIX)],
			    extack) ?:
	       parse_prefix(&f->remote, tb[A(REMOTE_ADDR)],
			    tb[A(REMOTE_PREFIX)], extack);
}

/**
 * tcps_filter_parse() - read the filter of a request
 * @f:		where to, zeroed
 * @nest:	the attribute, or NULL: everything is wanted
 * @policy:	its policy
 * @cb:		the dump
 *
 * Return: 0, or a negative errno; what is wrong is in the extended ACK.
 */
int tcps_filter_parse(struct tcps_filter *f, const struct nlattr *nest,
		      const struct nla_policy *policy,
		      struct netlink_callback *cb)
{
	struct nlattr *tb[TCPSTATES_A_FILTER_MAX + 1];
	int err;

	f->states = ALL_STATES;
	f->who.admin = netlink_net_capable(cb->skb, CAP_NET_ADMIN);
	f->who.uid = NETLINK_CB(cb->skb).creds.uid;
	f->who.user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	if (!nest)
		return 0;
	err = nla_parse_nested(tb, TCPSTATES_A_FILTER_MAX, nest, policy,
			       cb->extack);
	return err ?: parse(f, tb, cb->extack);
}

/**
 * tcps_filter_quick() - can a socket pass at all
 * @f:		the filter
 * @sk:		the socket, request or mini socket; nothing has to keep it
 *
 * Under rcu_read_lock(), or the lock of its hash chain.  Looks at what is in
 * the same cache line only.
 *
 * Return: false if not.
 */
bool tcps_filter_quick(const struct tcps_filter *f, const struct sock *sk)
{
	if (f->family && sk->sk_family != f->family)
		return false;
	if (f->local_port && sk->sk_num != f->local_port)
		return false;
	return !f->remote_port || sk->sk_dport == htons(f->remote_port);
}

static struct in6_addr address_of(const struct sock *sk, bool remote)
{
	struct in6_addr addr;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return remote ? sk->sk_v6_daddr : sk->sk_v6_rcv_saddr;
#endif
	ipv6_addr_set_v4mapped(remote ? sk->sk_daddr : sk->sk_rcv_saddr,
			       &addr);
	return addr;
}

static bool prefix_matches(const struct tcps_prefix *p, const struct sock *sk,
			   bool remote)
{
	struct in6_addr addr;

	/* ::/0 is all of IPv6, hence the second question. */
	if (!p->len && !p->only_v6)
		return true;
	if (p->only_v6 && sk->sk_family != AF_INET6)
		return false;
	addr = address_of(sk, remote);
	return ipv6_prefix_equal(&addr, &p->addr, p->len);
}

/**
 * tcps_filter_address() - do a socket's addresses match
 * @f:		the filter
 * @sk:		the socket, request or mini socket, with a reference
 *
 * Return: true if they do.
 */
bool tcps_filter_address(const struct tcps_filter *f, const struct sock *sk)
{
	return prefix_matches(&f->local, sk, false) &&
	       prefix_matches(&f->remote, sk, true);
}

/* Whose a request is, that is its listener's. A mini socket is nobody's. */
static struct sock *owned(const struct sock *sk)
{
	switch (inet_sk_state_load(sk)) {
	case TCP_NEW_SYN_RECV:
		return inet_reqsk(sk)->rsk_listener;
	case TCP_TIME_WAIT:
		return NULL;
	default:
		return (struct sock *)sk;
	}
}

static u64 cgroup_of(struct sock *sk)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	return cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#else
	return 0;
#endif
}

/**
 * tcps_filter_owner() - whose is a socket, and is that asked for
 * @f:		the filter
 * @sk:		the socket, request or mini socket, with a reference
 * @owner:	where the answer goes, as far as anybody may know it
 *
 * As /proc/net/tcp has it: a mini socket is root's, as is, before 6.17, a socket
 * without a file.
 *
 * Return: false if it is not asked for.
 */
bool tcps_filter_owner(const struct tcps_filter *f, const struct sock *sk,
		       struct tcps_owner *owner)
{
	struct sock *own = owned(sk);

	*owner = (struct tcps_owner){ .uid = GLOBAL_ROOT_UID };
	if (own) {
		owner->uid = sk_uid(own);
		owner->inode = own == sk ? sock_i_ino(own) : 0;
	}
	owner->details = f->who.admin ||
			 (own && uid_eq(owner->uid, f->who.uid));
	if (own && owner->details)
		owner->cgroup = cgroup_of(own);
	if (f->by_uid && !uid_eq(owner->uid, f->uid))
		return false;
	return !f->cgroup || f->cgroup == owner->cgroup;
}
