/* SPDX-License-Identifier: GPL-2.0 */
/* Before 6.7 there were no attributes as long as their value needs. */
#include_next <net/netlink.h>

#ifndef _TCPS_COMPAT_NET_NETLINK_H
#define _TCPS_COMPAT_NET_NETLINK_H

#ifndef TCPS_HAVE_NLA_PUT_UINT
static inline int nla_put_uint(struct sk_buff *skb, int attrtype, u64 value)
{
	if (value <= U32_MAX)
		return nla_put_u32(skb, attrtype, value);
	return nla_put(skb, attrtype, sizeof(value), &value);
}
#endif

#endif
