/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the sampler have in common.  All of it belongs to the
 * sampler's worker, under tcps_alert_lock.
 */
#ifndef _TCPS_SAMPLE_H
#define _TCPS_SAMPLE_H

#include "tcps.h"
#include <net/sock.h>
#include "alert.h"

/* Of a second, for whatever grows with what others do */
#define TCPS_SLICE	(100 * NSEC_PER_MSEC)

/* sample.c */
bool tcps_sample_stopping(void);
void tcps_subject_owner(struct tcps_subject *who, struct sock *sk);

/* sample_count.c */
void tcps_sample_anew(struct tcps_watch *w);
void tcps_sample_count(u64 now);
void tcps_sample_gauges(struct tcps_watch *w, u64 now);

/* sample_listen.c */
void tcps_sample_listeners(u64 now);

/* sample_walk.c */
void tcps_sample_walk(u64 now);

/* sample_reset.c */
void tcps_reset_forget(void);
void tcps_reset_listened(u16 port);
void tcps_sample_resets(u64 now);
void tcps_reset_exit(void);

#endif /* _TCPS_SAMPLE_H */
