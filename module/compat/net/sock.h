/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Before 6.17 the owner of a socket was asked of its file; one without a file
 * was root's.
 */
#include_next <net/sock.h>

#ifndef _TCPS_COMPAT_NET_SOCK_H
#define _TCPS_COMPAT_NET_SOCK_H

#ifndef TCPS_HAVE_SK_UID
#define sk_uid(sk)	sock_i_uid(sk)
#endif

#endif
