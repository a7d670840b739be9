// SPDX-License-Identifier: GPL-2.0
/*
 * The screen of "top".
 */
#include <ncurses.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "conns.h"
#include "duration.h"
#include "output.h"
#include "spark.h"
#include "top.h"

#define NAME_WIDTH	21

/* One line of text, cut at the edge of the screen */
__attribute__((format(printf, 3, 4)))
static void line(int y, int style, const char *format, ...)
{
	char text[512];
	va_list args;

	if (y >= LINES)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	attron(style);
	mvaddnstr(y, 0, text, COLS);
	attroff(style);
}

static void draw_history(const struct top_state *state, int y, int x)
{
	int width = getmaxx(stdscr);
	size_t room = width > x ? width - x : 0, i = 0, at;
	unsigned long long most = 1;

	if (state->nr_history > room)
		i = state->nr_history - room;
	for (at = i; at < state->nr_history; at++)
		if (state->history[at] > most)
			most = state->history[at];
	move(y, x);
	for (; i < state->nr_history; i++)
		addstr(spark(state->history[i], most));
}

static int draw_states(const struct top *top, int y)
{
	const struct top_state *lines[TOP_STATES];
	char in[INTERVAL_RATE_SIZE], out[INTERVAL_RATE_SIZE];
	char p99[DURATION_SIZE];
	size_t i;

	top_order(top, lines);
	line(y++, A_REVERSE, "%-12s %9s %9s %9s %9s  %-*s", "STATE", "NOW",
	     "IN/s", "OUT/s", "P99", COLS > 54 ? COLS - 54 : 0, "HISTORY");
	for (i = 0; i < top->nr_states && y < LINES; i++, y++) {
		const struct tcpstates_state *state = lines[i]->state;

		snprintf(p99, sizeof(p99), "-");
		if (state->dwell.p99_us.known)
			duration_format(p99, state->dwell.p99_us.value);
		line(y, state->current.value ? A_BOLD : A_DIM,
		     "%-12s %9llu %9s %9s %9s", state->name,
		     state->current.value,
		     interval_rate_text(in, lines[i]->in),
		     interval_rate_text(out, lines[i]->out), p99);
		draw_history(lines[i], y, 54);
	}
	return y;
}

static int draw_listeners(const struct top *top, int y, int end)
{
	char local[ENDPOINT_SIZE];
	size_t i;

	line(y++, A_REVERSE, "%-*s %13s %13s %9s  %-*s", NAME_WIDTH,
	     "LISTENER", "QUEUE/LIMIT", "HALF/BACKLOG", "DROPS",
	     COLS > 61 ? COLS - 61 : 0, "PROCESS");
	for (i = 0; i < top->nr_listeners && y < end; i++) {
		const struct tcpstates_listener *l = &top->listeners[i].one;
		bool full = l->accept_queue.value >= l->accept_limit.value ||
			    l->half_open.value >= l->backlog.value;

		line(y++, full ? A_BOLD : A_NORMAL,
		     "%-*s %6llu/%-6llu %6llu/%-6llu %9llu  %s", NAME_WIDTH,
		     conns_endpoint(local, &l->local), l->accept_queue.value,
		     l->accept_limit.value, l->half_open.value,
		     l->backlog.value, l->drops.value,
		     top->listeners[i].owner);
	}
	return y;
}

static void draw_stuck_one(const struct top_stuck *stuck, int y)
{
	const struct tcpstates_conn *oldest = &stuck->oldest;
	char remote[ENDPOINT_SIZE], text[DURATION_SIZE];
	bool known = oldest->age_us.known;

	duration_format(text, known ? oldest->age_us.value :
				      oldest->at_least_us.value);
	line(y, A_NORMAL, "%-12s %9zu %s%*s  %-*s %s",
	     tcpstates_state_name(stuck->state), stuck->count,
	     known ? " " : ">", 8, text, NAME_WIDTH,
	     conns_endpoint(remote, &oldest->remote), stuck->owner);
}

static void draw_stuck(const struct top *top, int y)
{
	size_t i;

	line(y++, A_REVERSE, "%-12s %9s %9s  %-*s %-*s", "STUCK IN", "CONNS",
	     "OLDEST", NAME_WIDTH, "ITS REMOTE END", COLS > 56 ? COLS - 56 : 0,
	     "PROCESS");
	for (i = 0; i < top->nr_stuck && y < LINES; i++)
		draw_stuck_one(&top->stuck[i], y++);
	if (!top->nr_stuck)
		line(y++, A_DIM, "none for 10 seconds or longer");
	if (top->denied)
		line(y, A_DIM, "%d processes cannot be looked into: run as root to see theirs",
		     top->denied);
}

static void draw_help(void)
{
	int y = 2;

	line(y++, A_BOLD, "Keys");
	line(y++, 0, "  q          end");
	line(y++, 0, "  space, p   pause, go on");
	line(y++, 0, "  s          sort states: as connections live, by how many, by how often");
	line(y++, 0, "  + -        longer, shorter interval");
	line(y++, 0, "  h, ?       this text, back");
	y++;
	line(y++, 0, "HISTORY is how many there were, one column for each turn.");
	line(y++, 0, "STUCK are connections that nobody should have for long: SYN_SENT, SYN_RECV,");
	line(y++, 0, "FIN_WAIT1, CLOSE_WAIT, CLOSING and LAST_ACK for 10 seconds or longer.");
}

/**
 * top_draw() - draw everything
 * @top:	what was read
 */
void top_draw(const struct top *top)
{
	static const char *const sorts[] = { "state", "now", "rate" };
	time_t now = time(NULL);
	struct tm tm;
	char when[16], safe[64];
	int y;

	erase();
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	tcpstates_escape(safe, sizeof(safe), top->netns ?: "");
	line(0, A_BOLD, "tcpstatectl top  %s  every %.1f s  sorted by %s%s%s%s",
	     when, (double)top->interval.us / 1e6, sorts[top->sort],
	     top->netns ? "  in " : "", safe, top->paused ? "  PAUSED" :
	     "  (h: help)");
	if (top->help) {
		draw_help();
	} else {
		y = draw_states(top, 2) + 1;
		y = draw_listeners(top, y, y + 1 + (LINES - y) / 2) + 1;
		draw_stuck(top, y);
	}
	refresh();
}
