/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A transition as those see it who listen to the trace event.
 */
#ifndef _TCPS_EVENT_H
#define _TCPS_EVENT_H

#include <linux/in6.h>
#include "life.h"

#define TCPS_EVENT_NO_CAUSE	255

/**
 * struct tcps_event - one transition of one connection
 * @cookie:	the same in all events of a connection; ss -e shows it too
 * @cgroup:	number of the socket's cgroup (v2); 0: unknown
 * @dwell_us:	time in @from, microseconds; -1: unknown
 * @netns:	inode number of the network namespace
 * @uid:	owner of the socket, or of the listener; -1: unknown
 * @family:	AF_INET or AF_INET6
 * @sport:	local port; 0: none yet
 * @dport:	remote port
 * @from:	state that is left
 * @to:		state that is entered
 * @cause:	enum tcps_cause if @to is CLOSED, or TCPS_EVENT_NO_CAUSE
 * @saddr:	local address, IPv4
 * @daddr:	remote address, IPv4
 * @saddr_v6:	local address, maybe IPv4-mapped
 * @daddr_v6:	remote address, maybe IPv4-mapped
 */
struct tcps_event {
	u64 cookie;
	u64 cgroup;
	s64 dwell_us;
	u32 netns;
	u32 uid;
	u16 family;
	u16 sport;
	u16 dport;
	u8 from;
	u8 to;
	u8 cause;
	__be32 saddr;
	__be32 daddr;
	struct in6_addr saddr_v6;
	struct in6_addr daddr_v6;
};

int tcps_event_wanted(void);
void tcps_event_unwanted(void);
void tcps_event_send(const void *obj, unsigned int from, unsigned int to,
		     unsigned int cause, s64 dwell_us);

/**
 * tcps_event() - a transition that is counted, for whoever listens
 * @obj:	the kernel object that the connection lives in
 * @from:	state that is left
 * @to:		state that is entered
 * @cause:	if that is CLOSED
 * @dwell_us:	time in @from, microseconds; -1: unknown
 *
 * Any context with preemption off.
 */
static inline void tcps_event(const void *obj, unsigned int from,
			      unsigned int to, unsigned int cause, s64 dwell_us)
{
	if (unlikely(tcps_life_is(TCPS_LIFE_TRACING)))
		tcps_event_send(obj, from, to, cause, dwell_us);
}

#endif /* _TCPS_EVENT_H */
