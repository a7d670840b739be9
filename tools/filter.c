// SPDX-License-Identifier: GPL-2.0
/*
 * Words like "state close-wait older 60s", and what is said about wrong ones.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/tcpstates.h>

#include "duration.h"
#include "filter.h"
#include "nearest.h"
#include "output.h"

#define CGROUPS	"/sys/fs/cgroup"

static bool number(const char *text, unsigned long long max,
		   unsigned long long *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno &&
	       *value <= max;
}

/**
 * filter_prefix() - read an address, or the beginning of addresses
 * @text:	like 192.0.2.1, 10.0.0.0/8, 2001:db8::/32
 * @prefix:	where to put it
 *
 * Return: false if it is none.
 */
bool filter_prefix(const char *text, struct tcpstates_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long long bits;
	char address[64];

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, prefix->bytes) == 1)
		prefix->len = 4;
	else if (inet_pton(AF_INET6, address, prefix->bytes) == 1)
		prefix->len = 16;
	else
		return false;
	bits = 8 * prefix->len;
	if (slash && !number(slash + 1, bits, &bits))
		return false;
	prefix->bits = (unsigned int)bits;
	return true;
}

/**
 * filter_state() - the number of a state, or say what may have been meant
 * @text:	its name in any spelling, not terminated
 * @len:	its length
 *
 * Return: 0 after a message.
 */
unsigned int filter_state(const char *text, size_t len)
{
	const char *names[16] = { NULL };
	unsigned int state = tcpstates_state_number(text, len), i, n = 0;
	char typed[64], safe[64];

	if (state)
		return state;
	if (!len) {
		output_error("a state is missing: one like CLOSE_WAIT");
		return 0;
	}
	snprintf(typed, sizeof(typed), "%.*s", (int)(len < 63 ? len : 63),
		 text);
	for (i = 0; typed[i]; i++)
		if (typed[i] >= 'a' && typed[i] <= 'z')
			typed[i] -= 'a' - 'A';
	for (i = 1; tcpstates_state_name(i); i++)
		names[n++] = tcpstates_state_name(i);
	tcpstates_escape(safe, sizeof(safe), typed);
	output_error("no state '%s': did you mean '%s'?", safe,
		     nearest_word(typed, names));
	return 0;
}

#define STATE(name)	(1U << TCPSTATES_TCP_STATE_##name)

static const uint32_t next_states[] = {
	[TCPSTATES_TCP_STATE_CLOSED] = STATE(LISTEN) | STATE(SYN_SENT),
	[TCPSTATES_TCP_STATE_LISTEN] = STATE(SYN_RECV) | STATE(CLOSED),
	[TCPSTATES_TCP_STATE_SYN_SENT] =
		STATE(SYN_RECV) | STATE(ESTABLISHED) | STATE(CLOSED),
	[TCPSTATES_TCP_STATE_SYN_RECV] =
		STATE(ESTABLISHED) | STATE(FIN_WAIT1) | STATE(CLOSE_WAIT) |
		STATE(CLOSED),
	[TCPSTATES_TCP_STATE_ESTABLISHED] =
		STATE(FIN_WAIT1) | STATE(CLOSE_WAIT) | STATE(CLOSED),
	[TCPSTATES_TCP_STATE_FIN_WAIT1] =
		STATE(FIN_WAIT2) | STATE(CLOSING) | STATE(TIME_WAIT) |
		STATE(CLOSED),
	[TCPSTATES_TCP_STATE_FIN_WAIT2] = STATE(TIME_WAIT) | STATE(CLOSED),
	[TCPSTATES_TCP_STATE_CLOSE_WAIT] = STATE(LAST_ACK) | STATE(CLOSED),
	[TCPSTATES_TCP_STATE_CLOSING] = STATE(TIME_WAIT) | STATE(CLOSED),
	[TCPSTATES_TCP_STATE_LAST_ACK] = STATE(CLOSED),
	[TCPSTATES_TCP_STATE_TIME_WAIT] = STATE(CLOSED),
};

/**
 * filter_next() - where connections go from a state
 * @state:	its number
 *
 * Return: a bit 1 << state for each that follows it.
 */
uint32_t filter_next(unsigned int state)
{
	return state <= TCPSTATES_STATES ? next_states[state] : 0;
}

