// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of alerts by netlink, and the last 15 minutes, which they are made of.
 */
#include <errno.h>
#include <string.h>

#include "nl.h"

static const char * const rule_names[] = {
	[TCPSTATES_RULE_SYN_FLOOD] = "syn_flood",
	[TCPSTATES_RULE_ACCEPT_OVERFLOW] = "accept_overflow",
	[TCPSTATES_RULE_CLOSE_WAIT_LEAK] = "close_wait_leak",
	[TCPSTATES_RULE_HALF_DEAD] = "half_dead",
	[TCPSTATES_RULE_TIME_WAIT_PRESSURE] = "time_wait_pressure",
	[TCPSTATES_RULE_SYN_SENT_PILEUP] = "syn_sent_pileup",
	[TCPSTATES_RULE_RESET_BURST] = "reset_burst",
};

#define PARAM(attr)	((attr) - TCPSTATES_A_RULE_ENABLED)

static const char * const param_names[] = {
	[PARAM(TCPSTATES_A_RULE_ENABLED)] = "enabled",
	[PARAM(TCPSTATES_A_RULE_COUNT)] = "count",
	[PARAM(TCPSTATES_A_RULE_PERCENT)] = "percent",
	[PARAM(TCPSTATES_A_RULE_AGE)] = "age",
	[PARAM(TCPSTATES_A_RULE_DURATION)] = "duration",
	[PARAM(TCPSTATES_A_RULE_CLEAR)] = "clear",
	[PARAM(TCPSTATES_A_RULE_QUIET)] = "quiet",
};

#define TALLY(attr)	((attr) - TCPSTATES_A_MOMENT_OPENED)

static const char * const tally_names[] = {
	[TALLY(TCPSTATES_A_MOMENT_OPENED)] = "opened",
	[TALLY(TCPSTATES_A_MOMENT_ACCEPTED)] = "accepted",
	[TALLY(TCPSTATES_A_MOMENT_CLOSED)] = "closed",
	[TALLY(TCPSTATES_A_MOMENT_RESET)] = "reset",
	[TALLY(TCPSTATES_A_MOMENT_TIMEOUT)] = "timeout",
	[TALLY(TCPSTATES_A_MOMENT_REFUSED)] = "refused",
	[TALLY(TCPSTATES_A_MOMENT_COOKIES_SENT)] = "cookies_sent",
	[TALLY(TCPSTATES_A_MOMENT_COOKIES_VALIDATED)] = "cookies_validated",
	[TALLY(TCPSTATES_A_MOMENT_OVERFLOWS)] = "overflows",
	[TALLY(TCPSTATES_A_MOMENT_DROPS)] = "drops",
	[TALLY(TCPSTATES_A_MOMENT_RETRANS)] = "retrans",
};

#define SIZE(array)	(sizeof(array) / sizeof((array)[0]))

_Static_assert(SIZE(rule_names) == TCPSTATES_RULES, "a name for each rule");
_Static_assert(SIZE(param_names) == TCPSTATES_PARAMS, "for each parameter");
_Static_assert(SIZE(tally_names) == TCPSTATES_TALLIES, "for each tally");

static int find(const char * const *names, size_t nr, const char *typed,
		size_t len)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (nl_same_name(names[i], typed, len))
			return (int)i;
	return -1;
}

/**
 * tcpstates_rule_name() - the name of a rule
 * @rule:	enum tcpstates_rule
 *
 * Return: as in /proc; NULL if there is no such rule.
 */
const char *tcpstates_rule_name(unsigned int rule)
{
	return rule < TCPSTATES_RULES ? rule_names[rule] : NULL;
}

/**
 * tcpstates_rule_number() - the number of a rule
 * @typed:	its name: close_wait_leak, close-wait-leak, CLOSE_WAIT_LEAK
 * @len:	its length
 *
 * Return: enum tcpstates_rule; -1 if there is no such rule.
 */
int tcpstates_rule_number(const char *typed, size_t len)
{
	return find(rule_names, TCPSTATES_RULES, typed, len);
}

/**
 * tcpstates_param_name() - the name of a rule's parameter
 * @param:	index in struct tcpstates_rule_info
 *
 * Return: its name; NULL if there is no such parameter.
 */
const char *tcpstates_param_name(unsigned int param)
{
	return param < TCPSTATES_PARAMS ? param_names[param] : NULL;
}

/**
 * tcpstates_param_number() - which parameter a name stands for
 * @typed:	its name
 * @len:	its length
 *
 * Return: index in struct tcpstates_rule_info; -1: there is no such parameter.
 */
int tcpstates_param_number(const char *typed, size_t len)
{
	return find(param_names, TCPSTATES_PARAMS, typed, len);
}

/**
 * tcpstates_tally_name() - the name of something that history counts
 * @tally:	index in struct tcpstates_moment
 *
 * Return: its name; NULL if there is no such.
 */
const char *tcpstates_tally_name(unsigned int tally)
{
	return tally < TCPSTATES_TALLIES ? tally_names[tally] : NULL;
}

