// SPDX-License-Identifier: GPL-2.0
/*
 * When is it an alert?  See rules.h, and docs/alerts.md for the reasons.
 */
#include "rules.h"

#define SECOND		1000ULL			/* times are in ms */
/* A sample comes once a second, but not on the tick. */
#define SLACK		(SECOND / 4)

/* Alerts that a subject has free; then the time to the next one doubles. */
#define FREE_FLAPS	3
#define MAX_FLAPS	(FREE_FLAPS + 6)
#define BACK_OFF	(60 * SECOND)
#define MAX_BACK_OFF	(3600 * SECOND)
/* So long without cause, and one flap is forgotten */
#define FORGET		(600 * SECOND)

#define CLEAR_PERCENT	50
#define QUIET_SECONDS	5

/* Fewer old requests are chance, however short the queue is. */
#define FEW_REQUESTS	8

#define MIN_SETTLE	(5 * SECOND)
#define MAX_SETTLE	(60 * SECOND)

#define RULE_NAME(upper, lower, count, percent, age, duration)		\
	[TCPS_RULE_##upper] = #lower,
const char * const tcps_rule_names[TCPS_NR_RULES] = {
	TCPS_RULES(RULE_NAME)
};

#define PARAM_NAME(upper, lower, min, max)				\
	[TCPS_PARAM_##upper] = #lower,
const char * const tcps_param_names[TCPS_NR_PARAMS] = {
	TCPS_PARAMS(PARAM_NAME)
};

#define RULE_LIMITS(upper, lower, count, percent, age, duration)	\
	[TCPS_RULE_##upper] = {						\
		{ 1, count, percent, age, duration, CLEAR_PERCENT,	\
		  QUIET_SECONDS }					\
	},
const struct tcps_limits tcps_default_limits[TCPS_NR_RULES] = {
	TCPS_RULES(RULE_LIMITS)
};

static u64 max_of(u64 a, u64 b)
{
	return a > b ? a : b;
}

static u64 min_of(u64 a, u64 b)
{
	return a < b ? a : b;
}

/**
 * tcps_rule_has() - does a rule have a parameter
 * @rule:	enum tcps_rule
 * @param:	enum tcps_param
 *
 * Return: true if it means something there.
 */
bool tcps_rule_has(unsigned int rule, unsigned int param)
{
	if (param != TCPS_PARAM_COUNT && param != TCPS_PARAM_PERCENT &&
	    param != TCPS_PARAM_AGE)
		return true;
	return tcps_default_limits[rule].p[param];
}

/**
 * tcps_limits_set() - change one parameter, if that makes sense
 * @limits:	of this rule
 * @rule:	enum tcps_rule
 * @param:	enum tcps_param
 * @value:	the new value
 * @why:	where a constant text goes that says what is wrong
 *
 * Return: 0 or -EINVAL: nothing is changed.
 */
int tcps_limits_set(struct tcps_limits *limits, unsigned int rule,
		    unsigned int param, u32 value, const char **why)
{
#define PARAM_RANGE(upper, lower, min, max)				\
	[TCPS_PARAM_##upper] = { min, max,				\
		#lower " must be " #min " to " #max,			\
		"this rule has no " #lower },
	static const struct {
		u32 min;
		u32 max;
		const char *range;
		const char *none;
	} info[TCPS_NR_PARAMS] = { TCPS_PARAMS(PARAM_RANGE) };

	if (!tcps_rule_has(rule, param)) {
		*why = info[param].none;
		return -EINVAL;
	}
	if (value < info[param].min || value > info[param].max) {
		*why = info[param].range;
		return -EINVAL;
	}
	limits->p[param] = value;
	return 0;
}

/* The end of a word: "=", "," or blank. */
static size_t word_length(const char *text)
{
	return strcspn(text, "=, \t\n");
}

static unsigned int find_name(const char * const *names, unsigned int nr,
			      const char *text, size_t len)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], text, len))
			break;
	return i;
}

static int parse_number(const char *text, size_t len, u32 *value)
{
	u64 n = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		n = 10 * n + (text[i] - '0');
		if (n > 0xffffffff)
			return -EINVAL;
	}
	*value = n;
	return len ? 0 : -EINVAL;
}

