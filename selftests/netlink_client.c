// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink_client.h"

/* A socket that gets extended ACKs and is checked strictly. */
int client_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int one = 1, size = 1 << 20;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

void request_begin(struct request *r, int type, int flags, int cmd)
{
	struct genlmsghdr genl = { .cmd = cmd, .version = 1 };
	static unsigned int seq;

	memset(&r->buf.nlh, 0, sizeof(r->buf.nlh));
	r->buf.nlh.nlmsg_type = type;
	r->buf.nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	r->buf.nlh.nlmsg_seq = ++seq;
	memcpy(r->buf.bytes + NLMSG_HDRLEN, &genl, sizeof(genl));
	r->len = NLMSG_HDRLEN + GENL_HDRLEN;
}

/* What does not fit is left out. */
void request_put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_type = type, .nla_len = NLA_HDRLEN + len };

	if (r->len + NLA_HDRLEN + NLA_ALIGN(len) > sizeof(r->buf))
		return;
	memset(r->buf.bytes + r->len, 0, NLA_HDRLEN + NLA_ALIGN(len));
	memcpy(r->buf.bytes + r->len, &attr, sizeof(attr));
	if (len)
		memcpy(r->buf.bytes + r->len + NLA_HDRLEN, data, len);
	r->len += NLA_HDRLEN + NLA_ALIGN(len);
}

/* Of 1, 2, 4 or 8 bytes, in the order that this machine has them */
void request_put_number(struct request *r, int type, uint64_t value,
			size_t len)
{
	uint8_t u8 = value;
	uint16_t u16 = value;
	uint32_t u32 = value;

	if (len == sizeof(u8))
		request_put(r, type, &u8, len);
	else if (len == sizeof(u16))
		request_put(r, type, &u16, len);
	else if (len == sizeof(u32))
		request_put(r, type, &u32, len);
	else
		request_put(r, type, &value, sizeof(value));
}

size_t request_nest(struct request *r, int type)
{
	size_t at = r->len;

	request_put(r, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void request_end(struct request *r, size_t nest)
{
	uint16_t len = r->len - nest;

	memcpy(r->buf.bytes + nest, &len, sizeof(len));
}

int request_send(int fd, struct request *r)
{
	r->buf.nlh.nlmsg_len = r->len;
	return send(fd, &r->buf, r->len, 0) < 0 ? -1 : 0;
}

bool attr_ok(const struct nlattr *attr, size_t left)
{
	return left >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN &&
	       attr->nla_len <= left;
}

const struct nlattr *attr_next(const struct nlattr *attr, size_t *left)
{
	size_t len = NLA_ALIGN(attr->nla_len);

	*left = len < *left ? *left - len : 0;
	return (const void *)((const char *)attr + len);
}

const struct nlattr *attr_first(const struct nlmsghdr *nlh, size_t *left)
{
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN;

	*left = nlh->nlmsg_len > head ? nlh->nlmsg_len - head : 0;
	return (const void *)((const char *)nlh + head);
}

/* What is as long as its value needs, or has a fixed length */
uint64_t attr_number(const struct nlattr *attr)
{
	uint64_t u64 = 0;
	uint32_t u32;
	uint16_t u16;

	switch (attr_len(attr)) {
	case 1:
		return *(const uint8_t *)attr_data(attr);
	case 2:
		memcpy(&u16, attr_data(attr), sizeof(u16));
		return u16;
	case 4:
		memcpy(&u32, attr_data(attr), sizeof(u32));
		return u32;
	default:
		if (attr_len(attr) == sizeof(u64))
			memcpy(&u64, attr_data(attr), sizeof(u64));
		return u64;
	}
}

static void take_extack(const struct nlmsghdr *nlh, size_t head,
			struct answer *a)
{
	const struct nlattr *attr = (const void *)((const char *)nlh + head);
	size_t left = nlh->nlmsg_len > head ? nlh->nlmsg_len - head : 0;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	for (; attr_ok(attr, left); attr = attr_next(attr, &left)) {
		if (attr_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(a->text, sizeof(a->text), "%.*s",
				 (int)attr_len(attr),
				 (const char *)attr_data(attr));
		else if (attr_type(attr) == NLMSGERR_ATTR_OFFS)
			a->offset = attr_number(attr);
	}
}

/* True: this was the end. */
static bool take(const struct nlmsghdr *nlh, message_fn *each, void *arg,
		 struct answer *a)
{
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		a->intr = true;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		memcpy(&a->error, NLMSG_DATA(nlh), sizeof(a->error));
		take_extack(nlh, NLMSG_HDRLEN +
			    (nlh->nlmsg_type == NLMSG_DONE ? sizeof(int) :
			     sizeof(struct nlmsgerr)), a);
		return true;
	}
	a->messages++;
	if (each)
		each(nlh, arg);
	return false;
}

/* Reads until the acknowledgment or the end of the dump; -1: no answer. */
int request_answer(int fd, message_fn *each, void *arg, struct answer *a)
{
	static char buf[ROOM] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh;
	ssize_t len;

	memset(a, 0, sizeof(*a));
	for (;;) {
		len = recv(fd, buf, sizeof(buf), MSG_TRUNC);
		if (len < 0 || len > (ssize_t)sizeof(buf))
			return -1;
		nlh = (const void *)buf;
		for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len))
			if (take(nlh, each, arg, a))
				return 0;
	}
}

static void take_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	size_t left;

	for (attr = attr_first(nlh, &left); attr_ok(attr, left);
	     attr = attr_next(attr, &left))
		if (attr_type(attr) == CTRL_ATTR_FAMILY_ID)
			*(int *)arg = attr_number(attr);
}

/* The number of a family, or -1 */
int client_family(int fd, const char *name)
{
	struct request r;
	struct answer a;
	int id = -1;

	request_begin(&r, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
	request_put(&r, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (request_send(fd, &r) || request_answer(fd, take_family, &id, &a))
		return -1;
	return a.error ? -1 : id;
}
