/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Alerts: what sample.c sees once a second, rules.c judges, and alert.c keeps.
 * All of it in process context, under one mutex; no probe knows of it.
 */
#ifndef _TCPS_ALERT_H
#define _TCPS_ALERT_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/types.h>
#include "rules.h"
#include "states.h"
#include "tcps.h"

struct seq_file;

#define TCPS_TRACKED	128	/* subjects that a namespace's rules remember */
#define TCPS_LOGGED	256	/* alerts that a namespace keeps, the last ones */
#define TCPS_MOMENTS	900	/* looks of its history */

#define TCPS_NO_UID	((u32)-1)

/**
 * struct tcps_subject - whose alert it is
 * @addr:	of the listener, or of the other end; IPv4: the first four bytes
 * @cgroup:	id of the control group, 0: not known
 * @uid:	kuid, which each reader sees as his user namespace has it;
 *		TCPS_NO_UID: not known
 * @port:	local, or with @rule syn_sent_pileup and time_wait_pressure that
 *		of the other end; 0: the namespace as a whole
 * @rule:	enum tcps_rule
 * @family:	AF_INET, AF_INET6, or 0: there is no address
 *
 * Compared as bytes: no padding, and nothing left uninitialised.
 */
struct tcps_subject {
	struct in6_addr addr;
	u64 cgroup;
	u32 uid;
	u16 port;
	u8 rule;
	u8 family;
};

/**
 * struct tcps_alert - an alert, raised or over
 * @who:	rule and culprit
 * @id:		number of the alert, one after the other in a namespace, from 1
 * @event:	number of its last raise or clear, likewise
 * @value:	when it was looked at last
 * @peak:	the highest
 * @threshold:	what it is compared with
 * @since:	ns since 1970: when it was raised
 * @until:	ns since 1970: when it was cleared; 0: it has not been
 * @times:	how often this subject has been raised, this time included
 * @held_back:	times before that it was too much, but no alert, because it
 *		had come too often
 */
struct tcps_alert {
	struct tcps_subject who;
	u64 id;
	u64 event;
	u64 value;
	u64 peak;
	u64 threshold;
	u64 since;
	u64 until;
	u32 times;
	u32 held_back;
};

/**
 * struct tcps_tracked - a subject that a rule remembers
 * @alert:	the alert, or the last one
 * @state:	what the rule remembers
 * @settle:	of a listener's accept queue
 * @reading:	of this second
 * @sockets:	the listener's when it was looked at last
 * @dropped:	what these had refused by then
 * @read:	@reading is of this second
 * @used:	this slot is taken
 * @read_at:	when there was a reading last, ms
 */
struct tcps_tracked {
	struct tcps_alert alert;
	struct tcps_rule_state state;
	struct tcps_settle settle;
	struct tcps_reading reading;
	u32 sockets;
	u32 dropped;
	bool read;
	bool used;
	u64 read_at;
};

/*
 * What a namespace did between two looks, beside its gauges.  A line here is
 * all a new one needs, but for where sample_count.c takes it from.
 */
#define TCPS_TALLIES(X)							\
	X(OPENED, opened)	/* connections made by connect() */	\
	X(ACCEPTED, accepted)	/* handshakes completed by a client */	\
	X(CLOSED, closed)	/* connections that ended */		\
	X(RESET, reset)		/* those of them that a RST ended */	\
	X(TIMEOUT, timeout)	/* those that timed out */		\
	X(REFUSED, refused)	/* connect()s that were refused */	\
	X(COOKIES_SENT, cookies_sent)					\
	X(COOKIES_VALIDATED, cookies_validated)				\
	X(OVERFLOWS, overflows)	/* connections: the accept queue was full */ \
	X(DROPS, drops)		/* SYNs that no listener took */	\
	X(RETRANS, retrans)	/* segments sent again */

#define TCPS_TALLY_ENUM(upper, lower)	TCPS_TALLY_##upper,
enum tcps_tally {
	TCPS_TALLIES(TCPS_TALLY_ENUM)
	TCPS_NR_TALLIES,
};

/**
 * struct tcps_moment - a look at a namespace, one of its history
 * @when:	seconds since 1970
 * @interval:	ms since the look before; 0: there was none
 * @gauge:	by enum tcps_state; TCPS_NONE: connections waiting for accept()
 * @tally:	by enum tcps_tally: so many since the look before
 */
struct tcps_moment {
	u32 when;
	u32 interval;
	u32 gauge[TCPS_NR_STATES];
	u32 tally[TCPS_NR_TALLIES];
};

/**
 * struct tcps_history - a ring of moments
 * @nr:		how many were ever written
 * @moment:	number n is in n modulo TCPS_MOMENTS
 */
struct tcps_history {
	u64 nr;
	struct tcps_moment moment[TCPS_MOMENTS];
};

