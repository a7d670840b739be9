/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tcpstatectl doctor: what is looked at, what is found, what is said of it.
 *
 * doctor_look.c asks the module and /proc/sys, doctor_judge.c makes findings of
 * the answers and knows neither, doctor_text.c has the words.
 */
#ifndef _DOCTOR_H
#define _DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "conns.h"

/* What there is to find; in the order in which it is told. */
enum ailment {
	AIL_SYN_FLOOD,
	AIL_ACCEPT,
	AIL_CLOSE_WAIT,
	AIL_FIN_LOST,
	AIL_FIN_WAIT2,
	AIL_TIME_WAIT,
	AIL_SYN_SENT,
	AIL_RESET,
	AIL_REFUSED,
	AIL_TIMEOUT,
	AIL_DROPS,
	AIL_COUNTER,
	AIL_HOOK,
	NR_AILMENTS,
};

/* Of /proc/sys/net: what findings are compared with */
enum setting {
	SET_SYNCOOKIES,
	SET_MAX_TW_BUCKETS,
	SET_PORT_FIRST,
	SET_PORT_LAST,
	NR_SETTINGS,
};

/**
 * struct finding - something that is wrong, or may be
 * @ailment:	what
 * @problem:	an alert is raised for it
 * @remote:	@where is the other end
 * @where:	port 0: the network namespace
 * @uid:	owner
 * @cgroup:	of the owner
 * @count:	how many
 * @of:		of how many, or how many there may be
 * @oldest_us:	how long the oldest of them has been so
 * @at_least:	or longer
 * @inode:	sockets of them
 * @nr_inodes:	length of @inode
 * @name:	of a counter or hook; points into the statistics
 * @status:	of a hook, likewise
 */
struct finding {
	enum ailment ailment;
	bool problem;
	bool remote;
	struct tcpstates_address where;
	struct tcpstates_num uid;
	struct tcpstates_num cgroup;
	unsigned long long count;
	struct tcpstates_num of;
	struct tcpstates_num oldest_us;
	bool at_least;
	unsigned long long inode[MOST_SOCKETS];
	size_t nr_inodes;
	const char *name;
	const char *status;
};

/**
 * struct findings - some of them
 * @one:	to be freed
 * @nr:		how many
 * @room:	for how many there is room
 */
struct findings {
	struct finding *one;
	size_t nr, room;
};

/**
 * struct patient - all that findings come from
 * @stats:	statistics of the namespace
 * @rule:	rules, by their number
 * @alerts:	that are raised
 * @nr_alerts:	length of @alerts
 * @listeners:	all
 * @nr_listeners: length of @listeners
 * @groups:	connections that are late, by owner and port: what may become
 *		a finding
 * @setting:	by enum setting
 * @tally:	in the time that the module remembers, see tcpstates_tally_name()
 * @ms:		how long that is
 */
struct patient {
	struct tcpstates_stats stats;
	struct tcpstates_rule_info rule[TCPSTATES_RULES];
	struct tcpstates_incident *alerts;
	size_t nr_alerts;
	struct tcpstates_listener *listeners;
	size_t nr_listeners;
	struct findings groups;
	struct tcpstates_num setting[NR_SETTINGS];
	unsigned long long tally[TCPSTATES_TALLIES];
	unsigned long long ms;
};

/**
 * struct advice - what is said of an ailment
 * @name:	in JSON
 * @why:	why it matters
 * @help:	what usually helps, ended by NULL
 * @source:	where that is said, ended by NULL
 */
struct advice {
	const char *name;
	const char *why;
	const char *help[5];
	const char *source[5];
};

struct finding *findings_add(struct findings *findings);

int doctor_look(struct patient *patient);
void doctor_dismiss(struct patient *patient);

void doctor_judge(const struct patient *patient, struct findings *findings);
unsigned int doctor_rule(enum ailment ailment);
unsigned long long doctor_age_us(const struct patient *patient,
				 unsigned int rule);
bool doctor_is_service(const struct patient *patient,
		       const struct tcpstates_conn *conn);

extern const struct advice advices[NR_AILMENTS];
void doctor_what(const struct patient *patient, const struct finding *finding,
		 char *text, size_t size);

#endif /* _DOCTOR_H */
