// SPDX-License-Identifier: GPL-2.0
/*
 * module/track.c and track.h: one thread, every operation.
 */
#include <inttypes.h>

#include "unit.h"
#include "table.inc"

#define STASH	(TCPS_STASH_BUCKETS * TCPS_BUCKET_SLOTS)
#define FOREVER	((1ULL << 48) - 1)

static const u64 typical[] = {
	0xffff888000000000ULL, 0xffff8880123456c0ULL, 0xffffc90000000000ULL,
	0xff11000000000040ULL, 0xff110123456789c0ULL, 0xffffffffffffffc0ULL,
	0xffff000012345678ULL, 0x0000000080001200ULL, 0x00000000000ff008ULL,
};

static void round_trip(void)
{
	unsigned int i, kind, state;
	u64 flag, word;

	for (i = 0; i < ARRAY_SIZE(typical); i++)
		for (kind = TCPS_KIND_SOCK; kind <= TCPS_KIND_MINI; kind++)
			for (state = 0; state < 16; state++) {
				flag = state & 1 ? TCPS_REC_UNKNOWN :
						   TCPS_REC_MARK;
				word = tcps_rec_word(pointer(typical[i]), kind,
						     state, flag);
				CHECK(word);
				CHECK(tcps_slot_ptr(word) ==
				      pointer(typical[i]));
				CHECK(tcps_rec_kind(word) == kind);
				CHECK(tcps_rec_state(word) == state);
				CHECK((word & (TCPS_REC_UNKNOWN |
					       TCPS_REC_MARK)) == flag);
				CHECK(!(word & TCPS_REC_BUSY));
			}
	for (i = 0; i < 100000; i++) {
		u64 a = i % 3 == 0 ? address_x86() :
			i % 3 == 1 ? address_x86_la57() : address_s390();

		CHECK(tcps_slot_ptr(word_of(a, 15)) == pointer(a));
	}
}

static void elapsed(void)
{
	static const u64 begin[] = {
		0, 1, 5000, 1ULL << 32, (1ULL << 47) - 1, 1ULL << 47,
		FOREVER - 3, FOREVER, FOREVER + 1, 1ULL << 54,
	};
	static const u64 lasted[] = {
		0, 1, 2, 1000, 58593750, 1ULL << 40, (1ULL << 47) - 1,
	};
	unsigned int b, d;

	for (b = 0; b < ARRAY_SIZE(begin); b++) {
		u64 when = tcps_when(begin[b], 0xabcd);

		CHECK(tcps_when_netid(when) == 0xabcd);
		for (d = 0; d < ARRAY_SIZE(lasted); d++)
			CHECK(tcps_when_elapsed(when, begin[b] + lasted[d]) ==
			      lasted[d]);
		/* The clock of another CPU may be behind. */
		for (d = 1; d < ARRAY_SIZE(lasted); d++)
			CHECK(tcps_when_elapsed(when, begin[b] - lasted[d]) ==
			      0);
	}
}

/**
 * struct model - what has to be in a table
 * @address:	of each object
 * @word:	its record, or 0
 * @when:	its record's other half
 */
struct model {
	u64 *address;
	u64 *word;
	u64 *when;
	u64 objects;
	u64 records;
};

static void check_one(struct tcps_table *t, const struct model *m, u64 i)
{
	struct tcps_slot *slot = tcps_find(t, pointer(m->address[i]));
	u64 when;

	if (!CHECK(!slot == !m->word[i]) || !slot)
		return;
	CHECK(slot->word == m->word[i]);
	CHECK(slot->when == m->when[i]);
	CHECK(tcps_slot_read(slot, &when) == m->word[i]);
	CHECK(when == m->when[i]);
	CHECK(!tcps_find_other(t, pointer(m->address[i]), slot));
	CHECK(tcps_find_other(t, pointer(m->address[i]), NULL) == slot);
}

