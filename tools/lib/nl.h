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
int nl_attrs(const struct nlattr *nest, struct nlattr **attrs,
	     unsigned int max);
struct tcpstates_num nl_num(const struct nlattr *attr);
int nl_fail(struct tcpstates_error *error, int err, const char *reason);

#endif /* _TCPSTATES_NL_H */
