// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstates: every state change of every TCP connection, counted.
 *
 * This file is the ladder of init steps and its mirror image.
 */
#include "tcps.h"
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <uapi/linux/tcpstates.h>
#include "alert.h"

#define MIN_CONNECTIONS		64U
#define MAX_CONNECTIONS		BIT(24)

/*
 * How many connections have a record at one time:
 * 32 bytes each.  0: by the size of memory, one connection for every 16 KiB.
 */
unsigned int tcps_max_connections;
module_param_named(max_connections, tcps_max_connections, uint, 0444);
MODULE_PARM_DESC(max_connections,
		 "connections tracked at one time, 64 to 16777216 (default: one for every 16 KiB of memory, 4096 to 4194304)");

/* Where modprobe or the boot loads it: the way out if it should ever be needed. */
static bool disabled;
module_param(disabled, bool, 0444);
MODULE_PARM_DESC(disabled,
		 "do not load; for the kernel command line, as tcpstates.disabled");

static char *fail_step;
module_param(fail_step, charp, 0444);
MODULE_PARM_DESC(fail_step, "for tests: the init step that is to fail");

static char *break_hook;
module_param(break_hook, charp, 0444);
MODULE_PARM_DESC(break_hook,
		 "for tests: hooks or mechanisms that are to be missing, separated by commas");

static unsigned int max_counter_memory = UINT_MAX;
module_param(max_counter_memory, uint, 0444);
MODULE_PARM_DESC(max_counter_memory,
		 "MiB for counters per CPU; namespaces beyond that share theirs between CPUs, 0 to 1048576 (default: 1/64 of memory, 16 to 1024)");

static unsigned int max_alert_memory = UINT_MAX;
module_param(max_alert_memory, uint, 0444);
MODULE_PARM_DESC(max_alert_memory,
		 "MiB for alerts and history, 137 KiB a namespace in use, 0 to 1048576 (default: 1/256 of memory, 8 to 256)");

bool tcps_test_fold;
module_param_named(test_fold, tcps_test_fold, bool, 0600);
MODULE_PARM_DESC(test_fold, "for tests: fold histograms at every audit");

static int take_stray(const char *val, const struct kernel_param *kp)
{
	u8 edge;
	int err = kstrtou8(val, 0, &edge);

	if (err || THIS_MODULE->state != MODULE_STATE_LIVE)
		return err ?: -EBUSY;
	preempt_disable();
	tcps_edge_taken(tcps_net(current->nsproxy->net_ns), edge >> 4,
			edge & 15);
	preempt_enable();
	return 0;
}

static const struct kernel_param_ops stray_ops = {
	.set = take_stray,
};

module_param_cb(test_stray, &stray_ops, NULL, 0200);
MODULE_PARM_DESC(test_stray,
		 "for tests: count a transition, 16 times the state that is left plus the one that is entered");

static char *clock = "auto";
module_param(clock, charp, 0444);
MODULE_PARM_DESC(clock,
		 "clock of dwell times: tsc, ktime, or auto (default): tsc where processor and kernel call it reliable");

bool tcps_test_clock_lost;
module_param_named(test_clock_lost, tcps_test_clock_lost, bool, 0600);
MODULE_PARM_DESC(test_clock_lost,
		 "for tests: set it, and the next audit gives up the tsc");

static bool test_pause;

static int set_pause(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (!err && THIS_MODULE->state == MODULE_STATE_LIVE)
		tcps_hooks_pause(test_pause);
	return err;
}

static const struct kernel_param_ops pause_ops = {
	.set = set_pause,
	.get = param_get_bool,
};

module_param_cb(test_pause, &pause_ops, &test_pause, 0600);
MODULE_PARM_DESC(test_pause, "for tests: while set, events are missed");

/**
 * tcps_step_fails() - is an init step to fail, for a test
 * @step:	its name
 *
 * Return: true if the parameter fail_step names it.
 */
bool tcps_step_fails(const char *step)
{
	return fail_step && !strcmp(fail_step, step);
}

