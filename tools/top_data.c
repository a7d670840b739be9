// SPDX-License-Identifier: GPL-2.0
/*
 * What "top" shows, read once in a while.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstates.h>

#include "conns.h"
#include "output.h"
#include "top.h"

#define STUCK_US	10000000ULL

#define BIT(state)	(1U << TCPSTATES_TCP_STATE_##state)

/* Nobody should be here for long; in FIN_WAIT2 and TIME_WAIT one is. */
#define STUCK_STATES	(BIT(SYN_SENT) | BIT(SYN_RECV) | BIT(FIN_WAIT1) | \
			 BIT(CLOSE_WAIT) | BIT(CLOSING) | BIT(LAST_ACK))

static void note_history(struct top_state *line, unsigned long long now)
{
	if (line->nr_history == TOP_HISTORY)
		memmove(line->history, line->history + 1,
			--line->nr_history * sizeof(*line->history));
	line->history[line->nr_history++] = now;
}

static void update_states(struct top *top)
{
	const struct tcpstates_state *now = top->stats.states, *before;
	struct top_state *line = top->states;
	size_t i;

	top->nr_states = 0;
	for (i = 0; i < top->stats.nr_states && i < TOP_STATES; i++, now++) {
		/* Of closed connections there is nothing to be seen. */
		if (!now->current.known)
			continue;
		before = i < top->before.nr_states ? &top->before.states[i] :
			 NULL;
		line->state = now;
		line->in = !before ? -1 : interval_rate(&top->interval,
							&now->entered,
							&before->entered);
		line->out = !before ? -1 : interval_rate(&top->interval,
							 &now->left,
							 &before->left);
		note_history(line++, now->current.value);
		top->nr_states++;
	}
}

static int compare_listeners(const void *a, const void *b)
{
	const struct tcpstates_listener *x = &((const struct top_listener *)a)->one;
	const struct tcpstates_listener *y = &((const struct top_listener *)b)->one;

	if (x->accept_queue.value != y->accept_queue.value)
		return x->accept_queue.value < y->accept_queue.value ? 1 : -1;
	if (x->half_open.value != y->half_open.value)
		return x->half_open.value < y->half_open.value ? 1 : -1;
	if (x->drops.value != y->drops.value)
		return x->drops.value < y->drops.value ? 1 : -1;
	if (x->local.port != y->local.port)
		return x->local.port < y->local.port ? -1 : 1;
	return conns_compare_end(&x->local, &y->local);
}

static unsigned long long age(const struct tcpstates_conn *conn)
{
	return conn->age_us.known ? conn->age_us.value :
				    conn->at_least_us.value;
}

static void owner_text(char text[TOP_OWNER],
		       const struct tcpstates_owners *owners,
		       const struct tcpstates_num *inode)
{
	const char *name = NULL;
	int pid;

	if (inode->known)
		name = tcpstates_owner_of(owners, inode->value, &pid);
	if (name)
		snprintf(text, TOP_OWNER, "%s/%d", name, pid);
	else
		snprintf(text, TOP_OWNER, "-");
}

static void note_stuck(struct top *top, const struct tcpstates_conn *conn,
		       const char owner[TOP_OWNER])
{
	struct top_stuck *stuck;
	size_t i;

	for (i = 0; i < top->nr_stuck; i++) {
		stuck = &top->stuck[i];
		if (stuck->state != conn->state || strcmp(stuck->owner, owner))
			continue;
		stuck->count++;
		if (age(conn) > age(&stuck->oldest))
			stuck->oldest = *conn;
		return;
	}
	top->stuck = output_must(reallocarray(top->stuck, top->nr_stuck + 1,
					      sizeof(*stuck)));
	stuck = &top->stuck[top->nr_stuck++];
	memcpy(stuck->owner, owner, TOP_OWNER);
	stuck->state = conn->state;
	stuck->count = 1;
	stuck->oldest = *conn;
}

static int compare_stuck(const void *a, const void *b)
{
	const struct tcpstates_conn *x = &((const struct top_stuck *)a)->oldest;
	const struct tcpstates_conn *y = &((const struct top_stuck *)b)->oldest;
	int diff;

	if (age(x) != age(y))
		return age(x) < age(y) ? 1 : -1;
	diff = conns_compare_end(&x->local, &y->local);
	return diff ? diff : conns_compare_end(&x->remote, &y->remote);
}

