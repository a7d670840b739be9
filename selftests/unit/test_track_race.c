// SPDX-License-Identifier: GPL-2.0
/*
 * The seeder and an event of the same object at the same time, as module/life.c
 * has them, built with ThreadSanitizer.  Both find no record, both make one:
 * whichever of the two is seen by the other side, the event's is to survive.
 */
#include <pthread.h>
#include <sched.h>

#include "unit.h"
#include "table.inc"
#include "threads.inc"

#define ROUNDS	60000

#define BASE	0xffff888012340000ULL

static struct tcps_table table;
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

/* The event wins: what the seeder has made meanwhile is dropped. */
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
	unsigned int n = random_u64() % 64;

	while (n)
		__asm__ __volatile__ ("" : "=r" (n) : "0" (n - 1));
}

static void *seeder(void *arg)
{
	unsigned int i;

	random_seed(11);
	for (i = 1; i <= ROUNDS; i++) {
		wait_for(&turn, i);
		wait_a_little();
		seed(round_ptr(i));
		/* All that this round has done comes before. */
		smp_store_release(&answer, i);
	}
	return arg;
}

/* An empty table, or one whose only bucket is full already. */
static unsigned int prepare(unsigned int round)
{
	unsigned int i, others = round % 2 ? TCPS_BUCKET_SLOTS : 0;

	memset(table.bucket, 0, tcps_table_bytes(2));
	atomic_set(&table.elsewhere, 0);
	atomic_set(&table.stashed, 0);
	seeded = 0;
	dropped = 0;
	for (i = 0; i < others; i++)
		tcps_insert(&table, word_of(BASE + 64 * (100 + i), OLD), 0);
	return others;
}

/* Exactly one record, the owner's, and one connection in the gauges. */
static void verdict(const void *ptr, unsigned int others)
{
	struct tcps_slot *slot = tcps_find(&table, ptr);
	u64 when = 0, word = slot ? tcps_slot_read(slot, &when) : 0;

	check(tcps_rec_state(word) == NEW, "the event was lost");
	check(when == tcps_when(2, 2), "its time was lost");
	check(table_used(&table, 0) == 1 + others, "not exactly one record");
	check(seeded - dropped == 1, "the gauge is wrong");
	check(atomic_read(&table.elsewhere) == !!others, "miscounted");
}

static void seeder_race(void)
{
	pthread_t thread;
	unsigned int others, i;

	table = table_make(2);
	broken = 0;
	random_seed(12);
	pthread_create(&thread, NULL, seeder, NULL);
	for (i = 1; i <= ROUNDS; i++) {
		others = prepare(i);
		/* The table is ready. */
		smp_store_release(&turn, i);
		wait_a_little();
		event(round_ptr(i));
		wait_for(&answer, i);
		verdict(round_ptr(i), others);
	}
	pthread_join(thread, NULL);
	CHECK(!broken);
	printf("# %d rounds: %d times one saw the other, %d went wrong\n",
	       ROUNDS, duels, broken);
	table_free(&table);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "the seeder against an event: one survives", seeder_race },
		{ 0 }
	};

	return unit_run(cases);
}
