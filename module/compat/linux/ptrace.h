/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What s390 reads a function's arguments with was not exported to modules
 * before it became inline.  The first five are in these registers.
 */
#include_next <linux/ptrace.h>

#ifndef _TCPS_COMPAT_LINUX_PTRACE_H
#define _TCPS_COMPAT_LINUX_PTRACE_H

#ifdef CONFIG_S390
#define regs_get_kernel_argument(regs, n)	((regs)->gprs[2 + (n)])
#endif

#endif
