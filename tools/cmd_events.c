// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl events
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "conns.h"
#include "duration.h"
#include "filter.h"
#include "interval.h"
#include "stop.h"

#define TURN_MS		100
#define FILTER_ROOM	4096

/**
 * struct listing - what is printed
 * @options:	of the command line
 * @filter:	which
 * @kernel_filter: the same, as the kernel takes it
 * @whose:	names of users
 * @spaces:	names of namespaces, if all are looked into
 * @offset_ns:	what makes the time of day of an event's time
 * @left:	how many are still to be printed; 0: no end
 * @begun:	the head is printed
 */
struct listing {
	const struct options *options;
	struct filter_event filter;
	char kernel_filter[FILTER_ROOM];
	struct whose whose;
	struct spaces spaces;
	long long offset_ns;
	unsigned long long left;
	bool begun;
};

static bool wants_json(const struct listing *list)
{
	return list->options->given['j'] || list->options->given['p'];
}

static void add_term(struct listing *list, const char *term)
{
	size_t used = strlen(list->kernel_filter);

	snprintf(list->kernel_filter + used, FILTER_ROOM - used, "%s%s",
		 used ? " && " : "", term);
}

static void add_number(struct listing *list, const char *relation,
		       unsigned long long value)
{
	char term[80];

	snprintf(term, sizeof(term), "%s %llu", relation, value);
	add_term(list, term);
}

/* "(old_state == 1 || old_state == 8)"; with @other, of either field */
static void add_bits(struct listing *list, uint32_t bits, const char *field,
		     const char *other)
{
	char term[FILTER_ROOM / 4] = "(";
	size_t used = 1;
	unsigned int i;

	if (!bits)
		return;
	for (i = 0; i < 32; i++) {
		if (!(bits & 1U << i))
			continue;
		used += snprintf(term + used, sizeof(term) - used, "%s%s == %u",
				 used > 1 ? " || " : "", field, i);
		if (other)
			used += snprintf(term + used, sizeof(term) - used,
					 " || %s == %u", other, i);
	}
	snprintf(term + used, sizeof(term) - used, ")");
	add_term(list, term);
}

/* Addresses apart: the kernel cannot compare these. */
static void make_filter(struct listing *list)
{
	const struct tcpstates_filter *conn = &list->filter.conn;
	struct stat here;

	if (!list->options->given[OPT_ALL_NETNS] &&
	    !stat("/proc/self/ns/net", &here))
		add_number(list, "netns ==", here.st_ino);
	add_bits(list, conn->states, "old_state", "new_state");
	add_bits(list, list->filter.from, "old_state", NULL);
	add_bits(list, list->filter.to, "new_state", NULL);
	add_bits(list, list->filter.causes, "cause", NULL);
	if (conn->older_us)
		add_number(list, "dwell_us >=", conn->older_us);
	if (conn->local_port)
		add_number(list, "sport ==", conn->local_port);
	if (conn->remote_port)
		add_number(list, "dport ==", conn->remote_port);
	if (conn->family)
		add_number(list, "family ==", conn->family);
	if (conn->uid.known)
		add_number(list, "uid ==", conn->uid.value);
	if (conn->cgroup)
		add_number(list, "cgroup ==", conn->cgroup);
}

static bool begins_with(const struct tcpstates_address *address,
			const struct tcpstates_prefix *prefix)
{
	unsigned int whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (!prefix->len)
		return true;
	return address->len == prefix->len &&
	       !memcmp(address->bytes, prefix->bytes, whole) &&
	       (!rest || !((address->bytes[whole] ^ prefix->bytes[whole]) >>
			   (8 - rest)));
}

/* The two clocks drift apart: it is asked each time. */
static void compare_clocks(struct listing *list)
{
	struct timespec day, mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &day);
	list->offset_ns = (day.tv_sec - mono.tv_sec) * 1000000000LL +
			  day.tv_nsec - mono.tv_nsec;
}

