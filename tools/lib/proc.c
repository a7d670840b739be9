// SPDX-License-Identifier: GPL-2.0
/*
 * The parser of /proc/tcpstates; docs/abi.md has the grammar.
 *
 * It is strict about what it understands (a number must be one, the last
 * line must be whole) and passes over what it does not: unknown keywords,
 * unknown names, fields appended to a line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "tcpstates.h"

#define REASON_SIZE	sizeof(((struct tcpstates_error *)0)->reason)

/**
 * struct parser - where the parser is
 * @stats:	what is being filled
 * @error:	what to say on failure
 * @keyword:	first word of the line
 * @rest:	what was not read of the line yet
 * @line:	its number, from 1
 */
struct parser {
	struct tcpstates_stats *stats;
	struct tcpstates_error *error;
	const char *keyword;
	char *rest;
	unsigned int line;
};

static int bad(struct parser *p, const char *what)
{
	snprintf(p->error->reason, REASON_SIZE, "%s", what);
	return -EINVAL;
}

static int bad_word(struct parser *p, const char *what, const char *word)
{
	char safe[64];

	tcpstates_escape(safe, sizeof(safe), word);
	snprintf(p->error->reason, REASON_SIZE, "%s: '%s'", what, safe);
	return -EINVAL;
}

static char *next_word(struct parser *p)
{
	char *word = p->rest + strspn(p->rest, " \t");
	char *end = word + strcspn(word, " \t");

	if (word == end)
		return NULL;
	p->rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static int read_word(struct parser *p, const char *field, const char **word)
{
	*word = next_word(p);
	if (*word)
		return 0;
	snprintf(p->error->reason, REASON_SIZE,
		 "'%s' line has no field '%s'", p->keyword, field);
	return -EINVAL;
}

static int read_num(struct parser *p, const char *field,
		    struct tcpstates_num *num)
{
	const char *word;
	char *end;
	int ret;

	ret = read_word(p, field, &word);
	if (ret || !strcmp(word, "-"))
		return ret;
	errno = 0;
	num->value = strtoull(word, &end, 10);
	if (!isdigit((unsigned char)*word) || *end)
		return bad_word(p, "not a number", word);
	if (errno)
		return bad_word(p, "number does not fit in 64 bits", word);
	num->known = true;
	return 0;
}

static int read_dwell(struct parser *p, struct tcpstates_dwell *dwell)
{
	int ret;

	ret = read_num(p, "p50_us", &dwell->p50_us);
	ret = ret ?: read_num(p, "p99_us", &dwell->p99_us);
	ret = ret ?: read_num(p, "max_us", &dwell->max_us);
	if (ret || (p->rest[strspn(p->rest, " \t")] &&
		    read_num(p, "samples", &dwell->samples)))
		return -EINVAL;
	/*
	 * Older modules do not write how many samples there were, but a
	 * quantile is missing only if there was none.
	 */
	if (!dwell->samples.known)
		dwell->samples.known = !dwell->p50_us.known;
	return 0;
}

/*
 * Room for one more record, which is empty: the array doubles whenever it is
 * full.  NULL if there is none; the array is as it was then.
 */
static void *grow(struct parser *p, void *array, size_t nr, size_t size)
{
	bool full = !(nr & (nr - 1));	/* 0 or a power of two */

	if (nr >= TCPSTATES_RECORDS_MAX) {
		bad_word(p, "too many lines of one kind", p->keyword);
		return NULL;
	}
	if (full)
		array = reallocarray(array, nr ? 2 * nr : 1, size);
	if (array)
		memset((char *)array + nr * size, 0, size);
	else
		bad(p, "out of memory");
	return array;
}

static int parse_state(struct parser *p)
{
	struct tcpstates_stats *stats = p->stats;
	struct tcpstates_state *state, *array;
	int ret;

	array = grow(p, stats->states, stats->nr_states, sizeof(*state));
	if (!array)
		return -ENOMEM;
	stats->states = array;
	state = array + stats->nr_states++;
	ret = read_word(p, "name", &state->name);
	ret = ret ?: read_num(p, "current", &state->current);
	ret = ret ?: read_num(p, "entered", &state->entered);
	ret = ret ?: read_num(p, "left", &state->left);
	return ret ?: read_dwell(p, &state->dwell);
}

static int parse_transition(struct parser *p)
{
	struct tcpstates_stats *stats = p->stats;
	struct tcpstates_transition *edge, *array;
	int ret;

	array = grow(p, stats->transitions, stats->nr_transitions, sizeof(*edge));
	if (!array)
		return -ENOMEM;
	stats->transitions = array;
	edge = array + stats->nr_transitions++;
	ret = read_word(p, "from", &edge->from);
	ret = ret ?: read_word(p, "to", &edge->to);
	ret = ret ?: read_num(p, "count", &edge->count);
	return ret ?: read_dwell(p, &edge->dwell);
}

static int parse_closed(struct parser *p)
{
	struct tcpstates_stats *stats = p->stats;
	struct tcpstates_closed *closed, *array;
	int ret;

	array = grow(p, stats->closed, stats->nr_closed, sizeof(*closed));
	if (!array)
		return -ENOMEM;
	stats->closed = array;
	closed = array + stats->nr_closed++;
	ret = read_word(p, "from", &closed->from);
	ret = ret ?: read_word(p, "cause", &closed->cause);
	return ret ?: read_num(p, "count", &closed->count);
}

static int parse_alert(struct parser *p)
{
	struct tcpstates_stats *stats = p->stats;
	struct tcpstates_alert *alert, *array;
	int ret;

	array = grow(p, stats->alerts, stats->nr_alerts, sizeof(*alert));
	if (!array)
		return -ENOMEM;
	stats->alerts = array;
	alert = array + stats->nr_alerts++;
	ret = read_word(p, "rule", &alert->rule);
	ret = ret ?: read_word(p, "status", &alert->status);
	ret = ret ?: read_num(p, "raised_total", &alert->raised);
	ret = ret ?: read_num(p, "current", &alert->current);
	return ret ?: read_num(p, "threshold", &alert->threshold);
}

static int parse_counter(struct parser *p)
{
	struct tcpstates_stats *stats = p->stats;
	struct tcpstates_counter *counter, *array;
	const struct tcpstates_counter *old;
	int ret;

	array = grow(p, stats->counters, stats->nr_counters, sizeof(*counter));
	if (!array)
		return -ENOMEM;
	stats->counters = array;
	counter = array + stats->nr_counters++;
	ret = read_word(p, "name", &counter->name);
	ret = ret ?: read_num(p, "value", &counter->value);
	if (ret)
		return ret;
	for (old = stats->counters; old < counter; old++)
		if (!strcmp(old->name, counter->name))
			return bad_word(p, "second line of the counter",
					counter->name);
	return 0;
}

static int parse_hook(struct parser *p)
{
	struct tcpstates_stats *stats = p->stats;
	struct tcpstates_hook *hook, *array;
	int ret;

	array = grow(p, stats->hooks, stats->nr_hooks, sizeof(*hook));
	if (!array)
		return -ENOMEM;
	stats->hooks = array;
	hook = array + stats->nr_hooks++;
	ret = read_word(p, "name", &hook->name);
	ret = ret ?: read_word(p, "mechanism", &hook->mechanism);
	return ret ?: read_word(p, "status", &hook->status);
}

static const struct keyword {
	const char *name;
	int (*parse)(struct parser *p);
} keywords[] = {
	{ "state",	parse_state },
	{ "transition",	parse_transition },
	{ "closed",	parse_closed },
	{ "alert",	parse_alert },
	{ "counter",	parse_counter },
	{ "hook",	parse_hook },
	{ 0 }
};

/* The first line: "tcpstates" and the version of the format. */
static int parse_version(struct parser *p)
{
	struct tcpstates_num version = { 0 };
	int ret;

	if (!p->keyword || strcmp(p->keyword, TCPSTATES_PROC_NAME))
		return bad(p, "does not begin with '" TCPSTATES_PROC_NAME "'");
	ret = read_num(p, "version", &version);
	if (ret)
		return ret;
	p->stats->version = version.value;
	if (version.value == TCPSTATES_PROC_FORMAT)
		return 0;
	snprintf(p->error->reason, REASON_SIZE,
		 "format %llu, only %d is known: is the tool older than the module?",
		 version.value, TCPSTATES_PROC_FORMAT);
	return -EPROTONOSUPPORT;
}

static int parse_line(struct parser *p)
{
	const struct keyword *k;

	p->keyword = next_word(p);
	if (p->line == 1)
		return parse_version(p);
	if (!p->keyword)
		return 0;
	for (k = keywords; k->name; k++)
		if (!strcmp(p->keyword, k->name))
			return k->parse(p);
	return 0;	/* a heading, or from a newer module */
}

/* Cut the next line out of the text; returns where the one after begins. */
static char *next_line(struct parser *p, char *line, size_t len)
{
	char *end = memchr(line, '\n', len);

	p->error->line = ++p->line;
	p->rest = line;
	if (!end) {
		bad(p, len ? "cut short" : "empty");
		return NULL;
	}
	if (memchr(line, '\0', end - line)) {
		bad(p, "has a NUL byte");
		return NULL;
	}
	*end = '\0';
	return end + 1;
}

static int parse_text(struct parser *p, char *text, size_t len)
{
	char *end = text + len;
	int ret = 0;

	do {
		text = next_line(p, text, end - text);
		if (!text)
			return -EINVAL;
		ret = parse_line(p);
	} while (!ret && text < end);
	return ret;
}

/**
 * tcpstates_stats_parse() - parse the text of /proc/tcpstates
 * @buf:	the text, need not end with NUL
 * @len:	its length
 * @stats:	filled on success; to be freed with tcpstates_stats_free()
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno and nothing to be freed: -EPROTONOSUPPORT
 * for another version of the format, -EINVAL for what is not the format.
 */
int tcpstates_stats_parse(const char *buf, size_t len,
			  struct tcpstates_stats *stats,
			  struct tcpstates_error *error)
{
	struct parser p = { .stats = stats, .error = error };
	int ret;

	memset(stats, 0, sizeof(*stats));
	memset(error, 0, sizeof(*error));
	stats->text = malloc(len + 1);
	if (!stats->text) {
		bad(&p, "out of memory");
		return -ENOMEM;
	}
	if (len)
		memcpy(stats->text, buf, len);
	stats->text[len] = '\0';
	ret = parse_text(&p, stats->text, len);
	if (ret)
		tcpstates_stats_free(stats);
	return ret;
}
