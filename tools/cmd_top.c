// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl top
 */
#include <errno.h>
#include <ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conns.h"
#include "stop.h"
#include "top.h"

#define SHORTEST_US	100000ULL
#define LONGEST_US	60000000ULL

/* Return: false if that was the end. */
static bool handle_key(struct top *top, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case ' ':
	case 'p':
		top->paused = !top->paused;
		break;
	case 's':
		top->sort = (top->sort + 1) % TOP_SORTS;
		break;
	case '+':
		if (top->interval.us * 2 <= LONGEST_US)
			top->interval.us *= 2;
		break;
	case '-':
		if (top->interval.us / 2 >= SHORTEST_US)
			top->interval.us /= 2;
		break;
	case 'h':
	case '?':
		top->help = !top->help;
		break;
	}
	return true;
}

/* Keys until the next turn.  Return: false if that was the end. */
static bool wait_keys(struct top *top)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	double end = top->interval.started, left;
	int key;

	for (;;) {
		left = end + (double)top->interval.us / 1e6 - interval_now();
		if (top->paused)
			left = 60;
		if (stop_wanted() || in.revents & (POLLHUP | POLLERR))
			return false;
		if (left <= 0)
			return true;
		if (poll(&in, 1, (int)(left * 1000) + 1) < 0 && errno != EINTR)
			return false;
		/* Also what tells of a new size */
		while ((key = getch()) != ERR) {
			if (!handle_key(top, key))
				return false;
			top_draw(top);
		}
	}
}

static int watch(struct top *top, struct tcpstates_error *error)
{
	int ret;

	do {
		ret = top_read(top, error);
		if (ret)
			return ret;
		top_draw(top);
		/* --count ends it, for those who cannot press a key. */
		if (top->interval.turns && !--top->interval.turns)
			return 0;
	} while (wait_keys(top));
	return 0;
}

static bool start_screen(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		output_error("'top' needs a terminal: see 'tcpstatectl help show' for --interval");
		return false;
	}
	if (!newterm(NULL, stdout, stdin)) {
		output_error("'top' does not know the terminal '%s'",
			     term ? term : "");
		return false;
	}
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	return true;
}

static int report(const struct tcpstates_error *error)
{
	/* Whatever failed, that is why. */
	if (access(TCPSTATES_PROC_PATH, F_OK)) {
		output_error("the tcpstates module is not loaded any more");
		return STATUS_REFUSED;
	}
	return conns_fail(error);
}

/**
 * cmd_top() - run "top"
 * @options:	-n, which changes nothing; --interval, --count
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_top(const struct options *options, int argc, char **argv)
{
	struct top top = { .netns = options->value['N'] };
	struct options with = *options;
	struct tcpstates_error error;
	int status, ret;

	(void)argc;
	(void)argv;
	if (!with.value[OPT_INTERVAL])
		with.value[OPT_INTERVAL] = "1";
	if (!interval_parse(&top.interval, &with))
		return STATUS_USAGE;
	status = conns_open(&top.nl);
	if (status)
		return status;
	stop_catch();
	if (!start_screen()) {
		top_free(&top);
		return STATUS_REFUSED;
	}
	ret = watch(&top, &error);
	endwin();
	if (ret)
		status = report(&error);
	top_free(&top);
	stop_finish();
	return status;
}
