// SPDX-License-Identifier: GPL-2.0
/*
 * module/track.c: does a table hold what it was made for?
 */
#include <inttypes.h>

#include "unit.h"
#include "table.inc"

/* Full slab pages of objects, one page after the other, as after a boot. */
static u64 slab_next, slab_page, slab_objects, slab_size;

static u64 address_slab(void)
{
	u64 i = slab_next++;

	return 0xffff888100000000ULL + i / slab_objects * slab_page +
	       i % slab_objects * slab_size;
}

static void slab(u64 page, u64 size)
{
	slab_next = random_u64() % 100000;
	slab_page = page;
	slab_size = size;
	slab_objects = page / size;
}

static u64 add(struct tcps_table *t, u64 (*address)(void), u64 *where)
{
	do {
		*where = address();
	} while (tcps_find(t, pointer(*where)));
	return !tcps_insert(t, word_of(*where, 1), 0);
}

/*
 * Fill a table made for @n with @n.  Chance puts some 30 in a million outside
 * their own two buckets; hundreds come of a hash that does not mix.
 */
static void fill(const char *name, u32 n, unsigned int runs,
		 u64 (*address)(void))
{
	u64 none = 0, a, k;
	unsigned int i;
	int most = 0;

	for (i = 0; i < runs; i++) {
		struct tcps_table t = table_make(n);

		for (k = 0; k < n; k++)
			none += add(&t, address, &a);
		CHECK(table_used(&t, 0) == n - none);
		if (atomic_read(&t.elsewhere) > most)
			most = atomic_read(&t.elsewhere);
		table_free(&t);
	}
	CHECK(none == 0);
	CHECK(most <= (n <= 100000 ? 12 : 100));
	if (none || n == 1000000)
		printf("# %s: %u tables for %u: %" PRIu64
		       " refused, at most %d elsewhere\n", name, runs, n, none,
		       most);
}

static void random_addresses(void)
{
	static const struct {
		const char *name;
		u64 (*address)(void);
	} kind[] = {
		{ "x86", address_x86 },
		{ "x86, 5 levels", address_x86_la57 },
		{ "s390", address_s390 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kind); i++) {
		random_seed(i);
		fill(kind[i].name, 64, 100, kind[i].address);
		fill(kind[i].name, 1000, 50, kind[i].address);
		fill(kind[i].name, 100000, 3, kind[i].address);
		fill(kind[i].name, 1000000, 1, kind[i].address);
	}
}

/* Sockets, requests and mini sockets, and sizes a hash may stumble over. */
static void slab_addresses(void)
{
	static const struct {
		const char *name;
		u64 page, size;
	} kind[] = {
		{ "TCP slab", 32768, 2432 },
		{ "TCPv6 slab", 32768, 2624 },
		{ "request_sock_TCP slab", 8192, 304 },
		{ "tw_sock_TCP slab", 4096, 320 },
		{ "64 bytes", 4096, 64 },
		{ "256 bytes", 4096, 256 },
		{ "2048 bytes", 32768, 2048 },
		{ "pages", 4096, 4096 },
		{ "64 KiB", 65536, 65536 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kind); i++) {
		random_seed(i);
		slab(kind[i].page, kind[i].size);
		fill(kind[i].name, 64, 50, address_slab);
		fill(kind[i].name, 1000, 20, address_slab);
		fill(kind[i].name, 262144, 1, address_slab);
		fill(kind[i].name, 1000000, 1, address_slab);
	}
}

/* As many as it was made for, while each is replaced @times times. */
static void churn(u32 n, unsigned int times)
{
	struct tcps_table t = table_make(n);
	u64 *a = calloc(n, sizeof(*a));
	u64 none = 0, i, k;
	int most = 0;

	for (i = 0; i < n; i++)
		none += add(&t, address_x86, &a[i]);
	for (i = 0; i < (u64)n * times; i++) {
		struct tcps_slot *slot;

		k = random_u64() % n;
		slot = tcps_find(&t, pointer(a[k]));
		if (slot)
			table_erase(&t, slot);
		none += add(&t, address_x86, &a[k]);
		if (atomic_read(&t.stashed) > most)
			most = atomic_read(&t.stashed);
	}
	CHECK(none == 0);
	printf("# a full table for %u, each replaced %u times: %" PRIu64
	       " refused, %d elsewhere, at most %d in the stash\n", n, times,
	       none, atomic_read(&t.elsewhere), most);
	table_free(&t);
	free(a);
}

static void full_and_busy(void)
{
	random_seed(5);
	churn(64, 1000);
	churn(1000, 100);
	churn(100000, 5);
	churn(1000000, 2);
}

/* The stash apart, which is 1 KiB whatever the size. */
static void memory(void)
{
	const size_t stash = TCPS_STASH_BUCKETS * sizeof(struct tcps_bucket);
	u32 n;

	CHECK(sizeof(struct tcps_slot) == 16);
	CHECK(sizeof(struct tcps_bucket) == 64);
	CHECK(stash == 1024);
	for (n = 2; n <= 16777216; n += n / 3 + 1) {
		CHECK(tcps_table_bytes(n) - stash <= 32ULL * n);
		/* An odd one may cost one slot pair, no more. */
		CHECK(tcps_table_bytes(n) - stash >= 32ULL * (n - 1));
	}
	CHECK(tcps_table_bytes(1000000) == 32000000 + stash);
	CHECK(tcps_table_bytes(16777216) == (512ULL << 20) + stash);
}

/* Every slot has one number, and lies in the memory that was asked for. */
static void slots(void)
{
	struct tcps_table t = table_make(1001);
	u64 i, n = tcps_table_slots(&t);

	CHECK(n * sizeof(struct tcps_slot) == tcps_table_bytes(1001));
	for (i = 0; i < n; i++)
		CHECK(tcps_table_slot(&t, i) == t.bucket[0].slot + i);
	table_free(&t);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "random addresses find room", random_addresses },
		{ "addresses of slabs find room", slab_addresses },
		{ "a full table under way finds room", full_and_busy },
		{ "32 bytes a connection", memory },
		{ "slots and their numbers", slots },
		{ 0 }
	};

	return unit_run(cases);
}