static void format_time(const struct listing *list, const struct tcpstates_event *event,
			char text[48])
{
	unsigned long long ns = event->time_ns + list->offset_ns;
	time_t seconds = (time_t)(ns / 1000000000);
	bool json = wants_json(list);
	struct tm tm;

	if (json)
		gmtime_r(&seconds, &tm);
	else
		localtime_r(&seconds, &tm);
	strftime(text, 24, json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	snprintf(text + strlen(text), 16, ".%06llu%s",
		 ns % 1000000000 / 1000, json ? "Z" : "");
}

static const struct space *space_of(const struct listing *list,
				    unsigned long long ino)
{
	const struct space *space = list->spaces.space;

	for (; space < list->spaces.space + list->spaces.nr; space++)
		if (space->netns.ino == ino)
			return space;
	return NULL;
}

static const char *state_name(unsigned int state)
{
	const char *name = tcpstates_state_name(state);

	return name ? name : "?";
}

static void print_netns(const struct listing *list, unsigned long long ino)
{
	struct space unnamed = { .netns.ino = ino };
	const struct space *space = space_of(list, ino);
	char label[SPACE_LABEL];

	printf("%-15s  ", space_label(label, space ? space : &unnamed));
}

static void print_text(struct listing *list, const struct tcpstates_event *event)
{
	const char *cause = tcpstates_cause_name(event->cause);
	char when[48], local[ENDPOINT_SIZE], remote[ENDPOINT_SIZE];
	char dwell[DURATION_SIZE] = "-", user[USER_SIZE];

	format_time(list, event, when);
	if (event->dwell_us.known)
		duration_format(dwell, event->dwell_us.value);
	printf("%s  ", when);
	if (list->options->given[OPT_ALL_NETNS])
		print_netns(list, event->netns);
	printf("%-11s  %-11s  %7s  %-21s  %-21s  %-8s  %s\n",
	       state_name(event->from),
	       state_name(event->to), dwell,
	       conns_endpoint(local, &event->local),
	       conns_endpoint(remote, &event->remote), cause ? cause : "-",
	       whose_user_name(&list->whose, user, &event->uid));
}

/* Not before it is clear that there will be something below it. */
static void print_head(struct listing *list)
{
	if (list->begun || wants_json(list))
		return;
	list->begun = true;
	term_begin(STYLE_HEAD);
	printf("%-15s  ", "TIME");
	if (list->options->given[OPT_ALL_NETNS])
		printf("%-15s  ", "NETNS");
	printf("%-11s  %-11s  %7s  %-21s  %-21s  %-8s  %s", "FROM", "TO",
	       "AGE", "LOCAL", "REMOTE", "CAUSE", "USER");
	term_end(STYLE_HEAD);
	putchar('\n');
}

static void print_json(const struct listing *list, const struct tcpstates_event *event)
{
	struct json_object *object = json_new();
	char when[48];

	format_time(list, event, when);
	json_add_word(object, "time", when);
	json_add_lower(object, "from", state_name(event->from));
	json_add_lower(object, "to", state_name(event->to));
	json_add_num(object, "dwell_us", &event->dwell_us);
	json_add_word(object, "cause", tcpstates_cause_name(event->cause));
	json_add_uint(object, "family", event->family == AF_INET6 ? 6 : 4);
	endpoint_json(object, "local", &event->local);
	endpoint_json(object, "remote", &event->remote);
	json_add_num(object, "uid", &event->uid);
	json_add_num(object, "cgroup", &event->cgroup);
	json_add_uint(object, "cookie", event->cookie);
	json_add_uint(object, "netns", event->netns);
	output_json(object, list->options->given['p']);
}

static bool print_event(const struct tcpstates_event *event, void *arg)
{
	struct listing *list = arg;

	if (!begins_with(&event->local, &list->filter.conn.local) ||
	    !begins_with(&event->remote, &list->filter.conn.remote))
		return !stop_wanted();
	print_head(list);
	if (wants_json(list))
		print_json(list, event);
	else
		print_text(list, event);
	return !ferror(stdout) && !stop_wanted() &&
	       (!list->left || --list->left);
}

/* Said where they would have been, too. */
static void print_lost(unsigned long long nr, void *arg)
{
	const struct listing *list = arg;
	struct json_object *object;

	if (wants_json(list)) {
		object = json_new();
		json_add_uint(object, "lost", nr);
		output_json(object, list->options->given['p']);
	}
	output_error("%llu events were lost: there were more than could be read",
		     nr);
}

/* Whoever reads is told what there is; without a reader, it is the end. */
static bool wait_for_more(void *arg)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };

	print_head(arg);
	if (fflush(stdout))
		return false;
	poll(&reader, 1, TURN_MS);
	compare_clocks(arg);
	return !(reader.revents & (POLLERR | POLLHUP | POLLNVAL)) &&
	       !stop_wanted();
}

static int stream(struct listing *list)
{
	const struct tcpstates_wanted wanted = {
		.filter = list->kernel_filter,
		.event = print_event,
		.lost = print_lost,
		.turn = wait_for_more,
		.arg = list,
	};
	struct tcpstates_error error;

	make_filter(list);
	compare_clocks(list);
	switch (tcpstates_events(&wanted, &error)) {
	case 0:
		return STATUS_DONE;
	case -ENOENT:
		output_error("%s: try 'modprobe tcpstates'", error.reason);
		return STATUS_REFUSED;
	default:
		output_error("%s", error.reason);
		return STATUS_REFUSED;
	}
}

/**
 * cmd_events() - run "events"
 * @options:	-j, -n, -p, --all-netns, --count
 * @argc:	number of words
 * @argv:	conditions, see filter.c
 *
 * Return: exit status.
 */
int cmd_events(const struct options *options, int argc, char **argv)
{
	struct listing list = { .options = options };
	int status = STATUS_DONE;

	if (!filter_parse_events(&list.filter, FILTER_EVENTS, argc, argv) ||
	    !interval_count(options, &list.left))
		return STATUS_USAGE;
	if (options->given[OPT_ALL_NETNS])
		status = spaces_get(&list.spaces);
	whose_begin(&list.whose, options);
	stop_catch();
	if (!status)
		status = stream(&list);
	whose_end(&list.whose);
	spaces_free(&list.spaces);
	fflush(stdout);
	stop_finish();
	return status;
}