static bool take_states(uint32_t *states, const char *value)
{
	unsigned int state;
	size_t len;

	while (true) {
		len = strcspn(value, ",");
		state = filter_state(value, len);
		if (!state)
			return false;
		*states |= 1U << state;
		if (!value[len])
			return true;
		value += len + 1;
	}
}

static bool take_state(struct filter_event *e, const char *value)
{
	return take_states(&e->conn.states, value);
}

static bool take_from(struct filter_event *e, const char *value)
{
	return take_states(&e->from, value);
}

static bool take_to(struct filter_event *e, const char *value)
{
	return take_states(&e->to, value);
}

static bool take_cause(struct filter_event *e, const char *value)
{
	const char *names[16] = { NULL };
	unsigned int cause;
	char safe[64];

	for (cause = 0; tcpstates_cause_name(cause); cause++) {
		names[cause] = tcpstates_cause_name(cause);
		if (!strcmp(names[cause], value)) {
			e->causes |= 1U << cause;
			return true;
		}
	}
	tcpstates_escape(safe, sizeof(safe), value);
	output_error("no cause '%s': did you mean '%s'?", safe,
		     nearest_word(value, names));
	return false;
}

static bool take_port(uint16_t *port, const char *value)
{
	unsigned long long n;

	if (!number(value, 65535, &n) || !n)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* There may be thousands: one that is not near is no help. */
static void no_user(const char *typed)
{
	const struct passwd *user;
	char near[64] = "", safe[64];
	size_t best = strlen(typed), distance;

	if (best > 3)
		best = 3;
	setpwent();
	while ((user = getpwent())) {
		distance = nearest_distance(typed, user->pw_name);
		if (distance >= best)
			continue;
		best = distance;
		tcpstates_escape(near, sizeof(near), user->pw_name);
	}
	endpwent();
	tcpstates_escape(safe, sizeof(safe), typed);
	if (*near)
		output_error("no user '%s': did you mean '%s'?", safe, near);
	else
		output_error("'uid' wants a user's number or name, not '%s'",
			     safe);
}

static bool take_uid(struct filter_event *e, const char *value)
{
	const struct passwd *user;

	e->conn.uid.known = number(value, 0xfffffffe, &e->conn.uid.value);
	if (e->conn.uid.known)
		return true;
	user = getpwnam(value);
	if (user)
		e->conn.uid = (struct tcpstates_num){ user->pw_uid, true };
	else
		no_user(value);
	return user;
}

static bool take_cgroup(struct filter_event *e, const char *value)
{
	unsigned long long n;
	struct stat st;
	char path[4096];

	if (number(value, ~0ULL, &n)) {
		e->conn.cgroup = n;
		return n;
	}
	snprintf(path, sizeof(path), "%s%s%s",
		 strncmp(value, CGROUPS, sizeof(CGROUPS) - 1) ? CGROUPS : "",
		 *value == '/' ? "" : "/", value);
	if (stat(path, &st))
		return false;
	e->conn.cgroup = st.st_ino;
	return true;
}

static bool take_family(struct filter_event *e, const char *value)
{
	if (!strcmp(value, "4") || !strcmp(value, "ipv4"))
		e->conn.family = AF_INET;
	else if (!strcmp(value, "6") || !strcmp(value, "ipv6"))
		e->conn.family = AF_INET6;
	return e->conn.family;
}

static bool take_older(struct filter_event *e, const char *value)
{
	return duration_parse(value, &e->conn.older_us);
}

static bool take_sport(struct filter_event *e, const char *value)
{
	return take_port(&e->conn.local_port, value);
}

static bool take_dport(struct filter_event *e, const char *value)
{
	return take_port(&e->conn.remote_port, value);
}

static bool take_src(struct filter_event *e, const char *value)
{
	return filter_prefix(value, &e->conn.local);
}

static bool take_dst(struct filter_event *e, const char *value)
{
	return filter_prefix(value, &e->conn.remote);
}

#define ALL	(FILTER_CONNS | FILTER_LISTENERS | FILTER_EVENTS)
#define ENDS	(FILTER_CONNS | FILTER_EVENTS)

/**
 * struct word - one condition
 * @name:	as it is typed
 * @of:		each enum filter_of that it means something for
 * @take:	notes its value; returns false if it is none
 * @wants:	what its value is
 * @says:	@take says what is wrong with it
 */
static const struct word {
	const char *name;
	unsigned int of;
	bool (*take)(struct filter_event *e, const char *value);
	const char *wants;
	bool says;
} words[] = {
	{ "state", ENDS, take_state, "a state", true },
	{ "from", FILTER_EVENTS, take_from, "a state", true },
	{ "to", FILTER_EVENTS, take_to, "a state", true },
	{ "cause", FILTER_EVENTS, take_cause, "a cause like reset, timeout, aborted", true },
	{ "older", ALL, take_older, "a time like 500ms, 60s, 1h30m, 2d", false },
	{ "sport", ALL, take_sport, "a port, 1 to 65535", false },
	{ "dport", ENDS, take_dport, "a port, 1 to 65535", false },
	{ "src", ALL, take_src, "an address or prefix like 10.0.0.0/8", false },
	{ "dst", ENDS, take_dst, "an address or prefix like 10.0.0.0/8", false },
	{ "uid", ALL, take_uid, "a user's number or name", true },
	{ "family", ALL, take_family, "4 or 6", false },
	{ "cgroup", ALL, take_cgroup, "a cgroup's path or number", false },
};

#define NR_WORDS	(sizeof(words) / sizeof(words[0]))

/* What makes sense elsewhere.  Return: false if it does not even there. */
static bool is_elsewhere(const char *typed, enum filter_of of)
{
	static const char *const whose[] = {
		[FILTER_CONNS] = "conns", [FILTER_LISTENERS] = "listeners",
		[FILTER_EVENTS] = "events",
	};
	size_t i;

	for (i = 0; i < NR_WORDS; i++) {
		if (strcmp(words[i].name, typed))
			continue;
		output_error("%s have no '%s': see 'tcpstatectl help %s'",
			     of == FILTER_CONNS ? "connections" : whose[of],
			     typed, whose[of]);
		return true;
	}
	return false;
}

static const struct word *find_word(const char *typed, enum filter_of of)
{
	const char *names[NR_WORDS + 1] = { NULL };
	char safe[64];
	size_t i, n = 0;

	for (i = 0; i < NR_WORDS; i++) {
		if (!(words[i].of & of))
			continue;
		if (!strcmp(words[i].name, typed))
			return &words[i];
		names[n++] = words[i].name;
	}
	if (is_elsewhere(typed, of))
		return NULL;
	tcpstates_escape(safe, sizeof(safe), typed);
	output_error("no condition '%s': did you mean '%s'?", safe,
		     nearest_word(typed, names));
	return NULL;
}

/**
 * filter_parse_events() - read conditions, say what is wrong with them
 * @filter:	filled
 * @of:		what they are for
 * @argc:	number of words
 * @argv:	conditions and values by turns
 *
 * Return: false after a message.
 */
bool filter_parse_events(struct filter_event *filter, enum filter_of of,
			 int argc, char **argv)
{
	const struct word *word;
	char safe[64];
	int i;

	memset(filter, 0, sizeof(*filter));
	for (i = 0; i < argc; i += 2) {
		word = find_word(argv[i], of);
		if (!word)
			return false;
		if (i + 1 == argc) {
			output_error("'%s' wants %s", word->name, word->wants);
			return false;
		}
		if (word->take(filter, argv[i + 1]))
			continue;
		tcpstates_escape(safe, sizeof(safe), argv[i + 1]);
		if (!word->says)
			output_error("'%s' wants %s, not '%s'", word->name,
				     word->wants, safe);
		return false;
	}
	return true;
}

/**
 * filter_parse() - read conditions, say what is wrong with them
 * @filter:	filled
 * @listeners:	they are for listeners
 * @argc:	number of words
 * @argv:	conditions and values by turns
 *
 * Return: false after a message.
 */
bool filter_parse(struct tcpstates_filter *filter, bool listeners, int argc,
		  char **argv)
{
	struct filter_event all;
	bool good = filter_parse_events(&all, listeners ? FILTER_LISTENERS :
					FILTER_CONNS, argc, argv);

	*filter = all.conn;
	return good;
}
