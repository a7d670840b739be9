/* SPDX-License-Identifier: GPL-2.0 */
/* Before 6.2 there was no accessor for the arguments of a traced function. */
#include_next <linux/ftrace.h>

#ifndef _TCPS_COMPAT_LINUX_FTRACE_H
#define _TCPS_COMPAT_LINUX_FTRACE_H

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) && \
	!defined(ftrace_regs_get_argument) && \
	!defined(TCPS_HAVE_FTRACE_REGS_GET_ARGUMENT)
#define ftrace_regs_get_argument(fregs, n) \
	regs_get_kernel_argument(&(fregs)->regs, n)
#endif

#endif