/**
 * struct tcps_watch - a namespace that is looked at once a second
 * @list:	all of them
 * @tn:		the namespace
 * @limits:	its rules' parameters
 * @lines:	of the kernel log, so far
 * @raised_total: alerts so far, by rule
 * @active:	alerts now, by rule
 * @next_id:	of the next alert
 * @events:	raises and clears so far
 * @untracked:	subjects for which there was no slot
 * @untold:	raises and clears that somebody did not get to know
 * @total:	counters as of the last look, by enum tcps_tally, as far as they
 *		are in a moment; what is no counter of the kernel's is summed
 *		up from cells
 * @now:	their growth since then, and the gauges
 * @cookies:	of this look and those before
 * @cookie_owner: hash of the one listener that has sent cookies; 0: none, several
 * @cookie_time: seconds for which it has been the only one, but for the first
 * @looked_at:	when, ms; 0: not yet
 * @waiting:	connections waiting for accept(), being summed up
 * @candidates:	listeners that were taken down in this second
 * @cookie_listeners: those that have sent a cookie in the last two seconds
 * @flooded:	a listener's queue explains the cookies
 * @needs:	rules whose sockets have to be looked at, bits
 * @walking:	those of them that the walk of now is about, bits
 * @judged:	rules whose subjects have all been read in this second, bits
 * @threshold:	by rule, of those whose sockets are looked at
 * @level:	by rule: what is below it is of no interest
 * @tracked:	subjects
 * @log:	TCPS_LOGGED alerts, number n in n modulo that; NULL: none so far
 * @history:	NULL: no memory was left for it
 *
 * Protected by tcps_alert_lock.
 */
struct tcps_watch {
	struct list_head list;
	struct tcps_net *tn;
	struct tcps_limits limits[TCPS_NR_RULES];
	struct ratelimit_state lines;
	u64 raised_total[TCPS_NR_RULES];
	u32 active[TCPS_NR_RULES];
	u64 next_id;
	u64 events;
	u64 untracked;
	u64 untold;
	u64 total[TCPS_NR_TALLIES];
	struct tcps_moment now;
	struct tcps_cookies cookies[TCPS_LONGER + 1];
	u32 cookie_owner;
	u32 cookie_time;
	u64 looked_at;
	u32 waiting;
	u32 candidates;
	u32 cookie_listeners;
	bool flooded;
	unsigned long needs;
	unsigned long walking;
	unsigned long judged;
	u64 threshold[TCPS_NR_RULES];
	u64 level[TCPS_NR_RULES];
	struct tcps_tracked tracked[TCPS_TRACKED];
	struct tcps_alert *log;
	struct tcps_history *history;
};

extern struct mutex tcps_alert_lock;
extern struct list_head tcps_watches;

/**
 * typedef tcps_alert_teller - somebody who wants to know of alerts
 * @tn:		the namespace, alive
 * @alert:	the alert; its until is 0 if it is being raised
 *
 * Called with tcps_alert_lock held; must not call back.
 *
 * Return: 0, or a negative errno: somebody who should know does not.
 */
typedef int (*tcps_alert_teller)(struct tcps_net *tn,
				 const struct tcps_alert *alert);

/**
 * struct tcps_rule_status - a rule, and how near it is to an alert
 * @limits:	its parameters
 * @active:	alerts now
 * @raised_total: alerts so far
 * @value:	of the subject that is nearest to an alert, or furthest beyond
 * @threshold:	what that is compared with; 0: there is no subject
 */
struct tcps_rule_status {
	struct tcps_limits limits;
	u32 active;
	u64 raised_total;
	u64 value;
	u64 threshold;
};

/* alert.c and watch.c: for those who are told of alerts and change rules */
void tcps_alert_tell(tcps_alert_teller teller);
void tcps_alert_open(bool open);
int tcps_alert_get_limits(struct tcps_limits *limits);
int tcps_alert_set_limits(struct tcps_net *tn, unsigned int rule,
			  const struct tcps_limits *limits, u32 *which,
			  const char **why);
int tcps_alert_parse_limits(const char *text, const char **why);
u64 tcps_alert_unwatched(void);
void tcps_alert_set_unwatched(u64 nr);
void tcps_alert_net_exit(struct tcps_net *tn);
int tcps_alert_choose(unsigned int mebibytes);

/* alert_read.c: for those who show them */
#define TCPS_ALERTS_MAX	(TCPS_LOGGED + TCPS_TRACKED)
unsigned int tcps_alert_all(struct tcps_net *tn, struct tcps_alert *alerts);
void tcps_alert_rules_held(const struct tcps_net *tn,
			   struct tcps_rule_status *status);
void tcps_alert_rules(const struct tcps_net *tn,
		      struct tcps_rule_status *status);
int tcps_alert_counters(const struct tcps_net *tn, tcps_counter_fn *show,
			void *arg);

/* watch.c */
const struct tcps_limits *tcps_watch_limits(const struct tcps_net *tn);

/* watch.c and alert.c: for the sampler, with tcps_alert_lock held */
struct tcps_watch *tcps_watch_get(struct tcps_net *tn);
void tcps_watch_complete(struct tcps_watch *w);
bool tcps_watch_log(struct tcps_watch *w);
struct tcps_tracked *tcps_alert_find(struct tcps_watch *w,
				     const struct tcps_subject *who);
struct tcps_tracked *tcps_alert_track(struct tcps_watch *w,
				      const struct tcps_subject *who, u64 now);
void tcps_alert_read(struct tcps_watch *w, const struct tcps_subject *who,
		     struct tcps_reading reading, u64 now);
bool tcps_alert_judge(struct tcps_watch *w, u64 now);

/* alert_show.c */
extern bool tcps_log_alerts;
void tcps_alert_show(struct seq_file *m, struct tcps_net *tn);
void tcps_alert_print_begin(struct tcps_watch *w);
void tcps_alert_print(struct tcps_watch *w, const struct tcps_alert *alert);

/* history.c */
void tcps_history_add(struct tcps_history *h, const struct tcps_moment *m);
unsigned int tcps_history_read(struct tcps_net *tn,
			       struct tcps_moment *moments);

/* sample.c */
void tcps_sample_cost(u64 *last_us, u64 *max_us);
int tcps_sample_init(void);
void tcps_sample_exit(void);

#endif /* _TCPS_ALERT_H */
