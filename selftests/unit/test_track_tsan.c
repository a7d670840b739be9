// SPDX-License-Identifier: GPL-2.0
/*
 * module/track.c from several threads, built with ThreadSanitizer.
 *
 * Threads own disjoint keys that share a few buckets.  Two things are written
 * plainly, so that the sanitizer speaks up when the table fails to order them:
 * a note per slot, which only the slot's owner of the moment may touch, and a
 * page per record, written before the record is published and read by the
 * walker.
 */
#include <pthread.h>
#include <sched.h>

#include "unit.h"
#include "table.inc"

#define THREADS	4
#define KEYS	24	/* of each thread */
#define STATES	11
#define STEPS	80000
#define ROUNDS	60000

#define BASE	0xffff888012340000ULL

static struct tcps_table table;
static u64 note[1024];				/* by slot */
static u64 page[THREADS][STEPS + 1];		/* by record */
static int running, broken;

static void check(bool good, const char *what)
{
	if (good)
		return;
	if (!__atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED))
		printf("# %s\n", what);
}

static u64 address(unsigned int key)
{
	return BASE + 64 * key;
}

static u64 index_of(const struct tcps_slot *slot)
{
	return slot - table.bucket[0].slot;
}

/* 16 bits key, 4 bits state, the rest: which page. */
static u64 when_of(unsigned int key, unsigned int state, u64 n)
{
	return tcps_when(n << 4 | state, key);
}

struct owner {
	pthread_t thread;
	unsigned int number;
	unsigned int state[KEYS];	/* 0: no record */
	unsigned int refused, inserted;
};

static void insert(struct owner *o, unsigned int k, u64 n)
{
	unsigned int key = o->number * KEYS + k, state = n % STATES + 1;
	struct tcps_slot *slot;

	slot = tcps_insert(&table, word_of(address(key), state),
			   when_of(key, state, n));
	if (!slot) {
		o->refused++;
		return;
	}
	o->inserted++;
	o->state[k] = state;
	check(note[index_of(slot)] == 0, "a slot was given out twice");
	note[index_of(slot)] = key + 1;
}

static void change(struct owner *o, unsigned int k, u64 n,
		   struct tcps_slot *slot)
{
	unsigned int key = o->number * KEYS + k, state = o->state[k];
	bool erased = true;

	check(note[index_of(slot)] == key + 1, "somebody else's slot");
	check(READ_ONCE(slot->word) == word_of(address(key), state),
	      "a word changed");
	if (n & 1) {
		o->state[k] = state = state % STATES + 1;
		tcps_update(slot, word_of(address(key), state),
			    when_of(key, state, n));
		return;
	}
	note[index_of(slot)] = 0;
	if (n & 2)
		tcps_erase(&table, slot);
	else
		erased = tcps_erase_if(&table, slot,
				       word_of(address(key), state));
	check(erased, "an erase_if failed");
	o->state[k] = 0;
}

static void *own(void *arg)
{
	struct owner *o = arg;
	u64 n;

	random_seed(o->number + 1);
	for (n = 1; n <= STEPS; n++) {
		unsigned int k = random_u64() % KEYS;
		unsigned int key = o->number * KEYS + k;
		struct tcps_slot *slot = tcps_find(&table,
						   pointer(address(key)));

		page[o->number][n] = key;
		check(!slot == !o->state[k], "lost, or a ghost");
		if (slot)
			change(o, k, n, slot);
		else
			insert(o, k, n);
		if (n % 512 == 0)
			sched_yield();
	}
	__atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* As the audit has to: look, look again, and only then believe it. */
static bool walk_one(struct tcps_slot *slot)
{
	u64 when, word = tcps_slot_read(slot, &when);
	unsigned int key, state, next;
	u64 n = when >> 20;

	if (!word)
		return false;
	key = tcps_when_netid(when);
	state = when >> 16 & 15;
	next = tcps_rec_state(word) % STATES + 1;
	check(tcps_slot_ptr(word) == pointer(address(key)),
	      "half of one record, half of another");
	if (state != tcps_rec_state(word)) {
		check(state == next, "a time of no near state");
		return true;
	}
	smp_load_acquire(&slot->word);
	check(n && n <= STEPS, "a time of no record");
	if (n && n <= STEPS)
		check(page[key / KEYS][n] == key, "seen before it was written");
	return true;
}

static u64 walk(void)
{
	u64 i, seen = 0;

	for (i = 0; i < tcps_table_slots(&table); i++)
		seen += walk_one(tcps_table_slot(&table, i));
	return seen;
}

static void hammer(unsigned int threads, u32 room)
{
	struct owner owner[THREADS] = { 0 };
	u64 seen = 0, expected = 0;
	unsigned int i, k, refused = 0;

	table = table_make(room);
	memset(note, 0, sizeof(note));
	running = threads;
	broken = 0;
	for (i = 0; i < threads; i++) {
		owner[i].number = i;
		pthread_create(&owner[i].thread, NULL, own, &owner[i]);
	}
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		seen += walk();
		sched_yield();
	}
	for (i = 0; i < threads; i++) {
		pthread_join(owner[i].thread, NULL);
		for (k = 0; k < KEYS; k++)
			expected += !!owner[i].state[k];
		refused += owner[i].refused;
		CHECK(owner[i].inserted > STEPS / 10);
	}
	CHECK(!broken);
	CHECK(seen > 0);
	CHECK(walk() == expected);
	CHECK(table_used(&table, 0) == expected);
	CHECK(table_used(&table, table_first_stashed(&table)) ==
	      (u64)atomic_read(&table.stashed));
	printf("# %u threads: %u refused, %llu seen by the walker\n", threads,
	       refused, (unsigned long long)seen);
	table_free(&table);
}

