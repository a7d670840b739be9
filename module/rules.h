/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules of alerts: (what was seen in the last second, thresholds, what
 * is known of the same subject) → raise, clear, or leave it as it is.
 * Pure: compiled by the unit tests as well.
 */
#ifndef _TCPS_RULES_H
#define _TCPS_RULES_H

#include "pure.h"

/*
 * Every rule, and the defaults of its parameters: count, percent, age,
 * duration.  0: the rule has no such parameter; of duration: at once.
 */
#define TCPS_RULES(X)							\
	X(SYN_FLOOD, syn_flood, 64, 50, 0, 0)				\
	X(ACCEPT_OVERFLOW, accept_overflow, 8, 100, 0, 1)		\
	X(CLOSE_WAIT_LEAK, close_wait_leak, 100, 0, 60, 0)		\
	X(HALF_DEAD, half_dead, 500, 10, 30, 0)				\
	X(TIME_WAIT_PRESSURE, time_wait_pressure, 100, 90, 0, 0)	\
	X(SYN_SENT_PILEUP, syn_sent_pileup, 50, 0, 3, 0)		\
	X(RESET_BURST, reset_burst, 100, 50, 0, 0)

#define TCPS_RULE_ENUM(upper, lower, count, percent, age, duration)	\
	TCPS_RULE_##upper,
enum tcps_rule {
	TCPS_RULES(TCPS_RULE_ENUM)
	TCPS_NR_RULES,
};

/*
 * Every parameter of a rule: smallest and largest value.
 *
 * enabled	0: the rule is off
 * count	so many, at least
 * percent	of what there can be, or is
 * age		in seconds: what is younger does not count
 * duration	in seconds: how long it has to last before it is an alert
 * clear	percent of the threshold below which an alert ends
 * quiet	in seconds: how long it has to stay there
 */
#define TCPS_PARAMS(X)							\
	X(ENABLED, enabled, 0, 1)					\
	X(COUNT, count, 1, 16777216)					\
	X(PERCENT, percent, 1, 100)					\
	X(AGE, age, 1, 86400)						\
	X(DURATION, duration, 0, 3600)					\
	X(CLEAR, clear, 1, 100)						\
	X(QUIET, quiet, 1, 600)

#define TCPS_PARAM_ENUM(upper, lower, min, max)	TCPS_PARAM_##upper,
enum tcps_param {
	TCPS_PARAMS(TCPS_PARAM_ENUM)
	TCPS_NR_PARAMS,
};

/**
 * struct tcps_limits - the parameters of one rule
 * @p:		by enum tcps_param; 0 where the rule has no such parameter
 */
struct tcps_limits {
	u32 p[TCPS_NR_PARAMS];
};

/**
 * struct tcps_reading - what a rule compares
 * @value:	what there is
 * @threshold:	from here on it is too much; 0: nothing is known at the moment
 */
struct tcps_reading {
	u64 value;
	u64 threshold;
};

/**
 * struct tcps_listener - a listener in the last second
 * @half_open:	requests in its queue
 * @young:	those of them whose SYN,ACK was sent once only
 * @room:	requests that the queue takes
 * @waiting:	connections that wait for accept()
 * @accept_room: how many may wait; one more is let in
 * @dropped:	SYNs and connections that it has refused, a second
 * @cookies_sent: SYN cookies it has sent before the last look, a second
 * @cookies_validated: those that came back from then on until now, divided by
 *		the same time
 * @longer_sent: a second, before the last look, of up to five; 0: not known
 * @longer_validated: those that came back from then on until now, divided by
 *		the same time
 */
struct tcps_listener {
	u32 half_open;
	u32 young;
	u32 room;
	u32 waiting;
	u32 accept_room;
	u32 dropped;
	u32 cookies_sent;
	u32 cookies_validated;
	u32 longer_sent;
	u32 longer_validated;
};

#define TCPS_LONGER	5

/**
 * struct tcps_cookies - SYN cookies between two looks
 * @sent:	so many
 * @validated:	of those, or of the ones before
 * @ms:		from one look to the other
 */
struct tcps_cookies {
	u32 sent;
	u32 validated;
	u32 ms;
};

/**
 * struct tcps_settle - how far a listener's old requests can be trusted
 * @full_since:	its accept queue has been full since (ms), 0: it is not
 * @until:	before that (ms) its requests may still be waiting for that
 */
struct tcps_settle {
	u64 full_since;
	u64 until;
};

/**
 * struct tcps_rule_state - what a rule remembers of one subject
 * @over_since:	it has been above its threshold since (ms), 0: it is not
 * @under_since: it has been below the clear threshold since (ms), 0: it is not
 * @last_over:	when it was above its threshold last (ms)
 * @not_before:	no new alert before that (ms): it has come too often
 * @flaps:	alerts, forgotten one by one in quiet times
 * @held_back:	times that it was too much while @not_before had not come
 * @holding:	that is so now
 * @raised:	there is an alert
 */
struct tcps_rule_state {
	u64 over_since;
	u64 under_since;
	u64 last_over;
	u64 not_before;
	u32 flaps;
	u32 held_back;
	bool holding;
	bool raised;
};

enum tcps_verdict {
	TCPS_VERDICT_HOLD,
	TCPS_VERDICT_RAISE,
	TCPS_VERDICT_CLEAR,
};

extern const char * const tcps_rule_names[TCPS_NR_RULES];
extern const char * const tcps_param_names[TCPS_NR_PARAMS];
extern const struct tcps_limits tcps_default_limits[TCPS_NR_RULES];

bool tcps_rule_has(unsigned int rule, unsigned int param);
int tcps_limits_set(struct tcps_limits *limits, unsigned int rule,
		    unsigned int param, u32 value, const char **why);
int tcps_limits_parse(struct tcps_limits *all, const char *text,
		      const char **why);
struct tcps_reading tcps_rule_read(const struct tcps_limits *limits, u64 value,
				   u64 base);
void tcps_rule_cookies(struct tcps_listener *l,
		       const struct tcps_cookies *cookies, unsigned int nr);
struct tcps_reading tcps_rule_syn_flood(const struct tcps_limits *limits,
					const struct tcps_listener *l, u64 now,
					struct tcps_settle *settle);
struct tcps_reading tcps_rule_accept(const struct tcps_limits *limits,
				     const struct tcps_listener *l);
u32 tcps_rule_rate(u64 grown, u64 ms);
u32 tcps_rule_quiet(u32 ticks, u32 hz, u64 us);
u64 tcps_rule_clear_at(const struct tcps_limits *limits, u64 threshold);
enum tcps_verdict tcps_rule_step(const struct tcps_limits *limits,
				 const struct tcps_reading *reading, u64 now,
				 struct tcps_rule_state *state);

#endif /* _TCPS_RULES_H */
