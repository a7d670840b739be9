// SPDX-License-Identifier: GPL-2.0
/*
 * The statistics as JSON; docs/abi.md has the form.
 */
#include <stdlib.h>

#include "json.h"
#include "output.h"
#include "stats_json.h"

/* A list of @nr elements, made by @make_one. */
#define NEW_LIST(items, nr, make_one) ({				\
	struct json_object *_list = json_new_list();			\
	size_t _i;							\
									\
	for (_i = 0; _i < (nr); _i++)					\
		json_append(_list, make_one(&(items)[_i]));		\
	_list;								\
})

static struct json_object *new_state(const struct tcpstates_state *state)
{
	struct json_object *object = json_new();

	json_add_lower(object, "state", state->name);
	json_add_num(object, "current", &state->current);
	json_add_num(object, "entered", &state->entered);
	json_add_num(object, "left", &state->left);
	json_add_dwell(object, &state->dwell);
	return object;
}

static struct json_object *
new_transition(const struct tcpstates_transition *edge)
{
	struct json_object *object = json_new();

	json_add_lower(object, "from", edge->from);
	json_add_lower(object, "to", edge->to);
	json_add_num(object, "count", &edge->count);
	json_add_dwell(object, &edge->dwell);
	return object;
}

static struct json_object *new_closed(const struct tcpstates_closed *closed)
{
	struct json_object *object = json_new();

	json_add_lower(object, "from", closed->from);
	json_add_word(object, "cause", closed->cause);
	json_add_num(object, "count", &closed->count);
	return object;
}

static struct json_object *new_alert(const struct tcpstates_alert *alert)
{
	struct json_object *object = json_new();

	json_add_word(object, "rule", alert->rule);
	json_add_word(object, "status", alert->status);
	json_add_num(object, "raised_total", &alert->raised);
	json_add_num(object, "current", &alert->current);
	json_add_num(object, "threshold", &alert->threshold);
	return object;
}

static struct json_object *new_hook(const struct tcpstates_hook *hook)
{
	struct json_object *object = json_new();

	json_add_word(object, "name", hook->name);
	json_add_word(object, "mechanism", hook->mechanism);
	json_add_word(object, "status", hook->status);
	return object;
}

static struct json_object *new_counters(const struct tcpstates_stats *stats)
{
	struct json_object *object = json_new();
	size_t i;

	for (i = 0; i < stats->nr_counters; i++) {
		char *name = json_escaped(stats->counters[i].name);

		json_add_num(object, name, &stats->counters[i].value);
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
	struct json_object *root = json_new();

	json_add_uint(root, "version", stats->version);
	json_add(root, "states",
		 NEW_LIST(stats->states, stats->nr_states, new_state));
	json_add(root, "transitions",
		 NEW_LIST(stats->transitions, stats->nr_transitions,
			  new_transition));
	json_add(root, "closed",
		 NEW_LIST(stats->closed, stats->nr_closed, new_closed));
	json_add(root, "alerts",
		 NEW_LIST(stats->alerts, stats->nr_alerts, new_alert));
	json_add(root, "counters", new_counters(stats));
	json_add(root, "hooks",
		 NEW_LIST(stats->hooks, stats->nr_hooks, new_hook));
	return root;
}
