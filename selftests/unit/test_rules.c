// SPDX-License-Identifier: GPL-2.0
/*
 * module/rules.c: thresholds, hysteresis, back-off, parameters.
 */
#include "unit.h"
#include "rules.h"

#define SECOND	1000ULL
#define START	(100 * SECOND)

static const struct tcps_limits *defaults(unsigned int rule)
{
	return &tcps_default_limits[rule];
}

/* --- one look at a listener ---------------------------------------------- */

struct look {
	const char *what;
	struct tcps_listener l;
	bool flood;
	bool overflow;
};

/* half_open young room waiting accept_room dropped cookies validated */
static const struct look looks[] = {
	{ "nothing at all", { 0, 0, 511, 0, 511, 0, 0, 0 }, false, false },
	{ "no room at all", { 0, 0, 0, 0, 0, 0, 0, 0 }, false, false },
	{ "cookies 0: the queue is full of old requests",
	  { 511, 20, 511, 0, 511, 0, 0, 0 }, true, false },
	{ "cookies 0: a quarter of max_syn_backlog is kept for friends",
	  { 97, 1, 96, 0, 511, 900, 0, 0 }, true, false },
	{ "cookies 1: full, and cookies that nobody brings back",
	  { 511, 0, 511, 0, 511, 0, 5000, 0 }, true, false },
	{ "cookies 1: the queue has just become full",
	  { 511, 511, 511, 0, 511, 0, 5000, 3 }, true, false },
	{ "cookies 2: no queue at all",
	  { 0, 0, 4096, 0, 4096, 0, 3000, 0 }, true, false },
	{ "cookies 2: some clients among the flood",
	  { 0, 0, 4096, 10, 4096, 0, 3000, 700 }, true, false },
	{ "a flood of a short queue that refuses others",
	  { 16, 2, 16, 0, 16, 400, 0, 0 }, true, false },
	{ "scanners leave some requests in a short queue",
	  { 16, 2, 16, 0, 16, 3, 0, 0 }, false, false },
	{ "20,000 connections a second that complete",
	  { 511, 495, 511, 90, 511, 0, 12000, 11800 }, false, false },
	{ "the same, no cookies, SYNs are refused",
	  { 384, 371, 384, 90, 511, 9000, 0, 0 }, false, false },
	{ "the same, cookies 2",
	  { 0, 0, 4096, 50, 4096, 0, 20000, 19600 }, false, false },
	{ "the same in a long queue, 300 ms away, 2 % lost",
	  { 6500, 5800, 16384, 50, 16384, 0, 0, 0 }, false, false },
	{ "slow clients in a queue that is full, 2 % lost",
	  { 511, 470, 511, 2, 511, 0, 1500, 1420 }, false, false },
	{ "a queue of 5, one client has vanished",
	  { 5, 2, 5, 0, 5, 200, 0, 0 }, false, false },
	{ "old requests, far from filling the queue",
	  { 300, 10, 4096, 0, 4096, 0, 0, 0 }, false, false },
	{ "no accept(): both queues are full",
	  { 511, 0, 511, 512, 511, 5000, 0, 0 }, false, true },
	{ "no accept(), a short queue, others are refused",
	  { 0, 0, 2, 3, 2, 7, 0, 0 }, false, true },
	{ "one after the other, nobody is refused",
	  { 0, 0, 1, 2, 1, 0, 0, 0 }, false, false },
	{ "nearly full is not full",
	  { 0, 0, 511, 511, 511, 0, 0, 0 }, false, false },
	{ "listen(fd, 0), one connection waits",
	  { 0, 0, 0, 1, 0, 0, 0, 0 }, false, false },
};

static bool over(struct tcps_reading r)
{
	return r.threshold && r.value >= r.threshold;
}

static void look_at(const struct look *look)
{
	struct tcps_settle settle = { 0 };
	struct tcps_reading flood, overflow;

	flood = tcps_rule_syn_flood(defaults(TCPS_RULE_SYN_FLOOD), &look->l,
				    START, &settle);
	overflow = tcps_rule_accept(defaults(TCPS_RULE_ACCEPT_OVERFLOW),
				    &look->l);
	if (!CHECK(over(flood) == look->flood) ||
	    !CHECK(over(overflow) == look->overflow))
		printf("# %s\n", look->what);
}

