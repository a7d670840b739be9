// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks as a whole: attached class by class, shown one by one.
 *
 * What they are and what they do when they are called is in hooks.c.
 */
#include "tcps.h"
#include <linux/tracepoint.h>
#include "attach.h"
#include "life.h"

/* Set once, before any probe can run; then only read. */
static bool class_ok[TCPS_NR_CLASSES] __read_mostly;

#define for_each_hook(hook)						\
	for (hook = tcps_hook_list; hook < tcps_hook_list + tcps_nr_hooks; \
	     hook++)

static void detach_class(enum tcps_hook_class class)
{
	size_t i;

	for (i = tcps_nr_hooks; i--; )
		if (tcps_hook_list[i].class == class)
			tcps_detach(&tcps_hook_list[i]);
}

/* All hooks of a class are tried, so that each one's status can be shown. */
static int attach_class(enum tcps_hook_class class)
{
	struct tcps_hook *hook;
	int err = 0;

	for_each_hook(hook) {
		if (hook->class != class || !tcps_attach(hook))
			continue;
		err = hook->error;
		pr_warn("cannot attach to %s: error %d\n", hook->name, err);
	}
	if (err)
		detach_class(class);
	return err;
}

bool tcps_hooks_req_ok(void)
{
	return class_ok[TCPS_CLASS_REQ];
}

bool tcps_hooks_mini_ok(void)
{
	return class_ok[TCPS_CLASS_MINI];
}

/* Every class is there, and none of its hooks can miss an event. */
static bool __init reliable(void)
{
	const struct tcps_hook *hook;

	for_each_hook(hook)
		if (!hook->attached || !strcmp(hook->mechanism, "kprobe"))
			return false;
	return true;
}

/**
 * tcps_hooks_init() - attach to the kernel
 *
 * Without the tracepoint there is nothing to see, and nothing is attached.
 * Without one of the other classes its objects are not seen.
 *
 * Return: 0, or the error of the tracepoint.
 */
int __init tcps_hooks_init(void)
{
	int err;

	class_ok[TCPS_CLASS_REQ] = !attach_class(TCPS_CLASS_REQ);
	if (!class_ok[TCPS_CLASS_REQ])
		pr_warn("half-open connections (request sockets) are sampled, not counted\n");
	class_ok[TCPS_CLASS_MINI] = !attach_class(TCPS_CLASS_MINI);
	if (!class_ok[TCPS_CLASS_MINI])
		pr_warn("TIME_WAIT (mini sockets) is sampled, not counted\n");
	err = attach_class(TCPS_CLASS_SOCK);
	class_ok[TCPS_CLASS_SOCK] = !err;
	if (err) {
		tcps_hooks_exit();
		return err;
	}
	if (!reliable())
		tcps_life_set(TCPS_LIFE_DOUBT);
	tcps_life_clear(TCPS_LIFE_PAUSED);
	return 0;
}

/**
 * tcps_hooks_pause() - stop and start to count, for tests of the audit
 * @pause:	what happens meanwhile is missed
 */
void tcps_hooks_pause(bool pause)
{
	tcps_life_set(TCPS_LIFE_DOUBT);
	if (pause)
		tcps_life_set(TCPS_LIFE_PAUSED);
	else
		tcps_life_clear(TCPS_LIFE_PAUSED);
}

/**
 * tcps_hooks_exit() - detach from the kernel
 *
 * No probe runs any more when this returns.
 */
void tcps_hooks_exit(void)
{
	tcps_life_set(TCPS_LIFE_PAUSED);
	detach_class(TCPS_CLASS_SOCK);
	detach_class(TCPS_CLASS_MINI);
	detach_class(TCPS_CLASS_REQ);
	tracepoint_synchronize_unregister();
}

/**
 * tcps_hooks_missed() - events that kprobes have missed
 *
 * A softirq that comes in while a kprobe's handler runs loses its own event on
 * the same probe.  Tracepoints and ftrace lose nothing.
 *
 * Return: how many since the hooks were attached.
 */
u64 tcps_hooks_missed(void)
{
	const struct tcps_hook *hook;
	u64 sum = 0;

	for_each_hook(hook)
		sum += hook->kp.nmissed;
	return sum;
}

static bool __init is_name(const char *word, const char *name, size_t len)
{
	return word && !strncmp(word, name, len) && !word[len];
}

/**
 * tcps_hooks_known() - is there a hook, or a mechanism, of that name
 * @name:	not terminated
 * @len:	its length
 *
 * Return: true if so.
 */
bool __init tcps_hooks_known(const char *name, size_t len)
{
	static const char * const mechanisms[] __initconst = {
		"ftrace", "kprobe",
	};
	const struct tcps_hook *hook;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mechanisms); i++)
		if (is_name(mechanisms[i], name, len))
			return true;
	for_each_hook(hook)
		if (is_name(hook->name, name, len) ||
		    is_name(hook->old_name, name, len))
			return true;
	return false;
}

/* Where a class is incomplete, standin.c does what it can. */
static const char *mechanism(const struct tcps_hook *hook)
{
	return class_ok[hook->class] ? hook->mechanism : "sampling";
}

/* Attached, could not be, or detached because its class is incomplete. */
static const char *status(const struct tcps_hook *hook)
{
	if (hook->error)
		return "missing";
	return class_ok[hook->class] ? "ok" : "off";
}

/**
 * tcps_hooks_each() - what is hooked, how, and whether it works
 * @show:	called for the clock and each hook, in the order of /proc, until
 *		it fails
 * @arg:	for @show
 *
 * Return: what @show returned last.
 */
int tcps_hooks_each(tcps_hook_fn *show, void *arg)
{
	const struct tcps_hook *hook = tcps_hook_list + tcps_nr_hooks;
	int err = show(arg, "clock", tcps_clock_name(), "ok");

	while (!err && hook > tcps_hook_list) {
		hook--;
		err = show(arg, hook->attached ?: hook->name, mechanism(hook),
			   status(hook));
	}
	return err;
}
