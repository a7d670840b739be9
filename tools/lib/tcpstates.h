/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libtcpstates: what the tcpstates module knows, as plain structures.
 *
 * A backend (today the text of /proc/tcpstates) fills struct
 * tcpstates_stats; nobody else needs to know where the numbers came from.
 */
#ifndef _TCPSTATES_LIB_H
#define _TCPSTATES_LIB_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct tcpstates_num - a number that may be unknown
 * @value:	the number, all 64 bits of it; 0 while unknown
 * @known:	false for "-" in /proc/tcpstates
 */
struct tcpstates_num {
	unsigned long long value;
	bool known;
};

/**
 * struct tcpstates_dwell - how long connections stayed in a state
 * @samples:	how many stays were measured
 * @p50_us:	half of them were not longer than this
 * @p99_us:	99 % of them were not longer than this
 * @max_us:	the longest
 */
struct tcpstates_dwell {
	struct tcpstates_num samples;
	struct tcpstates_num p50_us;
	struct tcpstates_num p99_us;
	struct tcpstates_num max_us;
};

/**
 * struct tcpstates_state - one state
 * @name:	upper case, as the module writes it: "SYN_RECV"
 * @current:	connections in it now
 * @entered:	how often it was entered
 * @left:	how often it was left
 * @dwell:	time spent in it
 */
struct tcpstates_state {
	const char *name;
	struct tcpstates_num current;
	struct tcpstates_num entered;
	struct tcpstates_num left;
	struct tcpstates_dwell dwell;
};

/**
 * struct tcpstates_transition - one edge of the state machine
 * @from:	state that is left
 * @to:		state that is entered
 * @count:	how often it happened
 * @dwell:	time spent in @from before it happened
 */
struct tcpstates_transition {
	const char *from;
	const char *to;
	struct tcpstates_num count;
	struct tcpstates_dwell dwell;
};

/**
 * struct tcpstates_closed - connections that ended in one way
 * @from:	their last state before CLOSED
 * @cause:	why: "normal", "reset", ...
 * @count:	how many
 */
struct tcpstates_closed {
	const char *from;
	const char *cause;
	struct tcpstates_num count;
};

/**
 * struct tcpstates_alert - one alert rule
 * @rule:	its name
 * @status:	"clear" unless it is raised
 * @raised:	how often it was raised
 * @current:	the value it looks at
 * @threshold:	the value from which on it is raised
 */
struct tcpstates_alert {
	const char *rule;
	const char *status;
	struct tcpstates_num raised;
	struct tcpstates_num current;
	struct tcpstates_num threshold;
};

/**
 * struct tcpstates_counter - something the module counts about itself
 * @name:	"tracked", "lost", ...
 * @value:	the count
 */
struct tcpstates_counter {
	const char *name;
	struct tcpstates_num value;
};

/**
 * struct tcpstates_hook - where the module is attached to the kernel
 * @name:	what it is attached to
 * @mechanism:	how: "tracepoint", ...
 * @status:	"ok" unless it is degraded
 */
struct tcpstates_hook {
	const char *name;
	const char *mechanism;
	const char *status;
};

/**
 * struct tcpstates_stats - everything about one network namespace
 * @version:	version of the format it was read from
 * @states:	in the module's order
 * @nr_states:	length of @states
 * @transitions: in the module's order, those that never happened included
 * @nr_transitions: length of @transitions
 * @closed:	only what happened
 * @nr_closed:	length of @closed
 * @alerts:	all rules
 * @nr_alerts:	length of @alerts
 * @counters:	all counters, each name once
 * @nr_counters: length of @counters
 * @hooks:	all hooks
 * @nr_hooks:	length of @hooks
 * @text:	the backend's: what the names point into
 *
 * Names are not checked against a list: a newer module may know more of
 * them.  They may hold any byte but blanks and NUL; see tcpstates_escape().
 */
struct tcpstates_stats {
	unsigned long long version;
	struct tcpstates_state *states;
	size_t nr_states;
	struct tcpstates_transition *transitions;
	size_t nr_transitions;
	struct tcpstates_closed *closed;
	size_t nr_closed;
	struct tcpstates_alert *alerts;
	size_t nr_alerts;
	struct tcpstates_counter *counters;
	size_t nr_counters;
	struct tcpstates_hook *hooks;
	size_t nr_hooks;
	char *text;
};

/**
 * struct tcpstates_error - why a call failed
 * @line:	line of the text that is to blame, 0 if none is
 * @reason:	one printable line without the line number
 */
struct tcpstates_error {
	unsigned int line;
	char reason[200];
};

#define TCPSTATES_PROC_PATH	"/proc/tcpstates"
#define TCPSTATES_SYS_PATH	"/sys/module/tcpstates"

/* More than this is not the module's text. */
#define TCPSTATES_TEXT_MAX	(1024 * 1024)
#define TCPSTATES_RECORDS_MAX	4096

int tcpstates_stats_parse(const char *buf, size_t len,
			  struct tcpstates_stats *stats,
			  struct tcpstates_error *error);
int tcpstates_stats_read(const char *path, struct tcpstates_stats *stats,
			 struct tcpstates_error *error);
void tcpstates_stats_free(struct tcpstates_stats *stats);

int tcpstates_file_read(const char *path, size_t max, char **text,
			size_t *len);
int tcpstates_module_version(const char *sys_path, char *version,
			     size_t size);

size_t tcpstates_escape(char *out, size_t size, const char *in);

#endif /* _TCPSTATES_LIB_H */