static void check_all(struct tcps_table *t, const struct model *m)
{
	u64 i;

	CHECK(table_used(t, 0) == m->records);
	CHECK(table_used(t, table_first_stashed(t)) ==
	      (u64)atomic_read(&t->stashed));
	CHECK(atomic_read(&t->stashed) <= atomic_read(&t->elsewhere));
	for (i = 0; i < m->objects && !unit_failed; i++)
		check_one(t, m, i);
}

static void add(struct tcps_table *t, struct model *m, u64 i)
{
	u64 word = word_of(m->address[i], random_u64() % 12);
	u64 when = random_u64();

	if (!tcps_insert(t, word, when))
		return;
	m->word[i] = word;
	m->when[i] = when;
	m->records++;
}

static void change(struct model *m, u64 i, struct tcps_slot *slot)
{
	m->word[i] = word_of(m->address[i], random_u64() % 12);
	m->when[i] = random_u64();
	tcps_update(slot, m->word[i], m->when[i]);
}

static void step(struct tcps_table *t, struct model *m, u64 i)
{
	struct tcps_slot *slot = tcps_find(t, pointer(m->address[i]));

	if (!CHECK(!slot == !m->word[i]))
		return;
	if (!slot) {
		add(t, m, i);
		return;
	}
	switch (random_u64() % 8) {
	case 0 ... 2:
		table_erase(t, slot);
		break;
	case 3:
		CHECK(tcps_erase_if(t, slot, m->word[i]));
		break;
	case 4:
		CHECK(!tcps_erase_if(t, slot, m->word[i] ^ TCPS_REC_MARK));
		return;
	default:
		change(m, i, slot);
		return;
	}
	m->word[i] = 0;
	m->records--;
}

static void random_steps(u32 room, u64 objects, u64 steps, u64 (*address)(void))
{
	struct tcps_table t = table_make(room);
	struct model m = {
		.address = calloc(objects, sizeof(u64)),
		.word = calloc(objects, sizeof(u64)),
		.when = calloc(objects, sizeof(u64)),
		.objects = objects,
	};
	u64 i;

	/* The number in the low bits keeps them apart. */
	for (i = 0; i < objects; i++)
		m.address[i] = (address() & ~(0x1ffffULL << 6)) | i << 6;
	for (i = 0; i < steps && !unit_failed; i++) {
		step(&t, &m, random_u64() % objects);
		check_one(&t, &m, random_u64() % objects);
		if (i % (steps / 8) == 0)
			check_all(&t, &m);
	}
	check_all(&t, &m);
	for (i = 0; i < objects; i++)
		if (m.word[i] && CHECK(tcps_find(&t, pointer(m.address[i]))))
			table_erase(&t, tcps_find(&t, pointer(m.address[i])));
	CHECK(table_used(&t, 0) == 0);
	CHECK(atomic_read(&t.stashed) == 0);
	CHECK(atomic_read(&t.elsewhere) == 0);
	free(m.address);
	free(m.word);
	free(m.when);
	table_free(&t);
}

/* 10^6 steps; the first two tables overflow all the time. */
static void against_model(void)
{
	random_steps(4, 120, 250000, address_x86);
	random_steps(64, 400, 250000, address_x86_la57);
	random_steps(1000, 2000, 250000, address_s390);
	random_steps(50000, 100000, 250000, address_x86);
}

static void replace(struct tcps_table *t, u64 old, u64 new)
{
	table_erase(t, tcps_find(t, pointer(old)));
	CHECK(!tcps_find(t, pointer(old)));
	CHECK(tcps_insert(t, word_of(new, 1), 0));
	CHECK(!tcps_insert(t, word_of(old, 1), 0));
}

