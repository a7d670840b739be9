// SPDX-License-Identifier: GPL-2.0
/* Walk TCP sockets through named scenarios: options and the main loop. */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tcp_walk.h"

struct walk walk = { .tun = -1, .family = AF_INET };

static const struct scenario * const tables[] = {
	open_scenarios, close_scenarios, loop_scenarios,
};

/* Options */
static bool new_net, table_only;
static const char *then_run, *trace;

static void where(const struct conn *c)
{
	fprintf(stderr, "tcp_walk: ");
	if (walk.s)
		fprintf(stderr, "%s: ", walk.s->name);
	if (c)
		fprintf(stderr, "connection %u, step %u: ", c->idx,
			walk.step + 1);
}

void die(const struct conn *c, const char *fmt, ...)
{
	va_list ap;

	where(c);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(WALK_FAIL);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	where(NULL);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(WALK_SKIP);
}

static unsigned int lives(const struct scenario *s)
{
	unsigned int n = 0;

	while (s->lives[n].path)
		n++;
	return n;
}

static void make_conns(unsigned int n)
{
	struct rlimit lim = { 4 * WALK_MAX, 4 * WALK_MAX };
	unsigned int i;

	if (n > 300)
		setrlimit(RLIMIT_NOFILE, &lim);
	walk.n = n;
	walk.conns = calloc(n, sizeof(*walk.conns));
	if (!walk.conns)
		die(NULL, "no memory for %u connections", n);
	for (i = 0; i < n; i++)
		walk.conns[i] = (struct conn) {
			.fd = -1, .sfd = -1, .lfd = -1, .idx = i,
			.port = WALK_PORT + i, .snd = 1000,
		};
}

/* All connections through one step, then the next. */
static void run_steps(const struct scenario *s)
{
	unsigned int i;

	for (walk.step = 0;
	     walk.step < WALK_STEPS && s->steps[walk.step]; walk.step++)
		for (i = 0; i < walk.n; i++)
			s->steps[walk.step](&walk.conns[i]);
}

/* Nothing may live on and be taken for a part of the next scenario. */
static void end_conns(void)
{
	unsigned int i;

	for (i = 0; i < walk.n; i++) {
		if (walk.conns[i].lfd >= 0)
			close(walk.conns[i].lfd);
		if (walk.conns[i].fd >= 0)
			k_abort(&walk.conns[i]);
	}
}

static int run(const struct scenario *s, unsigned int n)
{
	int err = 0;

	walk.s = s;
	expect_print(s, n);
	fflush(stdout);
	if (table_only)
		return 0;
	if (new_net)
		net_new();
	if (trace)
		report_clear(trace);
	make_conns(s->mix ? n * lives(s) : n);
	run_steps(s);
	expect_settle(s, n);
	if (trace)
		report_print(trace);
	if (then_run) {
		setenv("SCENARIO", s->name, 1);
		err = system(then_run);
	}
	end_conns();
	return err ? WALK_FAIL : 0;
}

/* In a process of its own, so that nothing is left over for the next one. */
static int run_forked(const struct scenario *s, unsigned int n)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die(NULL, "cannot fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exit(run(s, n));
	}
	waitpid(pid, &status, 0);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : WALK_FAIL;
	printf("== done %s %d\n", s->name, status);
	fflush(stdout);
	return status;
}

static const struct scenario *by_name(const char *name)
{
	const struct scenario *s;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (s = tables[i]; s->name; s++)
			if (!strcmp(s->name, name))
				return s;
	fprintf(stderr, "tcp_walk: no scenario \"%s\": see tcp_walk list\n",
		name);
	exit(WALK_USAGE);
}

static void list(void)
{
	const struct scenario *s;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (s = tables[i]; s->name; s++)
			printf("%s%s\n", s->name, s->slow ? " slow" : "");
}

/* Everything that takes no second-long timer */
static int run_quick(unsigned int n)
{
	const struct scenario *s;
	int err = 0, ret;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (s = tables[i]; s->name; s++) {
			if (s->slow)
				continue;
			ret = run_forked(s, n);
			if (ret && ret != WALK_SKIP)
				err = ret;
		}
	return err;
}

static void help(FILE *out)
{
	fprintf(out,
		"Usage: tcp_walk [-6|-m] [-N] [-t] [-n COUNT] [-r TRACE] [-x COMMAND]\n"
		"                SCENARIO...\n"
		"       tcp_walk list\n"
		"Walks COUNT (1) connections through each scenario, or through all\n"
		"quick ones (SCENARIO \"quick\"), and prints the transitions that follow.\n"
		"  -6  IPv6            -m  IPv4 through IPv6 sockets (v4-mapped)\n"
		"  -N  in a new network namespace for each scenario\n"
		"  -t  print the table only, do nothing\n"
		"  -r  report what /proc/tcpstates, the tracefs file TRACE (emptied at the\n"
		"      beginning), /proc/net/snmp and ss say at the end of each scenario\n"
		"  -x  run COMMAND at the end of each scenario, in its namespace\n"
		"Exit status: 0 done, 1 failed, 2 bad options, 4 not possible here.\n");
}

static unsigned int parse(int argc, char **argv)
{
	unsigned long n = 1;
	int opt;

	while ((opt = getopt(argc, argv, "6mNtn:r:x:h")) != -1) {
		switch (opt) {
		case '6':
			walk.v6 = true;
			walk.family = AF_INET6;
			break;
		case 'm':
			walk.family = AF_INET6;
			break;
		case 'N':
			new_net = true;
			break;
		case 't':
			table_only = true;
			break;
		case 'n':
			n = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			trace = optarg;
			break;
		case 'x':
			then_run = optarg;
			break;
		case 'h':
			help(stdout);
			exit(0);
		default:
			help(stderr);
			exit(WALK_USAGE);
		}
	}
	if (optind == argc || !n || n > WALK_MAX / WALK_LIVES) {
		help(stderr);
		exit(WALK_USAGE);
	}
	return n;
}

int main(int argc, char **argv)
{
	unsigned int n = parse(argc, argv);
	int i, ret, err = 0;

	for (i = optind; i < argc; i++) {
		if (!strcmp(argv[i], "list")) {
			list();
			continue;
		}
		if (!strcmp(argv[i], "quick"))
			ret = run_quick(n);
		else
			ret = run_forked(by_name(argv[i]), n);
		if (ret)
			err = ret;
	}
	return err;
}
