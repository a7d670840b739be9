// SPDX-License-Identifier: GPL-2.0
/*
 * module/track.c with addresses that the kernel really hands out.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "suites.h"
#include "track.h"

#define OBJECTS	1000

static struct tcps_table table;

static void release(void *mem)
{
	vfree(mem);
}

static int make(struct kunit *test)
{
	void *mem = vzalloc(tcps_table_bytes(OBJECTS));

	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, release, mem));
	tcps_table_init(&table, mem, OBJECTS);
	return 0;
}

static u64 word_of(const void *obj, unsigned int state)
{
	return tcps_rec_word(obj, TCPS_KIND_SOCK, state, 0);
}

static void round_trip_of(struct kunit *test, const void *obj)
{
	u64 word = tcps_rec_word(obj, TCPS_KIND_MINI, 11, TCPS_REC_UNKNOWN);

	KUNIT_EXPECT_PTR_EQ(test, tcps_slot_ptr(word), obj);
	KUNIT_EXPECT_EQ(test, tcps_rec_state(word), 11U);
	KUNIT_EXPECT_EQ(test, tcps_rec_kind(word),
			(unsigned int)TCPS_KIND_MINI);
}

static void round_trip(struct kunit *test)
{
	void *mem = vmalloc(PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	round_trip_of(test, mem);
	vfree(mem);
	round_trip_of(test, kunit_kzalloc(test, 64, GFP_KERNEL));
	round_trip_of(test, &tcps_track_suite);
}

/* Sockets are as big as that, and so far from each other. */
static void fill(struct kunit *test, struct kmem_cache *cache, void **obj)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		obj[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj[i]);
		KUNIT_EXPECT_NOT_NULL(test,
				      tcps_insert(&table, word_of(obj[i], 1),
						  tcps_when(i, 7)));
	}
}

static void drain(struct kunit *test, struct kmem_cache *cache, void **obj)
{
	struct tcps_slot *slot;
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		slot = tcps_find(&table, obj[i]);
		kmem_cache_free(cache, obj[i]);
		KUNIT_EXPECT_NOT_NULL(test, slot);
		if (!slot)
			continue;
		KUNIT_EXPECT_EQ(test, slot->when, tcps_when(i, 7));
		tcps_erase(&table, slot, READ_ONCE(slot->word));
	}
}

static void slab_objects(struct kunit *test)
{
	void **obj = kunit_kcalloc(test, OBJECTS, sizeof(*obj), GFP_KERNEL);
	struct kmem_cache *cache = kmem_cache_create("tcps_kunit", 2432, 0, 0,
						     NULL);
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	fill(test, cache, obj);
	drain(test, cache, obj);
	kmem_cache_destroy(cache);
	for (i = 0; i < tcps_table_slots(&table); i++)
		KUNIT_EXPECT_EQ(test, tcps_table_slot(&table, i)->word, 0ULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&table.stashed), 0);
}

static void claimed(struct kunit *test)
{
	void *obj = kunit_kzalloc(test, 64, GFP_KERNEL);
	struct tcps_slot *slot;
	u64 when;

	slot = tcps_insert(&table, word_of(obj, 3), 5);
	KUNIT_ASSERT_NOT_NULL(test, slot);
	KUNIT_EXPECT_EQ(test, tcps_slot_read(slot, &when), word_of(obj, 3));
	KUNIT_EXPECT_EQ(test, when, 5ULL);
	slot->word |= TCPS_REC_BUSY;
	KUNIT_EXPECT_NULL(test, tcps_find(&table, obj));
	KUNIT_EXPECT_EQ(test, tcps_slot_read(slot, &when), 0ULL);
	KUNIT_EXPECT_FALSE(test, tcps_erase_if(&table, slot, word_of(obj, 3)));
	slot->word = word_of(obj, 3);
	KUNIT_EXPECT_TRUE(test, tcps_erase_if(&table, slot, word_of(obj, 3)));
}

static void elapsed(struct kunit *test)
{
	u64 end = (1ULL << 48) - 1;

	KUNIT_EXPECT_EQ(test, tcps_when_elapsed(tcps_when(5, 9), 8), 3ULL);
	KUNIT_EXPECT_EQ(test, tcps_when_elapsed(tcps_when(8, 9), 5), 0ULL);
	KUNIT_EXPECT_EQ(test, tcps_when_elapsed(tcps_when(end, 9), end + 4),
			4ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(round_trip),
	KUNIT_CASE(slab_objects),
	KUNIT_CASE(claimed),
	KUNIT_CASE(elapsed),
	{}
};

struct kunit_suite tcps_track_suite = {
	.name = "tcps_track",
	.init = make,
	.test_cases = cases,
};