/* One bucket and the stash: what has no room is refused, and nothing else. */
static void full(void)
{
	struct tcps_table t = table_make(2);
	u64 room = TCPS_BUCKET_SLOTS + STASH, i;
	u64 a = 0xffff888000000000ULL;

	for (i = 0; i < room; i++)
		CHECK(tcps_insert(&t, word_of(a + 64 * i, 1), i));
	for (; i < 2 * room; i++)
		CHECK(!tcps_insert(&t, word_of(a + 64 * i, 1), i));
	CHECK(atomic_read(&t.stashed) == STASH);
	CHECK(atomic_read(&t.elsewhere) == STASH);
	CHECK(table_used(&t, 0) == room);
	for (i = 0; i < 2 * room; i++) {
		struct tcps_slot *slot = tcps_find(&t, pointer(a + 64 * i));

		if (CHECK(i < room ? !!slot : !slot) && slot)
			CHECK(slot->when == i);
	}
	/* A place in the stash, and one in the bucket, are used again. */
	replace(&t, a + 64 * (room - 1), a + 64 * (2 * room - 1));
	replace(&t, a, a + 64 * room);
	for (i = 0; i < 2 * room; i++)
		if (tcps_find(&t, pointer(a + 64 * i)))
			table_erase(&t, tcps_find(&t, pointer(a + 64 * i)));
	CHECK(table_used(&t, 0) == 0);
	CHECK(atomic_read(&t.stashed) == 0);
	CHECK(atomic_read(&t.elsewhere) == 0);
	table_free(&t);
}

/* As the seeder can make them: in the bucket, in the stash, in both. */
static void second_record(void)
{
	struct tcps_table t = table_make(2);
	const void *p = pointer(typical[0]);
	struct tcps_slot *slot[TCPS_BUCKET_SLOTS + STASH];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(slot); i++)
		slot[i] = tcps_insert(&t, word_of(typical[0], 1), 0);
	for (i = 0; i < ARRAY_SIZE(slot); i++)
		for (j = 0; j < ARRAY_SIZE(slot); j++)
			CHECK(i == j || slot[i] != slot[j]);
	CHECK(tcps_find_other(&t, p, slot[0]) != slot[0]);
	for (i = 0; i < ARRAY_SIZE(slot) - 2; i++)
		table_erase(&t, slot[i]);
	CHECK(tcps_find_other(&t, p, slot[i]) == slot[i + 1]);
	CHECK(tcps_find_other(&t, p, slot[i + 1]) == slot[i]);
	table_erase(&t, slot[i]);
	slot[0] = tcps_insert(&t, word_of(typical[0], 1), 0);
	CHECK(tcps_find_other(&t, p, slot[i + 1]) == slot[0]);
	CHECK(tcps_find_other(&t, p, slot[0]) == slot[i + 1]);
	table_free(&t);
}

/* Claimed and not filled in yet: taken, but nobody's record. */
static void busy(void)
{
	struct tcps_table t = table_make(2);
	struct tcps_slot *slot, *next;
	u64 word = word_of(typical[0], 3), when = 99;

	slot = tcps_insert(&t, word, 7);
	slot->word |= TCPS_REC_BUSY;
	CHECK(!tcps_find(&t, pointer(typical[0])));
	CHECK(!tcps_find_other(&t, pointer(typical[0]), NULL));
	CHECK(!tcps_slot_read(slot, &when));
	CHECK(!tcps_erase_if(&t, slot, word));
	next = tcps_insert(&t, word_of(typical[1], 3), 8);
	CHECK(next && next != slot);
	slot->word = word;
	CHECK(tcps_find(&t, pointer(typical[0])) == slot);
	CHECK(tcps_slot_read(slot, &when) == word && when == 7);
	table_erase(&t, slot);
	CHECK(!tcps_slot_read(slot, &when));
	table_free(&t);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "addresses and fields survive in a word", round_trip },
		{ "elapsed time, with wraps and clocks behind", elapsed },
		{ "10^6 random steps against a model", against_model },
		{ "a full table refuses and loses nothing", full },
		{ "a second record is found", second_record },
		{ "a claimed slot is no record", busy },
		{ 0 }
	};

	return unit_run(cases);
}
