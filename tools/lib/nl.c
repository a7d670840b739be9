// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the generic netlink family, and what the kernel says of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/genetlink.h>

#include "nl.h"

#define ATTRS_MAX	31	/* of one message */
#define ERRNO_MAX	4095

/**
 * nl_fail() - why a call fails
 * @error:	filled
 * @err:	negative errno
 * @reason:	one line, of any origin; NULL or empty: what the errno
 *		says
 *
 * Return: @err.
 */
int nl_fail(struct tcpstates_error *error, int err, const char *reason)
{
	size_t i;

	error->line = 0;
	snprintf(error->reason, sizeof(error->reason), "%s",
		 reason && *reason ? reason : strerror(-err));
	for (i = 0; error->reason[i]; i++)
		if (error->reason[i] < ' ' || error->reason[i] > '~')
			error->reason[i] = '?';
	return err;
}

/**
 * nl_request() - begin a request to dump
 * @nl:		the connection
 * @cmd:	TCPSTATES_CMD_*
 *
 * Return: the request, to which attributes can be added.
 */
struct nlmsghdr *nl_request(struct tcpstates_nl *nl, unsigned int cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family.id;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = TCPSTATES_FAMILY_VERSION;
	return nlh;
}

/**
 * struct attrs - attributes that are being sorted by their number
 * @at:		by number; NULL: not there
 * @max:	the highest that is known; others are passed over
 */
struct attrs {
	struct nlattr **at;
	unsigned int max;
};

static int sort_one(const struct nlattr *attr, void *arg)
{
	struct attrs *attrs = arg;
	unsigned int type = mnl_attr_get_type(attr);

	if (type <= attrs->max && !attrs->at[type])
		attrs->at[type] = (struct nlattr *)attr;
	return MNL_CB_OK;
}

/**
 * nl_attrs() - sort the attributes of a nest by their number
 * @nest:	the nest
 * @attrs:	filled, from 0 to @max; the first of each number counts
 * @max:	the highest that is known
 *
 * Return: 0, or -EBADMSG.
 */
int nl_attrs(const struct nlattr *nest, struct nlattr **attrs, unsigned int max)
{
	struct attrs sorted = { attrs, max };

	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	return mnl_attr_parse_nested(nest, sort_one, &sorted) < 0 ?
	       -EBADMSG : 0;
}

/**
 * nl_num() - the value of a number
 * @attr:	the attribute, of 1, 2, 4 or 8 bytes; NULL: not there
 *
 * Return: the number; unknown if it is not there, or of another size.
 */
struct tcpstates_num nl_num(const struct nlattr *attr)
{
	struct tcpstates_num num = { 0 };
	uint64_t wide;
	uint32_t word;

	switch (attr ? mnl_attr_get_payload_len(attr) : 0) {
	case 1:
		num.value = mnl_attr_get_u8(attr);
		break;
	case 2:
		num.value = mnl_attr_get_u16(attr);
		break;
	case 4:
		memcpy(&word, mnl_attr_get_payload(attr), 4);
		num.value = word;
		break;
	case 8:
		memcpy(&wide, mnl_attr_get_payload(attr), 8);
		num.value = wide;
		break;
	default:
		return num;
	}
	num.known = true;
	return num;
}

static int find_message(const struct nlattr *attr, void *arg)
{
	const char **text = arg;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*text = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* What can be no errno is no answer either. */
static int sane(int err)
{
	return err > 0 || err < -ERRNO_MAX ? -EBADMSG : err;
}

/* The kernel's refusal: an errno, and mostly a text (NETLINK_EXT_ACK). */
static int refused(const struct nlmsghdr *nlh, struct tcpstates_error *error)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	unsigned int offset = sizeof(*err);
	const char *text = NULL;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
		return nl_fail(error, -EBADMSG, NULL);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(nlh) > offset ?
			  err->msg.nlmsg_len - sizeof(err->msg) : 0;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS &&
	    offset < mnl_nlmsg_get_payload_len(nlh))
		mnl_attr_parse(nlh, offset, find_message, &text);
	return err->error ? nl_fail(error, sane(err->error), text) : 0;
}

/* The end of a dump says whether it failed. */
static int done(const struct nlmsghdr *nlh, struct tcpstates_error *error)
{
	const char *text = NULL;
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	if (err >= 0)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, sizeof(err), find_message, &text);
	return nl_fail(error, sane(err), text);
}

/**
 * nl_message() - hand a message to whom it is for
 * @nlh:	the message, of a generic netlink family
 * @dump:	who hears it
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int nl_message(const struct nlmsghdr *nlh, struct nl_dump *dump,
	       struct tcpstates_error *error)
{
	struct nlattr *at[ATTRS_MAX + 1];
	struct attrs attrs = { at, dump->max };
	int ret;

	if (dump->max > ATTRS_MAX)
		return nl_fail(error, -EINVAL, NULL);
	memset(at, 0, sizeof(at));
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr) ||
	    mnl_attr_parse(nlh, sizeof(struct genlmsghdr), sort_one,
			   &attrs) < 0)
		return nl_fail(error, -EBADMSG, NULL);
	ret = dump->message(nlh, at, dump->arg);
	return ret ? nl_fail(error, ret, NULL) : 0;
}

/**
 * nl_whole() - whether a message is all there
 * @nlh:	the message
 * @len:	bytes that are left of what was received
 *
 * libmnl takes a length for negative from 2 GiB on, finds that it fits, and
 * goes backwards.
 *
 * Return: true if so.
 */
