// SPDX-License-Identifier: GPL-2.0
/*
 * One alert, as text and as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "alert.h"

/**
 * alert_collect() - add an alert to a list
 * @incident:	the alert
 * @arg:	struct alert_list
 *
 * Return: 0.
 */
int alert_collect(const struct tcpstates_incident *incident, void *arg)
{
	struct alert_list *list = arg;

	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->one = output_must(reallocarray(list->one, list->room,
						     sizeof(*list->one)));
		list->inode = output_must(reallocarray(list->inode, list->room,
						       sizeof(*list->inode)));
	}
	list->inode[list->nr] = (struct tcpstates_num){ 0 };
	list->one[list->nr++] = *incident;
	return 0;
}

/**
 * alert_free() - forget a list of alerts
 * @list:	the list
 */
void alert_free(struct alert_list *list)
{
	free(list->one);
	free(list->inode);
	*list = (struct alert_list){ 0 };
}

/**
 * alert_rule() - what an alert is about
 * @alert:	the alert
 *
 * Return: the name of its rule.
 */
const char *alert_rule(const struct tcpstates_incident *alert)
{
	const char *name = tcpstates_rule_name(alert->rule);

	return name ? name : "?";
}

/**
 * alert_state() - whether an alert is over
 * @alert:	the alert
 *
 * Return: a word.
 */
const char *alert_state(const struct tcpstates_incident *alert)
{
	return alert->raised ? "raised" : "cleared";
}

/**
 * alert_subject() - where an alert is
 * @text:	where to
 * @alert:	the alert
 *
 * Return: @text: an address and port, *:8080, or "-": the namespace.
 */
char *alert_subject(char text[ENDPOINT_SIZE],
		    const struct tcpstates_incident *alert)
{
	if (alert->where.len || alert->where.port)
		return conns_endpoint(text, &alert->where);
	snprintf(text, ENDPOINT_SIZE, "-");
	return text;
}

/**
 * alert_time() - a time of day, here
 * @text:	where to
 * @us:		microseconds since 1970
 *
 * Return: @text: 2026-11-23T03:12:07, or "-".
 */
char *alert_time(char text[ALERT_TIME_SIZE], const struct tcpstates_num *us)
{
	time_t seconds = (time_t)(us->value / 1000000);
	struct tm tm;

	if (!us->known || !localtime_r(&seconds, &tm) ||
	    !strftime(text, ALERT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(text, ALERT_TIME_SIZE, "-");
	return text;
}

static unsigned long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (unsigned long long)now.tv_sec * 1000000 +
	       (unsigned long long)now.tv_nsec / 1000;
}

/**
 * alert_lasted() - how long an alert has lasted, or does so far
 * @alert:	the alert
 *
 * Return: microseconds.
 */
struct tcpstates_num alert_lasted(const struct tcpstates_incident *alert)
{
	struct tcpstates_num lasted = { 0 };
	unsigned long long end = alert->raised ? now_us() :
						 alert->until_us.value;

	if (!alert->since_us.known || (!alert->raised && !alert->until_us.known))
		return lasted;
	lasted.known = true;
	/* Clocks are set. */
	if (end > alert->since_us.value)
		lasted.value = end - alert->since_us.value;
	return lasted;
}

/**
 * alert_json() - an alert as JSON
 * @list:	its list
 * @at:		its place there
 * @whose:	who is asked for process and cgroup
 *
 * Return: an object.
 */
struct json_object *alert_json(const struct alert_list *list, size_t at,
			       struct whose *whose)
{
	const struct tcpstates_incident *alert = &list->one[at];
	struct json_object *object = json_new();

	json_add_uint(object, "event", alert->event);
	json_add_uint(object, "id", alert->id);
	json_add_word(object, "state", alert_state(alert));
	json_add_word(object, "rule", alert_rule(alert));
	json_add_uint(object, "netns", alert->netns);
	if (alert->where.len || alert->where.port)
		endpoint_json(object, "where", &alert->where);
	else
		json_add(object, "where", NULL);
	whose_json(whose, object, &list->inode[at], &alert->uid,
		   &alert->cgroup);
	json_add_num(object, "value", &alert->value);
	json_add_num(object, "peak", &alert->peak);
	json_add_num(object, "threshold", &alert->threshold);
	json_add_num(object, "since_us", &alert->since_us);
	json_add_num(object, "until_us", &alert->until_us);
	json_add_num(object, "times", &alert->times);
	json_add_num(object, "held_back", &alert->held_back);
	return object;
}
