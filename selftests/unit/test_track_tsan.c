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

/* In this file READ_ONCE() is the walker's, between a word and its time. */
static void stall(void);
#define STALL()	stall()

#include "unit.h"
#include "table.inc"
#include "threads.inc"

#define THREADS	4
#define KEYS	40	/* of each thread */
#define STATES	11
#define STEPS	80000

#define BASE	0xffff888012340000ULL

static struct tcps_table table;
static u64 note[1024];				/* by slot */
static u64 page[THREADS][STEPS + 1];		/* by record */
static int running;
static _Thread_local bool stalling;

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
		state = state % STATES + 1;
		o->state[k] = state;
		tcps_update(slot, word_of(address(key), state),
			    when_of(key, state, n));
		return;
	}
	note[index_of(slot)] = 0;
	if (n & 2)
		table_erase(&table, slot);
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
	/* Where the record has been made anew meanwhile: see that one whole. */
	smp_load_acquire(&slot->word);
	check(n && n <= STEPS, "a time of no record");
	if (n && n <= STEPS)
		check(page[key / KEYS][n] == key, "seen before it was written");
	return true;
}

static void stall(void)
{
	if (stalling && random_u64() % 16 == 0)
		sched_yield();
}

static u64 walk(void)
{
	u64 i, seen = 0;

	for (i = 0; i < tcps_table_slots(&table); i++)
		seen += walk_one(tcps_table_slot(&table, i));
	return seen;
}

/* What is left after all; then nothing may be left, nor counted. */
static u64 empty(void)
{
	u64 i, n = 0;

	for (i = 0; i < tcps_table_slots(&table); i++) {
		struct tcps_slot *slot = tcps_table_slot(&table, i);

		if (!slot->word)
			continue;
		table_erase(&table, slot);
		n++;
	}
	return n;
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
		stalling = true;
		seen += walk();
		stalling = false;
		sched_yield();
	}
	for (i = 0; i < threads; i++) {
		pthread_join(owner[i].thread, NULL);
		for (k = 0; k < KEYS; k++)
			expected += !!owner[i].state[k];
		refused += owner[i].refused;
		CHECK(owner[i].inserted > STEPS / 100);
	}
	CHECK(!broken);
	CHECK(seen > 0);
	CHECK(walk() == expected);
	CHECK(table_used(&table, table_first_stashed(&table)) ==
	      (u64)atomic_read(&table.stashed));
	CHECK(empty() == expected);
	CHECK(atomic_read(&table.stashed) == 0);
	CHECK(atomic_read(&table.elsewhere) == 0);
	printf("# %u threads: %u refused, %llu seen by the walker\n", threads,
	       refused, (unsigned long long)seen);
	table_free(&table);
}

/* 80 keys for 16 slots: what finds its buckets full goes elsewhere. */
static void two_threads(void)
{
	hammer(2, 8);
}

/* 160 keys for 80 slots with the stash: some are refused. */
static void four_threads(void)
{
	hammer(4, 8);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "2 threads, and one that walks", two_threads },
		{ "4 threads, and one that walks", four_threads },
		{ 0 }
	};

	return unit_run(cases);
}
