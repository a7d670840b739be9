/* SPDX-License-Identifier: GPL-2.0 */
/* Before 6.17 the queue of works for any processor had another name. */
#include_next <linux/workqueue.h>

#ifndef _TCPS_COMPAT_LINUX_WORKQUEUE_H
#define _TCPS_COMPAT_LINUX_WORKQUEUE_H

#ifndef TCPS_HAVE_SYSTEM_DFL_WQ
#define system_dfl_wq	system_unbound_wq
#endif

#endif
