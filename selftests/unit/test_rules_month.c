// SPDX-License-Identifier: GPL-2.0
/*
 * module/rules.c: traffic as it is, a second at a time.  Nothing may be raised
 * in a month of days with peaks, nor by bursts, nor by slow clients; what
 * is a flood must be.
 *
 * The model of a listener: each second so many SYNs arrive, a share of the
 * packets is lost, the rest completes a round trip later.  A request whose
 * SYN,ACK or its answer was lost is old for a second, the next loss for two.
 */
#include "unit.h"
#include "rules.h"
#include "random.inc"

#define SECOND	1000ULL
#define DAY	86400

/**
 * struct traffic - what arrives at a listener
 * @rate:	SYNs a second of clients
 * @spoofed:	SYNs a second that nobody will answer
 * @rtt:	ms
 * @lost:	packets of 1,000
 * @cookies:	tcp_syncookies
 * @room:	of the queue
 */
struct traffic {
	u32 rate;
	u32 spoofed;
	u32 rtt;
	u32 lost;
	u32 cookies;
	u32 room;
};

/**
 * struct model - a listener
 * @young:	requests of this second
 * @coming:	cookies that come back in the next one
 * @dead:	requests that nobody will answer, by what is left of their
 *		life; the queue is full of them during a flood
 * @cookies:	of this look and those before
 */
struct model {
	double young;
	double dead[64];
	double coming;
	struct tcps_cookies cookies[TCPS_LONGER + 1];
	struct tcps_settle settle;
	struct tcps_rule_state flood;
};

/* Around the mean, with the scatter that independent arrivals have */
static double scatter(double mean)
{
	double sum = 0;
	int i;

	for (i = 0; i < 12; i++)
		sum += (random_u64() >> 11) / 9007199254740992.0;
	sum = mean + (sum - 6) * __builtin_sqrt(mean);
	return sum > 0 ? sum : 0;
}

static double dead_of(struct model *m)
{
	double sum = 0;
	int i;

	for (i = 1; i < 64; i++)
		sum += m->dead[i];
	return sum;
}

static void age(struct model *m)
{
	memmove(m->dead, m->dead + 1, sizeof(m->dead) - sizeof(m->dead[0]));
	m->dead[63] = 0;
}

/* A second: who finds room in the queue, who gets a cookie, who is refused. */
static struct tcps_listener second(struct model *m, const struct traffic *t)
{
	double lost = t->lost / 1000.0, arrived = scatter(t->rate);
	double old = arrived * 2 * lost * (1 + 2 * lost);
	double young = arrived * t->rtt / 1000, room, share;
	double bad = scatter(t->spoofed), cookies = 0, before;
	struct tcps_listener l = { .room = t->room, .accept_room = 4096 };

	age(m);
	room = t->cookies == 2 ? 0 : t->room - dead_of(m);
	share = young + old + bad ? room / (young + old + bad) : 1;
	if (share > 1)
		share = 1;
	m->dead[63] = bad * share;
	young = young * share + bad * share;
	old = old * share + dead_of(m) - bad * share;
	l.half_open = young + old;
	l.young = young;
	if (t->cookies && share < 1)
		cookies = (arrived + bad) * (1 - share);
	else if (share < 1)
		l.dropped = (arrived + bad) * (1 - share);
	/* Of a client's cookie the round trip may end in the next second. */
	share = arrived + bad ? arrived / (arrived + bad) : 0;
	share *= cookies * (1 - 2 * lost);
	before = m->coming;
	m->coming = share * t->rtt / 1000.0;
	memmove(m->cookies + 1, m->cookies, TCPS_LONGER * sizeof(m->cookies[0]));
	m->cookies[0].ms = SECOND;
	m->cookies[0].sent = cookies;
	m->cookies[0].validated = share - m->coming + before;
	tcps_rule_cookies(&l, m->cookies, TCPS_LONGER);
	return l;
}

/* Seconds until it is raised, 0: never */
static unsigned int run(struct model *m, const struct traffic *t,
			unsigned int seconds, u64 *now)
{
	const struct tcps_limits *limits =
		&tcps_default_limits[TCPS_RULE_SYN_FLOOD];
	struct tcps_reading r;
	struct tcps_listener l;
	unsigned int i;

	for (i = 1; i <= seconds; i++, *now += SECOND) {
		l = second(m, t);
		r = tcps_rule_syn_flood(limits, &l, *now, &m->settle);
		if (tcps_rule_step(limits, &r, *now, &m->flood) ==
		    TCPS_VERDICT_RAISE)
			return i;
	}
	return 0;
}

struct scene {
	const char *what;
	struct traffic t;
	unsigned int flood;
};

