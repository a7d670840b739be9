// SPDX-License-Identifier: GPL-2.0
/*
 * Does a second processor slow the table down?  Threads on processors of their
 * own each make, change and remove records of their own connections in one
 * table, as probes do.  Prints "scale THREADS MILLION-OPERATIONS-PER-SECOND" for
 * 1 and 2 threads; the best of some tries.
 *
 * The counters are per CPU by construction; what is left to share are the cache
 * lines of buckets, where two connections meet by chance.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "track.h"

#define CONNECTIONS	100000U		/* the table's */
#define LIVE		1000U		/* of each thread at a time */
#define LIVES		3000000U	/* of each thread */
#define TRIES		5
#define BASE		0xffff888000000000ULL

static struct tcps_table table;
static pthread_barrier_t barrier;

static const void *object(unsigned int thread, unsigned int n)
{
	return (const void *)(uintptr_t)(BASE + 2048ULL *
					 (n % LIVE + thread * LIVE));
}

static void one_life(const void *obj)
{
	u64 word = tcps_rec_word(obj, TCPS_KIND_SOCK, 2, 0);
	struct tcps_slot *slot = tcps_insert(&table, word, tcps_when(1, 1));

	if (!slot)
		abort();
	slot = tcps_find(&table, obj);
	tcps_update(slot, tcps_rec_word(obj, TCPS_KIND_SOCK, 1, 0),
		    tcps_when(2, 1));
	slot = tcps_find(&table, obj);
	tcps_erase(&table, slot, READ_ONCE(slot->word));
}

static void *work(void *arg)
{
	unsigned int thread = (uintptr_t)arg, i;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(thread, &set);
	sched_setaffinity(0, sizeof(set), &set);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < LIVES; i++)
		one_life(object(thread, i));
	return NULL;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double run(unsigned int threads)
{
	pthread_t thread[2];
	unsigned int i;
	double begin;

	pthread_barrier_init(&barrier, NULL, threads + 1);
	for (i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i);
	pthread_barrier_wait(&barrier);
	begin = seconds();
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return threads * 3.0 * LIVES / 1e6 / (seconds() - begin);
}

int main(void)
{
	size_t bytes = tcps_table_bytes(CONNECTIONS);
	void *mem = aligned_alloc(64, bytes);
	unsigned int threads, i;
	double best, rate;

	if (!mem)
		return 1;
	memset(mem, 0, bytes);
	tcps_table_init(&table, mem, CONNECTIONS);
	for (threads = 1; threads <= 2; threads++) {
		best = 0;
		for (i = 0; i < TRIES; i++) {
			rate = run(threads);
			best = rate > best ? rate : best;
		}
		printf("scale %u %.1f\n", threads, best);
	}
	return 0;
}
