// SPDX-License-Identifier: GPL-2.0
/*
 * tools/filter.c: conditions as people type them.
 */
#include <stdio.h>
#include <string.h>

#include "filter.h"
#include "states.h"
#include "unit.h"

static void prefixes(void)
{
	struct tcpstates_prefix p;

	CHECK(filter_prefix("10.0.0.0/8", &p) && p.len == 4 && p.bits == 8);
	CHECK(p.bytes[0] == 10);
	CHECK(filter_prefix("192.0.2.1", &p) && p.len == 4 && p.bits == 32);
	CHECK(filter_prefix("2001:db8::/32", &p) && p.len == 16 &&
	      p.bits == 32);
	CHECK(filter_prefix("::1", &p) && p.len == 16 && p.bits == 128);
	CHECK(filter_prefix("0.0.0.0/0", &p) && p.bits == 0);
	CHECK(!filter_prefix("10.0.0.0/33", &p));
	CHECK(!filter_prefix("2001:db8::/129", &p));
	CHECK(!filter_prefix("10.0.0/8", &p));
	CHECK(!filter_prefix("10.0.0.0/", &p));
	CHECK(!filter_prefix("10.0.0.0/-1", &p));
	CHECK(!filter_prefix("host", &p));
	CHECK(!filter_prefix("", &p));
}

static void spellings(void)
{
	CHECK(tcpstates_state_number("CLOSE_WAIT", 10) == 8);
	CHECK(tcpstates_state_number("close_wait", 10) == 8);
	CHECK(tcpstates_state_number("close-wait", 10) == 8);
	CHECK(tcpstates_state_number("close-wait,x", 10) == 8);
	CHECK(!tcpstates_state_number("close", 5));
	CHECK(!tcpstates_state_number("close-waitx", 11));
	CHECK(!tcpstates_state_number("", 0));
	CHECK(!tcpstates_state_name(0));
	CHECK(!tcpstates_state_name(12));
	CHECK(!strcmp(tcpstates_state_name(1), "ESTABLISHED"));
}

#define WORDS(...)	((char *[]){ __VA_ARGS__ }), \
			(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *))

static bool parses(struct tcpstates_filter *f, bool listeners, char **words,
		   size_t nr)
{
	return filter_parse(f, listeners, (int)nr, words);
}

static void all_together(void)
{
	struct tcpstates_filter f;

	CHECK(parses(&f, false,
		     WORDS("state", "close-wait,LAST_ACK", "older", "1m",
			   "sport", "80", "dport", "443", "src", "10.0.0.0/8",
			   "dst", "::1", "uid", "7", "family", "6",
			   "cgroup", "42")));
	CHECK(f.states == (1U << 8 | 1U << 9));
	CHECK(f.older_us == 60000000 && f.local_port == 80 &&
	      f.remote_port == 443);
	CHECK(f.local.bits == 8 && f.remote.len == 16);
	CHECK(f.uid.known && f.uid.value == 7 && f.cgroup == 42);
	CHECK(f.family);
	CHECK(parses(&f, false, WORDS("uid", "root")));
	CHECK(f.uid.known && f.uid.value == 0);
	CHECK(filter_parse(&f, false, 0, NULL) && !f.states && !f.uid.known);
}

/* Each says why on standard error, in one line. */
static void wrong_words(void)
{
	struct tcpstates_filter f;

	CHECK(!parses(&f, false, WORDS("port", "80")));
	CHECK(!parses(&f, false, WORDS("sport")));
	CHECK(!parses(&f, false, WORDS("sport", "0")));
	CHECK(!parses(&f, false, WORDS("sport", "65536")));
	CHECK(!parses(&f, false, WORDS("sport", "80x")));
	CHECK(!parses(&f, false, WORDS("state", "closed,nowhere")));
	CHECK(!parses(&f, false, WORDS("state", "established,")));
	CHECK(!parses(&f, false, WORDS("uid", "no such user")));
	CHECK(!parses(&f, false, WORDS("family", "5")));
	CHECK(!parses(&f, false, WORDS("cgroup", "/no/such/cgroup")));
	CHECK(!parses(&f, true, WORDS("state", "listen")));
	CHECK(!parses(&f, true, WORDS("dport", "80")));
}

/* Those of the module */
static void next(void)
{
	unsigned int from, to;

	for (from = 1; from < TCPS_NR_STATES; from++)
		for (to = 1; to < TCPS_NR_STATES; to++)
			CHECK(!!(filter_next(from) & 1U << to) ==
			      (tcps_edge(from, to) != TCPS_E_NONE));
	CHECK(!filter_next(0) && !filter_next(TCPS_NR_STATES));
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "prefixes", prefixes },
		{ "states in all spellings", spellings },
		{ "all conditions", all_together },
		{ "wrong words", wrong_words },
		{ "which state follows which", next },
		{ 0 }
	};

	return unit_run(cases);
}
