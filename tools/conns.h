/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What conns and listeners print in the same way.
 */
#ifndef _CONNS_H
#define _CONNS_H

#include "json.h"
#include "output.h"
#include "tcpstatectl.h"

#define ENDPOINT_SIZE	64

/**
 * struct whose - whose a socket is
 * @owners:	processes
 * @cgroup:	the number of the cgroup that was looked up last
 * @path:	its path; NULL: not found
 * @numeric:	numbers of users, not names
 */
struct whose {
	struct tcpstates_owners *owners;
	unsigned long long cgroup;
	char *path;
	bool numeric;
};

int conns_open(struct tcpstates_nl **nl);
int conns_fail(const struct tcpstates_error *error);
void conns_summary(const struct tcpstates_summary *summary);
char *conns_endpoint(char text[ENDPOINT_SIZE],
		     const struct tcpstates_address *address);
void conns_age(struct table *table, const struct tcpstates_num *age,
	       const struct tcpstates_num *at_least);

void whose_begin(struct whose *whose, const struct options *options);
void whose_want(struct whose *whose, const struct tcpstates_num *inode);
void whose_find(struct whose *whose);
void whose_process(struct whose *whose, struct table *table,
		   const struct tcpstates_num *inode);
void whose_user(struct whose *whose, struct table *table,
		const struct tcpstates_num *uid);
void whose_cgroup(struct whose *whose, struct table *table,
		  const struct tcpstates_num *cgroup);
void whose_json(struct whose *whose, struct json_object *object,
		const struct tcpstates_num *inode,
		const struct tcpstates_num *uid,
		const struct tcpstates_num *cgroup);
void whose_end(struct whose *whose);

void endpoint_json(struct json_object *object, const char *key,
		   const struct tcpstates_address *address);
struct json_object *summary_json(const struct tcpstates_summary *summary);

#endif /* _CONNS_H */