static void late_looks(void)
{
	/* A look that is late: 34 resets a second are not 102. */
	CHECK(tcps_rule_rate(102, 3000) == 34);
	CHECK(tcps_rule_rate(100, 1000) == 100);
	CHECK(tcps_rule_rate(100, 1004) == 100);
	CHECK(tcps_rule_rate(1, 3000) == 1);
	CHECK(tcps_rule_rate(0, 3000) == 0);
	/* Nor is one cookie in 4 ms 250 a second. */
	CHECK(tcps_rule_rate(1, 4) == 1);
	CHECK(tcps_rule_rate(1, 0) == 1);
	CHECK(tcps_rule_rate(0xffffffff, 2000) == 0x80000000);
	CHECK(tcps_rule_rate(5ULL << 32, 5000) == 0xffffffff);
	CHECK(tcps_rule_rate(1000, 1ULL << 40) == 1);
}

/* 1,000 cookies a second, of which so many come back, at looks of 2 s and 3 s */
static struct tcps_listener cookies_of(u32 back)
{
	static const u32 ms[TCPS_LONGER + 1] = {
		3000, 1000, 2000, 1000, 3000, 1000
	};
	struct tcps_cookies cookies[TCPS_LONGER + 1];
	struct tcps_listener l = { .room = 128 };
	unsigned int i;

	for (i = 0; i <= TCPS_LONGER; i++)
		cookies[i] = (struct tcps_cookies){ ms[i], back * ms[i] / 1000,
						    ms[i] };
	tcps_rule_cookies(&l, cookies, TCPS_LONGER);
	return l;
}

static bool is_flood(struct tcps_listener l)
{
	const struct tcps_limits *limits =
		&tcps_default_limits[TCPS_RULE_SYN_FLOOD];
	struct tcps_settle settle = { 0 };
	struct tcps_reading r = tcps_rule_syn_flood(limits, &l, START,
						    &settle);

	return r.threshold && r.value >= r.threshold;
}

static void late_cookies(void)
{
	struct tcps_cookies late[TCPS_LONGER + 1] = {
		{ 0, 1000, 3000 }, { 1000, 0, 1000 },
	};
	struct tcps_listener l = cookies_of(300);

	/* Sent before the last look, a second; back since then */
	CHECK(l.cookies_sent == 1000 && l.cookies_validated == 1200);
	CHECK(l.longer_sent == 1000 && l.longer_validated == 413);
	CHECK(is_flood(l) && !is_flood(cookies_of(900)));
	/* A burst of clients before a look that is late: all are back. */
	l = (struct tcps_listener){ .room = 128 };
	tcps_rule_cookies(&l, late, 1);
	CHECK(l.cookies_sent == 1000 && l.cookies_validated == 1000);
	CHECK(!is_flood(l));
	/* Nobody knows whose those before were. */
	tcps_rule_cookies(&l, late, 0);
	CHECK(!l.longer_sent && !l.longer_validated);
}

/* Jiffies of 32 bits are 49 days, 17 hours, 2 minutes and 47 seconds. */
static void long_quiet(void)
{
	const u64 day = 86400ULL, second = 1000000, wrap = 4294967;

	CHECK(tcps_rule_quiet(0, 1000, 0) == 0);
	CHECK(tcps_rule_quiet(61999, 1000, 61 * second) == 61);
	/* A keepalive was sent, which is not what is asked for. */
	CHECK(tcps_rule_quiet(7200 * 250, 250, 0) == 7200);
	CHECK(tcps_rule_quiet(0xffffffff, 1000, wrap * second) == wrap);
	CHECK(tcps_rule_quiet(0, 1000, (wrap + 1) * second) == wrap + 1);
	CHECK(tcps_rule_quiet(5000, 1000, (wrap + 5) * second) == wrap + 5);
	CHECK(tcps_rule_quiet(5000, 1000, 400 * day * second) == 400 * day);
	CHECK(tcps_rule_quiet(0, 1000, ~0ULL) == 0xffffffff);
}

