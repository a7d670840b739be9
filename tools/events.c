// SPDX-License-Identifier: GPL-2.0
/*
 * The trace event tcpstates:tcpstates_transition, read through libtracefs from
 * an instance of our own: what others trace is not touched, and their filters
 * and clocks are not ours.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kbuffer.h>
#include <tracefs.h>

#include "events.h"
#include "output.h"
#include "stop.h"
#include "tcpstatectl.h"

#define SYSTEM		"tcpstates"
#define EVENT		"tcpstates_transition"
#define PID_SPACE	"/proc/self/ns/pid"

/* So often losses are looked at while there is no end of events. */
#define LOOK_EVERY	4096

/**
 * struct cpu - the events of a CPU
 * @file:	what they are read from; NULL: nothing
 * @page:	what was read
 * @kbuf:	goes through @page
 * @data:	the first that was not taken; NULL: there is none
 * @ts:		its time
 */
struct cpu {
	struct tracefs_cpu *file;
	void *page;
	struct kbuffer *kbuf;
	void *data;
	unsigned long long ts;
};

/**
 * struct stream - a running stream
 * @events:	what is wanted
 * @instance:	of the tracing system
 * @tep:	knows the event's fields
 * @format:	the event
 * @cpu:	of each CPU
 * @nr_cpus:	length of @cpu
 * @seen:	how many events there were
 * @lost:	how many the kernel had lost when it was last asked
 * @end:	nobody wants more
 */
struct stream {
	const struct events *events;
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	struct tep_event *format;
	struct cpu *cpu;
	long nr_cpus;
	unsigned long long seen;
	unsigned long long lost;
	bool end;
};

static int fail(const char *why)
{
	output_error("cannot listen to the kernel's tracing system: %s", why);
	return STATUS_REFUSED;
}

static void forget(struct tracefs_instance *instance)
{
	tracefs_event_disable(instance, SYSTEM, EVENT);
	tracefs_instance_destroy(instance);
	tracefs_instance_free(instance);
}

/* Processes of other namespaces have other numbers: theirs are not ours. */
static void prefix(char text[48])
{
	struct stat st = { 0 };

	stat(PID_SPACE, &st);
	snprintf(text, 48, "tcpstatectl-%llu-", (unsigned long long)st.st_ino);
}

/* What a reader left that was killed: nobody else takes it away. */
static int sweep(const char *name, void *context)
{
	struct tracefs_instance *old;
	const char *ours = context;
	int pid;

	if (strncmp(name, ours, strlen(ours)))
		return 0;
	pid = atoi(name + strlen(ours));
	if (pid <= 0 || !kill(pid, 0) || errno != ESRCH)
		return 0;
	old = tracefs_instance_alloc(NULL, name);
	if (old)
		forget(old);
	return 0;
}

static unsigned long long number(const struct tep_event *event,
				 const struct tep_record *record,
				 const char *name)
{
	struct tep_format_field *field;
	unsigned long long value = 0;

	field = tep_find_field((struct tep_event *)event, name);
	if (field)
		tep_read_number_field(field, record->data, &value);
	return value;
}

/* IPv4-mapped addresses are written as what they are. */
static void address(const struct tep_event *event,
		    const struct tep_record *record, const char *name,
		    struct tcpstates_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct tep_format_field *field;
	const uint8_t *bytes;

	field = tep_find_field((struct tep_event *)event, name);
	if (!field || field->size != 16 || field->offset + 16 > record->size)
		return;
	bytes = (const uint8_t *)record->data + field->offset;
	address->len = memcmp(bytes, mapped, 12) ? 16 : 4;
	memcpy(address->bytes, bytes + 16 - address->len, address->len);
}