static int parse_setting(struct tcps_limits *limits, unsigned int rule,
			 const char **text, const char **why)
{
	size_t len = word_length(*text);
	unsigned int param = find_name(tcps_param_names, TCPS_NR_PARAMS, *text,
				       len);
	u32 value;

	if (param == TCPS_NR_PARAMS || (*text)[len] != '=') {
		*why = "enabled, count, percent, age, duration, clear or quiet = NUMBER expected";
		return -EINVAL;
	}
	*text += len + 1;
	len = word_length(*text);
	if (parse_number(*text, len, &value)) {
		*why = "a number was expected after \"=\"";
		return -EINVAL;
	}
	*text += len;
	return tcps_limits_set(limits, rule, param, value, why);
}

static const char *skip_separators(const char *text)
{
	return text + strspn(text, ", \t\n");
}

/**
 * tcps_limits_parse() - change a rule as a text says
 * @all:	the parameters of all rules
 * @text:	"RULE,PARAMETER=NUMBER…", separated by commas or blanks
 * @why:	as in tcps_limits_set()
 *
 * Return: 0 or -EINVAL: nothing is changed.
 */
int tcps_limits_parse(struct tcps_limits *all, const char *text,
		      const char **why)
{
	struct tcps_limits limits;
	unsigned int rule;
	size_t len;
	int err;

	text = skip_separators(text);
	len = word_length(text);
	rule = find_name(tcps_rule_names, TCPS_NR_RULES, text, len);
	if (rule == TCPS_NR_RULES || text[len] == '=') {
		*why = "there is no such rule";
		return -EINVAL;
	}
	limits = all[rule];
	text = skip_separators(text + len);
	while (*text) {
		err = parse_setting(&limits, rule, &text, why);
		if (err)
			return err;
		text = skip_separators(text);
	}
	all[rule] = limits;
	return 0;
}

/**
 * tcps_rule_read() - a value against its threshold
 * @limits:	of the rule
 * @value:	what there is
 * @base:	what the rule's percent is a part of, if it has one
 *
 * Return: the reading.
 */
struct tcps_reading tcps_rule_read(const struct tcps_limits *limits, u64 value,
				   u64 base)
{
	u64 share = base * limits->p[TCPS_PARAM_PERCENT];
	struct tcps_reading r = { .value = value };

	/* Rounded up: "90 percent" is not reached by less. */
	r.threshold = max_of(limits->p[TCPS_PARAM_COUNT],
			     div_u64(share + 99, 100));
	return r;
}

/* Which of two is further above, or less below, its threshold. */
static struct tcps_reading worse(struct tcps_reading a, struct tcps_reading b)
{
	return a.value * b.threshold >= b.value * a.threshold ? a : b;
}

/*
 * While the accept queue is full the kernel lets no handshake complete, and for
 * some time after it a request waits for its next SYN,ACK: as long as the queue
 * had been full, because the times between two of them double.
 */
static bool settled(const struct tcps_listener *l, u64 now,
		    struct tcps_settle *settle)
{
	u64 wait;

	if (l->waiting <= l->accept_room) {
		settle->full_since = 0;
		return now >= settle->until;
	}
	if (!settle->full_since)
		settle->full_since = now;
	wait = max_of(now - settle->full_since, MIN_SETTLE);
	settle->until = now + min_of(wait, MAX_SETTLE);
	return false;
}

/*
 * Requests that have not been completed in a second, against the queue.  Slow
 * clients and lost packets make some, never half of a queue; a few in a queue
 * that is short are chance, and many of them are harmless as long as the queue
 * refuses nobody.
 */
static struct tcps_reading read_queue(const struct tcps_limits *limits,
				      const struct tcps_listener *l)
{
	u32 few = min_of(l->room, FEW_REQUESTS), count;
	u64 share = (u64)l->room * limits->p[TCPS_PARAM_PERCENT];
	struct tcps_reading r;

	count = limits->p[TCPS_PARAM_COUNT];
	r.value = l->half_open > l->young ? l->half_open - l->young : 0;
	r.threshold = max_of(div_u64(share + 99, 100), few);
	if ((u64)l->dropped + l->cookies_sent < count)
		r.threshold = max_of(r.threshold, count);
	r.threshold = max_of(r.threshold, 1);
	return r;
}

