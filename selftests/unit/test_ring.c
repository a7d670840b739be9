// SPDX-License-Identifier: GPL-2.0
/*
 * module/ring.h: what is kept of history and alerts, when there has been more
 * than there is room for.
 */
#include "unit.h"
#include "ring.h"

#define SIZE	900	/* as TCPS_MOMENTS */

static u64 ring[SIZE];

static void fill(u64 nr)
{
	u64 i;

	memset(ring, 0xff, sizeof(ring));
	for (i = 0; i < nr; i++)
		ring[tcps_ring_at(i, SIZE)] = i;
}

/* The last ones, each once, oldest first */
static void holds(u64 nr, u64 first)
{
	u64 i, seen = 0;

	fill(nr);
	CHECK(tcps_ring_first(nr, SIZE) == first);
	for (i = tcps_ring_first(nr, SIZE); i < nr; i++, seen++)
		CHECK(ring[tcps_ring_at(i, SIZE)] == i);
	CHECK(seen == (nr < SIZE ? nr : SIZE));
}

static void wraps(void)
{
	holds(0, 0);
	holds(1, 0);
	holds(899, 0);
	holds(900, 0);
	holds(901, 1);
	holds(1799, 899);
	holds(1800, 900);
	holds(1801, 901);
}

/* A second each: that is 136 years, and more. */
static void large(void)
{
	const u64 nr = (1ULL << 32) + 5;

	CHECK(tcps_ring_first(nr, SIZE) == nr - SIZE);
	CHECK(tcps_ring_at(nr, SIZE) == nr % SIZE);
	CHECK(tcps_ring_at(nr, SIZE) == tcps_ring_at(nr - SIZE, SIZE));
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "empty, full, round once and twice", wraps },
		{ "more than 32 bits", large },
		{ NULL, NULL },
	};

	return unit_run(cases);
}