/**
 * tcps_hook_breaks() - is a hook to be missing, for a test
 * @name:	its name, or that of a mechanism
 *
 * Return: true if the parameter break_hook names it.
 */
bool tcps_hook_breaks(const char *name)
{
	const char *at = break_hook;
	size_t len = strlen(name);

	while (at && *at) {
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
		at = strchr(at, ',');
		if (at)
			at++;
	}
	return false;
}

static int __init check_max_connections(void)
{
	u64 by_memory = (u64)totalram_pages() << PAGE_SHIFT >> 14;

	if (!tcps_max_connections)
		tcps_max_connections = clamp_t(u64, by_memory, 4096, BIT(22));
	if (tcps_max_connections >= MIN_CONNECTIONS &&
	    tcps_max_connections <= MAX_CONNECTIONS)
		return 0;
	pr_err("max_connections=%u is not in the range %u to %lu\n",
	       tcps_max_connections, MIN_CONNECTIONS, MAX_CONNECTIONS);
	return -EINVAL;
}

static int __init check_break_hook(void)
{
	const char *at = break_hook;
	size_t len;

	while (at && *at) {
		len = strcspn(at, ",");
		if (!tcps_hooks_known(at, len)) {
			pr_err("break_hook: there is no hook \"%.*s\"; allowed are the names of the hook lines of /proc/tcpstates, ftrace and kprobe\n",
			       (int)len, at);
			return -EINVAL;
		}
		at += len + (at[len] == ',');
	}
	return 0;
}

static int check_parameters(void);

static void no_exit(void) { }

/* The ladder: each step, its name in messages, and what undoes it. */
struct step {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
};

static const struct step steps[] = {
	{ "parameters",	check_parameters,	no_exit },
	{ "table",	tcps_life_init,		tcps_life_exit },
	{ "netns",	tcps_netns_init,	tcps_netns_exit },
	{ "clock",	tcps_clock_init,	tcps_clock_exit },
	{ "hooks",	tcps_hooks_init,	tcps_hooks_exit },
	{ "seed",	tcps_seed,		no_exit },
	{ "audit",	tcps_audit_init,	tcps_audit_exit },
	{ "sample",	tcps_sample_init,	tcps_sample_exit },
	{ "proc",	tcps_proc_init,		tcps_proc_exit },
	/* The last one: a dump that is under way holds the module only. */
	{ "netlink",	tcps_netlink_init,	tcps_netlink_exit },
};

static int __init check_fail_step(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		if (!fail_step || tcps_step_fails(steps[i].name))
			return 0;
	pr_err("fail_step: there is no step \"%s\"; allowed are parameters, table, netns, clock, hooks, seed, audit, sample, proc, netlink\n",
	       fail_step);
	return -EINVAL;
}

static int __init check_parameters(void)
{
	int err = check_max_connections();

	err = err ?: check_break_hook();
	err = err ?: check_fail_step();
	err = err ?: tcps_account_choose(max_counter_memory);
	err = err ?: tcps_alert_choose(max_alert_memory);
	return err ?: tcps_clock_choose(clock);
}

static void unwind(size_t n)
{
	while (n--)
		steps[n].exit();
}

static int __init tcps_init(void)
{
	size_t i;
	int err;

	if (disabled) {
		pr_info("not loaded: disabled by a parameter\n");
		return -EPERM;
	}
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		err = tcps_step_fails(steps[i].name) ? -ENOMEM :
						       steps[i].init();
		if (!err)
			continue;
		pr_err("cannot load: step \"%s\" failed with error %d\n",
		       steps[i].name, err);
		unwind(i);
		return err;
	}
	pr_info("version %s, up to %u connections tracked\n",
		TCPSTATES_VERSION, tcps_max_connections);
	return 0;
}

static void __exit tcps_exit(void)
{
	unwind(ARRAY_SIZE(steps));
}

module_init(tcps_init);
module_exit(tcps_exit);

MODULE_DESCRIPTION("Counts every state change of every TCP connection");
MODULE_AUTHOR("The tcpstates authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(TCPSTATES_VERSION);
