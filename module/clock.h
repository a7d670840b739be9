/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock of dwell times.  Where the processor's time stamp counter can be
 * trusted it is read directly: six instructions instead of some thirty for
 * ktime_get_ns(), at every event.
 *
 * Records hold ticks; histograms hold units of 1,024 ns.  A tick is half a unit
 * to one unit long, so that 48 bits of ticks last for years.
 */
#ifndef _TCPS_CLOCK_H
#define _TCPS_CLOCK_H

#include <linux/jump_label.h>
#include <linux/ktime.h>
#include <linux/types.h>
#ifdef CONFIG_X86_64
#include <asm/msr.h>
#endif
#include "hist.h"

/**
 * struct tcps_clock - how long a tick is
 * @mult:	units a tick, times 2^16
 * @scale:	units a tick, times 2^48
 * @left:	a tick is 2^(16 - @left) cycles of the time stamp counter
 *
 * Written before the first hook, and by tcps_clock_check() when no time is
 * being measured.
 */
struct tcps_clock {
	u32 mult;
	u8 left;
	u64 scale;
};

extern struct tcps_clock tcps_clock;

/* In ticks: no record holds an older time of this clock.  As tcps_clock. */
extern u64 tcps_clock_began;
DECLARE_STATIC_KEY_FALSE(tcps_clock_tsc);

static __always_inline bool tcps_clock_is_tsc(void)
{
	return IS_ENABLED(CONFIG_X86_64) &&
	       static_branch_likely(&tcps_clock_tsc);
}

/**
 * tcps_clock_fine() - the clock, which the caller knows
 * @tsc:	tcps_clock_is_tsc(); a constant, so that code that uses the TSC
 *		has no function to call and no registers to save
 *
 * Any context.  Not ordered with what is around it: an event is longer than
 * the few cycles that the processor may be ahead.
 *
 * Return: monotonic time in ticks, times 2^16, modulo 2^64.
 */
static __always_inline u64 tcps_clock_fine(bool tsc)
{
#ifdef CONFIG_X86_64
	if (tsc)
		return rdtsc() << tcps_clock.left;
#endif
	return ktime_get_ns() << (16 - TCPS_UNIT_SHIFT);
}

/**
 * tcps_now() - the clock
 *
 * Any context.
 *
 * Return: monotonic time in ticks, modulo 2^48.
 */
static inline u64 tcps_now(void)
{
	return tcps_clock_fine(tcps_clock_is_tsc()) >> 16;
}

/**
 * tcps_units() - ticks as units
 * @ticks:	less than 2^48
 *
 * Return: units of 1,024 ns.
 */
static __always_inline u64 tcps_units(u64 ticks)
{
	return ticks * tcps_clock.mult >> 16;
}

int tcps_clock_choose(const char *name);
int tcps_clock_init(void);
void tcps_clock_exit(void);
void tcps_clock_check(void);
const char *tcps_clock_name(void);

#endif /* _TCPS_CLOCK_H */
