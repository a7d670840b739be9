// SPDX-License-Identifier: GPL-2.0
/*
 * The module's parameters about alerts.
 *
 *   insmod tcpstates.ko rule=half_dead,age=60      of all namespaces
 *   echo close_wait_leak count=500 age=30 >/sys/module/tcpstates/parameters/rule
 *                                                  of the writer's namespace
 */
#include "tcps.h"
#include <linux/module.h>
#include <linux/moduleparam.h>
#include "alert.h"

module_param_named(log_alerts, tcps_log_alerts, bool, 0644);
MODULE_PARM_DESC(log_alerts,
		 "a line in the kernel log for each alert that is raised or cleared (default: Y)");

static int set_rule(const char *val, const struct kernel_param *kp)
{
	const char *why;
	int err = tcps_alert_parse_limits(val, &why);

	if (err)
		pr_err("rule=%s: %s\n", val, why);
	return err;
}

static int show_rule(char *text, unsigned int rule,
		     const struct tcps_limits *limits)
{
	unsigned int param;
	int n;

	n = sprintf(text, "%s", tcps_rule_names[rule]);
	for (param = 0; param < TCPS_NR_PARAMS; param++)
		if (tcps_rule_has(rule, param))
			n += sprintf(text + n, " %s=%u",
				     tcps_param_names[param],
				     limits->p[param]);
	return n + sprintf(text + n, "\n");
}

/* Seven lines of less than 120 characters: a page has room for them. */
static int get_rules(char *text, const struct kernel_param *kp)
{
	struct tcps_limits limits[TCPS_NR_RULES];
	unsigned int rule;
	int n = 0, err;

	BUILD_BUG_ON(TCPS_NR_RULES * 128 > PAGE_SIZE);
	err = tcps_alert_get_limits(limits);
	if (err)
		return err;
	for (rule = 0; rule < TCPS_NR_RULES; rule++)
		n += show_rule(text + n, rule, &limits[rule]);
	return n;
}

static const struct kernel_param_ops rule_ops = {
	.set = set_rule,
	.get = get_rules,
};

module_param_cb(rule, &rule_ops, NULL, 0644);
MODULE_PARM_DESC(rule,
		 "RULE,PARAMETER=NUMBER...: change a rule of alerts; see docs/alerts.md");

static int get_look(char *text, const struct kernel_param *kp)
{
	u64 last_us, max_us;

	tcps_sample_cost(&last_us, &max_us);
	return sprintf(text, "%llu %llu\n", last_us, max_us);
}

static const struct kernel_param_ops look_ops = {
	.get = get_look,
};

module_param_cb(look_us, &look_ops, NULL, 0444);
MODULE_PARM_DESC(look_us,
		 "to be read: microseconds that the last look of each second took, and the longest one");
