/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All network namespaces, and how to get there.
 */
#ifndef _SPACES_H
#define _SPACES_H

#include "json.h"
#include "output.h"

/**
 * struct space - one namespace
 * @netns:	what the module knows
 * @name:	of "ip netns"; NULL: none
 * @pid:	a process in it; 0: none that can be seen
 */
struct space {
	struct tcpstates_netns netns;
	char *name;
	int pid;
};

/**
 * struct spaces - all of them
 * @space:	by number
 * @nr:		length of @space
 * @room:	for how many there is room
 */
struct spaces {
	struct space *space;
	size_t nr, room;
};

#define SPACE_LABEL	64

int spaces_get(struct spaces *spaces);
int spaces_each(const struct spaces *spaces,
		int (*run)(const struct space *space, void *arg), void *arg);
void spaces_free(struct spaces *spaces);
char *space_label(char label[SPACE_LABEL], const struct space *space);
void table_netns(struct table *table, const struct space *space);
void space_json(struct json_object *object, const struct space *space);

#endif /* _SPACES_H */
