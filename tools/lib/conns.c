// SPDX-License-Identifier: GPL-2.0
/*
 * Live connections and listeners, by netlink.
 */
#include <errno.h>
#include <string.h>

#include "nl.h"

/**
 * nl_address() - one end of a connection
 * @to:		filled
 * @addr:	4 or 16 bytes; NULL: none
 * @port:	NULL: none
 *
 * IPv6 addresses that are IPv4's become what people write: 192.0.2.1.
 */
void nl_address(struct tcpstates_address *to, const struct nlattr *addr,
		const struct nlattr *port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *bytes;

	memset(to, 0, sizeof(*to));
	to->port = (uint16_t)nl_num(port).value;
	if (!addr)
		return;
	bytes = mnl_attr_get_payload(addr);
	switch (mnl_attr_get_payload_len(addr)) {
	case 4:
		to->len = 4;
		memcpy(to->bytes, bytes, 4);
		break;
	case 16:
		to->len = memcmp(bytes, mapped, sizeof(mapped)) ? 16 : 4;
		memcpy(to->bytes, bytes + 16 - to->len, to->len);
		break;
	}
}

static void put_address(struct nlmsghdr *nlh, unsigned int addr,
			unsigned int prefix, const struct tcpstates_prefix *p)
{
	if (!p->len)
		return;
	mnl_attr_put(nlh, addr, p->len, p->bytes);
	mnl_attr_put_u8(nlh, prefix, p->bits);
}

static void put_filter(struct nlmsghdr *nlh, unsigned int type,
		       const struct tcpstates_filter *f)
{
	struct nlattr *nest;

	if (!f)
		return;
	nest = mnl_attr_nest_start(nlh, type);
	if (f->states)
		mnl_attr_put_u32(nlh, TCPSTATES_A_FILTER_STATES, f->states);
	if (f->older_us)
		mnl_attr_put_u64(nlh, TCPSTATES_A_FILTER_AGE_MIN, f->older_us);
	if (f->local_port)
		mnl_attr_put_u16(nlh, TCPSTATES_A_FILTER_LOCAL_PORT,
				 f->local_port);
	if (f->remote_port)
		mnl_attr_put_u16(nlh, TCPSTATES_A_FILTER_REMOTE_PORT,
				 f->remote_port);
	put_address(nlh, TCPSTATES_A_FILTER_LOCAL_ADDR,
		    TCPSTATES_A_FILTER_LOCAL_PREFIX, &f->local);
	put_address(nlh, TCPSTATES_A_FILTER_REMOTE_ADDR,
		    TCPSTATES_A_FILTER_REMOTE_PREFIX, &f->remote);
	if (f->family)
		mnl_attr_put_u16(nlh, TCPSTATES_A_FILTER_FAMILY, f->family);
	if (f->uid.known)
		mnl_attr_put_u32(nlh, TCPSTATES_A_FILTER_UID,
				 (uint32_t)f->uid.value);
	if (f->cgroup)
		mnl_attr_put_u64(nlh, TCPSTATES_A_FILTER_CGROUP, f->cgroup);
	mnl_attr_nest_end(nlh, nest);
}

static int take_summary(const struct nlattr *nest,
			struct tcpstates_summary *summary)
{
	struct nlattr *at[TCPSTATES_A_SUMMARY_MAX + 1];
	int ret = nl_attrs(nest, at, TCPSTATES_A_SUMMARY_MAX);

	if (ret)
		return ret;
	summary->shown = nl_num(at[TCPSTATES_A_SUMMARY_SHOWN]).value;
	summary->skipped = nl_num(at[TCPSTATES_A_SUMMARY_SKIPPED]).value;
	summary->ageless = nl_num(at[TCPSTATES_A_SUMMARY_AGELESS]).value;
	summary->complete = true;
	return 0;
}

struct conns {
	int (*visit)(const struct tcpstates_conn *conn, void *arg);
	void *arg;
	struct tcpstates_summary *summary;
};

static int conn_message(const struct nlmsghdr *nlh, struct nlattr **at,
			void *arg)
{
	struct conns *conns = arg;
	struct tcpstates_conn conn = {
		.state = (unsigned int)nl_num(at[TCPSTATES_A_CONN_STATE]).value,
		.age_us = nl_num(at[TCPSTATES_A_CONN_AGE]),
		.at_least_us = nl_num(at[TCPSTATES_A_CONN_AGE_AT_LEAST]),
		.uid = nl_num(at[TCPSTATES_A_CONN_UID]),
		.inode = nl_num(at[TCPSTATES_A_CONN_INODE]),
		.cgroup = nl_num(at[TCPSTATES_A_CONN_CGROUP]),
		.cookie = nl_num(at[TCPSTATES_A_CONN_COOKIE]),
		.kind = (unsigned int)nl_num(at[TCPSTATES_A_CONN_KIND]).value,
	};

	(void)nlh;
	if (at[TCPSTATES_A_CONN_SUMMARY])
		return take_summary(at[TCPSTATES_A_CONN_SUMMARY],
				    conns->summary);
	nl_address(&conn.local, at[TCPSTATES_A_CONN_LOCAL_ADDR],
		   at[TCPSTATES_A_CONN_LOCAL_PORT]);
	nl_address(&conn.remote, at[TCPSTATES_A_CONN_REMOTE_ADDR],
		   at[TCPSTATES_A_CONN_REMOTE_PORT]);
	return conns->visit(&conn, conns->arg);
}

