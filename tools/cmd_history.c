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

#define LOOKS	1024		/* more than the module remembers */
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
	struct tcpstates_moment one[LOOKS];
	size_t nr;
};

static int collect(const struct tcpstates_moment *moment, void *arg)
{
	struct history *history = arg;

	if (history->nr < LOOKS)
		history->one[history->nr++] = *moment;
	return 0;
}

/* In rows: the states, who waits for accept(), then what is counted */
#define WAITING	STATES
#define TALLIES	(STATES + 1)
#define ROWS	(TALLIES + TCPSTATES_TALLIES)

static const char *name(size_t row)
{
	if (row < WAITING)
		return tcpstates_state_name(states[row]);
	return row == WAITING ? "waiting" :
	       tcpstates_tally_name((unsigned int)(row - TALLIES));
}

/* In whole numbers; but what came at all is not nothing. */
static unsigned long long a_second(const struct tcpstates_moment *moment,
				   unsigned int tally)
{
	double rate = tcpstates_moment_rate(moment, tally);

	if (rate > 0 && rate < 1)
		return 1;
	return rate < 0 ? 0 : (unsigned long long)(rate + 0.5);
}

static unsigned long long value(const struct tcpstates_moment *moment,
				size_t row)
{
	if (row < WAITING)
		return moment->current[states[row]].value;
	return row == WAITING ? moment->waiting.value :
	       a_second(moment, (unsigned int)(row - TALLIES));
}

static void print_row(const struct history *history, size_t row, size_t width)
{
	unsigned long long values[LOOKS], most = 0;
	size_t i;

	for (i = 0; i < history->nr; i++) {
		values[i] = value(&history->one[i], row);
		if (values[i] > most)
			most = values[i];
	}
	if (!most)
		return;
	printf("%-19s%9llu%10llu    ", name(row), values[history->nr - 1],
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
	printf("%s to %s, %zu looks\n\n", alert_time(begin, &from),
	       alert_time(end, &to), history->nr);
	print_heading("STATE");
	for (i = 0; i < ROWS; i++) {
		if (i == TALLIES) {
			putchar('\n');
			print_heading("A_SECOND");
		}
		print_row(history, i, width);
	}
}

static struct json_object *gauges_json(const struct tcpstates_moment *moment)
{
	struct json_object *gauges = json_new();
	char lower[32], *c;
	size_t i;

	for (i = 0; i < STATES; i++) {
		snprintf(lower, sizeof(lower), "%s", name(i));
		for (c = lower; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		json_add_num(gauges, lower, &moment->current[states[i]]);
	}
	return gauges;
}

static struct json_object *rates_json(const struct tcpstates_moment *moment)
{
	struct json_object *rates = json_new();
	unsigned int i;

	for (i = 0; i < TCPSTATES_TALLIES; i++)
		json_add_double(rates, tcpstates_tally_name(i),
				tcpstates_moment_rate(moment, i), 1);
	return rates;
}

static struct json_object *moment_json(const struct tcpstates_moment *moment)
{
	const struct tcpstates_num *interval = &moment->interval_ms;
	struct json_object *object = json_new();
	unsigned int i;

	json_add_uint(object, "when", moment->when_us / 1000000);
	json_add_double(object, "interval_s", interval->value ?
			(double)interval->value / 1000 : -1, 3);
	json_add(object, "current", gauges_json(moment));
	json_add_num(object, "waiting", &moment->waiting);
	for (i = 0; i < TCPSTATES_TALLIES; i++)
		json_add_num(object, tcpstates_tally_name(i),
			     &moment->tally[i]);
	json_add(object, "per_s", rates_json(moment));
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
