// SPDX-License-Identifier: GPL-2.0
/*
 * module/states.c
 */
#include <ctype.h>
#include <netinet/tcp.h>

#include "unit.h"
#include "states.h"

#define PAIRS	16

/*
 * What Linux does of RFC 9293, written down a second time.  CLOSE, ABORT,
 * RST and timeouts end a connection in any state.
 */
static const u8 linux_edges[][2] = {
	{ TCPS_CLOSED, TCPS_LISTEN },
	{ TCPS_CLOSED, TCPS_SYN_SENT },
	{ TCPS_LISTEN, TCPS_SYN_RECV },
	{ TCPS_SYN_SENT, TCPS_SYN_RECV },
	{ TCPS_SYN_SENT, TCPS_ESTABLISHED },
	{ TCPS_SYN_RECV, TCPS_ESTABLISHED },
	{ TCPS_SYN_RECV, TCPS_FIN_WAIT1 },
	{ TCPS_SYN_RECV, TCPS_CLOSE_WAIT },
	{ TCPS_ESTABLISHED, TCPS_FIN_WAIT1 },
	{ TCPS_ESTABLISHED, TCPS_CLOSE_WAIT },
	{ TCPS_FIN_WAIT1, TCPS_FIN_WAIT2 },
	{ TCPS_FIN_WAIT1, TCPS_CLOSING },
	{ TCPS_FIN_WAIT1, TCPS_TIME_WAIT },
	{ TCPS_FIN_WAIT2, TCPS_TIME_WAIT },
	{ TCPS_CLOSING, TCPS_TIME_WAIT },
	{ TCPS_CLOSE_WAIT, TCPS_LAST_ACK },
	{ TCPS_LISTEN, TCPS_CLOSED },
	{ TCPS_SYN_SENT, TCPS_CLOSED },
	{ TCPS_SYN_RECV, TCPS_CLOSED },
	{ TCPS_ESTABLISHED, TCPS_CLOSED },
	{ TCPS_FIN_WAIT1, TCPS_CLOSED },
	{ TCPS_FIN_WAIT2, TCPS_CLOSED },
	{ TCPS_CLOSE_WAIT, TCPS_CLOSED },
	{ TCPS_CLOSING, TCPS_CLOSED },
	{ TCPS_LAST_ACK, TCPS_CLOSED },
	{ TCPS_TIME_WAIT, TCPS_CLOSED },
};

static bool linux_makes(unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(linux_edges); i++)
		if (linux_edges[i][0] == from && linux_edges[i][1] == to)
			return true;
	return false;
}

/* The C library has the kernel's numbers, too. */
static void numbers(void)
{
	CHECK((int)TCPS_ESTABLISHED == (int)TCP_ESTABLISHED);
	CHECK((int)TCPS_SYN_SENT == (int)TCP_SYN_SENT);
	CHECK((int)TCPS_SYN_RECV == (int)TCP_SYN_RECV);
	CHECK((int)TCPS_FIN_WAIT1 == (int)TCP_FIN_WAIT1);
	CHECK((int)TCPS_FIN_WAIT2 == (int)TCP_FIN_WAIT2);
	CHECK((int)TCPS_TIME_WAIT == (int)TCP_TIME_WAIT);
	CHECK((int)TCPS_CLOSED == (int)TCP_CLOSE);
	CHECK((int)TCPS_CLOSE_WAIT == (int)TCP_CLOSE_WAIT);
	CHECK((int)TCPS_LAST_ACK == (int)TCP_LAST_ACK);
	CHECK((int)TCPS_LISTEN == (int)TCP_LISTEN);
	CHECK((int)TCPS_CLOSING == (int)TCP_CLOSING);
}

static void both_ways(void)
{
	unsigned int i;

	for (i = 0; i < TCPS_NR_EDGES; i++) {
		const struct tcps_edge_info *e = &tcps_edges[i];

		CHECK(tcps_edge_of[e->from << 4 | e->to] == i);
		CHECK(tcps_edge(e->from, e->to) == i);
		CHECK(e->from != e->to);
		CHECK(e->from > TCPS_NONE && e->from < TCPS_NR_STATES);
		CHECK(e->to > TCPS_NONE && e->to < TCPS_NR_STATES);
		CHECK(e->event && *e->event);
	}
}

