/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What alerts, check and doctor have in common.
 */
#ifndef _ALERT_H
#define _ALERT_H

#include "conns.h"

#define ALERT_TIME_SIZE		40

/**
 * struct alert_list - alerts, and whose they are
 * @one:	alerts
 * @inode:	by alert: a socket of the process that has most of its sockets;
 *		unknown: none that can be seen
 * @nr:		how many
 * @room:	for how many there is room
 */
struct alert_list {
	struct tcpstates_incident *one;
	struct tcpstates_num *inode;
	size_t nr, room;
};

tcpstates_incident_fn alert_collect;
void alert_free(struct alert_list *list);

bool alert_find_culprits(struct alert_list *list, struct whose *whose,
			 bool raised_only);

const char *alert_rule(const struct tcpstates_incident *alert);
const char *alert_state(const struct tcpstates_incident *alert);
char *alert_subject(char text[ENDPOINT_SIZE],
		    const struct tcpstates_incident *alert);
char *alert_time(char text[ALERT_TIME_SIZE], const struct tcpstates_num *us);
struct tcpstates_num alert_lasted(const struct tcpstates_incident *alert);

struct json_object *alert_json(const struct alert_list *list, size_t at,
			       struct whose *whose);

char **alert_env(const struct alert_list *list, size_t at,
		 struct whose *whose);
int alert_follow(const struct options *options,
		 const struct tcpstates_which *which);

#endif /* _ALERT_H */
