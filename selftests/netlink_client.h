/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A netlink client for tests, on bare sockets: it must be able to say what no
 * library would.
 */
#ifndef _NETLINK_CLIENT_H
#define _NETLINK_CLIENT_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/tcpstates.h>

#define ROOM	(64 * 1024)

/**
 * struct request - a message that is being made
 * @len:	bytes so far; nlmsg_len is set when it is sent
 * @buf:	the message
 */
struct request {
	size_t len;
	union {
		struct nlmsghdr nlh;
		unsigned char bytes[8192];
	} buf;
};

/**
 * struct answer - how a request ended
 * @error:	0, or a negative errno
 * @text:	the text of the extended ACK, or ""
 * @offset:	where the offending attribute is, or 0
 * @intr:	a message had NLM_F_DUMP_INTR
 * @messages:	how many came before the end
 */
struct answer {
	int error;
	char text[128];
	unsigned int offset;
	bool intr;
	unsigned long messages;
};

typedef void message_fn(const struct nlmsghdr *nlh, void *arg);

int client_open(void);
int client_family(int fd, const char *name);
void request_begin(struct request *r, int type, int flags, int cmd);
void request_put(struct request *r, int type, const void *data, size_t len);
void request_put_number(struct request *r, int type, uint64_t value,
			size_t len);
size_t request_nest(struct request *r, int type);
void request_end(struct request *r, size_t nest);
int request_send(int fd, struct request *r);
int request_answer(int fd, message_fn *each, void *arg, struct answer *a);

const struct nlattr *attr_first(const struct nlmsghdr *nlh, size_t *left);
const struct nlattr *attr_next(const struct nlattr *attr, size_t *left);
bool attr_ok(const struct nlattr *attr, size_t left);
uint64_t attr_number(const struct nlattr *attr);

static inline int attr_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

static inline const void *attr_data(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static inline size_t attr_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

#endif /* _NETLINK_CLIENT_H */