static void all_pairs(void)
{
	unsigned int from, to, edge, found = 0;

	CHECK(ARRAY_SIZE(linux_edges) == TCPS_NR_EDGES);
	for (from = 0; from < PAIRS; from++) {
		for (to = 0; to < PAIRS; to++) {
			edge = tcps_edge(from, to);
			found += edge != TCPS_E_NONE;
			if (CHECK(edge <= TCPS_E_NONE) &&
			    CHECK(linux_makes(from, to) ?
				  edge < TCPS_NR_EDGES : edge == TCPS_E_NONE))
				continue;
			printf("# from %u to %u\n", from, to);
		}
	}
	CHECK(found == TCPS_NR_EDGES);
}

/* A state that cannot be entered, or left, would be a leak of its gauge. */
static void no_dead_end(void)
{
	bool in[PAIRS] = { 0 }, out[PAIRS] = { 0 };
	unsigned int i;

	for (i = 0; i < TCPS_NR_EDGES; i++) {
		out[tcps_edges[i].from] = true;
		in[tcps_edges[i].to] = true;
	}
	for (i = TCPS_NONE + 1; i < TCPS_NR_STATES; i++) {
		CHECK(in[i]);
		CHECK(out[i]);
		if (i != TCPS_CLOSED)
			CHECK(tcps_edge(i, TCPS_CLOSED) != TCPS_E_NONE);
	}
}

/* Not NULL, of these characters, and none of them twice. */
static void names(const char * const *name, unsigned int n,
		  int (*right)(int c))
{
	unsigned int i, j;
	const char *c;

	for (i = 0; i < n; i++) {
		if (!CHECK(name[i] && *name[i]))
			continue;
		for (c = name[i]; *c; c++)
			CHECK(right(*c) || *c == '_' || isdigit(*c));
		for (j = 0; j < i; j++)
			CHECK(!name[j] || strcmp(name[i], name[j]));
	}
}

static void state_names(void)
{
	names(tcps_state_names, TCPS_NR_STATES, isupper);
	CHECK_TEXT(tcps_state_names[TCPS_SYN_RECV], "SYN_RECV");
	CHECK_TEXT(tcps_state_names[TCPS_CLOSED], "CLOSED");
	CHECK_TEXT(tcps_state_names[TCPS_TIME_WAIT], "TIME_WAIT");
}

static void cause_names(void)
{
	static const char * const order[] = {
		"normal", "reset", "timeout", "refused", "aborted", "expired",
		"reused", "netns", "other",
	};
	unsigned int i;

	names(tcps_cause_names, TCPS_NR_CAUSES, islower);
	if (CHECK(ARRAY_SIZE(order) == TCPS_NR_CAUSES))
		for (i = 0; i < TCPS_NR_CAUSES; i++)
			CHECK_TEXT(tcps_cause_names[i], order[i]);
}

/* docs/abi.md promises this order. */
static void order(void)
{
	static const char * const promised[] = {
		"CLOSED", "LISTEN", "SYN_SENT", "SYN_RECV", "ESTABLISHED",
		"FIN_WAIT1", "FIN_WAIT2", "CLOSE_WAIT", "CLOSING", "LAST_ACK",
		"TIME_WAIT",
	};
	unsigned int seen = 0, i;

	for (i = 0; i < ARRAY_SIZE(tcps_state_order); i++) {
		unsigned int state = tcps_state_order[i];

		if (!CHECK(state > TCPS_NONE && state < TCPS_NR_STATES))
			continue;
		CHECK(!(seen & 1U << state));
		seen |= 1U << state;
		CHECK_TEXT(tcps_state_names[state], promised[i]);
	}
	CHECK(seen == (1U << TCPS_NR_STATES) - 2);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "the numbers are the kernel's", numbers },
		{ "every edge is found from its states", both_ways },
		{ "all pairs: what Linux does, and nothing else", all_pairs },
		{ "every state can be entered and left", no_dead_end },
		{ "names of states", state_names },
		{ "names of causes", cause_names },
		{ "the order holds every state once", order },
		{ 0 }
	};

	return unit_run(cases);
}
