/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libtcpstates: what the tcpstates module knows, as plain structures.
 *
 * Statistics are the text of /proc/tcpstates; connections, listeners,
 * histograms, alerts, rules and history come by netlink.
 */
#ifndef _TCPSTATES_LIB_H
#define _TCPSTATES_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* --- by netlink -------------------------------------------------------------- */

/**
 * struct tcpstates_address - one end of a connection
 * @bytes:	in network order
 * @len:	4, 16, or 0: none.  IPv4-mapped IPv6 addresses are 4 bytes long
 * @port:	0: none
 */
struct tcpstates_address {
	uint8_t bytes[16];
	unsigned int len;
	uint16_t port;
};

/**
 * struct tcpstates_prefix - addresses that begin alike
 * @bytes:	in network order
 * @len:	4 or 16; 0: any address
 * @bits:	how many of the bits count
 */
struct tcpstates_prefix {
	uint8_t bytes[16];
	unsigned int len;
	unsigned int bits;
};

/**
 * struct tcpstates_filter - which connections; all that is said must hold
 * @states:	a bit 1 << state for each; 0: all
 * @older_us:	at least so long in the state, microseconds
 * @local_port:	0: any
 * @remote_port: 0: any
 * @local:	local address
 * @remote:	remote address
 * @family:	AF_INET or AF_INET6, of the socket; 0: any
 * @uid:	owner
 * @cgroup:	number of the cgroup (version 2); 0: any
 */
struct tcpstates_filter {
	uint32_t states;
	unsigned long long older_us;
	uint16_t local_port;
	uint16_t remote_port;
	struct tcpstates_prefix local;
	struct tcpstates_prefix remote;
	uint16_t family;
	struct tcpstates_num uid;
	uint64_t cgroup;
};

/**
 * struct tcpstates_conn - one live connection
 * @state:	see tcpstates_state_name()
 * @kind:	enum tcpstates_kind: what the kernel holds it in
 * @age_us:	time in the state
 * @at_least_us: instead of @age_us if the module saw only the end of that time
 * @local:	this end
 * @remote:	the other end
 * @uid:	owner
 * @inode:	of the socket's file; unknown: no file is open for it
 * @cgroup:	number of the cgroup (version 2)
 * @cookie:	the kernel's name for it
 */
struct tcpstates_conn {
	unsigned int state;
	unsigned int kind;
	struct tcpstates_num age_us;
	struct tcpstates_num at_least_us;
	struct tcpstates_address local;
	struct tcpstates_address remote;
	struct tcpstates_num uid;
	struct tcpstates_num inode;
	struct tcpstates_num cgroup;
	struct tcpstates_num cookie;
};

/**
 * struct tcpstates_listener - one listener
 * @local:	where it listens
 * @age_us:	since when
 * @at_least_us: as of struct tcpstates_conn, as are the next three
 * @uid:	owner
 * @inode:	of the socket's file
 * @cgroup:	number of the cgroup
 * @half_open:	requests that wait for the end of their handshake
 * @young:	those of them whose SYN,ACK was sent once only
 * @backlog:	how many of them there may be
 * @accept_queue: connections that wait for accept()
 * @accept_limit: how many of them there may be
 * @drops:	SYNs and handshakes that were dropped
 */
struct tcpstates_listener {
	struct tcpstates_address local;
	struct tcpstates_num age_us;
	struct tcpstates_num at_least_us;
	struct tcpstates_num uid;
	struct tcpstates_num inode;
	struct tcpstates_num cgroup;
	struct tcpstates_num half_open;
	struct tcpstates_num young;
	struct tcpstates_num backlog;
	struct tcpstates_num accept_queue;
	struct tcpstates_num accept_limit;
	struct tcpstates_num drops;
};

/**
 * struct tcpstates_summary - what a visit to all has been
 * @shown:	how many were visited
 * @skipped:	how many went away before they could be looked at
 * @ageless:	how many have no record, and so no age
 * @complete:	the kernel has come to the end
 * @interrupted: some may have been missed, or visited twice
 */
struct tcpstates_summary {
	unsigned long long shown;
	unsigned long long skipped;
	unsigned long long ageless;
	bool complete;
	bool interrupted;
};

#define TCPSTATES_BUCKETS_MAX	256

/**
 * struct tcpstates_bucket - dwell times that are about the same
 * @low_ns:	the shortest that belongs here
 * @high_ns:	the shortest that does not any more
 * @count:	how many
 */
struct tcpstates_bucket {
	unsigned long long low_ns;
	unsigned long long high_ns;
	unsigned long long count;
};

/**
 * struct tcpstates_hist - the histogram of one transition
 * @from:	state that is left
 * @to:		state that is entered
 * @count:	how often
 * @dwell:	time in @from
 * @bucket:	in the order of time, without empty ones
 * @nr_buckets:	length of @bucket
 */
struct tcpstates_hist {
	unsigned int from;
	unsigned int to;
	struct tcpstates_num count;
	struct tcpstates_dwell dwell;
	struct tcpstates_bucket bucket[TCPSTATES_BUCKETS_MAX];
	size_t nr_buckets;
};

