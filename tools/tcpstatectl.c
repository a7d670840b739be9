// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl: the command of the tcpstates kernel module.
 */
#include <locale.h>
#include <stddef.h>
#include <string.h>

#include "nearest.h"
#include "output.h"
#include "tcpstatectl.h"
#include "term.h"

#define VERBS_MAX	32

const struct verb verbs[] = {
	{
		.name = "show",
		.args = "",
		.options = "jp" OPTS_AGAIN,
		.summary = "states, transitions and their durations (default)",
		.text =
"Prints how many connections are in each TCP state now, how often each\n"
"state was entered and left and how long connections stayed in it; then the\n"
"transitions that happened and why connections were closed.  Alerts, hooks\n"
"and counters of the module follow if they need attention.\n"
"Connections are those of this network namespace, since the module was\n"
"loaded; hooks and counters belong to the module as a whole.\n"
"With --interval, again and again, and how often states were entered and left\n"
"each second in between; with JSON, one object each time.\n",
		.run = cmd_show,
	},
	{
		.name = "conns",
		.args = "[FILTER...]",
		.max_args = 64,
		.options = "jnp",
		.summary = "live connections, how long in their state, and whose",
		.text =
"Prints live connections, listeners apart: the state, how long each has been\n"
"in it, both ends, and the process, user and cgroup that it belongs to; the\n"
"longest in its state first.  \">\" before a time: at least so long, the\n"
"module has seen only the end of it.  FILTER is words like\n"
"  state close-wait,last-ack   older 60s    sport 80    dport 443\n"
"  src 192.0.2.0/24    dst 2001:db8::1    uid 1000    family 6    cgroup /a/b\n"
"all of which must hold.  The kernel does the filtering.\n",
		.run = cmd_conns,
	},
	{
		.name = "listeners",
		.args = "[FILTER...]",
		.max_args = 64,
		.options = "jnp",
		.summary = "listeners, their queues, what they dropped, and whose",
		.text =
"Prints listeners: half-open connections (HALF), those of them that are new\n"
"(YOUNG) and how many there may be (BACKLOG); connections that wait for\n"
"accept() (QUEUE) and how many may (LIMIT); SYNs and handshakes that were\n"
"dropped; process, user, and how long it has been listening.\n"
"FILTER is words like: sport 80  src 127.0.0.1  uid 0  older 60s.\n",
		.run = cmd_listeners,
	},
	{
		.name = "hist",
		.args = "STATE|FROM:TO",
		.max_args = 1,
		.options = "jpP",
		.summary = "how long connections stay in a state, as a histogram",
		.text =
"Prints the histogram of the time that connections have spent in STATE, or\n"
"in FROM before they went on to TO.  Each line is twice as long as the one\n"
"before it.\n",
		.run = cmd_hist,
	},
	{
		.name = "diagram",
		.args = "",
		.options = "",
		.summary = "the state machine, with how many are and went where",
		.text =
"Draws the TCP state machine (RFC 9293, figure 5): in each box how many\n"
"connections are in the state now, at each arrow how often it was taken.\n",
		.run = cmd_diagram,
	},
	{
		.name = "top",
		.args = "",
		.options = OPTS_AGAIN,
		.summary = "states, listeners and stuck connections, live",
		.text =
"Shows, again and again: the states, how often they are entered and left each\n"
"second, and how many there were; the busiest listeners; the processes whose\n"
"connections are stuck in a state that nobody should be in for long, those\n"
"with the oldest first.  Keys: q ends, space pauses, s sorts, h explains.\n",
		.run = cmd_top,
	},
	{
		.name = "netns",
		.args = "",
		.options = "jp",
		.summary = "network namespaces and their connections",
		.text =
"Prints each network namespace with its name or a process in it, and how many\n"
"connections it has now.  Needs CAP_NET_ADMIN in the initial namespace.\n",
		.run = cmd_netns,
	},
	{
		.name = "version",
		.args = "",
		.options = "jp",
		.summary = "version of this command and of the loaded module",
		.text =
"Prints the version of this command and of the loaded module, or that the\n"
"module is not loaded, which is no error here.\n",
		.run = cmd_version,
	},
	{
		.name = "help",
		.args = "[COMMAND]",
		.max_args = 1,
		.options = "",
		.summary = "this text, or what a command does",
		.text =
"Prints what a command does and which options it has, or an overview.\n",
		.run = cmd_help,
	},
	{ 0 }
};

/**
 * verb_find() - look up a command, say what is wrong if there is none
 * @name:	as it was typed
 *
 * Return: the command, or NULL after a message.
 */
const struct verb *verb_find(const char *name)
{
	const char *names[VERBS_MAX];
	const struct verb *verb;
	char safe[64];
	size_t nr = 0;

	for (verb = verbs; verb->name; verb++) {
		if (!strcmp(verb->name, name))
			return verb;
		names[nr++] = verb->name;
	}
	names[nr] = NULL;
	tcpstates_escape(safe, sizeof(safe), name);
	output_error("no command '%s': did you mean '%s'?", safe,
		     nearest_word(name, names));
	return NULL;
}

static bool args_fit(const struct verb *verb, int argc, char **argv)
{
	const char *option;
	char safe[64];

	if (argc <= verb->max_args)
		return true;
	option = options_nearest(argv[verb->max_args]);
	tcpstates_escape(safe, sizeof(safe), argv[verb->max_args]);
	if (nearest_distance(argv[verb->max_args], option) <= 2)
		output_error("'%s' does not take '%s': did you mean '--%s'?",
			     verb->name, safe, option);
	else
		output_error("'%s' does not take '%s': see 'tcpstatectl help %s'",
			     verb->name, safe, verb->name);
	return false;
}

static int run_verb(const struct verb *verb, const struct options *options,
		    int argc, char **argv)
{
	if (!options_fit(options, verb) || !args_fit(verb, argc, argv))
		return STATUS_USAGE;
	if (options->given['h'])
		return help_verb(verb);
	if (!term_setup(options))
		return STATUS_USAGE;
	if (options->given['V'])
		return cmd_version(options, 0, NULL);
	if (options->value['N'] && netns_enter(options->value['N']))
		return STATUS_REFUSED;
	return verb->run(options, argc, argv);
}

static int run(int argc, char **argv)
{
	struct options options = { 0 };
	const struct verb *verb = verbs;
	int first = options_parse(&options, argc, argv);

	if (first < 0)
		return STATUS_USAGE;
	if (first < argc)
		verb = verb_find(argv[first++]);
	else if (options.given['h'])
		return cmd_help(&options, 0, NULL);
	if (!verb)
		return STATUS_USAGE;
	return run_verb(verb, &options, argc - first, argv + first);
}

int main(int argc, char **argv)
{
	/* Numbers are written the same in all languages. */
	setlocale(LC_CTYPE, "");
	output_start();
	return output_finish(run(argc, argv));
}
