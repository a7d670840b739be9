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

#include "events.h"

#define SYSTEM		"tcpstates"
#define EVENT		"tcpstates_transition"
#define PID_SPACE	"/proc/self/ns/pid"

/* So often losses are looked at while there is no end of events. */
#define LOOK_EVERY	4096

/**
 * struct stream - a running stream
 * @wanted:	what is wanted
 * @instance:	of the tracing system
 * @tep:	knows the event's fields
 * @format:	the event
 * @cpus:	what it is read from
 * @seen:	how many events there were
 * @lost:	how many the kernel had lost when it was last asked
 * @end:	nobody wants more
 */
struct stream {
	const struct tcpstates_wanted *wanted;
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	struct tep_event *format;
	struct events_cpus cpus;
	unsigned long long seen;
	unsigned long long lost;
	bool end;
};

static int fail(struct tcpstates_error *error, int err, const char *why)
{
	snprintf(error->reason, sizeof(error->reason),
		 "cannot listen to the kernel's tracing system: %s", why);
	return err;
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

	for (i = 0; i < stream->cpus.nr; i++) {
		snprintf(file, sizeof(file), "per_cpu/cpu%ld/stats", i);
		text = tracefs_instance_file_read(stream->instance, file, NULL);
		sum += stat_value(text, "\noverrun: ");
		sum += stat_value(text, "\ndropped events: ");
		free(text);
	}
	if (sum > stream->lost)
		stream->wanted->lost(sum - stream->lost, stream->wanted->arg);
	stream->lost = sum;
}

static void take(struct stream *stream, const struct events_cpu *cpu)
{
	struct tep_record record = {
		.ts = cpu->ts,
		.data = cpu->data,
		.size = kbuffer_event_size(cpu->kbuf),
	};
	struct tcpstates_event one = { .time_ns = cpu->ts };

	if (tep_data_type(stream->tep, &record) == stream->format->id) {
		events_record(stream->format, &record, &one);
		stream->end = !stream->wanted->event(&one, stream->wanted->arg);
	}
	if (!(++stream->seen % LOOK_EVERY))
		look_for_losses(stream);
}

static void take_all(struct stream *stream)
{
	struct events_cpu *cpu = stream->cpus.cpu;

	for (; cpu < stream->cpus.cpu + stream->cpus.nr; cpu++)
		events_look_at(cpu);
	while (!stream->end && (cpu = events_earliest(&stream->cpus))) {
		take(stream, cpu);
		kbuffer_next_event(cpu->kbuf, NULL);
		events_look_at(cpu);
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

static int read_all(struct stream *stream, struct tcpstates_error *error)
{
	bool there;

	do {
		there = still_there(stream);
		take_all(stream);
		if (!stream->end)
			look_for_losses(stream);
	} while (!stream->end && there &&
		 stream->wanted->turn(stream->wanted->arg));
	if (there || stream->end)
		return 0;
	snprintf(error->reason, sizeof(error->reason),
		 "the tcpstates module was unloaded");
	return -ENODEV;
}

/*
 * What the kernel says of its buffers and of our event.  tracefs_local_events_system()
 * reads the names of all the kernel's functions as well, a billion
 * instructions.
 */
static int learn_format(struct stream *stream)
{
	int page_size = 0, size = 0;
	char *page, *event;
	int ret = -1;

	stream->tep = tep_alloc();
	page = tracefs_instance_file_read(NULL, "events/header_page", &page_size);
	event = tracefs_event_file_read(NULL, SYSTEM, EVENT, "format", &size);
	if (stream->tep && page && event) {
		tep_set_file_bigendian(stream->tep,
				       tep_is_bigendian() ? TEP_BIG_ENDIAN :
							    TEP_LITTLE_ENDIAN);
		ret = tep_parse_header_page(stream->tep, page, page_size,
					    sizeof(long)) ||
		      tep_parse_event(stream->tep, event, size, SYSTEM);
	}
	free(page);
	free(event);
	return ret;
}

static int start(struct stream *stream, struct tcpstates_error *error)
{
	const char *filter = stream->wanted->filter;

	if (!learn_format(stream))
		stream->format = tep_find_event_by_name(stream->tep, SYSTEM,
							EVENT);
	if (!stream->format)
		return fail(error, -EPROTO,
			    "the format of its events is not known");
	if (tracefs_instance_file_write(stream->instance, "trace_clock",
					"mono") < 0)
		return fail(error, -EINVAL,
			    "it does not know the clock 'mono'");
	if (filter && *filter &&
	    tracefs_event_file_write(stream->instance, SYSTEM, EVENT, "filter",
				     filter) < 0)
		return fail(error, -EINVAL, "it refuses the filter");
	if (events_open_cpus(&stream->cpus, stream->instance, stream->tep))
		return fail(error, -ENOMEM, strerror(ENOMEM));
	if (tracefs_event_enable(stream->instance, SYSTEM, EVENT))
		return fail(error, -EIO, strerror(errno));
	return 0;
}

static int check(struct tcpstates_error *error)
{
	const char *dir = tracefs_tracing_dir();
	char version[64];
	int ret;

	ret = tcpstates_module_version(TCPSTATES_SYS_PATH, version,
				       sizeof(version));
	if (ret == -ENOENT) {
		snprintf(error->reason, sizeof(error->reason),
			 "the tcpstates module is not loaded");
		return ret;
	}
	if (!dir)
		return fail(error, -EIO, "tracefs is not mounted");
	if (access(dir, R_OK | X_OK))
		return fail(error, -EACCES, strerror(errno));
	if (!tracefs_event_file_exists(NULL, SYSTEM, EVENT, "enable"))
		return fail(error, -EIO, "the module has no event there");
	return 0;
}

/**
 * tcpstates_events() - stream transitions until the end is wanted
 * @wanted:	which, and who is given them
 * @error:	filled on failure
 *
 * One stream in a process at a time.  What a process leaves in the tracing system
 * that is killed meanwhile, the next stream on this machine takes away.
 *
 * Return: 0: the caller wanted the end; -ENOENT: the module is not loaded; -ENODEV:
 * it was unloaded meanwhile; -EOPNOTSUPP: this library was built without
 * libtracefs; or another negative errno.
 */
int tcpstates_events(const struct tcpstates_wanted *wanted,
		     struct tcpstates_error *error)
{
	struct stream stream = { .wanted = wanted };
	char ours[48], name[64];
	int ret;

	error->line = 0;
	ret = check(error);
	if (ret)
		return ret;
	prefix(ours);
	snprintf(name, sizeof(name), "%s%d", ours, getpid());
	tracefs_instances_walk(sweep, ours);
	stream.instance = tracefs_instance_create(name);
	if (!stream.instance)
		return fail(error, -EIO, strerror(errno));
	ret = start(&stream, error);
	if (!ret)
		ret = read_all(&stream, error);
	events_close_cpus(&stream.cpus);
	forget(stream.instance);
	if (stream.tep)
		tep_free(stream.tep);
	return ret;
}