static void every_look(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(looks); i++)
		look_at(&looks[i]);
}

/* --- the accept queue stands in the way ----------------------------------- */

#define FLOOD		TCPS_RULE_SYN_FLOOD

static bool flooded(const struct tcps_listener *l, u64 at,
		    struct tcps_settle *settle)
{
	return over(tcps_rule_syn_flood(defaults(FLOOD), l, at, settle));
}

static void stopped_application(void)
{
	const struct tcps_listener stopped = { 500, 0, 511, 512, 511, 9, 0, 0 };
	const struct tcps_listener again = { 500, 0, 511, 0, 511, 0, 0, 0 };
	struct tcps_settle settle = { 0 };
	u64 at = START;
	int i;

	/* 20 s stopped: for 20 s its requests say nothing, then they do. */
	for (i = 0; i <= 20; i++, at += SECOND)
		CHECK(!flooded(&stopped, at, &settle));
	for (i = 0; i < 19; i++, at += SECOND)
		CHECK(!flooded(&again, at, &settle));
	CHECK(flooded(&again, at, &settle));
	/* Never longer than a minute. */
	for (i = 0; i <= 600; i++, at += SECOND)
		flooded(&stopped, at, &settle);
	at += 58 * SECOND;
	CHECK(!flooded(&again, at, &settle));
	CHECK(flooded(&again, at + 2 * SECOND, &settle));
}

static void stopped_and_flooded(void)
{
	const struct tcps_listener l = { 500, 0, 511, 512, 511, 9, 4000, 1 };
	struct tcps_settle settle = { 0 };

	/* Cookies tell all the same. */
	CHECK(flooded(&l, START, &settle));
}

/* --- raise, hold, clear ---------------------------------------------------- */

/* Feeds one value a second; a letter for each verdict. */
static void feed(const struct tcps_limits *limits, const unsigned int *value,
		 unsigned int nr, struct tcps_rule_state *s, char *said)
{
	struct tcps_reading r = { .threshold = 100 };
	unsigned int i;

	for (i = 0; i < nr; i++) {
		r.value = value[i];
		said[i] = "-RC"[tcps_rule_step(limits, &r, START + i * SECOND,
					       s)];
	}
	said[nr] = '\0';
}

static void check_feed(u32 duration, const unsigned int *value,
		       unsigned int nr, const char *expected)
{
	struct tcps_limits limits = *defaults(TCPS_RULE_CLOSE_WAIT_LEAK);
	struct tcps_rule_state s = { 0 };
	char said[64];

	limits.p[TCPS_PARAM_DURATION] = duration;
	feed(&limits, value, nr, &s, said);
	CHECK_TEXT(said, expected);
}

#define FEED(duration, expected, ...)					\
	check_feed(duration, (const unsigned int []){ __VA_ARGS__ },	\
		   ARRAY_SIZE(((const unsigned int []){ __VA_ARGS__ })),	\
		   expected)

static void life(void)
{
	/* At once, and after five seconds below one half. */
	FEED(0, "-R-----C--", 99, 100, 49, 0, 0, 0, 0, 0, 0, 0);
	/* Between the two it holds, and the five seconds begin anew. */
	FEED(0, "R------------C", 100, 49, 49, 49, 50, 99, 100, 51, 0, 0, 0,
	     0, 0, 0);
	/* Duration: without a gap */
	FEED(1, "---R", 100, 99, 100, 100);
	FEED(3, "------R", 100, 100, 0, 100, 100, 101, 100);
	FEED(3, "---R", 100, 100, 100, 100);
	/* A second time, as fast as the first. */
	FEED(0, "R-----C-R-----C", 100, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0,
	     0, 0);
}

