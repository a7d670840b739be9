/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the library: requests to the generic netlink family.
 */
#ifndef _TCPSTATES_NL_H
#define _TCPSTATES_NL_H

#include <libmnl/libmnl.h>
#include <linux/tcpstates.h>

#include "tcpstates.h"

/* Room for a request with every filter there is */
#define NL_REQUEST_SIZE	1024
#define NL_BUFFER_SIZE	32768

/**
 * struct family - numbers of the generic netlink family
 * @id:		of the family; of "nlctrl" while it is being asked for
 * @group:	to which alerts are told, 0: there is none
 */
struct family {
	uint16_t id;
	uint32_t group;
};

/**
 * struct tcpstates_nl - a connection to the kernel
 * @socket:	libmnl's
 * @family:	its numbers
 * @seq:	of the last request
 * @portid:	of the socket
 * @request:	the request that is being made
 * @buffer:	for answers
 */
struct tcpstates_nl {
	struct mnl_socket *socket;
	struct family family;
	unsigned int seq;
	unsigned int portid;
	char request[NL_REQUEST_SIZE];
	char buffer[NL_BUFFER_SIZE];
};

/**
 * struct nl_dump - a dump, as its caller sees it
 * @message:	called for each message with its attributes, from 0 to @max;
 *		returns 0, or a negative errno to end the dump
 * @max:	the highest attribute that is known
 * @arg:	for @message
 * @interrupted: set if the kernel says that something may be missing, or be
 *		there twice
 */
struct nl_dump {
	int (*message)(const struct nlmsghdr *nlh, struct nlattr **attrs,
		       void *arg);
	unsigned int max;
	void *arg;
	bool interrupted;
};

struct nlmsghdr *nl_request(struct tcpstates_nl *nl, unsigned int cmd);
int nl_dump(struct tcpstates_nl *nl, struct nlmsghdr *request,
	    struct nl_dump *dump, struct tcpstates_error *error);
bool nl_whole(const struct nlmsghdr *nlh, int len);
int nl_message(const struct nlmsghdr *nlh, struct nl_dump *dump,
	       struct tcpstates_error *error);
int nl_attrs(const struct nlattr *nest, struct nlattr **attrs,
	     unsigned int max);
struct tcpstates_num nl_num(const struct nlattr *attr);
void nl_address(struct tcpstates_address *to, const struct nlattr *addr,
		const struct nlattr *port);
int nl_gauges(const struct nlmsghdr *nlh, unsigned int type,
	      struct tcpstates_num current[TCPSTATES_STATES + 1]);
bool nl_same_name(const char *name, const char *typed, size_t len);
int nl_fail(struct tcpstates_error *error, int err, const char *reason);

#endif /* _TCPSTATES_NL_H */