#define TCPSTATES_STATES	11

/**
 * struct tcpstates_netns - a network namespace
 * @ino:	inode number of it, as in /proc/PID/ns/net
 * @current:	connections in each state now, by its number
 */
struct tcpstates_netns {
	unsigned long long ino;
	struct tcpstates_num current[TCPSTATES_STATES + 1];
};

/**
 * struct tcpstates_incident - an alert, raised or over
 * @netns:	inode number of the network namespace
 * @id:		one after the other in the namespace, from 1
 * @event:	number of its last raise or clear, likewise
 * @rule:	see tcpstates_rule_name()
 * @raised:	it is not over
 * @where:	of the listener; with syn_sent_pileup and time_wait_pressure of
 *		the other end.  Without a port: the namespace as a whole
 * @uid:	owner
 * @cgroup:	number of the cgroup (version 2)
 * @value:	when it was looked at last
 * @peak:	the highest
 * @threshold:	from here on it was too much
 * @since_us:	since 1970: when it was raised
 * @until_us:	since 1970: when it was cleared
 * @times:	how often this one has been raised
 * @held_back:	how often it was too much, but no alert, because it had come
 *		too often
 */
struct tcpstates_incident {
	unsigned long long netns;
	unsigned long long id;
	unsigned long long event;
	unsigned int rule;
	bool raised;
	struct tcpstates_address where;
	struct tcpstates_num uid;
	struct tcpstates_num cgroup;
	struct tcpstates_num value;
	struct tcpstates_num peak;
	struct tcpstates_num threshold;
	struct tcpstates_num since_us;
	struct tcpstates_num until_us;
	struct tcpstates_num times;
	struct tcpstates_num held_back;
};

/**
 * struct tcpstates_which - which alerts; all that is said must hold
 * @event:	raised or cleared with this number, or a higher one
 * @state:	1 + enum tcpstates_alert_state; 0: any
 * @rule:	1 + enum tcpstates_rule; 0: any
 */
struct tcpstates_which {
	unsigned long long event;
	unsigned int state;
	unsigned int rule;
};

#define TCPSTATES_RULES		7
#define TCPSTATES_PARAMS	7

/**
 * struct tcpstates_rule_info - a rule of alerts
 * @rule:	see tcpstates_rule_name()
 * @param:	see tcpstates_param_name(); unknown: the rule has none, or it is
 *		not to be set
 * @raised:	alerts now
 * @total:	alerts so far
 * @value:	of the subject that is nearest to an alert
 * @threshold:	what @value is compared with
 */
struct tcpstates_rule_info {
	unsigned int rule;
	struct tcpstates_num param[TCPSTATES_PARAMS];
	struct tcpstates_num raised;
	struct tcpstates_num total;
	struct tcpstates_num value;
	struct tcpstates_num threshold;
};

#define TCPSTATES_TALLIES	11

/**
 * struct tcpstates_moment - a look at the namespace, one of its history
 * @when_us:	since 1970, in whole seconds
 * @interval_ms: since the look before; 0: there was none
 * @current:	connections in each state, by its number
 * @waiting:	connections that waited for accept()
 * @tally:	how many since the look before, see tcpstates_tally_name()
 */
struct tcpstates_moment {
	unsigned long long when_us;
	struct tcpstates_num interval_ms;
	struct tcpstates_num current[TCPSTATES_STATES + 1];
	struct tcpstates_num waiting;
	struct tcpstates_num tally[TCPSTATES_TALLIES];
};

struct tcpstates_nl;

const char *tcpstates_cause_name(unsigned int cause);
const char *tcpstates_state_name(unsigned int state);
unsigned int tcpstates_state_number(const char *typed, size_t len);

int tcpstates_nl_open(struct tcpstates_nl **nlp,
		      struct tcpstates_error *error);
void tcpstates_nl_close(struct tcpstates_nl *nl);
int tcpstates_conns(struct tcpstates_nl *nl,
		    const struct tcpstates_filter *filter,
		    int (*visit)(const struct tcpstates_conn *conn, void *arg),
		    void *arg, struct tcpstates_summary *summary,
		    struct tcpstates_error *error);
int tcpstates_listeners(struct tcpstates_nl *nl,
			const struct tcpstates_filter *filter,
			int (*visit)(const struct tcpstates_listener *l,
				     void *arg),
			void *arg, struct tcpstates_summary *summary,
			struct tcpstates_error *error);
int tcpstates_hists(struct tcpstates_nl *nl, unsigned int from, unsigned int to,
		    int (*visit)(const struct tcpstates_hist *hist, void *arg),
		    void *arg, struct tcpstates_error *error);
int tcpstates_netns(struct tcpstates_nl *nl,
		    int (*visit)(const struct tcpstates_netns *netns,
				 void *arg),
		    void *arg, struct tcpstates_error *error);

/* --- alerts -------------------------------------------------------------------- */

