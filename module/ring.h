/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last things of many, in a ring: number n, from 0, is in n modulo the size.
 * Pure: compiled by the unit tests as well.
 */
#ifndef _TCPS_RING_H
#define _TCPS_RING_H

#include "pure.h"

static inline u32 tcps_ring_at(u64 n, u32 size)
{
	u32 at;

	div_u64_rem(n, size, &at);
	return at;
}

/* The oldest that is still there, of @nr that there have been */
static inline u64 tcps_ring_first(u64 nr, u32 size)
{
	return nr > size ? nr - size : 0;
}

#endif /* _TCPS_RING_H */
