// SPDX-License-Identifier: GPL-2.0
/*
 * Which clock: the time stamp counter (TSC) or ktime_get_ns().
 */
#include "tcps.h"
#include <linux/string.h>
#include <linux/suspend.h>
#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>
#include <asm/tsc.h>
#endif

struct tcps_clock tcps_clock __read_mostly = {
	.mult = 1 << 16,
	.scale = 1ULL << 48,
};

u64 tcps_clock_began;
DEFINE_STATIC_KEY_FALSE(tcps_clock_tsc);

static void set_tick(u32 mult, u8 left)
{
	tcps_clock.mult = mult;
	tcps_clock.scale = (u64)mult << 32;
	tcps_clock.left = left;
}

#ifdef CONFIG_X86_64
/*
 * The kernel knows whether the processors' counters agree.  That they go on in
 * deep sleep, and at one speed, is what the processor or the hypervisor
 * promises; without that promise a guest may move to a host of another speed.
 */
static bool trusted(void)
{
	return boot_cpu_has(X86_FEATURE_CONSTANT_TSC) &&
	       boot_cpu_has(X86_FEATURE_NONSTOP_TSC);
}

static bool usable(void)
{
	return boot_cpu_has(X86_FEATURE_TSC) && tsc_khz >= 1000 &&
	       !check_tsc_unstable();
}

static void use_tsc(void)
{
	/* Cycles of 1,024 ns, times 1,000,000. */
	u64 cycles = (u64)tsc_khz * 1024;
	unsigned int shift = ilog2(cycles / USEC_PER_SEC);

	set_tick(div64_u64((u64)USEC_PER_SEC << shift << 16, cycles),
		 16 - shift);
	static_branch_enable(&tcps_clock_tsc);
}
#else
static bool trusted(void)
{
	return false;
}

static bool usable(void)
{
	return false;
}

static void use_tsc(void) { }
#endif

static void use_ktime(void)
{
	static_branch_disable(&tcps_clock_tsc);
	set_tick(1 << 16, 0);
}

/**
 * tcps_clock_choose() - set the clock
 * @name:	the parameter clock: auto, tsc, ktime
 *
 * Before any hook.  Process context.
 *
 * Return: 0; -EINVAL: unknown name; -EOPNOTSUPP: the TSC cannot be used here.
 */
int __init tcps_clock_choose(const char *name)
{
	if (!strcmp(name, "ktime"))
		return 0;
	if (!strcmp(name, "auto")) {
		if (trusted() && usable())
			use_tsc();
		return 0;
	}
	if (strcmp(name, "tsc")) {
		pr_err("clock: there is no clock \"%s\"; allowed are auto, tsc, ktime\n",
		       name);
		return -EINVAL;
	}
	if (!usable()) {
		pr_err("clock=tsc: the kernel holds the time stamp counter for unstable\n");
		return -EOPNOTSUPP;
	}
	use_tsc();
	return 0;
}

static void begin_anew(void)
{
	use_ktime();
	tcps_clock_began = tcps_now();
}

/* All times in records are of the old clock: they become unknown. */
static void lose_tsc(const char *why)
{
	if (!static_key_enabled(&tcps_clock_tsc))
		return;
	tcps_recount_timeless(begin_anew);
	pr_warn("the time stamp counter %s: dwell times begin anew, by ktime\n",
		why);
}

/**
 * tcps_clock_check() - is the clock still one
 *
 * Called by the audit.  Process context.
 */
void tcps_clock_check(void)
{
	if (!usable() || READ_ONCE(tcps_test_clock_lost))
		lose_tsc("has become unstable");
}

static int suspended(struct notifier_block *nb, unsigned long event, void *arg)
{
	if (event == PM_SUSPEND_PREPARE || event == PM_HIBERNATION_PREPARE)
		lose_tsc("may begin at 0 again after a suspend");
	return NOTIFY_DONE;
}

static struct notifier_block suspend_notifier = {
	.notifier_call = suspended,
};

/**
 * tcps_clock_init() - watch the clock
 *
 * Return: 0, or a negative errno.
 */
int __init tcps_clock_init(void)
{
	tcps_clock_began = tcps_now();
	return register_pm_notifier(&suspend_notifier);
}

/**
 * tcps_clock_exit() - stop watching the clock
 */
void tcps_clock_exit(void)
{
	unregister_pm_notifier(&suspend_notifier);
}

/**
 * tcps_clock_name() - which clock it is
 *
 * Return: "tsc" or "ktime".
 */
const char *tcps_clock_name(void)
{
	return static_key_enabled(&tcps_clock_tsc) ? "tsc" : "ktime";
}
