/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Before 6.7 the attributes of a dump's request stood elsewhere; before 6.0 an
 * answer could not say in an attribute of its own which one was missing.
 */
#include_next <net/genetlink.h>

#ifndef _TCPS_COMPAT_NET_GENETLINK_H
#define _TCPS_COMPAT_NET_GENETLINK_H

#ifndef TCPS_HAVE_GENL_INFO_DUMP
#define genl_info_dump(cb)	genl_dumpit_info(cb)
#endif

#ifndef GENL_REQ_ATTR_CHECK
#define GENL_REQ_ATTR_CHECK(info, attr)	(!(info)->attrs[attr])
#endif

#endif
