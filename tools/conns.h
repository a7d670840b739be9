/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What conns and listeners print in the same way.
 */
#ifndef _CONNS_H
#define _CONNS_H

#include "json.h"
#include "output.h"
#include "spaces.h"
#include "tcpstatectl.h"

#define ENDPOINT_SIZE	64
#define WHOSE_SIZE	128
#define USER_SIZE	64

/**
 * struct whose - whose a socket is
 * @owners:	processes
 * @cgroup:	the number of the cgroup that was looked up last
 * @path:	its path; NULL: not found
 * @uid:	the user who was looked up last
 * @user:	his name; NULL: not found
 * @looked_up:	@uid is somebody
 * @numeric:	numbers of users, not names
 * @lean:	processes are not looked for
 */
struct whose {
	struct tcpstates_owners *owners;
	unsigned long long cgroup;
	char *path;
	unsigned long long uid;
	char *user;
	bool looked_up;
	bool numeric;
	bool lean;
};

/**
 * struct conns_visit - the connections, or listeners, of one or all namespaces
 * @ask:	asks for those of the namespace it is called in, as
 *		tcpstates_conns() does
 * @arg:	the caller's
 * @space:	where that is; NULL: here, and nowhere else
 * @summary:	how complete all was
 * @spaces:	where @space points into
 */
struct conns_visit {
	int (*ask)(struct tcpstates_nl *nl, struct conns_visit *visit,
		   struct tcpstates_summary *summary,
		   struct tcpstates_error *error);
	void *arg;
	const struct space *space;
	struct tcpstates_summary summary;
	struct spaces spaces;
};

int conns_visit(struct conns_visit *visit, const struct options *options);
void conns_visit_end(struct conns_visit *visit);
int conns_open(struct tcpstates_nl **nl);
int conns_fail(const struct tcpstates_error *error);
void conns_summary(const struct tcpstates_summary *summary);
void put_number(char *at, unsigned int number);
int conns_compare_end(const struct tcpstates_address *a,
		      const struct tcpstates_address *b);
char *conns_endpoint(char text[ENDPOINT_SIZE],
		     const struct tcpstates_address *address);
void conns_age(struct table *table, const struct tcpstates_num *age,
	       const struct tcpstates_num *at_least);

/**
 * struct most - the process that has most of some sockets
 * @name:	NULL: none that can be seen
 * @pid:	its number
 * @inode:	of the file of one of them
 * @others:	how many other processes have some of them
 */
struct most {
	const char *name;
	int pid;
	unsigned long long inode;
	size_t others;
};

/* More sockets than that are not asked for. */
#define MOST_SOCKETS	64

struct most whose_most(const struct whose *whose,
		       const unsigned long long *inodes, size_t nr);
void whose_begin(struct whose *whose, const struct options *options);
void whose_want(struct whose *whose, const struct tcpstates_num *inode);
void whose_find(struct whose *whose);
char *whose_name(struct whose *whose, char text[WHOSE_SIZE],
		 const struct tcpstates_num *inode);
const char *whose_path(struct whose *whose, const struct tcpstates_num *cgroup);
void whose_process(struct whose *whose, struct table *table,
		   const struct tcpstates_num *inode);
char *whose_user_name(struct whose *whose, char text[USER_SIZE],
		      const struct tcpstates_num *uid);
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
void conns_netns_json(struct json_object *object, const struct space *space);
struct json_object *summary_json(const struct tcpstates_summary *summary);

#endif /* _CONNS_H */
