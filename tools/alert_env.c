// SPDX-License-Identifier: GPL-2.0
/*
 * An alert as the environment of a command.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "alert.h"
#include "json.h"
#include "runner.h"

static void set_num(char **env, const char *name,
		    const struct tcpstates_num *num)
{
	if (num->known)
		runner_set(env, name, "%llu", num->value);
	else
		runner_set(env, name, "%s", "");
}

/* Seconds since 1970, for date(1) */
static void set_time(char **env, const char *name,
		     const struct tcpstates_num *us)
{
	struct tcpstates_num seconds = { us->value / 1000000, us->known };

	set_num(env, name, &seconds);
}

static void set_where(char **env, const struct tcpstates_incident *alert)
{
	const struct tcpstates_address *where = &alert->where;
	struct tcpstates_num port = { where->port, where->port };
	char subject[ENDPOINT_SIZE], host[INET6_ADDRSTRLEN] = "";

	if (where->len)
		inet_ntop(where->len == 16 ? AF_INET6 : AF_INET, where->bytes,
			  host, sizeof(host));
	runner_set(env, "ALERT_SUBJECT", "%s", alert_subject(subject, alert));
	runner_set(env, "ALERT_ADDRESS", "%s", host);
	set_num(env, "ALERT_PORT", &port);
}

static void set_whose(char **env, const struct tcpstates_incident *alert,
		      const struct tcpstates_num *inode, struct whose *whose)
{
	const char *path = whose_path(whose, &alert->cgroup), *name = NULL;
	char *group = path ? json_escaped(path) : NULL;
	struct tcpstates_num number = { 0 };
	int pid = 0;

	if (inode->known)
		name = tcpstates_owner_of(whose->owners, inode->value, &pid);
	number = (struct tcpstates_num){ (unsigned int)pid, name };
	runner_set(env, "ALERT_PROCESS", "%s", name ? name : "");
	set_num(env, "ALERT_PID", &number);
	set_num(env, "ALERT_UID", &alert->uid);
	runner_set(env, "ALERT_CGROUP", "%s", group ? group : "");
	free(group);
}

/**
 * alert_env() - what a command is told of an alert
 * @list:	its list
 * @at:		its place there
 * @whose:	who is asked for process and cgroup
 *
 * Return: for runner_add().
 */
char **alert_env(const struct alert_list *list, size_t at, struct whose *whose)
{
	const struct tcpstates_incident *alert = &list->one[at];
	char **env = runner_env();

	runner_set(env, "ALERT_STATE", "%s", alert_state(alert));
	runner_set(env, "ALERT_RULE", "%s", alert_rule(alert));
	set_where(env, alert);
	set_whose(env, alert, &list->inode[at], whose);
	set_num(env, "ALERT_VALUE", &alert->value);
	set_num(env, "ALERT_PEAK", &alert->peak);
	set_num(env, "ALERT_THRESHOLD", &alert->threshold);
	set_time(env, "ALERT_SINCE", &alert->since_us);
	set_time(env, "ALERT_UNTIL", &alert->until_us);
	set_num(env, "ALERT_TIMES", &alert->times);
	set_num(env, "ALERT_HELD_BACK", &alert->held_back);
	runner_set(env, "ALERT_ID", "%llu", alert->id);
	runner_set(env, "ALERT_EVENT", "%llu", alert->event);
	runner_set(env, "ALERT_NETNS", "%llu", alert->netns);
	return env;
}
