/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the netlink family have in common.
 *
 * netlink.c has the family, its policies and the configuration;
 * netlink_stats.c and netlink_hist.c print snapshots; netlink_alert.c,
 * netlink_rule.c and netlink_history.c say what to copy for netlink_copies.c, and
 * how to print it; sockdump.c walks the
 * kernel's sockets for conns.c and listeners.c, as far as filter.c lets them
 * through.
 */
#ifndef _TCPS_NETLINK_H
#define _TCPS_NETLINK_H

#include "tcps.h"
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <uapi/linux/tcpstates.h>

struct sock;
struct tcps_alert;

/* Room for the longest message; spec and docs name 16 KiB for receivers. */
#define TCPS_NL_ROOM	(12 * 1024)

extern struct genl_family tcps_genl;

/* netlink.c */
bool tcps_nl_may_all(const struct sk_buff *skb);
bool tcps_nl_wants_all(struct netlink_callback *cb);
int tcps_nl_check_all(struct netlink_callback *cb);

/* As long as it always is, unlike a "uint" */
static inline int tcps_nl_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put(skb, attr, sizeof(value), &value);
}

/**
 * tcps_nl_may_refuse() - can a dump's start say why it refuses
 * @cb:		the dump
 *
 * Before 6.7 it cannot: then the first message does.
 *
 * Return: true if there is an extended ACK.
 */
static inline bool tcps_nl_may_refuse(const struct netlink_callback *cb)
{
	return cb->extack;
}

/**
 * struct tcps_who - who asks
 * @admin:	CAP_NET_ADMIN over the namespace that is looked at
 * @uid:	as whom
 * @user_ns:	whose numbers of users are understood
 */
struct tcps_who {
	bool admin;
	kuid_t uid;
	struct user_namespace *user_ns;
};

/**
 * struct tcps_prefix - addresses that begin alike
 * @addr:	IPv4 as an IPv4-mapped address
 * @len:	bits, of 128; 0: any address
 * @only_v6:	not for IPv4 sockets
 */
struct tcps_prefix {
	struct in6_addr addr;
	u8 len;
	bool only_v6;
};

/**
 * struct tcps_filter - what is to be dumped
 * @who:	for whom
 * @states:	bits 1 << enum tcps_state
 * @age_min:	microseconds
 * @local:	local addresses
 * @remote:	remote addresses
 * @local_port:	0: any; in host order
 * @remote_port: as @local_port
 * @family:	0: any
 * @by_uid:	is @uid asked for
 * @uid:	owner
 * @cgroup:	number of the cgroup; 0: any
 */
struct tcps_filter {
	struct tcps_who who;
	u32 states;
	u64 age_min;
	struct tcps_prefix local;
	struct tcps_prefix remote;
	u16 local_port;
	u16 remote_port;
	u16 family;
	bool by_uid;
	kuid_t uid;
	u64 cgroup;
};

/**
 * struct tcps_owner - whose a connection is
 * @uid:	as /proc/net/tcp has it
 * @inode:	of the file that is open for it, or 0
 * @cgroup:	number of the cgroup, or 0
 * @details:	may the one who asks see cgroup and cookie
 */
struct tcps_owner {
	kuid_t uid;
	u64 inode;
	u64 cgroup;
	bool details;
};

/* filter.c */
extern const struct nla_policy tcps_filter_conn[TCPSTATES_A_FILTER_MAX + 1];
extern const struct nla_policy tcps_filter_listen[TCPSTATES_A_FILTER_MAX + 1];
int tcps_filter_parse(struct tcps_filter *f, const struct nlattr *nest,
		      const struct nla_policy *policy,
		      struct netlink_callback *cb);
bool tcps_filter_quick(const struct tcps_filter *f, const struct sock *sk);
bool tcps_filter_owner(const struct tcps_filter *f, const struct sock *sk,
		       struct tcps_owner *owner);
bool tcps_filter_address(const struct tcps_filter *f, const struct sock *sk);

/**
 * struct tcps_sock_attrs - what the attributes of a socket are called
 *
 * Connections and listeners each have a set of their own.
 */
struct tcps_sock_attrs {
	u8 cmd;
	u8 age, lower_bound, family, local_addr, local_port;
	u8 uid, inode, cgroup, cookie, ifindex, summary;
};

/**
 * struct tcps_shown - a socket that is to be put into a message
 * @sk:		the socket, request or mini socket; the caller has a reference
 * @state:	enum tcps_state
 * @age:	in that state
 * @owner:	whose it is
 */
