// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl alerts --follow
 *
 * One socket hears, another one asks for what the first has lost: nobody waits
 * for a slow reader, but the numbers of the events show what is missing.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <linux/tcpstates.h>

#include "alert.h"
#include "runner.h"
#include "stop.h"

#define RUN_SECONDS	60.0	/* for a command of --exec */

/**
 * struct follow - who follows
 * @options:	-j, -n, -p
 * @which:	what is shown
 * @hears:	is told of alerts
 * @asks:	asks for those that were missed
 * @heard:	what is to be shown
 * @runner:	--exec
 * @last:	number of the last event that was shown, or passed over
 * @begun:	what comes is new
 * @denied:	that processes cannot be looked into has been said
 */
struct follow {
	const struct options *options;
	const struct tcpstates_which *which;
	struct tcpstates_nl *hears;
	struct tcpstates_nl *asks;
	struct alert_list heard;
	struct runner runner;
	unsigned long long last;
	bool begun;
	bool denied;
};

static bool is_wanted(const struct follow *f,
		      const struct tcpstates_incident *alert)
{
	unsigned int state = alert->raised ? TCPSTATES_ALERT_STATE_RAISED :
					     TCPSTATES_ALERT_STATE_CLEARED;

	return (f->begun || alert->raised) &&
	       (!f->which->state || f->which->state == 1 + state) &&
	       (!f->which->rule || f->which->rule == 1 + alert->rule);
}

static void print_line(const struct follow *f, size_t at, struct whose *whose)
{
	const struct tcpstates_incident *alert = &f->heard.one[at];
	const struct tcpstates_num *when = alert->raised ? &alert->since_us :
							   &alert->until_us;
	char time[ALERT_TIME_SIZE], subject[ENDPOINT_SIZE], uid[24] = "-";
	char process[WHOSE_SIZE];

	if (alert->uid.known)
		snprintf(uid, sizeof(uid), "%llu", alert->uid.value);
	printf("%s %-7s %s %s process %s uid %s value %llu peak %llu threshold %llu\n",
	       alert_time(time, when), alert_state(alert), alert_rule(alert),
	       alert_subject(subject, alert),
	       whose_name(whose, process, &f->heard.inode[at]),
	       uid, alert->value.value, alert->peak.value,
	       alert->threshold.value);
}

static void print_one(const struct follow *f, size_t at, struct whose *whose)
{
	bool pretty = f->options->given['p'];

	if (f->options->given['j'] || pretty)
		output_json(alert_json(&f->heard, at, whose), pretty);
	else
		print_line(f, at, whose);
}

static int compare(const void *a, const void *b)
{
	const struct tcpstates_incident *x = a, *y = b;

	return (x->event > y->event) - (x->event < y->event);
}

/* Those that are wanted, each once, in their order; forget the others. */
static void put_in_order(struct follow *f)
{
	struct alert_list *list = &f->heard;
	size_t i, nr = 0;

	if (list->nr)
		qsort(list->one, list->nr, sizeof(*list->one), compare);
	for (i = 0; i < list->nr; i++) {
		if (list->one[i].event <= f->last)
			continue;
		f->last = list->one[i].event;
		if (is_wanted(f, &list->one[i]))
			list->one[nr++] = list->one[i];
	}
	list->nr = nr;
}

/* Return: false if nobody reads what is printed. */
static bool show(struct follow *f)
{
	struct whose whose;
	size_t i;

	whose_begin(&whose, f->options);
	if (!alert_find_culprits(&f->heard, &whose, false) && !f->denied) {
		f->denied = true;
		output_error("some processes cannot be looked into: run as root to see theirs");
	}
	for (i = 0; i < f->heard.nr; i++) {
		print_one(f, i, &whose);
		if (f->runner.command)
			runner_add(&f->runner,
				   alert_env(&f->heard, i, &whose));
	}
	f->heard.nr = 0;
	whose_end(&whose);
	return !fflush(stdout);
}

static bool has_gap(const struct follow *f)
{
	unsigned long long first = f->last, last = f->last;
	size_t i;

	for (i = 0; i < f->heard.nr; i++) {
		if (f->heard.one[i].event <= f->last)
			continue;
		first++;
		if (f->heard.one[i].event > last)
			last = f->heard.one[i].event;
	}
	return first != last;
}

/*
 * Ask for what was missed.  Of an alert that was raised and cleared meanwhile
 * there is one message, which says that it is over.
 */
static int catch_up(struct follow *f, struct tcpstates_error *error)
{
	struct tcpstates_which which = { .event = f->last + 1 };

	f->heard.nr = 0;
	return tcpstates_alerts(f->asks, &which, alert_collect, &f->heard,
				error);
}