static void take_event(const struct tep_event *event,
		       const struct tep_record *record, struct event *one)
{
	long long dwell = (long long)number(event, record, "dwell_us");
	uint32_t uid = (uint32_t)number(event, record, "uid");

	one->cookie = number(event, record, "cookie");
	one->netns = number(event, record, "netns");
	one->family = (unsigned int)number(event, record, "family");
	one->from = (unsigned int)number(event, record, "old_state");
	one->to = (unsigned int)number(event, record, "new_state");
	one->cause = (unsigned int)number(event, record, "cause");
	if (dwell >= 0)
		one->dwell_us = (struct tcpstates_num){ dwell, true };
	if (uid != UINT32_MAX)
		one->uid = (struct tcpstates_num){ uid, true };
	one->cgroup.value = number(event, record, "cgroup");
	one->cgroup.known = one->cgroup.value;
	address(event, record, "saddr_v6", &one->local);
	address(event, record, "daddr_v6", &one->remote);
	one->local.port = (uint16_t)number(event, record, "sport");
	one->remote.port = (uint16_t)number(event, record, "dport");
}

/* One number of per_cpu/cpuN/stats */
static unsigned long long stat_value(const char *text, const char *name)
{
	const char *at = text ? strstr(text, name) : NULL;

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* The kernel counts what it overwrites or drops while its buffer is full. */
static void look_for_losses(struct stream *stream)
{
	unsigned long long sum = 0;
	char file[48], *text;
	long i;

	for (i = 0; i < stream->nr_cpus; i++) {
		snprintf(file, sizeof(file), "per_cpu/cpu%ld/stats", i);
		text = tracefs_instance_file_read(stream->instance, file, NULL);
		sum += stat_value(text, "\noverrun: ");
		sum += stat_value(text, "\ndropped events: ");
		free(text);
	}
	if (sum > stream->lost)
		stream->events->lost(sum - stream->lost, stream->events->arg);
	stream->lost = sum;
}

/*
 * The first event of a CPU that was not taken.  Files and pages stay open between
 * two turns, which those of the library's own iterator do not.
 */
static void look_at(struct cpu *cpu)
{
	if (!cpu->file)
		return;
	cpu->data = kbuffer_read_event(cpu->kbuf, &cpu->ts);
	if (cpu->data || tracefs_cpu_read(cpu->file, cpu->page, true) <= 0)
		return;
	if (!kbuffer_load_subbuffer(cpu->kbuf, cpu->page))
		cpu->data = kbuffer_read_event(cpu->kbuf, &cpu->ts);
}

/* The earliest of all CPUs, or NULL. */
static struct cpu *earliest(const struct stream *stream)
{
	struct cpu *cpu, *first = NULL;

	for (cpu = stream->cpu; cpu < stream->cpu + stream->nr_cpus; cpu++)
		if (cpu->data && (!first || cpu->ts < first->ts))
			first = cpu;
	return first;
}

static void take(struct stream *stream, const struct cpu *cpu)
{
	struct tep_record record = {
		.ts = cpu->ts,
		.data = cpu->data,
		.size = kbuffer_event_size(cpu->kbuf),
	};
	struct event one = { .time_ns = cpu->ts };

	if (tep_data_type(stream->tep, &record) == stream->format->id) {
		take_event(stream->format, &record, &one);
		stream->end = !stream->events->event(&one, stream->events->arg);
	}
	if (!(++stream->seen % LOOK_EVERY))
		look_for_losses(stream);
	stream->end |= stop_wanted();
}

static void take_all(struct stream *stream)
{
	struct cpu *cpu;

	for (cpu = stream->cpu; cpu < stream->cpu + stream->nr_cpus; cpu++)
		look_at(cpu);
	while (!stream->end && (cpu = earliest(stream))) {
		take(stream, cpu);
		kbuffer_next_event(cpu->kbuf, NULL);
		look_at(cpu);
	}
}

/* The event goes with the module; a module that has come anew has another. */
static bool still_there(const struct stream *stream)
{
	char *text = tracefs_event_file_read(stream->instance, SYSTEM, EVENT,
					     "enable", NULL);
	bool there = text && *text == '1';

	free(text);
	return there;
}

static int read_all(struct stream *stream)
{
	bool there;

	do {
		there = still_there(stream);
		take_all(stream);
		if (!stream->end)
			look_for_losses(stream);
	} while (!stream->end && there &&
		 stream->events->turn(stream->events->arg) && !stop_wanted());
	if (there || stream->end)
		return STATUS_DONE;
	output_error("the tcpstates module was unloaded");
	return STATUS_REFUSED;
}

static void open_cpu(struct stream *stream, int i)
{
	bool wide = tep_get_header_page_size(stream->tep) == 8;
	bool big = tep_is_file_bigendian(stream->tep);
	struct cpu *cpu = &stream->cpu[i];

	cpu->file = tracefs_cpu_open(stream->instance, i, true);
	if (!cpu->file)
		return;
	cpu->page = output_must(calloc(1, tracefs_cpu_read_size(cpu->file)));
	cpu->kbuf = output_must(kbuffer_alloc(wide ? KBUFFER_LSIZE_8 :
						     KBUFFER_LSIZE_4,
					      big ? KBUFFER_ENDIAN_BIG :
						    KBUFFER_ENDIAN_LITTLE));
	/* There is nothing in it. */
	kbuffer_load_subbuffer(cpu->kbuf, cpu->page);
}

static void open_cpus(struct stream *stream)
{
	long i;

	stream->nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	stream->cpu = output_must(calloc(stream->nr_cpus,
					 sizeof(*stream->cpu)));
	for (i = 0; i < stream->nr_cpus; i++)
		open_cpu(stream, (int)i);
}

/* Before the instance goes: it does not while somebody reads it. */
static void close_cpus(struct stream *stream)
{
	long i;

	for (i = 0; i < stream->nr_cpus; i++) {
		if (!stream->cpu[i].file)
			continue;
		tracefs_cpu_close(stream->cpu[i].file);
		kbuffer_free(stream->cpu[i].kbuf);
		free(stream->cpu[i].page);
	}
	free(stream->cpu);
}

static int start(struct stream *stream)
{
	static const char * const systems[] = { SYSTEM, NULL };
	const char *filter = stream->events->filter;

	stream->tep = tracefs_local_events_system(NULL, systems);
	if (stream->tep)
		stream->format = tep_find_event_by_name(stream->tep, SYSTEM,
							EVENT);
	if (!stream->format)
		return fail("the format of its events is not known");
	if (tracefs_instance_file_write(stream->instance, "trace_clock",
					"mono") < 0)
		return fail("it does not know the clock 'mono'");
	if (*filter && tracefs_event_file_write(stream->instance, SYSTEM, EVENT,
						"filter", filter) < 0)
		return fail("it refuses the filter");
	open_cpus(stream);
	if (tracefs_event_enable(stream->instance, SYSTEM, EVENT))
		return fail(strerror(errno));
	return STATUS_DONE;
}

static int check(void)
{
	const char *dir = tracefs_tracing_dir();
	char version[64];
	int ret;

	ret = tcpstates_module_version(TCPSTATES_SYS_PATH, version,
				       sizeof(version));
	if (ret == -ENOENT) {
		output_error("the tcpstates module is not loaded: try 'modprobe tcpstates'");
		return STATUS_REFUSED;
	}
	if (!dir)
		return fail("tracefs is not mounted");
	if (access(dir, R_OK | X_OK))
		return fail(strerror(errno));
	if (!tracefs_event_file_exists(NULL, SYSTEM, EVENT, "enable"))
		return fail("the module has no event there");
	return STATUS_DONE;
}

/**
 * events_run() - stream transitions until the end is wanted
 * @events:	what is wanted
 *
 * stop_catch() must have been called.
 *
 * Return: exit status, after a message if it is not STATUS_DONE.
 */
int events_run(const struct events *events)
{
	struct stream stream = { .events = events };
	int status = check();
	char ours[48], name[64];

	if (status)
		return status;
	prefix(ours);
	snprintf(name, sizeof(name), "%s%d", ours, getpid());
	tracefs_instances_walk(sweep, ours);
	stream.instance = tracefs_instance_create(name);
	if (!stream.instance)
		return fail(strerror(errno));
	status = start(&stream);
	if (!status)
		status = read_all(&stream);
	close_cpus(&stream);
	forget(stream.instance);
	if (stream.tep)
		tep_free(stream.tep);
	return status;
}