/* 48 keys for 8 slots: the rest lives in the stash. */
static void two_threads(void)
{
	hammer(2, 4);
}

/* 96 keys for 72 slots: some are refused. */
static void four_threads(void)
{
	hammer(4, 4);
}

/* The seeder and an event of the same object, as in module/life.c. */
static unsigned int turn, answer;
static int seeded, dropped, duels;

#define OLD	5
#define NEW	6

static void count(int *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void seed(const void *ptr)
{
	u64 word = tcps_rec_word(ptr, TCPS_KIND_MINI, OLD, TCPS_REC_UNKNOWN);
	struct tcps_slot *slot;

	if (tcps_find(&table, ptr))
		return;
	slot = tcps_insert(&table, word, tcps_when(1, 1));
	if (!slot) {
		check(false, "no room for the seeder");
		return;
	}
	smp_mb(); /* insert, then look */
	if (tcps_find_other(&table, ptr, slot)) {
		count(&duels);
		if (tcps_erase_if(&table, slot, word))
			return;
	}
	count(&seeded);
}

/* The owner's event wins: what the seeder has made meanwhile is dropped. */
static void oust(const void *ptr, const struct tcps_slot *mine)
{
	struct tcps_slot *other;
	u64 word;

	smp_mb(); /* insert, then look */
	while ((other = tcps_find_other(&table, ptr, mine))) {
		word = READ_ONCE(other->word);
		if (tcps_slot_ptr(word) != ptr || word & TCPS_REC_BUSY ||
		    !tcps_erase_if(&table, other, word))
			continue;
		count(&dropped);
		count(&duels);
	}
}

static void event(const void *ptr)
{
	u64 word = tcps_rec_word(ptr, TCPS_KIND_MINI, NEW, 0);
	struct tcps_slot *slot = tcps_find(&table, ptr);

	if (slot) {
		tcps_update(slot, word, tcps_when(2, 2));
		return;
	}
	count(&seeded);
	slot = tcps_insert(&table, word, tcps_when(2, 2));
	check(slot, "no room for the owner");
	if (slot)
		oust(ptr, slot);
}

static const void *round_ptr(unsigned int i)
{
	return pointer(BASE + 64 * (i % 7));
}

/* Spinning, so that both begin within some instructions of each other. */
static void wait_for(const unsigned int *counter, unsigned int value)
{
	unsigned int spins = 0;

	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) != value)
		if (++spins % 4096 == 0)
			sched_yield();
}

static void wait_a_little(void)
{
	volatile unsigned int n = random_u64() % 64;

	while (n)
		n--;
}

static void *seeder(void *arg)
{
	unsigned int i;

	random_seed(11);
	for (i = 1; i <= ROUNDS; i++) {
		wait_for(&turn, i);
		wait_a_little();
		seed(round_ptr(i));
		smp_store_release(&answer, i);
	}
	return arg;
}

/* Exactly one record, the owner's, and one connection in the gauges. */
static void verdict(const void *ptr)
{
	struct tcps_slot *slot = tcps_find(&table, ptr);
	u64 when = 0, word = slot ? tcps_slot_read(slot, &when) : 0;

	check(tcps_rec_state(word) == NEW, "the event was lost");
	check(when == tcps_when(2, 2), "its time was lost");
	check(table_used(&table, 0) == 1, "not exactly one record");
	check(seeded - dropped == 1, "the gauge is wrong");
	if (slot)
		tcps_erase(&table, slot);
	memset(table.bucket, 0, tcps_table_bytes(2));
	seeded = 0;
	dropped = 0;
}

static void seeder_race(void)
{
	pthread_t thread;
	unsigned int i;

	table = table_make(2);
	broken = 0;
	random_seed(12);
	pthread_create(&thread, NULL, seeder, NULL);
	for (i = 1; i <= ROUNDS; i++) {
		smp_store_release(&turn, i);
		wait_a_little();
		event(round_ptr(i));
		wait_for(&answer, i);
		verdict(round_ptr(i));
	}
	pthread_join(thread, NULL);
	CHECK(!broken);
	printf("# %d rounds, in %d both had a record, %d went wrong\n",
	       ROUNDS, duels, broken);
	table_free(&table);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "2 threads, and one that walks", two_threads },
		{ "4 threads, and one that walks", four_threads },
		{ "the seeder against an event: one survives", seeder_race },
		{ 0 }
	};

	return unit_run(cases);
}
