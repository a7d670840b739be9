/* SPDX-License-Identifier: GPL-2.0 */
/* Before 5.17 mini sockets were counted from 0, not as references. */
#include_next <net/netns/ipv4.h>

#ifndef _TCPS_COMPAT_NET_NETNS_IPV4_H
#define _TCPS_COMPAT_NET_NETNS_IPV4_H

/* One reference is the namespace's own. */
#ifdef TCPS_HAVE_TW_REFCOUNT
#define tcps_mini_count(row)	(refcount_read(&(row)->tw_refcount) - 1)
#else
#define tcps_mini_count(row)	atomic_read(&(row)->tw_count)
#endif

#endif
