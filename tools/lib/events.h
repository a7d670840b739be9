/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that stream events know of each other.
 */
#ifndef _EVENTS_H
#define _EVENTS_H

#include <kbuffer.h>
#include <tracefs.h>

#include "tcpstates.h"

/**
 * struct events_cpu - the events of a CPU
 * @file:	what they are read from; NULL: nothing
 * @page:	what was read
 * @kbuf:	goes through @page
 * @data:	the first that was not taken; NULL: there is none
 * @ts:		its time
 */
struct events_cpu {
	struct tracefs_cpu *file;
	void *page;
	struct kbuffer *kbuf;
	void *data;
	unsigned long long ts;
};

/**
 * struct events_cpus - all of them
 * @cpu:	of each CPU
 * @nr:		length of @cpu
 */
struct events_cpus {
	struct events_cpu *cpu;
	long nr;
};

int events_open_cpus(struct events_cpus *cpus,
		     struct tracefs_instance *instance, struct tep_handle *tep);
void events_close_cpus(struct events_cpus *cpus);
void events_look_at(struct events_cpu *cpu);
struct events_cpu *events_earliest(const struct events_cpus *cpus);
void events_record(const struct tep_event *event,
		   const struct tep_record *record,
		   struct tcpstates_event *one);

#endif /* _EVENTS_H */
