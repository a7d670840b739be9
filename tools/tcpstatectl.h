/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the verbs share: exit status, options, the table of verbs.
 */
#ifndef _TCPSTATECTL_H
#define _TCPSTATECTL_H

#include <stdbool.h>

enum {
	STATUS_DONE	= 0,
	STATUS_USAGE	= 1,	/* wrong usage */
	STATUS_REFUSED	= 2,	/* module not loaded, or the kernel refused */
};

/* Of "check", as monitoring plugins have them */
enum {
	CHECK_OK	= 0,
	CHECK_WARNING	= 1,
	CHECK_CRITICAL	= 2,
	CHECK_UNKNOWN	= 3,
};

/* Options without a letter, and strings of them for struct verb */
enum {
	OPT_INTERVAL	= 1,
	OPT_COUNT	= 2,
	OPT_COLOR	= 3,
	OPT_EXEC	= 4,
	OPT_ALL_NETNS	= 5,
	OPT_NO_PROCESSES = 6,
};

#define OPTS_AGAIN	"\1\2"
#define OPTS_COUNT	"\2"
#define OPTS_EXEC	"\4"
#define OPTS_ALL_NETNS	"\5"
#define OPTS_NO_PROCESSES "\6"

/**
 * struct options - options given on the command line
 * @given:	by letter
 * @value:	by letter; NULL: none was given, or it takes none
 */
struct options {
	bool given[128];
	const char *value[128];
};

/**
 * struct option_info - one option
 * @letter:	its short form, or an OPT_*
 * @name:	its long form
 * @arg:	what its value is called; NULL: it takes none
 * @summary:	what it does, a few words
 */
struct option_info {
	char letter;
	const char *name;
	const char *arg;
	const char *summary;
};

/**
 * struct verb - one command
 * @name:	as it is typed
 * @args:	its arguments in the usage line, "" if it takes none
 * @max_args:	how many it takes
 * @options:	letters of the options it takes, those of all apart
 * @summary:	what it does, a few words
 * @text:	what it does, for "help VERB"
 * @run:	does it; returns the exit status
 * @failed:	exit status if it could not even begin; 0: the usual one
 */
struct verb {
	const char *name;
	const char *args;
	int max_args;
	const char *options;
	const char *summary;
	const char *text;
	int (*run)(const struct options *options, int argc, char **argv);
	int failed;
};

/* Ended by a verb without name; the first one is the default. */
extern const struct verb verbs[];
/* Ended by an option without name. */
extern const struct option_info option_infos[];

const struct verb *verb_find(const char *name);
bool verb_takes(const struct verb *verb, char letter);
const char *options_nearest(const char *typed);
int options_parse(struct options *options, int argc, char **argv);
struct tcpstates_stats;

int stats_get(struct tcpstates_stats *stats);
int netns_enter(const char *name);
bool options_fit(const struct options *options, const struct verb *verb);

int cmd_alerts(const struct options *options, int argc, char **argv);
int cmd_conns(const struct options *options, int argc, char **argv);
int cmd_diagram(const struct options *options, int argc, char **argv);
int cmd_check(const struct options *options, int argc, char **argv);
int cmd_doctor(const struct options *options, int argc, char **argv);
int cmd_events(const struct options *options, int argc, char **argv);
int cmd_hist(const struct options *options, int argc, char **argv);
int cmd_history(const struct options *options, int argc, char **argv);
int cmd_listeners(const struct options *options, int argc, char **argv);
int cmd_netns(const struct options *options, int argc, char **argv);
int cmd_rules(const struct options *options, int argc, char **argv);
int cmd_top(const struct options *options, int argc, char **argv);
int cmd_show(const struct options *options, int argc, char **argv);
int cmd_version(const struct options *options, int argc, char **argv);
int cmd_help(const struct options *options, int argc, char **argv);
int help_verb(const struct verb *verb);

#endif /* _TCPSTATECTL_H */