static void unknown_holds(void)
{
	const struct tcps_limits *limits = defaults(TCPS_RULE_HALF_DEAD);
	struct tcps_reading r = { 200, 100 };
	struct tcps_rule_state s = { 0 };
	u64 at = START;

	CHECK(tcps_rule_step(limits, &r, at, &s) == TCPS_VERDICT_RAISE);
	r = (struct tcps_reading){ 0, 0 };
	for (; at < START + 100 * SECOND; at += SECOND)
		CHECK(tcps_rule_step(limits, &r, at, &s) == TCPS_VERDICT_HOLD);
	CHECK(s.raised);
}

static void switched_off(void)
{
	struct tcps_limits limits = *defaults(TCPS_RULE_HALF_DEAD);
	struct tcps_reading r = { 200, 100 };
	struct tcps_rule_state s = { 0 };

	CHECK(tcps_rule_step(&limits, &r, START, &s) == TCPS_VERDICT_RAISE);
	limits.p[TCPS_PARAM_ENABLED] = 0;
	CHECK(tcps_rule_step(&limits, &r, START + 1, &s) ==
	      TCPS_VERDICT_CLEAR);
	CHECK(tcps_rule_step(&limits, &r, START + 2, &s) == TCPS_VERDICT_HOLD);
}

/* Ten seconds too much, ten seconds nothing, again and again */
static unsigned int flap(struct tcps_rule_state *s, unsigned int times,
			 u64 *at)
{
	const struct tcps_limits *limits = defaults(TCPS_RULE_SYN_FLOOD);
	struct tcps_reading r = { .threshold = 100 };
	unsigned int i, raised = 0;

	for (i = 0; i < 20 * times; i++, *at += SECOND) {
		r.value = i % 20 < 10 ? 100 : 0;
		raised += tcps_rule_step(limits, &r, *at, s) ==
			  TCPS_VERDICT_RAISE;
	}
	return raised;
}

static void backs_off(void)
{
	struct tcps_rule_state s = { 0 };
	unsigned int raised;
	u64 at = START;

	/* Three are free; they come as fast as they can. */
	CHECK(flap(&s, 3, &at) == 3);
	CHECK(flap(&s, 2, &at) == 0);
	/* 10,000 times in 55 hours: about one an hour, and all are counted. */
	raised = flap(&s, 9995, &at);
	CHECK(raised > 50 && raised < 65);
	CHECK(raised + s.held_back >= 9995);
	/* A night's rest, and it is as at first. */
	at += 8 * 3600 * SECOND;
	CHECK(flap(&s, 3, &at) == 3);
}

static void held_back_but_lasting(void)
{
	const struct tcps_limits *limits = defaults(TCPS_RULE_SYN_FLOOD);
	struct tcps_reading r = { 100, 100 };
	struct tcps_rule_state s = { 0 };
	u64 at = START, until;

	flap(&s, 3, &at);
	CHECK(s.not_before > at);
	for (until = at + 61 * SECOND; at < until; at += SECOND)
		if (tcps_rule_step(limits, &r, at, &s) == TCPS_VERDICT_RAISE)
			break;
	CHECK(at < until && at >= s.last_over);
}

/* --- parameters ------------------------------------------------------------ */

static const char USAGE[] = "PARAMETER=NUMBER expected";

struct setting {
	const char *text;
	const char *why;	/* NULL: it is accepted */
};

static const struct setting settings[] = {
	{ "close_wait_leak,count=500,age=30", NULL },
	{ "  close_wait_leak count=500 \t age=30\n", NULL },
	{ "syn_flood enabled=0", NULL },
	{ "syn_flood", NULL },
	{ "half_dead clear=100,quiet=600", NULL },
	{ "", "there is no such rule" },
	{ "count=5", "there is no such rule" },
	{ "half count=5", "there is no such rule" },
	{ "half_dead_ count=5", "there is no such rule" },
	{ "half_dead count", USAGE },
	{ "half_dead 5", USAGE },
	{ "half_dead size=5", USAGE },
	{ "half_dead count=", "a number was expected after \"=\"" },
	{ "half_dead count=-1", "a number was expected after \"=\"" },
	{ "half_dead count=5x", "a number was expected after \"=\"" },
	{ "half_dead count=99999999999999999999",
	  "a number was expected after \"=\"" },
	{ "half_dead count=0", "count must be 1 to 16777216" },
	{ "half_dead percent=101", "percent must be 1 to 100" },
	{ "half_dead enabled=2", "enabled must be 0 to 1" },
	{ "half_dead age=0", "age must be 1 to 86400" },
	{ "half_dead duration=3601", "duration must be 0 to 3600" },
	{ "syn_flood age=5", "this rule has no age" },
	{ "syn_sent_pileup percent=5", "this rule has no percent" },
	{ "half_dead count=5 age=0", "age must be 1 to 86400" },
};

