// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl check: a plugin as Nagios, Icinga and Zabbix run them.
 *
 * One line on stdout whatever happens, what a "|" separates are numbers:
 *   TCPSTATES CRITICAL - 1 alert: close_wait_leak *:8080 ... | syn_flood=0;;64;0
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/tcpstates.h>

#include "alert.h"
#include "duration.h"
#include "rule.h"

#define RECENT_US	300000000ULL	/* two checks are not further apart */
#define NAMED		3		/* alerts in the line */
#define LINE_SIZE	1024

/**
 * struct check - what there is
 * @wanted:	rules, bits
 * @rules:	all of them
 * @nr_rules:	how many
 * @alerts:	raised, or raised recently
 * @raised:	how many of them are
 */
struct check {
	unsigned int wanted;
	struct tcpstates_rule_info rules[TCPSTATES_RULES];
	size_t nr_rules;
	struct alert_list alerts;
	size_t raised;
};

/* Return: CHECK_UNKNOWN */
__attribute__((format(printf, 1, 2)))
static int unknown(const char *format, ...)
{
	va_list args;

	fputs("TCPSTATES UNKNOWN - ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return CHECK_UNKNOWN;
}

static int collect_rule(const struct tcpstates_rule_info *rule,
			unsigned int line, void *arg)
{
	struct check *check = arg;

	(void)line;
	if (check->nr_rules < TCPSTATES_RULES && rule->rule < TCPSTATES_RULES &&
	    check->wanted & 1U << rule->rule)
		check->rules[check->nr_rules++] = *rule;
	return 0;
}

static int collect_alert(const struct tcpstates_incident *alert, void *arg)
{
	unsigned long long now = (unsigned long long)time(NULL) * 1000000;
	struct check *check = arg;

	if (alert->rule >= TCPSTATES_RULES ||
	    !(check->wanted & 1U << alert->rule) ||
	    (!alert->raised && alert->until_us.value + RECENT_US < now))
		return 0;
	check->raised += alert->raised;
	return alert_collect(alert, &check->alerts);
}

/* What is raised comes first. */
static int compare(const void *a, const void *b)
{
	const struct tcpstates_incident *x = a, *y = b;

	if (x->raised != y->raised)
		return y->raised - x->raised;
	return x->id < y->id ? 1 : -1;
}

__attribute__((format(printf, 2, 3)))
static void append(char line[LINE_SIZE], const char *format, ...)
{
	size_t len = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + len, LINE_SIZE - len, format, args);
	va_end(args);
}

static void append_alert(const struct check *check, size_t at,
			 struct whose *whose, char line[LINE_SIZE])
{
	const struct tcpstates_incident *alert = &check->alerts.one[at];
	const struct tcpstates_num *inode = &check->alerts.inode[at];
	struct tcpstates_num lasted = alert_lasted(alert);
	char subject[ENDPOINT_SIZE], process[WHOSE_SIZE];
	char text[DURATION_SIZE];

	append(line, "%s%s %s", at ? "; " : "", alert_rule(alert),
	       alert_subject(subject, alert));
	if (inode->known)
		append(line, " %s", whose_name(whose, process, inode));
	if (alert->uid.known)
		append(line, " uid %llu", alert->uid.value);
	append(line, " %s %llu (threshold %llu) %s %s",
	       alert->raised ? "value" : "peak",
	       alert->raised ? alert->value.value : alert->peak.value,
	       alert->threshold.value, alert->raised ? "for" : "over after",
	       duration_format(text, lasted.value));
}

static void print_alerts(struct check *check)
{
	static const struct options numeric = { .given['n'] = true };
	char line[LINE_SIZE] = "", *c;
	struct whose whose;
	size_t i;

	qsort(check->alerts.one, check->alerts.nr, sizeof(*check->alerts.one),
	      compare);
	whose_begin(&whose, &numeric);
	alert_find_culprits(&check->alerts, &whose, true);
	for (i = 0; i < check->alerts.nr && i < NAMED; i++)
		append_alert(check, i, &whose, line);
	if (check->alerts.nr > NAMED)
		append(line, "; %zu more", check->alerts.nr - NAMED);
	whose_end(&whose);
	/* A process may be called anything. */
	for (c = line; *c; c++)
		if (*c == '|')
			*c = '?';
	fputs(line, stdout);
}

static void print_numbers(const struct check *check)
{
	const struct tcpstates_rule_info *rule = check->rules;

	fputs(" |", stdout);
	for (; rule < check->rules + check->nr_rules; rule++) {
		printf(" %s=%llu;;", tcpstates_rule_name(rule->rule),
		       rule->value.value);
		if (rule->threshold.known)
			printf("%llu", rule->threshold.value);
		printf(";0");
	}
	printf(" alerts=%zu;;1;0\n", check->raised);
}

static int print(struct check *check)
{
	size_t over = check->alerts.nr - check->raised;

	if (check->raised) {
		printf("TCPSTATES CRITICAL - %zu raised: ", check->raised);
		print_alerts(check);
	} else if (over) {
		printf("TCPSTATES WARNING - none is raised, %zu in the last 5 minutes: ",
		       over);
		print_alerts(check);
	} else {
		fputs("TCPSTATES OK - no alert", stdout);
	}
	print_numbers(check);
	return check->raised ? CHECK_CRITICAL : over ? CHECK_WARNING : CHECK_OK;
}

static int look(struct check *check)
{
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int ret = tcpstates_nl_open(&nl, &error);

	if (ret == -ENOENT)
		return unknown("the tcpstates module is not loaded");
	if (!ret)
		ret = tcpstates_rules(nl, collect_rule, check, &error);
	if (!ret)
		ret = tcpstates_alerts(nl, NULL, collect_alert, check, &error);
	tcpstates_nl_close(nl);
	return ret ? unknown("cannot ask the module: %s", error.reason) :
		     print(check);
}

/**
 * cmd_check() - run "check"
 * @options:	not looked at
 * @argc:	number of words
 * @argv:	rules; none: all
 *
 * Return: exit status, CHECK_*.
 */
int cmd_check(const struct options *options, int argc, char **argv)
{
	struct check check = { .wanted = argc ? 0 : ~0U };
	int i, rule, status;

	(void)options;
	for (i = 0; i < argc; i++) {
		rule = rule_find(argv[i]);
		if (rule < 0)
			return unknown("wrong usage");
		check.wanted |= 1U << rule;
	}
	status = look(&check);
	alert_free(&check.alerts);
	return status;
}
