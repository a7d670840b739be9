/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trace event tcpstates:tcpstates_transition: one for every transition that
 * is counted, of sockets, requests and mini sockets alike.
 *
 * Nobody pays for it while nobody listens: whoever does sets
 * TCPS_LIFE_TRACING, and probes take the long way.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tcpstates

#if !defined(_TCPS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TCPS_TRACE_H

#include <linux/tracepoint.h>
#include <linux/in6.h>
#include "event.h"

#define tcps_show_state(state)						\
	__print_symbolic(state,						\
			 { TCPS_ESTABLISHED, "ESTABLISHED" },		\
			 { TCPS_SYN_SENT, "SYN_SENT" },			\
			 { TCPS_SYN_RECV, "SYN_RECV" },			\
			 { TCPS_FIN_WAIT1, "FIN_WAIT1" },		\
			 { TCPS_FIN_WAIT2, "FIN_WAIT2" },		\
			 { TCPS_TIME_WAIT, "TIME_WAIT" },		\
			 { TCPS_CLOSED, "CLOSED" },			\
			 { TCPS_CLOSE_WAIT, "CLOSE_WAIT" },		\
			 { TCPS_LAST_ACK, "LAST_ACK" },			\
			 { TCPS_LISTEN, "LISTEN" },			\
			 { TCPS_CLOSING, "CLOSING" })

#define tcps_show_cause(cause)						\
	__print_symbolic(cause,						\
			 { TCPS_EVENT_NO_CAUSE, "-" },			\
			 { TCPS_CAUSE_NORMAL, "normal" },		\
			 { TCPS_CAUSE_RESET, "reset" },			\
			 { TCPS_CAUSE_TIMEOUT, "timeout" },		\
			 { TCPS_CAUSE_REFUSED, "refused" },		\
			 { TCPS_CAUSE_ABORTED, "aborted" },		\
			 { TCPS_CAUSE_EXPIRED, "expired" },		\
			 { TCPS_CAUSE_REUSED, "reused" },		\
			 { TCPS_CAUSE_NETNS, "netns" },			\
			 { TCPS_CAUSE_OTHER, "other" })

/* These are numbers in other files: formats show them as such. */
TRACE_DEFINE_ENUM(TCPS_ESTABLISHED);
TRACE_DEFINE_ENUM(TCPS_SYN_SENT);
TRACE_DEFINE_ENUM(TCPS_SYN_RECV);
TRACE_DEFINE_ENUM(TCPS_FIN_WAIT1);
TRACE_DEFINE_ENUM(TCPS_FIN_WAIT2);
TRACE_DEFINE_ENUM(TCPS_TIME_WAIT);
TRACE_DEFINE_ENUM(TCPS_CLOSED);
TRACE_DEFINE_ENUM(TCPS_CLOSE_WAIT);
TRACE_DEFINE_ENUM(TCPS_LAST_ACK);
TRACE_DEFINE_ENUM(TCPS_LISTEN);
TRACE_DEFINE_ENUM(TCPS_CLOSING);
TRACE_DEFINE_ENUM(TCPS_CAUSE_NORMAL);
TRACE_DEFINE_ENUM(TCPS_CAUSE_RESET);
TRACE_DEFINE_ENUM(TCPS_CAUSE_TIMEOUT);
TRACE_DEFINE_ENUM(TCPS_CAUSE_REFUSED);
TRACE_DEFINE_ENUM(TCPS_CAUSE_ABORTED);
TRACE_DEFINE_ENUM(TCPS_CAUSE_EXPIRED);
TRACE_DEFINE_ENUM(TCPS_CAUSE_REUSED);
TRACE_DEFINE_ENUM(TCPS_CAUSE_NETNS);
TRACE_DEFINE_ENUM(TCPS_CAUSE_OTHER);

TRACE_EVENT_FN(tcpstates_transition,

	TP_PROTO(const struct tcps_event *e),

	TP_ARGS(e),

	TP_STRUCT__entry(
		__field(__u64, cookie)
		__field(__u64, cgroup)
		__field(__s64, dwell_us)
		__field(__u32, netns)
		__field(__u32, uid)
		__field(__u16, family)
		__field(__u16, sport)
		__field(__u16, dport)
		__field(__u8, old_state)
		__field(__u8, new_state)
		__field(__u8, cause)
		__array(__u8, saddr, 4)
		__array(__u8, daddr, 4)
		__array(__u8, saddr_v6, 16)
		__array(__u8, daddr_v6, 16)
	),

	TP_fast_assign(
		__entry->cookie = e->cookie;
		__entry->cgroup = e->cgroup;
		__entry->dwell_us = e->dwell_us;
		__entry->netns = e->netns;
		__entry->uid = e->uid;
		__entry->family = e->family;
		__entry->sport = e->sport;
		__entry->dport = e->dport;
		__entry->old_state = e->from;
		__entry->new_state = e->to;
		__entry->cause = e->cause;
		memcpy(__entry->saddr, &e->saddr, 4);
		memcpy(__entry->daddr, &e->daddr, 4);
		memcpy(__entry->saddr_v6, &e->saddr_v6, 16);
		memcpy(__entry->daddr_v6, &e->daddr_v6, 16);
	),

	/* RFC 5952, as the kernel prints IPv4 in IPv6: ::ffff:192.0.2.1 */
	TP_printk("cookie=%llu netns=%u saddr=%pI6c sport=%u daddr=%pI6c dport=%u old=%s new=%s dwell_us=%lld cause=%s uid=%d cgroup=%llu",
		  __entry->cookie, __entry->netns, __entry->saddr_v6,
		  __entry->sport, __entry->daddr_v6, __entry->dport,
		  tcps_show_state(__entry->old_state),
		  tcps_show_state(__entry->new_state), __entry->dwell_us,
		  tcps_show_cause(__entry->cause), (int)__entry->uid,
		  __entry->cgroup),

	tcps_event_wanted, tcps_event_unwanted
);

#endif /* _TCPS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