/* rate spoofed rtt lost cookies room; raised so soon (s), 0: never */
static const struct scene scenes[] = {
	{ "burst of 20,000 a second", { 20000, 0, 5, 1, 0, 511 }, 0 },
	{ "burst of 20,000 a second", { 20000, 0, 5, 1, 1, 511 }, 0 },
	{ "burst of 20,000 a second", { 20000, 0, 5, 1, 2, 511 }, 0 },
	{ "burst, a short queue", { 20000, 0, 20, 2, 0, 16 }, 0 },
	{ "burst, a short queue", { 20000, 0, 20, 2, 1, 16 }, 0 },
	{ "burst from afar", { 20000, 0, 200, 5, 0, 511 }, 0 },
	{ "burst from afar", { 20000, 0, 200, 5, 1, 511 }, 0 },
	{ "burst from afar", { 20000, 0, 200, 5, 2, 511 }, 0 },
	{ "300 ms, 2 % lost", { 500, 0, 300, 20, 0, 511 }, 0 },
	{ "300 ms, 2 % lost", { 5000, 0, 300, 20, 0, 511 }, 0 },
	{ "300 ms, 2 % lost", { 5000, 0, 300, 20, 1, 511 }, 0 },
	{ "300 ms, 2 % lost", { 5000, 0, 300, 20, 2, 511 }, 0 },
	{ "300 ms, 2 % lost", { 5000, 0, 300, 20, 0, 4096 }, 0 },
	{ "a trickle of scanners", { 100, 1, 50, 5, 1, 511 }, 0 },
	{ "flood", { 0, 1000, 10, 0, 0, 96 }, 2 },
	{ "flood", { 0, 1000, 10, 0, 1, 128 }, 2 },
	{ "flood", { 0, 1000, 10, 0, 2, 511 }, 2 },
	{ "flood among clients", { 200, 2000, 50, 5, 0, 511 }, 2 },
	{ "flood among clients", { 200, 2000, 50, 5, 1, 511 }, 2 },
	{ "flood among clients", { 200, 2000, 50, 5, 2, 511 }, 2 },
	{ "more of it than clients", { 3000, 5000, 50, 5, 2, 4096 }, 6 },
	{ "half as much as clients", { 6000, 3000, 50, 5, 2, 4096 }, 0 },
	{ "clients come and come", { 3000, 0, 900, 30, 2, 4096 }, 0 },
	{ "huge flood", { 500, 200000, 50, 5, 1, 4096 }, 2 },
	{ "huge flood", { 500, 200000, 50, 5, 2, 4096 }, 2 },
};

static void one_scene(const struct scene *s)
{
	struct traffic calm = s->t;
	struct model m = { 0 };
	unsigned int after;
	u64 now = 1;

	calm.rate = s->t.rate / 20;
	calm.spoofed = 0;
	CHECK(!run(&m, &calm, 60, &now));
	after = run(&m, &s->t, s->flood ? 60 : 3600, &now);
	/* The sample in which it begins is the first. */
	if (s->flood ? CHECK(after && after <= s->flood) : CHECK(!after))
		return;
	printf("# %s, cookies %u: after %u s\n", s->what, s->t.cookies, after);
}

static void every_scene(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scenes); i++)
		one_scene(&scenes[i]);
}

/* --- a month ---------------------------------------------------------------- */

/* 0 at four in the morning, 1 in the evening; the weekend is quieter. */
static double daily(unsigned int at)
{
	double hour = at % DAY / 3600.0, x;

	x = hour > 4 ? hour - 4 : hour + 20;
	x = x < 16 ? x / 16 : (24 - x) / 8;
	x = x * x * (3 - 2 * x);
	return at / DAY % 7 > 4 ? 0.7 * x : x;
}

/* A minute of everybody at once, now and then: a match, the news */
static double surge(unsigned int at)
{
	return at % 50000 < 60 ? 4 : 1;
}

static struct tcps_rule_state month_state[TCPS_NR_RULES];

static unsigned int step(unsigned int rule, u64 value, u64 base, u64 now)
{
	const struct tcps_limits *limits = &tcps_default_limits[rule];
	struct tcps_reading r = tcps_rule_read(limits, value, base);

	if (tcps_rule_step(limits, &r, now, &month_state[rule]) !=
	    TCPS_VERDICT_RAISE)
		return 0;
	printf("# %s: %llu of %llu after %llu s\n", tcps_rule_names[rule],
	       (unsigned long long)value, (unsigned long long)base,
	       (unsigned long long)(now / SECOND));
	return 1;
}

/* What a web server of that many connections a second has of each kind */
static unsigned int server(double rate, u64 now)
{
	unsigned int raised = 0;

	raised += step(TCPS_RULE_CLOSE_WAIT_LEAK, scatter(rate / 200), 0, now);
	raised += step(TCPS_RULE_HALF_DEAD, scatter(rate * 0.3), rate * 30,
		       now);
	raised += step(TCPS_RULE_TIME_WAIT_PRESSURE, scatter(rate * 60 * 0.3),
		       262144, now);
	raised += step(TCPS_RULE_SYN_SENT_PILEUP, scatter(rate / 500), 0, now);
	raised += step(TCPS_RULE_RESET_BURST, scatter(rate * 0.1), rate, now);
	return raised;
}

/* Waiting for accept(): ms of work, and a reload each night stops it briefly */
static unsigned int accepting(double rate, unsigned int at, u64 now)
{
	const unsigned int rule = TCPS_RULE_ACCEPT_OVERFLOW;
	const struct tcps_limits *limits = &tcps_default_limits[rule];
	struct tcps_listener l = { .accept_room = 511 };
	double waiting = scatter(rate * 0.02);
	struct tcps_reading r;

	if (at % DAY == 5 * 3600)
		waiting = 512;
	l.waiting = waiting > 512 ? 512 : waiting;
	r = tcps_rule_accept(limits, &l);
	return tcps_rule_step(limits, &r, now, &month_state[rule]) ==
	       TCPS_VERDICT_RAISE;
}

static void month(void)
{
	struct traffic t = { .rtt = 80, .lost = 10, .cookies = 1, .room = 511 };
	unsigned int at, raised = 0;
	struct model m = { 0 };
	u64 now = SECOND;

	for (at = 0; at < 30 * DAY; at++) {
		t.rate = 50 + 3000 * daily(at) * surge(at);
		raised += !!run(&m, &t, 1, &now);
		raised += server(50 + 3000 * daily(at), now);
		raised += accepting(t.rate, at, now);
		if (raised)
			break;
	}
	CHECK(!raised);
	CHECK(at == 30 * DAY);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "bursts and slow clients are none, floods are", every_scene },
		{ "a month in which nothing is raised", month },
		{ NULL, NULL },
	};

	return unit_run(cases);
}
