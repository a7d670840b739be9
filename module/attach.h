/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a hook is attached to the kernel: one struct, three mechanisms.
 */
#ifndef _TCPS_ATTACH_H
#define _TCPS_ATTACH_H

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include "clock.h"

struct tracepoint;

/* A class is attached as a whole, or not at all: no birth without a death. */
enum tcps_hook_class {
	TCPS_CLASS_SOCK,
	TCPS_CLASS_REQ,
	TCPS_CLASS_MINI,
	TCPS_NR_CLASSES,
};

/**
 * struct tcps_hook - a place in the kernel where we listen
 * @name:	function or tracepoint
 * @old_name:	what older kernels call it, or NULL
 * @class:	enum tcps_hook_class
 * @probe:	the tracepoint's probe; NULL: the hook is a function's entry
 * @ftrace:	called at the function's entry by ftrace
 * @kprobe:	called there by a kprobe, if ftrace is not to be had
 * @tp:		the tracepoint, once found
 * @ops:	registration with ftrace
 * @kp:		registration with kprobes
 * @mechanism:	"tracepoint", "ftrace", "kprobe", or "none"
 * @attached:	the name that was found
 * @error:	why it is not attached, 0 if it is
 */
struct tcps_hook {
	const char *name;
	const char *old_name;
	enum tcps_hook_class class;
	void *probe;
	ftrace_func_t ftrace;
	kprobe_pre_handler_t kprobe;
	struct tracepoint *tp;
	struct ftrace_ops ops;
	struct kprobe kp;
	const char *mechanism;
	const char *attached;
	int error;
};

/* hooks.c, in the order of attaching */
extern struct tcps_hook tcps_hook_list[];
extern const size_t tcps_nr_hooks;

int tcps_attach(struct tcps_hook *hook);
void tcps_detach(struct tcps_hook *hook);

/*
 * The entry functions of a hook on a function, around the one that does the
 * work: fn(arg0, arg1, arg2, tsc), which is inlined into each.  Preemption is
 * off in fn.
 */
#ifdef TCPS_FTRACE_ARGS
#define TCPS_FTRACE_ENTRY(fn)						\
static noinline void fn##_by_ktime(struct ftrace_regs *fregs)		\
{									\
	fn(ftrace_regs_get_argument(fregs, 0),				\
	   ftrace_regs_get_argument(fregs, 1),				\
	   ftrace_regs_get_argument(fregs, 2), false);			\
	preempt_enable_notrace();					\
}									\
									\
static void fn##_ftrace(unsigned long ip, unsigned long parent_ip,	\
			struct ftrace_ops *op,				\
			struct ftrace_regs *fregs)			\
{									\
	preempt_disable_notrace();					\
	if (!tcps_clock_is_tsc()) {					\
		fn##_by_ktime(fregs);					\
		return;							\
	}								\
	fn(ftrace_regs_get_argument(fregs, 0),				\
	   ftrace_regs_get_argument(fregs, 1),				\
	   ftrace_regs_get_argument(fregs, 2), true);			\
	preempt_enable_notrace();					\
}

#define TCPS_FTRACE_FUNC(fn)	fn##_ftrace
#else
#define TCPS_FTRACE_ENTRY(fn)
#define TCPS_FTRACE_FUNC(fn)	NULL
#endif

#define TCPS_ENTRIES(fn)						\
TCPS_FTRACE_ENTRY(fn)							\
static int fn##_kprobe(struct kprobe *kp, struct pt_regs *regs)	\
{									\
	fn(regs_get_kernel_argument(regs, 0),				\
	   regs_get_kernel_argument(regs, 1),				\
	   regs_get_kernel_argument(regs, 2), tcps_clock_is_tsc());	\
	return 0;							\
}

#endif /* _TCPS_ATTACH_H */
