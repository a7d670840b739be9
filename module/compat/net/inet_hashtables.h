/* SPDX-License-Identifier: GPL-2.0 */
/* Before 5.19 listeners were in two tables, and only one was like ehash. */
#include_next <net/inet_hashtables.h>

#ifndef _TCPS_COMPAT_NET_INET_HASHTABLES_H
#define _TCPS_COMPAT_NET_INET_HASHTABLES_H

#ifdef TCPS_HAVE_LISTENING_HASH
#define tcps_listen_mask(info)		(INET_LHTABLE_SIZE - 1)
#define tcps_listen_head(info, i)	(&(info)->listening_hash[i])
#else
#define tcps_listen_mask(info)		((info)->lhash2_mask)
#define tcps_listen_head(info, i)	(&(info)->lhash2[i])
#endif

#endif
