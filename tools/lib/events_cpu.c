// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of all CPUs' buffers, in the order of time.  Files and pages stay open
 * between two turns, which those of libtracefs' own iterator do not.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "events.h"

/**
 * events_look_at() - have the first event that was not taken in @cpu->data
 * @cpu:	a CPU
 */
void events_look_at(struct events_cpu *cpu)
{
	if (!cpu->file)
		return;
	cpu->data = kbuffer_read_event(cpu->kbuf, &cpu->ts);
	if (cpu->data || tracefs_cpu_read(cpu->file, cpu->page, true) <= 0)
		return;
	if (!kbuffer_load_subbuffer(cpu->kbuf, cpu->page))
		cpu->data = kbuffer_read_event(cpu->kbuf, &cpu->ts);
}

/**
 * events_earliest() - the earliest of all CPUs
 * @cpus:	they have been looked at
 *
 * Return: the CPU, or NULL: there is nothing.
 */
struct events_cpu *events_earliest(const struct events_cpus *cpus)
{
	struct events_cpu *cpu, *first = NULL;

	for (cpu = cpus->cpu; cpu < cpus->cpu + cpus->nr; cpu++)
		if (cpu->data && (!first || cpu->ts < first->ts))
			first = cpu;
	return first;
}

static int open_cpu(struct events_cpu *cpu, struct tracefs_instance *instance,
		    struct tep_handle *tep, int i)
{
	bool wide = tep_get_header_page_size(tep) == 8;
	bool big = tep_is_file_bigendian(tep);
	struct tracefs_cpu *file = tracefs_cpu_open(instance, i, true);
	struct kbuffer *kbuf;
	void *page;

	if (!file)
		return 0;
	page = calloc(1, tracefs_cpu_read_size(file));
	kbuf = kbuffer_alloc(wide ? KBUFFER_LSIZE_8 : KBUFFER_LSIZE_4,
			     big ? KBUFFER_ENDIAN_BIG : KBUFFER_ENDIAN_LITTLE);
	if (!page || !kbuf) {
		kbuffer_free(kbuf);
		free(page);
		tracefs_cpu_close(file);
		return -ENOMEM;
	}
	/* There is nothing in it. */
	kbuffer_load_subbuffer(kbuf, page);
	*cpu = (struct events_cpu){ .file = file, .page = page, .kbuf = kbuf };
	return 0;
}

/**
 * events_open_cpus() - open the buffers of all CPUs
 * @cpus:	filled; to be closed whatever is returned
 * @instance:	whose
 * @tep:	knows how pages are laid out
 *
 * Return: 0, or -ENOMEM.
 */
int events_open_cpus(struct events_cpus *cpus,
		     struct tracefs_instance *instance, struct tep_handle *tep)
{
	long nr = sysconf(_SC_NPROCESSORS_CONF);
	int ret = 0;

	cpus->cpu = calloc(nr, sizeof(*cpus->cpu));
	if (!cpus->cpu)
		return -ENOMEM;
	for (; cpus->nr < nr && !ret; cpus->nr++)
		ret = open_cpu(&cpus->cpu[cpus->nr], instance, tep,
			       (int)cpus->nr);
	return ret;
}

/**
 * events_close_cpus() - close them
 * @cpus:	which
 *
 * To be called before the instance goes: it does not while somebody reads it.
 */
void events_close_cpus(struct events_cpus *cpus)
{
	struct events_cpu *cpu;

	for (cpu = cpus->cpu; cpu < cpus->cpu + cpus->nr; cpu++) {
		if (!cpu->file)
			continue;
		tracefs_cpu_close(cpu->file);
		kbuffer_free(cpu->kbuf);
		free(cpu->page);
	}
	free(cpus->cpu);
}