static int take_listener(const struct tcpstates_listener *one, void *arg)
{
	struct top *top = arg;

	top->listeners = output_must(reallocarray(top->listeners,
						  top->nr_listeners + 1,
						  sizeof(*top->listeners)));
	top->listeners[top->nr_listeners++].one = *one;
	return 0;
}

static int take_conn(const struct tcpstates_conn *conn, void *arg)
{
	struct top *top = arg;

	top->conns = output_must(reallocarray(top->conns, top->nr_conns + 1,
					      sizeof(*top->conns)));
	top->conns[top->nr_conns++] = *conn;
	return 0;
}

static void forget(struct top *top)
{
	free(top->listeners);
	free(top->conns);
	free(top->stuck);
	top->listeners = NULL;
	top->conns = NULL;
	top->stuck = NULL;
	top->nr_listeners = 0;
	top->nr_conns = 0;
	top->nr_stuck = 0;
}

static int ask(struct top *top, struct tcpstates_error *error)
{
	const struct tcpstates_filter stuck = {
		.states = STUCK_STATES,
		.older_us = STUCK_US,
	};
	struct tcpstates_summary summary = { 0 };

	forget(top);
	if (tcpstates_listeners(top->nl, NULL, take_listener, top, &summary,
				error))
		return -1;
	return tcpstates_conns(top->nl, &stuck, take_conn, top, &summary,
			       error);
}

static void want(struct tcpstates_owners *owners,
		 const struct tcpstates_num *inode)
{
	if (inode->known && tcpstates_owners_want(owners, inode->value))
		output_must(NULL);
}

static void find_owners(struct top *top, struct tcpstates_owners *owners)
{
	char owner[TOP_OWNER] = "";
	size_t i;

	for (i = 0; i < top->nr_listeners; i++)
		want(owners, &top->listeners[i].one.inode);
	for (i = 0; i < top->nr_conns; i++)
		want(owners, &top->conns[i].inode);
	top->denied = tcpstates_owners_find(owners);
	for (i = 0; i < top->nr_listeners; i++)
		owner_text(top->listeners[i].owner, owners,
			   &top->listeners[i].one.inode);
	for (i = 0; i < top->nr_conns; i++) {
		owner_text(owner, owners, &top->conns[i].inode);
		note_stuck(top, &top->conns[i], owner);
	}
}

static void update_sockets(struct top *top)
{
	struct tcpstates_owners *owners = output_must(tcpstates_owners_new());

	find_owners(top, owners);
	tcpstates_owners_free(owners);
	if (top->nr_listeners)
		qsort(top->listeners, top->nr_listeners,
		      sizeof(*top->listeners), compare_listeners);
	if (top->nr_stuck)
		qsort(top->stuck, top->nr_stuck, sizeof(*top->stuck),
		      compare_stuck);
}

/**
 * top_read() - read everything again
 * @top:	filled
 * @error:	filled on failure
 *
 * Return: 0 or a negative number.
 */
int top_read(struct top *top, struct tcpstates_error *error)
{
	struct tcpstates_stats stats;
	int ret = tcpstates_stats_read(TCPSTATES_PROC_PATH, &stats, error);

	if (ret)
		return ret;
	interval_begin(&top->interval);
	tcpstates_stats_free(&top->before);
	top->before = top->stats;
	top->stats = stats;
	update_states(top);
	ret = ask(top, error);
	if (!ret)
		update_sockets(top);
	return ret;
}

static double key(const struct top_state *line, enum top_sort sort)
{
	if (sort == TOP_BY_NOW)
		return (double)line->state->current.value;
	return sort == TOP_BY_RATE ? line->in + line->out : 0;
}

/**
 * top_order() - the states as they are to be shown
 * @top:	everything
 * @lines:	in that order
 */
void top_order(const struct top *top, const struct top_state *lines[TOP_STATES])
{
	const struct top_state *line;
	size_t i, k;

	/* By insertion: those that are equal stay in the order of life. */
	for (i = 0; i < top->nr_states; i++) {
		line = &top->states[i];
		for (k = i; k && key(lines[k - 1], top->sort) <
				 key(line, top->sort); k--)
			lines[k] = lines[k - 1];
		lines[k] = line;
	}
}

/**
 * top_free() - forget everything
 * @top:	what was filled
 */
void top_free(struct top *top)
{
	tcpstates_stats_free(&top->stats);
	tcpstates_stats_free(&top->before);
	forget(top);
	tcpstates_nl_close(top->nl);
}
