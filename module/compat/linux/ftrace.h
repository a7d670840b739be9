/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a traced function's arguments are read: newer kernels hand over just
 * these, older ones (x86 before 5.11, arm64 before 6.2) all registers, on
 * request.  TCPS_FTRACE_ARGS: there is a way; TCPS_FTRACE_FLAGS: what to ask for.
 */
#include_next <linux/ftrace.h>

#ifndef _TCPS_COMPAT_LINUX_FTRACE_H
#define _TCPS_COMPAT_LINUX_FTRACE_H

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define TCPS_FTRACE_ARGS
#define TCPS_FTRACE_FLAGS	FTRACE_OPS_FL_PERMANENT
/* Before 6.2 there was no accessor. */
#if !defined(ftrace_regs_get_argument) && \
	!defined(TCPS_HAVE_FTRACE_REGS_GET_ARGUMENT)
#define ftrace_regs_get_argument(fregs, n) \
	regs_get_kernel_argument(&(fregs)->regs, n)
#endif

#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#define TCPS_FTRACE_ARGS
#ifdef TCPS_HAVE_FTRACE_REGS
#define TCPS_FTRACE_FLAGS	(FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_SAVE_REGS)
#undef ftrace_regs_get_argument
#define ftrace_regs_get_argument(fregs, n) \
	regs_get_kernel_argument(ftrace_get_regs(fregs), n)
#else
/* What guards against recursion has to be declined there. */
#define TCPS_FTRACE_FLAGS	(FTRACE_OPS_FL_PERMANENT | \
				 FTRACE_OPS_FL_SAVE_REGS | \
				 FTRACE_OPS_FL_RECURSION_SAFE)
#define ftrace_regs		pt_regs
#define ftrace_regs_get_argument(regs, n)	regs_get_kernel_argument(regs, n)
#endif
#endif

/*
 * Before it was exported: an empty filter takes no memory either.  It is needed to
 * make one, and if there is none the old filter, of one name, is lost.
 */
#ifndef TCPS_HAVE_FTRACE_FREE_FILTER
#define ftrace_free_filter(ops)	ftrace_set_filter(ops, NULL, 0, 1)
#endif

#endif