/**
 * tcpstates_conns() - visit live connections
 * @nl:		the connection to the module
 * @filter:	which; NULL: all
 * @visit:	called for each; returns 0, or a negative errno to end it
 * @arg:	for @visit
 * @summary:	filled
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_conns(struct tcpstates_nl *nl,
		    const struct tcpstates_filter *filter,
		    int (*visit)(const struct tcpstates_conn *conn, void *arg),
		    void *arg, struct tcpstates_summary *summary,
		    struct tcpstates_error *error)
{
	struct conns conns = { visit, arg, summary };
	struct nl_dump dump = {
		.message = conn_message,
		.max = TCPSTATES_A_CONN_MAX,
		.arg = &conns,
	};
	struct nlmsghdr *nlh = nl_request(nl, TCPSTATES_CMD_CONN_GET);
	int ret;

	memset(summary, 0, sizeof(*summary));
	put_filter(nlh, TCPSTATES_A_CONN_FILTER, filter);
	ret = nl_dump(nl, nlh, &dump, error);
	summary->interrupted = dump.interrupted;
	return ret;
}

struct listeners {
	int (*visit)(const struct tcpstates_listener *listener, void *arg);
	void *arg;
	struct tcpstates_summary *summary;
};

static int listener_message(const struct nlmsghdr *nlh, struct nlattr **at,
			    void *arg)
{
	struct listeners *listeners = arg;
	struct tcpstates_listener l = {
		.age_us = nl_num(at[TCPSTATES_A_LISTENER_AGE]),
		.at_least_us = nl_num(at[TCPSTATES_A_LISTENER_AGE_AT_LEAST]),
		.uid = nl_num(at[TCPSTATES_A_LISTENER_UID]),
		.inode = nl_num(at[TCPSTATES_A_LISTENER_INODE]),
		.cgroup = nl_num(at[TCPSTATES_A_LISTENER_CGROUP]),
		.half_open = nl_num(at[TCPSTATES_A_LISTENER_HALF_OPEN]),
		.young = nl_num(at[TCPSTATES_A_LISTENER_YOUNG]),
		.backlog = nl_num(at[TCPSTATES_A_LISTENER_BACKLOG]),
		.accept_queue = nl_num(at[TCPSTATES_A_LISTENER_ACCEPT_QUEUE]),
		.accept_limit = nl_num(at[TCPSTATES_A_LISTENER_ACCEPT_LIMIT]),
		.drops = nl_num(at[TCPSTATES_A_LISTENER_DROPS]),
	};

	(void)nlh;
	if (at[TCPSTATES_A_LISTENER_SUMMARY])
		return take_summary(at[TCPSTATES_A_LISTENER_SUMMARY],
				    listeners->summary);
	nl_address(&l.local, at[TCPSTATES_A_LISTENER_LOCAL_ADDR],
		   at[TCPSTATES_A_LISTENER_LOCAL_PORT]);
	return listeners->visit(&l, listeners->arg);
}

/**
 * tcpstates_listeners() - visit listeners
 * @nl:		the connection to the module
 * @filter:	which; NULL: all.  States and what is remote must not be in it
 * @visit:	as of tcpstates_conns()
 * @arg:	for @visit
 * @summary:	filled
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_listeners(struct tcpstates_nl *nl,
			const struct tcpstates_filter *filter,
			int (*visit)(const struct tcpstates_listener *l,
				     void *arg),
			void *arg, struct tcpstates_summary *summary,
			struct tcpstates_error *error)
{
	struct listeners listeners = { visit, arg, summary };
	struct nl_dump dump = {
		.message = listener_message,
		.max = TCPSTATES_A_LISTENER_MAX,
		.arg = &listeners,
	};
	struct nlmsghdr *nlh = nl_request(nl, TCPSTATES_CMD_LISTENER_GET);
	int ret;

	memset(summary, 0, sizeof(*summary));
	put_filter(nlh, TCPSTATES_A_LISTENER_FILTER, filter);
	ret = nl_dump(nl, nlh, &dump, error);
	summary->interrupted = dump.interrupted;
	return ret;
}