/**
 * tcpstates_moment_rate() - how often something came, a second
 * @moment:	the time since the look before
 * @tally:	what: index in @moment
 *
 * Return: negative: not known.
 */
double tcpstates_moment_rate(const struct tcpstates_moment *moment,
			     unsigned int tally)
{
	if (tally >= TCPSTATES_TALLIES || !moment->tally[tally].known ||
	    !moment->interval_ms.known || !moment->interval_ms.value)
		return -1;
	return (double)moment->tally[tally].value * 1000 /
	       (double)moment->interval_ms.value;
}

struct rules {
	tcpstates_rule_fn *visit;
	void *arg;
};

static int rule_message(const struct nlmsghdr *nlh, struct nlattr **at,
			void *arg)
{
	const struct rules *rules = arg;
	struct tcpstates_rule_info rule = {
		.rule = (unsigned int)nl_num(at[TCPSTATES_A_RULE_RULE]).value,
		.raised = nl_num(at[TCPSTATES_A_RULE_RAISED]),
		.total = nl_num(at[TCPSTATES_A_RULE_TOTAL]),
		.value = nl_num(at[TCPSTATES_A_RULE_VALUE]),
		.threshold = nl_num(at[TCPSTATES_A_RULE_THRESHOLD]),
	};
	unsigned int i;

	(void)nlh;
	for (i = 0; i < TCPSTATES_PARAMS; i++)
		rule.param[i] = nl_num(at[TCPSTATES_A_RULE_ENABLED + i]);
	return rules->visit(&rule, 0, rules->arg);
}

/**
 * tcpstates_rules() - visit all rules
 * @nl:		the connection to the module
 * @visit:	called for each, line 0; returns 0, or a negative errno
 * @arg:	for @visit
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_rules(struct tcpstates_nl *nl, tcpstates_rule_fn *visit,
		    void *arg, struct tcpstates_error *error)
{
	struct rules rules = { visit, arg };
	struct nl_dump dump = {
		.message = rule_message,
		.max = TCPSTATES_A_RULE_MAX,
		.arg = &rules,
	};

	return nl_dump(nl, nl_request(nl, TCPSTATES_CMD_RULE_GET), &dump,
		       error);
}

static int no_message(const struct nlmsghdr *nlh, struct nlattr **at, void *arg)
{
	(void)nlh;
	(void)at;
	(void)arg;
	return 0;
}

/**
 * tcpstates_rule_set() - change parameters of a rule, all of them or none
 * @nl:		the connection to the module
 * @rule:	the rule; its known parameters are set
 * @error:	filled on failure: what the kernel has to say
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_rule_set(struct tcpstates_nl *nl,
		       const struct tcpstates_rule_info *rule,
		       struct tcpstates_error *error)
{
	struct nl_dump dump = { .message = no_message };
	struct nlmsghdr *nlh = nl_request(nl, TCPSTATES_CMD_RULE_SET);
	unsigned int i;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_attr_put_u8(nlh, TCPSTATES_A_RULE_RULE, rule->rule);
	for (i = 0; i < TCPSTATES_PARAMS; i++)
		if (rule->param[i].known)
			mnl_attr_put_u32(nlh, TCPSTATES_A_RULE_ENABLED + i,
					 (uint32_t)rule->param[i].value);
	return nl_dump(nl, nlh, &dump, error);
}

struct history {
	tcpstates_moment_fn *visit;
	void *arg;
};

static int moment_message(const struct nlmsghdr *nlh, struct nlattr **at,
			  void *arg)
{
	const struct history *history = arg;
	struct tcpstates_moment moment = {
		.when_us = nl_num(at[TCPSTATES_A_MOMENT_WHEN]).value,
		.interval_ms = nl_num(at[TCPSTATES_A_MOMENT_INTERVAL]),
		.waiting = nl_num(at[TCPSTATES_A_MOMENT_WAITING]),
	};
	unsigned int i;
	int ret = nl_gauges(nlh, TCPSTATES_A_MOMENT_STATE, moment.current);

	for (i = 0; i < TCPSTATES_TALLIES; i++)
		moment.tally[i] = nl_num(at[TCPSTATES_A_MOMENT_OPENED + i]);
	return ret ? ret : history->visit(&moment, history->arg);
}

/**
 * tcpstates_history() - visit the last 15 minutes, a look each, oldest first
 * @nl:		the connection to the module
 * @since_us:	since 1970: only looks from then on
 * @visit:	called for each; returns 0, or a negative errno
 * @arg:	for @visit
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_history(struct tcpstates_nl *nl, unsigned long long since_us,
		      tcpstates_moment_fn *visit, void *arg,
		      struct tcpstates_error *error)
{
	struct history history = { visit, arg };
	struct nl_dump dump = {
		.message = moment_message,
		.max = TCPSTATES_A_MOMENT_MAX,
		.arg = &history,
	};
	struct nlmsghdr *nlh = nl_request(nl, TCPSTATES_CMD_HISTORY_GET);

	if (since_us)
		mnl_attr_put_u64(nlh, TCPSTATES_A_MOMENT_WHEN, since_us);
	return nl_dump(nl, nlh, &dump, error);
}