struct tcps_shown {
	struct sock *sk;
	unsigned int state;
	struct tcps_age age;
	struct tcps_owner owner;
};

/**
 * struct tcps_sockdump_ops - a kind of dump of sockets
 * @attrs:	names of attributes
 * @policy:	of the filter
 * @filter:	the attribute that is the filter
 * @states:	what is dumped at most
 * @fill:	puts what only this kind has, into a message that has been begun
 */
struct tcps_sockdump_ops {
	struct tcps_sock_attrs attrs;
	const struct nla_policy *policy;
	u8 filter;
	u32 states;
	int (*fill)(struct sk_buff *skb, const struct tcps_shown *shown,
		    const struct tcps_filter *f);
};

/* sockdump.c */
int tcps_sockdump_start(struct netlink_callback *cb,
			const struct tcps_sockdump_ops *ops);
int tcps_sockdump_more(struct sk_buff *skb, struct netlink_callback *cb);
int tcps_sockdump_done(struct netlink_callback *cb);
int tcps_put_addr(struct sk_buff *skb, int attr, const struct sock *sk,
		  bool remote);

/* conns.c */
int tcps_conns_start(struct netlink_callback *cb);

/* listeners.c */
int tcps_listeners_start(struct netlink_callback *cb);

/* netlink_stats.c */
int tcps_nl_stats_get(struct sk_buff *skb, struct genl_info *info);
int tcps_nl_stats_start(struct netlink_callback *cb);
int tcps_nl_stats_more(struct sk_buff *skb, struct netlink_callback *cb);
int tcps_nl_put_dwell(struct sk_buff *skb, int attr, const u64 *hist, u64 max);

/* netlink_hist.c */
int tcps_nl_hist_start(struct netlink_callback *cb);
int tcps_nl_hist_more(struct sk_buff *skb, struct netlink_callback *cb);
int tcps_nl_hist_done(struct netlink_callback *cb);

/**
 * struct tcps_want - which copies are asked for
 * @from:	the first event, or microsecond since 1970
 * @state:	1 + enum tcpstates_alert_state; 0: any
 * @rule:	1 + enum tcps_rule; 0: any
 */
struct tcps_want {
	u64 from;
	unsigned int state;
	unsigned int rule;
};

/**
 * struct tcps_copies_ops - a kind of dump of copies
 * @cmd:	operation
 * @size:	of all that there can be of one namespace
 * @take:	copies what there is to @items, and says how many that are
 * @wanted:	is number @at asked for; NULL: all are
 * @put:	puts number @at into a message, as far as @who may see it
 */
struct tcps_copies_ops {
	u8 cmd;
	size_t size;
	unsigned int (*take)(struct tcps_net *tn, void *items);
	bool (*wanted)(const void *items, unsigned int at,
		       const struct tcps_want *want);
	int (*put)(struct sk_buff *skb, u32 netns, const void *items,
		   unsigned int at, const struct tcps_who *who);
};

/**
 * struct tcps_copies - a dump that is under way; netlink_callback.args[0]
 * @ops:	of what
 * @want:	what is asked for
 * @who:	for whom
 * @all:	of all namespaces
 * @over:	there is no other namespace
 * @id:		number of the namespace to go on with
 * @netns:	inode number of the namespace that the copies are of
 * @nr:		how many copies there are
 * @at:		the next one
 * @items:	copies
 */
struct tcps_copies {
	const struct tcps_copies_ops *ops;
	struct tcps_want want;
	struct tcps_who who;
	bool all;
	bool over;
	unsigned int id;
	u32 netns;
	unsigned int nr;
	unsigned int at;
	u64 items[];
};

/* netlink_copies.c */
struct tcps_copies *tcps_nl_copies_start(struct netlink_callback *cb,
					 const struct tcps_copies_ops *ops);
int tcps_nl_copies_more(struct sk_buff *skb, struct netlink_callback *cb);
int tcps_nl_copies_done(struct netlink_callback *cb);

/* netlink_rule.c */
int tcps_nl_rules_start(struct netlink_callback *cb);
int tcps_nl_rule_set(struct sk_buff *request, struct genl_info *info);

/* netlink_history.c */
int tcps_nl_history_start(struct netlink_callback *cb);

/* netlink_alert.c */
int tcps_nl_alerts_start(struct netlink_callback *cb);
int tcps_nl_alert_tell(struct tcps_net *tn, const struct tcps_alert *alert);

#endif /* _TCPS_NETLINK_H */