bool nl_whole(const struct nlmsghdr *nlh, int len)
{
	return mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len;
}

/* Return: 1 if the answer goes on, 0 at its end, or a negative errno. */
static int some_messages(struct tcpstates_nl *nl, struct nl_dump *dump,
			 int len, struct tcpstates_error *error)
{
	const struct nlmsghdr *nlh = (const void *)nl->buffer;
	int ret;

	for (; nl_whole(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (!mnl_nlmsg_seq_ok(nlh, nl->seq) ||
		    !mnl_nlmsg_portid_ok(nlh, nl->portid))
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			dump->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return refused(nlh, error);
		if (nlh->nlmsg_type == NLMSG_DONE)
			return done(nlh, error);
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		ret = nl_message(nlh, dump, error);
		if (ret)
			return ret;
	}
	return 1;
}

/**
 * nl_dump() - ask, and hear the whole answer
 * @nl:		the connection
 * @request:	of nl_request()
 * @dump:	who hears it
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int nl_dump(struct tcpstates_nl *nl, struct nlmsghdr *request,
	    struct nl_dump *dump, struct tcpstates_error *error)
{
	int ret;

	if (mnl_socket_sendto(nl->socket, request, request->nlmsg_len) < 0)
		return nl_fail(error, -errno, NULL);
	do {
		ret = mnl_socket_recvfrom(nl->socket, nl->buffer,
					  sizeof(nl->buffer));
		if (ret < 0)
			return nl_fail(error, -errno, NULL);
		ret = some_messages(nl, dump, ret, error);
	} while (ret > 0);
	return ret;
}

/* The number of the group that alerts are told to */
static int group_message(const struct nlattr *nest, uint32_t *group)
{
	struct nlattr *at[CTRL_ATTR_MCAST_GRP_MAX + 1];
	const struct nlattr *name;

	if (nl_attrs(nest, at, CTRL_ATTR_MCAST_GRP_MAX))
		return -EBADMSG;
	name = at[CTRL_ATTR_MCAST_GRP_NAME];
	if (name && mnl_attr_validate(name, MNL_TYPE_NUL_STRING) >= 0 &&
	    !strcmp(mnl_attr_get_str(name), TCPSTATES_MCGRP_ALERTS))
		*group = nl_num(at[CTRL_ATTR_MCAST_GRP_ID]).value;
	return 0;
}

static int family_message(const struct nlmsghdr *nlh, struct nlattr **attrs,
			  void *arg)
{
	struct tcpstates_num id = nl_num(attrs[CTRL_ATTR_FAMILY_ID]);
	const struct nlattr *groups = attrs[CTRL_ATTR_MCAST_GROUPS], *attr;
	struct family *family = arg;
	int ret = 0;

	(void)nlh;
	family->id = (uint16_t)id.value;
	if (groups)
		mnl_attr_for_each_nested(attr, groups)
			ret = ret ? ret : group_message(attr, &family->group);
	return ret;
}

static int find_family(struct tcpstates_nl *nl, struct tcpstates_error *error)
{
	struct family family = { 0 };
	struct nl_dump answer = {
		.message = family_message,
		.max = CTRL_ATTR_MCAST_GROUPS,
		.arg = &family,
	};
	struct nlmsghdr *nlh;
	int ret;

	nl->family.id = GENL_ID_CTRL;
	nlh = nl_request(nl, CTRL_CMD_GETFAMILY);
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, TCPSTATES_FAMILY_NAME);
	ret = nl_dump(nl, nlh, &answer, error);
	nl->family = family;
	if (!ret && !family.id)
		ret = nl_fail(error, -ENOENT, NULL);
	return ret;
}

static int open_socket(struct tcpstates_nl *nl)
{
	int one = 1;

	nl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->socket, NETLINK_GET_STRICT_CHK, &one,
			      sizeof(one));
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	nl->portid = mnl_socket_get_portid(nl->socket);
	nl->seq = (unsigned int)time(NULL);
	return 0;
}

/**
 * tcpstates_nl_open() - connect to the module in this network namespace
 * @nlp:	where to put the connection; tcpstates_nl_close() ends it
 * @error:	filled on failure
 *
 * Return: 0; -ENOENT: the module is not loaded; another negative errno.
 */
int tcpstates_nl_open(struct tcpstates_nl **nlp, struct tcpstates_error *error)
{
	struct tcpstates_nl *nl = calloc(1, sizeof(*nl));
	int ret;

	*nlp = NULL;
	if (!nl)
		return nl_fail(error, -ENOMEM, NULL);
	ret = open_socket(nl);
	ret = ret ? nl_fail(error, ret, NULL) : find_family(nl, error);
	if (ret)
		tcpstates_nl_close(nl);
	else
		*nlp = nl;
	return ret;
}

/**
 * tcpstates_nl_close() - end a connection
 * @nl:		the connection, or NULL
 */
void tcpstates_nl_close(struct tcpstates_nl *nl)
{
	if (nl && nl->socket)
		mnl_socket_close(nl->socket);
	free(nl);
}
