/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The contract between the tcpstates module and user space: the only copy.
 *
 * /proc/tcpstates is text; its first line is "tcpstates" and
 * TCPSTATES_PROC_FORMAT.  docs/abi.md describes the lines that follow.
 */
#ifndef _UAPI_LINUX_TCPSTATES_H
#define _UAPI_LINUX_TCPSTATES_H

#define TCPSTATES_VERSION	"0.1.0"

/* Where the text is: the reader's own network namespace. */
#define TCPSTATES_PROC_NAME	"tcpstates"

/* Changes only if a field changes its meaning; fields may be appended. */
#define TCPSTATES_PROC_FORMAT	1

#endif /* _UAPI_LINUX_TCPSTATES_H */