/**
 * tcps_rule_cookies() - what the last seconds say of a listener's cookies
 * @l:		the listener
 * @cookies:	of TCPS_LONGER + 1 looks, this one first
 * @nr:		so many before this one are the listener's
 *
 * What was sent is compared with what came back until one look later: by then it
 * must have.  So of one second twice as many are validated as were sent, and only
 * if three quarters do not come back it is half of them that are missing; of five
 * seconds, if it is little more than half.
 *
 * Both are counts, divided by the same time: where looks are late, those that come
 * back in a longer time than they were sent in are all there.
 */
void tcps_rule_cookies(struct tcps_listener *l,
		       const struct tcps_cookies *cookies, unsigned int nr)
{
	u64 sent = 0, validated = cookies[0].validated, ms = 0;
	unsigned int i;

	l->cookies_sent = tcps_rule_rate(cookies[1].sent, cookies[1].ms);
	l->cookies_validated = tcps_rule_rate(validated + cookies[1].validated,
					      cookies[1].ms);
	nr = min_of(nr, TCPS_LONGER);
	for (i = 1; i <= nr; i++) {
		sent += cookies[i].sent;
		validated += cookies[i].validated;
		ms += cookies[i].ms;
	}
	l->longer_sent = nr ? tcps_rule_rate(sent, ms) : 0;
	l->longer_validated = nr ? tcps_rule_rate(validated, ms) : 0;
}

/* Cookies that nobody brought back: of a burst of clients nearly all come. */
static struct tcps_reading missing(const struct tcps_limits *limits, u32 sent,
				   u32 validated)
{
	return tcps_rule_read(limits, sent - min_of(sent, validated), sent);
}

static struct tcps_reading read_cookies(const struct tcps_limits *limits,
					const struct tcps_listener *l)
{
	return worse(missing(limits, l->cookies_sent, l->cookies_validated),
		     missing(limits, l->longer_sent, l->longer_validated));
}

/**
 * tcps_rule_syn_flood() - do half-open requests fill a listener's queue
 * @limits:	of TCPS_RULE_SYN_FLOOD
 * @l:		the listener
 * @now:	ms
 * @settle:	what is remembered of its accept queue
 *
 * Return: the reading.
 */
struct tcps_reading tcps_rule_syn_flood(const struct tcps_limits *limits,
					const struct tcps_listener *l, u64 now,
					struct tcps_settle *settle)
{
	struct tcps_reading cookies = read_cookies(limits, l);

	if (settled(l, now, settle))
		return worse(read_queue(limits, l), cookies);
	if (cookies.value < cookies.threshold)
		cookies.threshold = 0;
	return cookies;
}

/**
 * tcps_rule_accept() - does an application leave its connections waiting
 * @limits:	of TCPS_RULE_ACCEPT_OVERFLOW
 * @l:		the listener
 *
 * A short queue that is full is a matter of course with some programs; it is
 * too short when somebody was refused.
 *
 * Return: the reading.
 */
struct tcps_reading tcps_rule_accept(const struct tcps_limits *limits,
				     const struct tcps_listener *l)
{
	struct tcps_reading r = tcps_rule_read(limits, l->waiting,
					       (u64)l->accept_room + 1);
	u64 full = div_u64(((u64)l->accept_room + 1) *
			   limits->p[TCPS_PARAM_PERCENT] + 99, 100);

	if (l->dropped && full)
		r.threshold = full;
	return r;
}

/**
 * tcps_rule_rate() - what came since the last look, as a second's
 * @grown:	so much
 * @ms:		since when
 *
 * A look that is late has seen more than a second's worth.  What came in less than
 * a second is no more than it is, and what came at all is not nothing.
 *
 * Return: so much a second.
 */
u32 tcps_rule_rate(u64 grown, u64 ms)
{
	ms = min_of(ms, 0xffffffff);
	if (ms > SECOND)
		grown = div_u64(grown * SECOND + ms - 1, ms);
	return min_of(grown, 0xffffffff);
}