static void take_owner(struct tcpstates_incident *alert,
		       const struct alert_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++) {
		if (list->one[i].id != alert->id)
			continue;
		alert->uid = list->one[i].uid;
		alert->cgroup = list->one[i].cgroup;
	}
}

/*
 * What everybody is told has no control group, and the uid is that which the owner
 * of the namespace sees: ask for what we may see.
 */
static void complete(struct follow *f)
{
	struct tcpstates_which which = { .event = f->last + 1 };
	struct tcpstates_error error;
	struct alert_list now = { 0 };
	size_t i;

	if (!f->heard.nr)
		return;
	/* What is not known is not said. */
	if (!tcpstates_alerts(f->asks, &which, alert_collect, &now, &error))
		for (i = 0; i < f->heard.nr; i++)
			take_owner(&f->heard.one[i], &now);
	alert_free(&now);
}

static int hear(struct follow *f, struct tcpstates_error *error)
{
	int ret = tcpstates_alerts_hear(f->hears, alert_collect, &f->heard,
					error);

	if (ret == -EINTR)
		return 0;
	if (ret == -ENOBUFS || (!ret && has_gap(f)))
		ret = catch_up(f, error);
	else if (!ret)
		complete(f);
	if (!ret)
		put_in_order(f);
	return ret;
}

/* Nothing gets lost between what there is, and what comes. */
static int begin(struct follow *f, struct tcpstates_error *error)
{
	int ret = tcpstates_alerts_join(f->hears, error);

	if (!ret)
		ret = catch_up(f, error);
	if (ret)
		return ret;
	put_in_order(f);
	f->begun = true;
	return 0;
}

/*
 * Wait; signals come only here.  Return: 1 if there is something to hear, 0,
 * or -EPIPE if nobody reads what is printed.
 */
static int wait_for_it(const struct follow *f, const sigset_t *mask)
{
	struct pollfd fds[2] = {
		{ .fd = tcpstates_nl_fd(f->hears), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	double left = runner_wait(&f->runner);
	struct timespec limit;

	if (left >= 0) {
		limit.tv_sec = (time_t)left;
		limit.tv_nsec = (long)((left - (double)limit.tv_sec) * 1e9);
	}
	if (ppoll(fds, 2, left < 0 ? NULL : &limit, mask) < 0)
		return 0;
	if (fds[1].revents)
		return -EPIPE;
	return fds[0].revents != 0;
}

static int follow(struct follow *f, const sigset_t *mask,
		  struct tcpstates_error *error)
{
	int ret = begin(f, error);

	while (!ret && show(f)) {
		runner_turn(&f->runner);
		ret = wait_for_it(f, mask);
		if (ret < 0 || stop_wanted())
			return 0;
		ret = ret ? hear(f, error) : 0;
	}
	return ret;
}

static void wake_up(int signal)
{
	(void)signal;
}

/* Signals come while it waits, and at no other time. */
static void hold_signals(sigset_t *before)
{
	struct sigaction child = { .sa_handler = wake_up };
	sigset_t held;

	stop_catch();
	sigaction(SIGCHLD, &child, NULL);
	sigemptyset(&held);
	sigaddset(&held, SIGCHLD);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGQUIT);
	sigprocmask(SIG_BLOCK, &held, before);
	sigdelset(before, SIGCHLD);
}

static int report(int ret, const struct tcpstates_error *error)
{
	if (ret == -ENOENT)
		output_error("the tcpstates module is not loaded any more");
	else
		return conns_fail(error);
	return STATUS_REFUSED;
}

/**
 * alert_follow() - print alerts as they are raised and cleared
 * @options:	-j, -n, -p, --exec
 * @which:	which of them
 *
 * Return: exit status.
 */
int alert_follow(const struct options *options,
		 const struct tcpstates_which *which)
{
	struct follow f = {
		.options = options, .which = which,
		.runner = {
			.command = options->value[OPT_EXEC],
			.limit = RUN_SECONDS,
		},
	};
	struct tcpstates_error error;
	int status = conns_open(&f.hears), ret;
	sigset_t before;

	if (!status)
		status = conns_open(&f.asks);
	if (!status) {
		hold_signals(&before);
		ret = follow(&f, &before, &error);
		if (ret)
			status = report(ret, &error);
		runner_end(&f.runner);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	alert_free(&f.heard);
	tcpstates_nl_close(f.hears);
	tcpstates_nl_close(f.asks);
	stop_finish();
	return status;
}
