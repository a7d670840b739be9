// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl show
 */
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "output.h"
#include "show.h"
#include "stats_json.h"
#include "tcpstatectl.h"

/* The same namespace in the turn before, or NULL. */
static const struct view *view_before(const struct turn *turn,
				      const struct view *view)
{
	const struct view *before = turn->before.view;

	for (; before < turn->before.view + turn->before.nr; before++)
		if (!view->space ||
		    view->space->netns.ino == before->space->netns.ino)
			return before;
	return NULL;
}

/**
 * turn_rates() - how often a state is entered and left
 * @turn:	the turn
 * @view:	one of its namespaces
 * @i:		number of the state in @view
 * @in:		times a second; negative: not known
 * @out:	the same
 */
void turn_rates(const struct turn *turn, const struct view *view, size_t i,
		double *in, double *out)
{
	const struct tcpstates_state *now = &view->stats.states[i], *then;
	const struct view *before = view_before(turn, view);

	*in = -1;
	*out = -1;
	if (!before || i >= before->stats.nr_states)
		return;
	then = &before->stats.states[i];
	*in = interval_rate(&turn->interval, &now->entered, &then->entered);
	*out = interval_rate(&turn->interval, &now->left, &then->left);
}

static struct json_object *view_json(const struct turn *turn,
				     const struct view *view)
{
	struct json_object *root = stats_json(&view->stats), *states, *state;
	double in, out;
	size_t i;

	states = json_object_object_get(root, "states");
	for (i = 0; turn->interval.us && i < view->stats.nr_states; i++) {
		state = json_object_array_get_idx(states, i);
		turn_rates(turn, view, i, &in, &out);
		json_add_double(state, "entered_per_s", in, 1);
		json_add_double(state, "left_per_s", out, 1);
	}
	if (view->space)
		space_json(root, view->space);
	return root;
}

static struct json_object *turn_json(const struct turn *turn)
{
	struct json_object *root, *list;
	size_t i;

	if (turn->all) {
		root = json_new();
		list = json_new_list();
		json_add_uint(root, "version", 1);
		for (i = 0; i < turn->now.nr; i++)
			json_append(list, view_json(turn, &turn->now.view[i]));
		json_add(root, "netns", list);
	} else {
		root = view_json(turn, turn->now.view);
	}
	interval_json(&turn->interval, root);
	return root;
}

static int look_here(const struct space *space, void *arg)
{
	struct look *look = arg;
	struct view *view;
	int status;

	if (look->nr == look->room) {
		look->room = look->room ? 2 * look->room : 1;
		look->view = output_must(reallocarray(look->view, look->room,
						      sizeof(*look->view)));
	}
	view = &look->view[look->nr];
	view->space = space;
	status = stats_get(&view->stats);
	look->nr += !status;
	return status;
}

static int look_around(struct turn *turn)
{
	struct look *look = &turn->now;
	int status;

	*look = (struct look){ 0 };
	if (!turn->all)
		return look_here(NULL, look);
	status = spaces_get(&look->spaces);
	return status ? status : spaces_each(&look->spaces, look_here, look);
}

static void look_free(struct look *look)
{
	size_t i;

	for (i = 0; i < look->nr; i++)
		tcpstates_stats_free(&look->view[i].stats);
	free(look->view);
	spaces_free(&look->spaces);
}

static int run_turn(const struct interval *interval, void *arg)
{
	struct turn *turn = arg;
	int status;

	turn->interval = *interval;
	status = look_around(turn);
	if (!status && (turn->options->given['j'] || turn->options->given['p']))
		output_json(turn_json(turn), turn->options->given['p']);
	else if (!status)
		show_text(turn);
	look_free(&turn->before);
	turn->before = turn->now;
	return status;
}

/**
 * cmd_show() - run "show"
 * @options:	-j, -p, --interval, --count, --all-netns
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_show(const struct options *options, int argc, char **argv)
{
	struct turn turn = {
		.options = options, .all = options->given[OPT_ALL_NETNS],
	};
	int status;

	(void)argc;
	(void)argv;
	status = interval_run(options, run_turn, &turn);
	look_free(&turn.before);
	return status;
}
