// SPDX-License-Identifier: GPL-2.0
/*
 * The statistics as JSON; docs/abi.md has the form.
 */
#include <ctype.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "output.h"
#include "stats_json.h"

static struct json_object *new_object(void)
{
	return output_must(json_object_new_object());
}

/* A list of @nr elements, made by @make_one. */
#define NEW_LIST(items, nr, make_one) ({				\
	struct json_object *_list = output_must(json_object_new_array()); \
	size_t _i;							\
									\
	for (_i = 0; _i < (nr); _i++)					\
		json_object_array_add(_list, make_one(&(items)[_i]));	\
	_list;								\
})

static void add(struct json_object *object, const char *key,
		struct json_object *value)
{
	if (json_object_object_add(object, key, value))
		output_must(NULL);
}

static void add_num(struct json_object *object, const char *key,
		    const struct tcpstates_num *num)
{
	struct json_object *value = NULL;	/* null */

	if (num->known)
		value = output_must(json_object_new_uint64(num->value));
	add(object, key, value);
}

static char *escaped(const char *word)
{
	size_t size = tcpstates_escape(NULL, 0, word) + 1;
	char *text = output_must(malloc(size));

	tcpstates_escape(text, size, word);
	return text;
}

static void add_word(struct json_object *object, const char *key,
		     const char *word)
{
	char *text = escaped(word);

	add(object, key, output_must(json_object_new_string(text)));
	free(text);
}

/* States are lower case in JSON. */
static void add_state(struct json_object *object, const char *key,
		      const char *state)
{
	char *text = escaped(state), *c;

	for (c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	add(object, key, output_must(json_object_new_string(text)));
	free(text);
}

static void add_dwell(struct json_object *object,
		      const struct tcpstates_dwell *dwell)
{
	struct json_object *value = new_object();

	add_num(value, "count", &dwell->samples);
	add_num(value, "p50", &dwell->p50_us);
	add_num(value, "p99", &dwell->p99_us);
	add_num(value, "max", &dwell->max_us);
	add(object, "dwell_us", value);
}

static struct json_object *new_state(const struct tcpstates_state *state)
{
	struct json_object *object = new_object();

	add_state(object, "state", state->name);
	add_num(object, "current", &state->current);
	add_num(object, "entered", &state->entered);
	add_num(object, "left", &state->left);
	add_dwell(object, &state->dwell);
	return object;
}

static struct json_object *
new_transition(const struct tcpstates_transition *edge)
{
	struct json_object *object = new_object();

	add_state(object, "from", edge->from);
	add_state(object, "to", edge->to);
	add_num(object, "count", &edge->count);
	add_dwell(object, &edge->dwell);
	return object;
}

static struct json_object *new_closed(const struct tcpstates_closed *closed)
{
	struct json_object *object = new_object();

	add_state(object, "from", closed->from);
	add_word(object, "cause", closed->cause);
	add_num(object, "count", &closed->count);
	return object;
}

static struct json_object *new_alert(const struct tcpstates_alert *alert)
{
	struct json_object *object = new_object();

	add_word(object, "rule", alert->rule);
	add_word(object, "status", alert->status);
	add_num(object, "raised_total", &alert->raised);
	add_num(object, "current", &alert->current);
	add_num(object, "threshold", &alert->threshold);
	return object;
}

static struct json_object *new_hook(const struct tcpstates_hook *hook)
{
	struct json_object *object = new_object();

	add_word(object, "name", hook->name);
	add_word(object, "mechanism", hook->mechanism);
	add_word(object, "status", hook->status);
	return object;
}

static struct json_object *new_counters(const struct tcpstates_stats *stats)
{
	struct json_object *object = new_object();
	size_t i;

	for (i = 0; i < stats->nr_counters; i++) {
		char *name = escaped(stats->counters[i].name);

		add_num(object, name, &stats->counters[i].value);
		free(name);
	}
	return object;
}

/**
 * stats_json() - make a JSON document of statistics
 * @stats:	the statistics
 *
 * Return: the document, to be freed with json_object_put().
 */
struct json_object *stats_json(const struct tcpstates_stats *stats)
{
	struct json_object *root = new_object();

	add(root, "version",
	    output_must(json_object_new_uint64(stats->version)));
	add(root, "states",
	    NEW_LIST(stats->states, stats->nr_states, new_state));
	add(root, "transitions",
	    NEW_LIST(stats->transitions, stats->nr_transitions,
		     new_transition));
	add(root, "closed",
	    NEW_LIST(stats->closed, stats->nr_closed, new_closed));
	add(root, "alerts",
	    NEW_LIST(stats->alerts, stats->nr_alerts, new_alert));
	add(root, "counters", new_counters(stats));
	add(root, "hooks", NEW_LIST(stats->hooks, stats->nr_hooks, new_hook));
	return root;
}
