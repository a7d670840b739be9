// SPDX-License-Identifier: GPL-2.0
/*
 * module/states.c against the kernel's own numbers and names.
 */
#include <net/tcp_states.h>

#include "states.h"
#include "suites.h"

static void numbers(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (int)TCPS_ESTABLISHED, (int)TCP_ESTABLISHED);
	KUNIT_EXPECT_EQ(test, (int)TCPS_SYN_SENT, (int)TCP_SYN_SENT);
	KUNIT_EXPECT_EQ(test, (int)TCPS_SYN_RECV, (int)TCP_SYN_RECV);
	KUNIT_EXPECT_EQ(test, (int)TCPS_FIN_WAIT1, (int)TCP_FIN_WAIT1);
	KUNIT_EXPECT_EQ(test, (int)TCPS_FIN_WAIT2, (int)TCP_FIN_WAIT2);
	KUNIT_EXPECT_EQ(test, (int)TCPS_TIME_WAIT, (int)TCP_TIME_WAIT);
	KUNIT_EXPECT_EQ(test, (int)TCPS_CLOSED, (int)TCP_CLOSE);
	KUNIT_EXPECT_EQ(test, (int)TCPS_CLOSE_WAIT, (int)TCP_CLOSE_WAIT);
	KUNIT_EXPECT_EQ(test, (int)TCPS_LAST_ACK, (int)TCP_LAST_ACK);
	KUNIT_EXPECT_EQ(test, (int)TCPS_LISTEN, (int)TCP_LISTEN);
	KUNIT_EXPECT_EQ(test, (int)TCPS_CLOSING, (int)TCP_CLOSING);
	KUNIT_EXPECT_EQ(test, (int)TCPS_NEW_SYN_RECV, (int)TCP_NEW_SYN_RECV);
}

static void edges(struct kunit *test)
{
	unsigned int from, to, edge, found = 0;

	for (from = 0; from < 16; from++)
		for (to = 0; to < 16; to++) {
			edge = tcps_edge(from, to);
			KUNIT_ASSERT_LE(test, edge, (unsigned int)TCPS_E_NONE);
			if (edge == TCPS_E_NONE)
				continue;
			KUNIT_EXPECT_EQ(test, tcps_edges[edge].from, from);
			KUNIT_EXPECT_EQ(test, tcps_edges[edge].to, to);
			KUNIT_EXPECT_NE(test, from, to);
			found++;
		}
	KUNIT_EXPECT_EQ(test, found, (unsigned int)TCPS_NR_EDGES);
}

static void names(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < TCPS_NR_STATES; i++)
		KUNIT_EXPECT_NOT_NULL(test, tcps_state_names[i]);
	for (i = 0; i < TCPS_NR_CAUSES; i++)
		KUNIT_EXPECT_NOT_NULL(test, tcps_cause_names[i]);
	for (i = 0; i < ARRAY_SIZE(tcps_state_order); i++)
		KUNIT_EXPECT_LT(test, (int)tcps_state_order[i],
				(int)TCPS_NR_STATES);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(numbers),
	KUNIT_CASE(edges),
	KUNIT_CASE(names),
	{}
};

struct kunit_suite tcps_states_suite = {
	.name = "tcps_states",
	.test_cases = cases,
};