/**
 * tcps_rule_quiet() - how long nothing has happened on a socket
 * @ticks:	since then, in jiffies as the socket knows them: 32 bits, which
 *		begin again after 49.7 days of 1,000 a second
 * @hz:		jiffies in a second
 * @us:		since it sent or received anything at all
 *
 * The second is no longer than the first, unless that has begun again.
 *
 * Return: at least so many seconds.
 */
u32 tcps_rule_quiet(u32 ticks, u32 hz, u64 us)
{
	u64 seconds = div_u64(us, 1000 * SECOND);

	if (seconds <= ticks / hz)
		return ticks / hz;
	return min_of(seconds, 0xffffffff);
}

/**
 * tcps_rule_clear_at() - below which value does an alert end
 * @limits:	of the rule
 * @threshold:	from where on it is one
 *
 * Return: that value; at least 1.
 */
u64 tcps_rule_clear_at(const struct tcps_limits *limits, u64 threshold)
{
	u64 part = threshold * limits->p[TCPS_PARAM_CLEAR];

	return max_of(div_u64(part, 100), 1);
}

static void back_off(u64 now, struct tcps_rule_state *s)
{
	s->flaps = min_of(s->flaps + 1, MAX_FLAPS);
	if (s->flaps >= FREE_FLAPS)
		s->not_before = now + min_of(BACK_OFF << (s->flaps - FREE_FLAPS),
					     MAX_BACK_OFF);
}

/* Flaps are forgotten in quiet times, not in those of a back-off. */
static void begin_over(u64 now, struct tcps_rule_state *s)
{
	u64 quiet = s->last_over ? div_u64(now - s->last_over, FORGET) : 0;

	s->flaps -= min_of(s->flaps, quiet);
	s->over_since = now;
}

static enum tcps_verdict step_over(const struct tcps_limits *limits, u64 now,
				   struct tcps_rule_state *s)
{
	s->under_since = 0;
	if (!s->over_since)
		begin_over(now, s);
	s->last_over = now;
	if (s->raised || now - s->over_since + SLACK <
			 limits->p[TCPS_PARAM_DURATION] * SECOND)
		return TCPS_VERDICT_HOLD;
	if (now < s->not_before) {
		s->held_back += !s->holding;
		s->holding = true;
		return TCPS_VERDICT_HOLD;
	}
	s->holding = false;
	s->raised = true;
	back_off(now, s);
	return TCPS_VERDICT_RAISE;
}

static enum tcps_verdict step_under(const struct tcps_limits *limits,
				    const struct tcps_reading *r, u64 now,
				    struct tcps_rule_state *s)
{
	s->over_since = 0;
	s->holding = false;
	if (!s->raised)
		return TCPS_VERDICT_HOLD;
	if (r->value >= tcps_rule_clear_at(limits, r->threshold)) {
		s->under_since = 0;
		return TCPS_VERDICT_HOLD;
	}
	if (!s->under_since)
		s->under_since = now;
	if (now - s->under_since + SLACK <
	    limits->p[TCPS_PARAM_QUIET] * SECOND)
		return TCPS_VERDICT_HOLD;
	s->raised = false;
	s->under_since = 0;
	return TCPS_VERDICT_CLEAR;
}

/**
 * tcps_rule_step() - what to do about a subject, after another second
 * @limits:	of the rule
 * @reading:	what there is
 * @now:	ms since any time in the past, never 0
 * @state:	what is remembered of the subject; zeroed at first
 *
 * Return: the verdict.
 */
enum tcps_verdict tcps_rule_step(const struct tcps_limits *limits,
				 const struct tcps_reading *reading, u64 now,
				 struct tcps_rule_state *state)
{
	if (!limits->p[TCPS_PARAM_ENABLED]) {
		bool was = state->raised;

		state->raised = false;
		state->over_since = 0;
		return was ? TCPS_VERDICT_CLEAR : TCPS_VERDICT_HOLD;
	}
	if (!reading->threshold)
		return TCPS_VERDICT_HOLD;
	if (reading->value >= reading->threshold)
		return step_over(limits, now, state);
	return step_under(limits, reading, now, state);
}
