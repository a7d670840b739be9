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
 * filter_duration() - read a duration as people write it
 * @text:	like 500us, 20ms, 60s, 5m, 2h, 1d; a number alone is seconds
 * @us:		where to put it, microseconds
 *
 * Return: false if it is no duration.
 */
bool filter_duration(const char *text, unsigned long long *us)
{
	static const struct {
		const char *name;
		unsigned long long us;
	} units[] = {
		{ "", 1000000 }, { "us", 1 }, { "ms", 1000 },
		{ "s", 1000000 }, { "m", 60000000 }, { "h", 3600000000ULL },
		{ "d", 86400000000ULL },
	};
	unsigned long long value;
	char *end;
	size_t i;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name))
			return !errno &&
			       !__builtin_mul_overflow(value, units[i].us, us);
	return false;
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

static bool take_state(struct tcpstates_filter *f, const char *value)
{
	unsigned int state;
	size_t len;

	while (true) {
		len = strcspn(value, ",");
		state = filter_state(value, len);
		if (!state)
			return false;
		f->states |= 1U << state;
		if (!value[len])
			return true;
		value += len + 1;
	}
}

static bool take_port(uint16_t *port, const char *value)
{
	unsigned long long n;

	if (!number(value, 65535, &n) || !n)
		return false;
	*port = (uint16_t)n;
	return true;
}

static bool take_uid(struct tcpstates_filter *f, const char *value)
{
	const struct passwd *user;

	f->uid.known = number(value, 0xfffffffe, &f->uid.value);
	if (f->uid.known)
		return true;
	user = getpwnam(value);
	if (user)
		f->uid = (struct tcpstates_num){ user->pw_uid, true };
	return user;
}

static bool take_cgroup(struct tcpstates_filter *f, const char *value)
{
	unsigned long long n;
	struct stat st;
	char path[4096];

	if (number(value, ~0ULL, &n)) {
		f->cgroup = n;
		return n;
	}
	snprintf(path, sizeof(path), "%s%s%s",
		 strncmp(value, CGROUPS, sizeof(CGROUPS) - 1) ? CGROUPS : "",
		 *value == '/' ? "" : "/", value);
	if (stat(path, &st))
		return false;
	f->cgroup = st.st_ino;
	return true;
}

static bool take_family(struct tcpstates_filter *f, const char *value)
{
	if (!strcmp(value, "4") || !strcmp(value, "ipv4"))
		f->family = AF_INET;
	else if (!strcmp(value, "6") || !strcmp(value, "ipv6"))
		f->family = AF_INET6;
	return f->family;
}

static bool take_older(struct tcpstates_filter *f, const char *value)
{
	return filter_duration(value, &f->older_us);
}

static bool take_sport(struct tcpstates_filter *f, const char *value)
{
	return take_port(&f->local_port, value);
}

static bool take_dport(struct tcpstates_filter *f, const char *value)
{
	return take_port(&f->remote_port, value);
}

static bool take_src(struct tcpstates_filter *f, const char *value)
{
	return filter_prefix(value, &f->local);
}

static bool take_dst(struct tcpstates_filter *f, const char *value)
{
	return filter_prefix(value, &f->remote);
}

/**
 * struct word - one condition
 * @name:	as it is typed
 * @listeners:	it means something for them
 * @take:	notes its value; returns false if it is none
 * @wants:	what its value is; NULL: @take has said it
 */
static const struct word {
	const char *name;
	bool listeners;
	bool (*take)(struct tcpstates_filter *f, const char *value);
	const char *wants;
} words[] = {
	{ "state", false, take_state, NULL },
	{ "older", true, take_older, "a time like 500ms, 60s, 5m, 2h, 1d" },
	{ "sport", true, take_sport, "a port, 1 to 65535" },
	{ "dport", false, take_dport, "a port, 1 to 65535" },
	{ "src", true, take_src, "an address or prefix like 10.0.0.0/8" },
	{ "dst", false, take_dst, "an address or prefix like 10.0.0.0/8" },
	{ "uid", true, take_uid, "a user's number or name" },
	{ "family", true, take_family, "4 or 6" },
	{ "cgroup", true, take_cgroup, "a cgroup's path or number" },
};

#define NR_WORDS	(sizeof(words) / sizeof(words[0]))

static const struct word *find_word(const char *typed, bool listeners)
{
	const char *names[NR_WORDS + 1] = { NULL };
	char safe[64];
	size_t i, n = 0;

	for (i = 0; i < NR_WORDS; i++) {
		if (listeners && !words[i].listeners)
			continue;
		if (!strcmp(words[i].name, typed))
			return &words[i];
		names[n++] = words[i].name;
	}
	tcpstates_escape(safe, sizeof(safe), typed);
	output_error("no condition '%s': did you mean '%s'?", safe,
		     nearest_word(typed, names));
	return NULL;
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
	const struct word *word;
	char safe[64];
	int i;

	memset(filter, 0, sizeof(*filter));
	for (i = 0; i < argc; i += 2) {
		word = find_word(argv[i], listeners);
		if (!word)
			return false;
		if (i + 1 == argc) {
			output_error("'%s' wants %s", word->name,
				     word->wants ? word->wants : "a state");
			return false;
		}
		if (word->take(filter, argv[i + 1]))
			continue;
		tcpstates_escape(safe, sizeof(safe), argv[i + 1]);
		if (word->wants)
			output_error("'%s' wants %s, not '%s'", word->name,
				     word->wants, safe);
		return false;
	}
	return true;
}
