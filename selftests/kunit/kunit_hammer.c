// SPDX-License-Identifier: GPL-2.0
/*
 * module/track.c where probes run: on all CPUs at once, with interrupts off,
 * and in interrupts that come in the midst of an insert.  Nothing may sleep
 * or allocate there; the debug kernel would say so.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "suites.h"
#include "track.h"

#define KEYS	12	/* of each thread, and as many of its interrupts */
#define STEPS	20000
#define ROOM	8	/* records in buckets; the rest goes to the stash */
#define BASE	0xffff888000000000ULL

/* Counted as account.c does: this_cpu_*() needs no protection. */
struct counts {
	u64 inserted;
	u64 erased;
	u64 refused;
	u64 wrong;
	u64 in_irq;
};

static DEFINE_PER_CPU(struct counts, counts);
static struct tcps_table table;

/**
 * struct owner - a thread, or the interrupts that it causes elsewhere
 * @first:	number of its first key
 * @seed:	of its random numbers
 * @present:	which of its keys it has put in
 */
struct owner {
	unsigned int first;
	u32 seed;
	bool present[KEYS];
};

struct worker {
	struct owner task, irq;
	struct task_struct *thread;
	struct completion done;
};

static void *object(unsigned int key)
{
	return (void *)(unsigned long)(BASE + 64 * key);
}

static void step(struct owner *o)
{
	unsigned int k = (o->seed = o->seed * 1664525 + 1013904223) / 65536 %
			 KEYS;
	void *obj = object(o->first + k);
	struct tcps_slot *slot = tcps_find(&table, obj);
	u64 word = tcps_rec_word(obj, TCPS_KIND_REQ, k + 1, 0);

	if (!slot != !o->present[k])
		this_cpu_inc(counts.wrong);
	if (!slot) {
		slot = tcps_insert(&table, word, tcps_when(k, o->first));
		o->present[k] = slot;
		if (slot)
			this_cpu_inc(counts.inserted);
		else
			this_cpu_inc(counts.refused);
		return;
	}
	if (READ_ONCE(slot->word) != word ||
	    READ_ONCE(slot->when) != tcps_when(k, o->first))
		this_cpu_inc(counts.wrong);
	tcps_erase(&table, slot, READ_ONCE(slot->word));
	o->present[k] = false;
	this_cpu_inc(counts.erased);
}

static void step_in_irq(void *arg)
{
	/* An idle CPU does it without an interrupt, so some are not counted. */
	if (in_hardirq())
		this_cpu_inc(counts.in_irq);
	if (!irqs_disabled())
		this_cpu_inc(counts.wrong);
	step(arg);
}

/* An interrupt on another CPU, wherever that is in its own step. */
static void interrupt_other(struct worker *w)
{
	unsigned int cpu = cpumask_any_but(cpu_online_mask,
					   raw_smp_processor_id());

	if (cpu < nr_cpu_ids)
		smp_call_function_single(cpu, step_in_irq, &w->irq, 1);
}

static int work(void *arg)
{
	struct worker *w = arg;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < STEPS; i++) {
		preempt_disable();
		step(&w->task);
		preempt_enable();
		if (i % 16 == 0) {
			local_irq_save(flags);
			step(&w->task);
			local_irq_restore(flags);
			interrupt_other(w);
			cond_resched();
		}
	}
	/* Not one instruction of ours after that: the module may be gone. */
	kthread_complete_and_exit(&w->done, 0);
}

static void start(struct kunit *test, struct worker *w, unsigned int cpu)
{
	w->task.first = 2 * KEYS * cpu;
	w->irq.first = w->task.first + KEYS;
	w->task.seed = cpu;
	w->irq.seed = cpu + 1000;
	init_completion(&w->done);
	w->thread = kthread_create(work, w, "tcps_kunit/%u", cpu);
	if (IS_ERR(w->thread)) {
		KUNIT_FAIL(test, "no thread for CPU %u", cpu);
		complete(&w->done);
		return;
	}
	kthread_bind(w->thread, cpu);
	wake_up_process(w->thread);
}

static struct counts sum(void)
{
	struct counts s = { 0 };
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		s.inserted += per_cpu(counts, cpu).inserted;
		s.erased += per_cpu(counts, cpu).erased;
		s.refused += per_cpu(counts, cpu).refused;
		s.wrong += per_cpu(counts, cpu).wrong;
		s.in_irq += per_cpu(counts, cpu).in_irq;
	}
	return s;
}

static u64 records(void)
{
	u64 i, n = 0;

	for (i = 0; i < tcps_table_slots(&table); i++)
		n += !!tcps_table_slot(&table, i)->word;
	return n;
}

static void verdict(struct kunit *test, unsigned int workers)
{
	struct counts s = sum();

	kunit_info(test, "%u CPUs, %llu interrupts: %llu in, %llu out\n",
		   workers, s.in_irq, s.inserted, s.erased);
	KUNIT_EXPECT_EQ(test, s.wrong, 0ULL);
	KUNIT_EXPECT_EQ(test, s.refused, 0ULL);
	if (workers > 1)
		KUNIT_EXPECT_GT(test, s.in_irq, STEPS / 32ULL);
	KUNIT_EXPECT_GT(test, s.erased, (u64)workers * STEPS / 4);
	KUNIT_EXPECT_EQ(test, s.inserted - s.erased, records());
	KUNIT_EXPECT_LE(test, (u64)atomic_read(&table.stashed), records());
}

static void all_cpus(struct kunit *test)
{
	struct worker *w = kunit_kcalloc(test, nr_cpu_ids, sizeof(*w),
					 GFP_KERNEL);
	unsigned int cpu, n = 0;
	void *mem;

	KUNIT_ASSERT_NOT_NULL(test, w);
	mem = vzalloc(tcps_table_bytes(ROOM));
	KUNIT_ASSERT_NOT_NULL(test, mem);
	tcps_table_init(&table, mem, ROOM);
	for_each_online_cpu(cpu) {
		start(test, &w[cpu], cpu);
		n++;
	}
	for_each_online_cpu(cpu)
		wait_for_completion(&w[cpu].done);
	verdict(test, n);
	vfree(mem);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(all_cpus),
	{}
};

struct kunit_suite tcps_hammer_suite = {
	.name = "tcps_hammer",
	.test_cases = cases,
};
