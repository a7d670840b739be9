// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl: the command of the tcpstates kernel module.
 */
#include <locale.h>
#include <stddef.h>
#include <string.h>

#include "nearest.h"
#include "lib/tcpstates.h"
#include "output.h"
#include "tcpstatectl.h"
#include "term.h"

#define VERBS_MAX	32

const struct verb verbs[] = {
	{
		.name = "show",
		.args = "",
		.options = "jp" OPTS_AGAIN OPTS_ALL_NETNS,
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
		.options = "jnp" OPTS_AGAIN OPTS_ALL_NETNS OPTS_NO_PROCESSES,
		.summary = "live connections, how long in their state, and whose",
		.text =
"Prints live connections, listeners apart: the state, how long each has been\n"
"in it, both ends, and the process, user and cgroup that it belongs to; the\n"
"longest in its state first.  \">\", or its sign for \"at least\", before a time:\n"
"the module has seen only the end of it.  FILTER is words like\n"
"  state close-wait,last-ack   older 60s    sport 80    dport 443\n"
"  src 192.0.2.0/24    dst 2001:db8::1    uid 1000    family 6    cgroup /a/b\n"
"all of which must hold.  The kernel does the filtering.  Processes are looked\n"
"for among all open files of the machine, which costs more than all the rest:\n"
"--no-processes leaves that out.\n",
		.run = cmd_conns,
	},
	{
		.name = "listeners",
		.args = "[FILTER...]",
		.max_args = 64,
		.options = "jnp" OPTS_AGAIN OPTS_ALL_NETNS OPTS_NO_PROCESSES,
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
		.options = "jpP" OPTS_AGAIN,
		.summary = "how long connections stay in a state, as a histogram",
		.text =
"Prints the histogram of the time that connections have spent in STATE, or\n"
"in FROM before they went on to TO.  Each line is twice as long as the one\n"
"before it.  With --interval, of those that left it since the time before.\n",
		.run = cmd_hist,
	},
	{
		.name = "diagram",
		.args = "",
		.options = "jp" OPTS_AGAIN,
		.summary = "the state machine, with how many are and went where",
		.text =
"Draws the TCP state machine (RFC 9293, figure 5): in each box how many\n"
"connections are in the state now, at each arrow how often it was taken.  What\n"
"does not fit is shortened (12.3k); with JSON, all numbers as they are.\n",
		.run = cmd_diagram,
	},
	{
		.name = "top",
		.args = "",
		.options = "n" OPTS_AGAIN,
		.summary = "states, listeners and stuck connections, live",
		.text =
"Shows, again and again: the states, how often they are entered and left each\n"
"second, and how many there were; the busiest listeners; the processes whose\n"
"connections are stuck in a state that nobody should be in for long, those\n"
"with the oldest first.  Keys: q ends, space pauses, s sorts, h explains.\n",
		.run = cmd_top,
	},
	{
		.name = "events",
		.args = "[FILTER...]",
		.max_args = 64,
		.options = "jnp" OPTS_COUNT OPTS_ALL_NETNS,
		.summary = "transitions, as they happen",
		.text =
"Prints each transition when it happens: the time, the state that is left and\n"
"the one that is entered, how long the connection was in the first, both ends,\n"
"why it was closed, and whose it is; with JSON, one object a line.  FILTER is\n"
"words like\n"
"  state established   from syn-recv   to closed   cause reset   older 60s\n"
"  sport 80    dport 443    src 192.0.2.0/24    dst 2001:db8::1    uid 1000\n"
"  family 6    cgroup /a/b\n"
"all of which must hold.  Events that were lost are counted and said.  Needs\n"
"root: it uses the kernel's tracing system.\n",
		.run = cmd_events,
	},
	{
		.name = "alerts",
		.args = "[raised|cleared] [RULE]",
		.max_args = 2,
		.options = "fjnp" OPTS_EXEC,
		.summary = "alerts, whose they are, and the next ones as they come",
		.text =
"Prints the alerts that are raised, then the last ones that are over: the rule,\n"
"the listener or the other end that it is about, process and user, the value\n"
"now, its peak and the threshold, since when, for how long, and how often.\n"
"With --follow, those that are raised, then each as it is raised and cleared, a\n"
"line (or JSON object) each.  With --exec, CMD is run by sh for each of these,\n"
"one at a time and for a minute at most; ALERT_STATE, ALERT_RULE, ALERT_SUBJECT\n"
"and so on in its environment say what it is: tcpstatectl(8).\n",
		.run = cmd_alerts,
	},
	{
		.name = "rules",
		.args = "[set RULE NAME=VALUE...|load FILE]",
		.max_args = 16,
		.options = "jp",
		.summary = "rules of alerts: list, change, load from a file",
		.text =
"Prints the rules of alerts: their parameters, alerts now (RAISED) and so far\n"
"(TOTAL), the value that is nearest to an alert, and what it is compared with.\n"
"  rules set close_wait_leak count=500 age=30s\n"
"changes parameters of a rule: enabled (on, off), count, percent, age, duration,\n"
"clear, quiet.  The kernel refuses what makes no sense.\n"
"  rules load /etc/tcpstates.conf\n"
"reads such lines from a file (- is the standard input): all of them or none.\n",
		.run = cmd_rules,
	},
	{
		.name = "history",
		.args = "[TIME]",
		.max_args = 1,
		.options = "jp",
		.summary = "the last 15 minutes, from the module's own memory",
		.text =
"Draws the last 15 minutes, or the last TIME (like 90s, 5m): connections in\n"
"each state, connections that waited for accept(), and how much happened a second.\n"
"NOW is the last look, MAX the highest one; lines that were always 0 are left out.\n"
"With JSON, every look, and how much happened since the one before.\n",
		.run = cmd_history,
	},
	{
		.name = "check",
		.args = "[RULE...]",
		.max_args = TCPSTATES_RULES,
		.options = "",
		.summary = "a plugin for Nagios and the like: is there an alert",
		.text =
"Prints one line with performance data and ends with 0: no alert; 1: an alert was\n"
"raised in the last 5 minutes and is over; 2: one is raised; 3: it cannot be\n"
"told.  Of these rules only, if any are named.\n",
		.run = cmd_check,
		.failed = CHECK_UNKNOWN,
	},
	{
		.name = "doctor",
		.args = "",
		.options = "jnp",
		.summary = "what is wrong, whose it is, and what usually helps",
		.text =
"Looks at everything once and says in plain words what is wrong: alerts that\n"
"are raised (PROBLEM), what comes near to one, and what else is unusual (NOTICE);\n"
"for each whose it is, why it matters, what usually helps, and who says so.\n",
		.run = cmd_doctor,
	},
	{
		.name = "netns",
		.args = "",
		.options = "jp" OPTS_AGAIN,
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

/* What a monitoring system takes for an alert must be one. */
static int failed(const struct verb *verb, int status)
{
	return verb->failed ? verb->failed : status;
}

static int run_verb(const struct verb *verb, const struct options *options,
		    int argc, char **argv)
{
	if (!options_fit(options, verb) || !args_fit(verb, argc, argv))
		return failed(verb, STATUS_USAGE);
	if (options->given['h'])
		return help_verb(verb);
	if (!term_setup(options))
		return failed(verb, STATUS_USAGE);
	if (options->given['V'])
		return cmd_version(options, 0, NULL);
	if (options->given['N'] && options->given[OPT_ALL_NETNS]) {
		output_error("'--netns' is one namespace, '--all-netns' are all: only one of them");
		return STATUS_USAGE;
	}
	if (options->value['N'] && netns_enter(options->value['N']))
		return failed(verb, STATUS_REFUSED);
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
