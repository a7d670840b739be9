// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching hooks by name: tracepoint, ftrace, kprobe.  Process context.
 */
#include "tcps.h"
#include <linux/tracepoint.h>
#include "attach.h"

struct tp_search {
	const char *name;
	struct tracepoint *found;
};

static void match_tracepoint(struct tracepoint *tp, void *priv)
{
	struct tp_search *search = priv;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

/* The tracepoint's symbol is not exported; its name can be searched for. */
static int attach_tracepoint(struct tcps_hook *hook)
{
	struct tp_search search = { .name = hook->name };
	int err;

	if (!tcps_hook_breaks(hook->name))
		for_each_kernel_tracepoint(match_tracepoint, &search);
	if (!search.found)
		return -ENOENT;
	err = tracepoint_probe_register(search.found, hook->probe, NULL);
	if (err)
		return err;
	hook->tp = search.found;
	hook->attached = hook->name;
	hook->mechanism = "tracepoint";
	return 0;
}

#ifdef TCPS_FTRACE_ARGS
/*
 * An empty filter would trace every function of the kernel.  When memory is
 * short ftrace_set_filter() leaves it empty and returns 0 (match_records() fails
 * with -ENOMEM, which ftrace_set_hash() takes for "found").  All empty filters
 * are one object.
 */
static bool filter_is_empty(const struct ftrace_ops *ops)
{
	static struct ftrace_ops none;

	if (ftrace_set_filter(&none, NULL, 0, 1))
		return true;
	return rcu_access_pointer(ops->func_hash->filter_hash) ==
	       rcu_access_pointer(none.func_hash->filter_hash);
}

/*
 * Where a function begins; 0 if that cannot be told.  Modules may not ask kallsyms,
 * but kprobes do it for them, and one that is disabled changes no code.
 */
static unsigned long address_of(struct tcps_hook *hook, const char *name)
{
	unsigned long address = 0;

	if (tcps_hook_breaks("kprobe"))
		return 0;
	memset(&hook->kp, 0, sizeof(hook->kp));
	hook->kp.symbol_name = name;
	hook->kp.flags = KPROBE_FLAG_DISABLED;
	if (!register_kprobe(&hook->kp)) {
		address = (unsigned long)hook->kp.addr;
		unregister_kprobe(&hook->kp);
	}
	memset(&hook->kp, 0, sizeof(hook->kp));
	return address;
}

/*
 * By its address a function is found at once; by its name ftrace looks at the names of
 * all that the kernel has, which takes a hundred million instructions.
 */
static int set_filter(struct tcps_hook *hook, const char *name)
{
	unsigned long address = address_of(hook, name);

	if (address && !ftrace_set_filter_ip(&hook->ops, address, 0, 1))
		return 0;
	return ftrace_set_filter(&hook->ops, (unsigned char *)name,
				 strlen(name), 1);
}

/*
 * Never register after set_filter() has failed.  PERMANENT keeps
 * kernel.ftrace_enabled=0 from taking the hook away unseen.
 */
static int attach_ftrace(struct tcps_hook *hook, const char *name)
{
	int err;

	memset(&hook->ops, 0, sizeof(hook->ops));
	hook->ops.func = hook->ftrace;
	hook->ops.flags = TCPS_FTRACE_FLAGS;
	err = set_filter(hook, name);
	if (err)
		return err;
	if (filter_is_empty(&hook->ops)) {
		ftrace_free_filter(&hook->ops);
		return -ENOMEM;
	}
	err = register_ftrace_function(&hook->ops);
	if (err == -EBUSY)
		pr_warn_once("the function tracer is switched off: set kernel.ftrace_enabled=1, then load again\n");
	if (err) {
		ftrace_free_filter(&hook->ops);
		return err;
	}
	hook->mechanism = "ftrace";
	return 0;
}

static void detach_ftrace(struct tcps_hook *hook)
{
	unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
}
#else
static int attach_ftrace(struct tcps_hook *hook, const char *name)
{
	return -EOPNOTSUPP;
}

static void detach_ftrace(struct tcps_hook *hook) { }
#endif

static int attach_kprobe(struct tcps_hook *hook, const char *name)
{
	int err;

	memset(&hook->kp, 0, sizeof(hook->kp));
	hook->kp.symbol_name = name;
	hook->kp.pre_handler = hook->kprobe;
	err = register_kprobe(&hook->kp);
	if (!err)
		hook->mechanism = "kprobe";
	return err;
}

/*
 * Not after -EBUSY where a kprobe at the entry of a function is served by ftrace,
 * which takes it while it is switched off (kernel.ftrace_enabled=0) and never
 * calls it.
 */
static int attach_function(struct tcps_hook *hook, const char *name)
{
	int err = -EOPNOTSUPP;

	if (!name || tcps_hook_breaks(name))
		return -ENOENT;
	if (!tcps_hook_breaks("ftrace"))
		err = attach_ftrace(hook, name);
	if (err == -EBUSY && IS_ENABLED(CONFIG_KPROBES_ON_FTRACE))
		return err;
	if (err && !tcps_hook_breaks("kprobe"))
		err = attach_kprobe(hook, name);
	if (!err)
		hook->attached = name;
	return err;
}

/**
 * tcps_attach() - attach a hook by the best mechanism there is
 * @hook:	the hook
 *
 * Return: 0, or a negative errno, which is also left in @hook->error.
 */
int tcps_attach(struct tcps_hook *hook)
{
	int err;

	hook->mechanism = "none";
	if (hook->probe) {
		err = attach_tracepoint(hook);
	} else {
		err = attach_function(hook, hook->name);
		if (err && hook->old_name)
			err = attach_function(hook, hook->old_name);
	}
	hook->error = err;
	return err;
}

/**
 * tcps_detach() - detach a hook, if it is attached
 * @hook:	the hook
 *
 * Function entries have ended when this returns; tracepoint probes only
 * after tracepoint_synchronize_unregister().
 */
void tcps_detach(struct tcps_hook *hook)
{
	if (!hook->attached)
		return;
	if (hook->tp)
		tracepoint_probe_unregister(hook->tp, hook->probe, NULL);
	else if (!strcmp(hook->mechanism, "ftrace"))
		detach_ftrace(hook);
	else
		unregister_kprobe(&hook->kp);
	hook->attached = NULL;
	hook->mechanism = "none";
}