typedef int tcpstates_incident_fn(const struct tcpstates_incident *incident,
				  void *arg);
typedef int tcpstates_rule_fn(const struct tcpstates_rule_info *rule,
			      unsigned int line, void *arg);
typedef int tcpstates_moment_fn(const struct tcpstates_moment *moment,
				void *arg);

int tcpstates_alerts(struct tcpstates_nl *nl,
		     const struct tcpstates_which *which,
		     tcpstates_incident_fn *visit, void *arg,
		     struct tcpstates_error *error);
int tcpstates_alerts_join(struct tcpstates_nl *nl,
			  struct tcpstates_error *error);
int tcpstates_alerts_hear(struct tcpstates_nl *nl,
			  tcpstates_incident_fn *visit, void *arg,
			  struct tcpstates_error *error);
int tcpstates_nl_fd(const struct tcpstates_nl *nl);

const char *tcpstates_rule_name(unsigned int rule);
int tcpstates_rule_number(const char *typed, size_t len);
const char *tcpstates_param_name(unsigned int param);
int tcpstates_param_number(const char *typed, size_t len);
const char *tcpstates_tally_name(unsigned int tally);

int tcpstates_rules(struct tcpstates_nl *nl, tcpstates_rule_fn *visit,
		    void *arg, struct tcpstates_error *error);
int tcpstates_rule_set(struct tcpstates_nl *nl,
		       const struct tcpstates_rule_info *rule,
		       struct tcpstates_error *error);
int tcpstates_rules_parse(const char *text, size_t len,
			  tcpstates_rule_fn *visit, void *arg,
			  struct tcpstates_error *error);

int tcpstates_history(struct tcpstates_nl *nl, unsigned long long since_us,
		      tcpstates_moment_fn *visit, void *arg,
		      struct tcpstates_error *error);
double tcpstates_moment_rate(const struct tcpstates_moment *moment,
			     unsigned int tally);

/* --- whose a socket is ------------------------------------------------------- */

#define TCPSTATES_OWNER_NAME	64

/**
 * struct tcpstates_owner - a process that has a socket open
 * @inode:	of the socket's file
 * @pid:	number of the process
 * @fd:		number of its descriptor
 * @name:	of the process, printable
 */
struct tcpstates_owner {
	unsigned long long inode;
	int pid;
	int fd;
	char name[TCPSTATES_OWNER_NAME];
};

struct tcpstates_owners;

struct tcpstates_owners *tcpstates_owners_new(void);
int tcpstates_owners_want(struct tcpstates_owners *owners,
			  unsigned long long inode);
int tcpstates_owners_find(struct tcpstates_owners *owners);
const struct tcpstates_owner *
tcpstates_owners_of(const struct tcpstates_owners *owners,
		    unsigned long long inode, size_t *nr);
const char *tcpstates_owner_of(const struct tcpstates_owners *owners,
			       unsigned long long inode, int *pid);
void tcpstates_owners_free(struct tcpstates_owners *owners);

char *tcpstates_cgroup_path(unsigned long long number);

size_t tcpstates_escape(char *out, size_t size, const char *in);

/* --- as they happen ------------------------------------------------------------ */

#define TCPSTATES_NO_CAUSE	255	/* it has not ended */

/**
 * struct tcpstates_event - one transition
 * @time_ns:	when, on the clock CLOCK_MONOTONIC
 * @cookie:	the kernel's name for the connection
 * @netns:	number of the network namespace
 * @family:	AF_INET or AF_INET6
 * @from:	the state that is left
 * @to:		the state that is entered
 * @cause:	why it has ended, or TCPSTATES_NO_CAUSE
 * @dwell_us:	time in @from
 * @uid:	owner
 * @cgroup:	number of the cgroup
 * @local:	this end
 * @remote:	the other end
 */
struct tcpstates_event {
	unsigned long long time_ns;
	unsigned long long cookie;
	unsigned long long netns;
	unsigned int family;
	unsigned int from;
	unsigned int to;
	unsigned int cause;
	struct tcpstates_num dwell_us;
	struct tcpstates_num uid;
	struct tcpstates_num cgroup;
	struct tcpstates_address local;
	struct tcpstates_address remote;
};

/**
 * struct tcpstates_wanted - what is wanted of a stream of events
 * @filter:	in the words of the kernel's tracing system; NULL or empty: all
 * @event:	is given each; returns false to end
 * @lost:	is told how many more were lost
 * @turn:	is called when there are no more for now, and waits; returns false
 *		to end
 * @arg:	for these
 */
struct tcpstates_wanted {
	const char *filter;
	bool (*event)(const struct tcpstates_event *event, void *arg);
	void (*lost)(unsigned long long nr, void *arg);
	bool (*turn)(void *arg);
	void *arg;
};

int tcpstates_events(const struct tcpstates_wanted *wanted,
		     struct tcpstates_error *error);

#ifdef __cplusplus
}
#endif

#endif /* _TCPSTATES_LIB_H */
