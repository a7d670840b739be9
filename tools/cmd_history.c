// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl history
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <linux/tcpstates.h>

#include "alert.h"
#include "duration.h"
#include "spark.h"

#define SECONDS	1024		/* more than the module remembers */
#define WIDTH	80		/* of the bars where there is no terminal */
#define BEFORE	42		/* columns in front of them */

/* The order of states in all tables */
static const unsigned int states[] = {
	TCPSTATES_TCP_STATE_LISTEN, TCPSTATES_TCP_STATE_SYN_SENT,
	TCPSTATES_TCP_STATE_SYN_RECV, TCPSTATES_TCP_STATE_ESTABLISHED,
	TCPSTATES_TCP_STATE_FIN_WAIT1, TCPSTATES_TCP_STATE_FIN_WAIT2,
	TCPSTATES_TCP_STATE_CLOSE_WAIT, TCPSTATES_TCP_STATE_CLOSING,
	TCPSTATES_TCP_STATE_LAST_ACK, TCPSTATES_TCP_STATE_TIME_WAIT,
};

#define STATES	(sizeof(states) / sizeof(states[0]))

struct history {
	struct tcpstates_moment one[SECONDS];
	size_t nr;
};

static int collect(const struct tcpstates_moment *moment, void *arg)
{
	struct history *history = arg;

	if (history->nr < SECONDS)
		history->one[history->nr++] = *moment;
	return 0;
}

/* Of a second: a state, then a rate */
static const struct tcpstates_num *number(const struct tcpstates_moment *moment,
					  size_t what)
{
	return what < STATES ? &moment->current[states[what]] :
			       &moment->rate[what - STATES];
}

static const char *name(size_t what)
{
	return what < STATES ? tcpstates_state_name(states[what]) :
			       tcpstates_rate_name((unsigned int)(what - STATES));
}

static void print_row(const struct history *history, size_t what, size_t width)
{
	unsigned long long values[SECONDS], most = 0;
	size_t i;

	for (i = 0; i < history->nr; i++) {
		values[i] = number(&history->one[i], what)->value;
		if (values[i] > most)
			most = values[i];
	}
	if (!most)
		return;
	printf("%-19s%9llu%10llu    ", name(what), values[history->nr - 1],
	       most);
	spark_print(values, history->nr, width);
	putchar('\n');
}

static void print_heading(const char *what)
{
	term_begin(STYLE_HEAD);
	printf("%-19s%9s%10s    %s", what, "NOW", "MAX", "HISTORY");
	term_end(STYLE_HEAD);
	putchar('\n');
}

static void print_text(const struct history *history)
{
	const struct tcpstates_moment *first = history->one;
	const struct tcpstates_moment *last = first + history->nr - 1;
	struct tcpstates_num from = { first->when_us, true };
	struct tcpstates_num to = { last->when_us, true };
	size_t width = term_width() ? term_width() : BEFORE + WIDTH, i;
	char begin[ALERT_TIME_SIZE], end[ALERT_TIME_SIZE];

	width = width > BEFORE + 10 ? width - BEFORE : 10;
	printf("%s to %s, %zu seconds\n\n", alert_time(begin, &from),
	       alert_time(end, &to), history->nr);
	print_heading("STATE");
	for (i = 0; i < STATES + TCPSTATES_RATES; i++) {
		if (i == STATES) {
			putchar('\n');
			print_heading("A_SECOND");
		}
		print_row(history, i, width);
	}
}

static struct json_object *moment_json(const struct tcpstates_moment *moment)
{
	struct json_object *object = json_new(), *gauges = json_new();
	char lower[32], *c;
	size_t i;

	json_add_uint(object, "when", moment->when_us / 1000000);
	for (i = 0; i < STATES; i++) {
		snprintf(lower, sizeof(lower), "%s", name(i));
		for (c = lower; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		json_add_num(gauges, lower, number(moment, i));
	}
	json_add(object, "current", gauges);
	for (; i < STATES + TCPSTATES_RATES; i++)
		json_add_num(object, name(i), number(moment, i));
	return object;
}

static void print_json(const struct history *history, bool pretty)
{
	struct json_object *root = json_new(), *moments = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < history->nr; i++)
		json_append(moments, moment_json(&history->one[i]));
	json_add(root, "moments", moments);
	output_json(root, pretty);
}

static int show(const struct options *options, unsigned long long since_us)
{
	struct history *history = output_must(calloc(1, sizeof(*history)));
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int status = conns_open(&nl);

	if (status) {
		free(history);
		return status;
	}
	if (tcpstates_history(nl, since_us, collect, history, &error))
		status = conns_fail(&error);
	else if (options->given['j'] || options->given['p'])
		print_json(history, options->given['p']);
	else if (history->nr)
		print_text(history);
	else
		puts("There is no history yet.");
	tcpstates_nl_close(nl);
	free(history);
	return status;
}

/**
 * cmd_history() - run "history"
 * @options:	-j, -p
 * @argc:	number of words
 * @argv:	how far back
 *
 * Return: exit status.
 */
int cmd_history(const struct options *options, int argc, char **argv)
{
	unsigned long long now = (unsigned long long)time(NULL) * 1000000;
	unsigned long long back = now;
	char safe[64];

	if (argc && !duration_parse(argv[0], &back)) {
		tcpstates_escape(safe, sizeof(safe), argv[0]);
		output_error("'%s' is no time: like 90s or 5m", safe);
		return STATUS_USAGE;
	}
	return show(options, back < now ? now - back : 0);
}
