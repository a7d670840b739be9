// SPDX-License-Identifier: GPL-2.0
/*
 * --interval and --count.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "interval.h"
#include "json.h"
#include "output.h"
#include "tcpstatectl.h"

#define LONGEST	86400.0

static bool bad(const char *option, const char *value, const char *wanted)
{
	char safe[64];

	tcpstates_escape(safe, sizeof(safe), value);
	output_error("--%s '%s' is not %s", option, safe, wanted);
	return false;
}

/**
 * interval_count() - read --count
 * @options:	what was given
 * @turns:	set to it, or to 0 if there is none
 *
 * Return: false after a message.
 */
bool interval_count(const struct options *options, unsigned long long *turns)
{
	const char *count = options->value[OPT_COUNT];
	char *end;

	*turns = count ? strtoull(count, &end, 10) : 0;
	if (count && (*end || !*turns || *count == '-'))
		return bad("count", count, "a number above 0");
	return true;
}

/**
 * interval_parse() - read the two options
 * @interval:	filled
 * @options:	what was given
 *
 * Return: false after a message.
 */
bool interval_parse(struct interval *interval, const struct options *options)
{
	const char *every = options->value[OPT_INTERVAL];
	const char *count = options->value[OPT_COUNT];
	double seconds;
	char *end;

	*interval = (struct interval){ .turns = 1 };
	if (count && !every) {
		output_error("--count needs --interval");
		return false;
	}
	if (!every)
		return true;
	seconds = strtod(every, &end);
	if (end == every || *end || !(seconds >= 0.1 && seconds <= LONGEST))
		return bad("interval", every,
			   "a number of seconds, 0.1 to 86400");
	interval->us = (unsigned long long)(seconds * 1e6);
	return interval_count(options, &interval->turns);
}

/**
 * interval_now() - a clock that does not jump
 *
 * Return: seconds.
 */
double interval_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/**
 * interval_begin() - note when a turn begins
 * @interval:	the interval
 */
void interval_begin(struct interval *interval)
{
	double now = interval_now();

	interval->passed = interval->started ? now - interval->started : 0;
	interval->started = now;
}

/**
 * interval_next() - wait for the next turn
 * @interval:	the interval
 *
 * Return: false if there is none, or nobody reads what is printed.
 */
bool interval_next(struct interval *interval)
{
	double left;
	struct timespec wait;

	if (interval->turns == 1 || fflush(stdout))
		return false;
	if (interval->turns)
		interval->turns--;
	left = interval->started + (double)interval->us / 1e6 - interval_now();
	if (left > 0) {
		wait.tv_sec = (time_t)left;
		wait.tv_nsec = (long)((left - (double)wait.tv_sec) * 1e9);
		while (nanosleep(&wait, &wait) && errno == EINTR)
			;
	}
	return true;
}

/**
 * interval_run() - do something as often as the options say
 * @options:	--interval, --count
 * @turn:	does it once; returns an exit status
 * @arg:	for @turn
 *
 * Return: the first exit status that is not STATUS_DONE.
 */
int interval_run(const struct options *options,
		 int (*turn)(const struct interval *interval, void *arg),
		 void *arg)
{
	struct interval interval;
	int status;

	if (!interval_parse(&interval, options))
		return STATUS_USAGE;
	do {
		interval_begin(&interval);
		status = turn(&interval, arg);
	} while (!status && interval_next(&interval));
	return status;
}

/**
 * interval_json() - member interval_s, if there is an interval
 * @interval:	the interval
 * @root:	the document of a turn
 *
 * Seconds since the turn before, null in the first.
 */
void interval_json(const struct interval *interval, struct json_object *root)
{
	if (interval->us)
		json_add_double(root, "interval_s",
				interval->passed ? interval->passed : -1, 3);
}

/**
 * interval_rate() - how often something happens
 * @interval:	the interval
 * @now:	a counter
 * @before:	what it was in the turn before
 *
 * Return: times a second; negative if it cannot be told.
 */
double interval_rate(const struct interval *interval,
		     const struct tcpstates_num *now,
		     const struct tcpstates_num *before)
{
	if (!interval->passed || !now->known || !before->known ||
	    now->value < before->value)
		return -1;
	return (double)(now->value - before->value) / interval->passed;
}

/**
 * interval_rate_text() - write a rate for people
 * @text:	where to
 * @rate:	of interval_rate()
 *
 * Return: @text.
 */
char *interval_rate_text(char text[INTERVAL_RATE_SIZE], double rate)
{
	if (rate < 0)
		snprintf(text, INTERVAL_RATE_SIZE, "-");
	else
		snprintf(text, INTERVAL_RATE_SIZE, "%.*f", rate < 99.95, rate);
	return text;
}