static void try_setting(const struct setting *s)
{
	struct tcps_limits all[TCPS_NR_RULES];
	const char *why = NULL;
	bool good, kept;
	int err;

	memcpy(all, tcps_default_limits, sizeof(all));
	err = tcps_limits_parse(all, s->text, &why);
	kept = !memcmp(all, tcps_default_limits, sizeof(all));
	if (!s->why)
		good = CHECK(!err) && CHECK(!why);
	else
		good = CHECK(err == -EINVAL) && CHECK(kept) && CHECK(why);
	if (good && s->why && s->why != USAGE)
		good = CHECK_TEXT(why, s->why);
	if (!good)
		printf("# \"%s\"\n", s->text);
}

static void parameters(void)
{
	struct tcps_limits all[TCPS_NR_RULES];
	const char *why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		try_setting(&settings[i]);
	memcpy(all, tcps_default_limits, sizeof(all));
	CHECK(!tcps_limits_parse(all, settings[0].text, &why));
	CHECK(all[TCPS_RULE_CLOSE_WAIT_LEAK].p[TCPS_PARAM_COUNT] == 500);
	CHECK(all[TCPS_RULE_CLOSE_WAIT_LEAK].p[TCPS_PARAM_AGE] == 30);
}

static void default_limits(void)
{
	struct tcps_limits limits;
	unsigned int rule, param;
	const char *why;

	for (rule = 0; rule < TCPS_NR_RULES; rule++)
		for (param = 0; param < TCPS_NR_PARAMS; param++) {
			if (!tcps_rule_has(rule, param))
				continue;
			limits = *defaults(rule);
			CHECK(!tcps_limits_set(&limits, rule, param,
					       limits.p[param], &why));
		}
}

static void thresholds(void)
{
	struct tcps_limits limits = *defaults(TCPS_RULE_TIME_WAIT_PRESSURE);

	CHECK(tcps_rule_read(&limits, 0, 10000).threshold == 9000);
	CHECK(tcps_rule_read(&limits, 0, 10001).threshold == 9001);
	CHECK(tcps_rule_read(&limits, 0, 0).threshold == 100);
	CHECK(tcps_rule_read(&limits, 0, 1ULL << 40).threshold ==
	      ((1ULL << 40) * 90 + 99) / 100);
	CHECK(tcps_rule_clear_at(&limits, 9000) == 4500);
	CHECK(tcps_rule_clear_at(&limits, 1) == 1);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "listeners that are flooded, overrun, or just busy",
		  every_look },
		{ "a look that is late counts by the second", late_looks },
		{ "cookies of looks that are late", late_cookies },
		{ "nothing for longer than 32 bits of jiffies", long_quiet },
		{ "an application that stops makes no flood",
		  stopped_application },
		{ "a flood beside it is seen", stopped_and_flooded },
		{ "raise, hold, clear", life },
		{ "what is not known changes nothing", unknown_holds },
		{ "a rule that is switched off clears", switched_off },
		{ "back-off: 10,000 alerts' worth of flapping", backs_off },
		{ "what lasts is raised when the back-off ends",
		  held_back_but_lasting },
		{ "parameters are checked", parameters },
		{ "the defaults are valid", default_limits },
		{ "thresholds", thresholds },
		{ NULL, NULL },
	};

	return unit_run(cases);
}
