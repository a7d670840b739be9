/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TCP states and the edges between them that Linux performs.
 * Pure: compiled by the unit tests as well.
 */
#ifndef _TCPS_STATES_H
#define _TCPS_STATES_H

#include "pure.h"

/*
 * The numbers of include/net/tcp_states.h (hooks.c checks that at build
 * time), so that no probe has to translate.  TCPS_NEW_SYN_RECV is a request
 * socket; it is reported as SYN_RECV.
 */
enum tcps_state {
	TCPS_NONE,
	TCPS_ESTABLISHED,
	TCPS_SYN_SENT,
	TCPS_SYN_RECV,
	TCPS_FIN_WAIT1,
	TCPS_FIN_WAIT2,
	TCPS_TIME_WAIT,
	TCPS_CLOSED,
	TCPS_CLOSE_WAIT,
	TCPS_LAST_ACK,
	TCPS_LISTEN,
	TCPS_CLOSING,
	TCPS_NR_STATES,
	TCPS_NEW_SYN_RECV = TCPS_NR_STATES,
};

/*
 * Every transition that Linux performs: from, to, and what RFC 9293 (figure
 * 5 and sections 3.5, 3.6, 3.10) calls the event.  A line here gives the
 * edge its counter, its histogram and its line in /proc/tcpstates.
 */
#define TCPS_EDGES(X)							\
	X(CLOSED, LISTEN, "passive OPEN")				\
	X(CLOSED, SYN_SENT, "active OPEN: SYN sent")			\
	X(LISTEN, SYN_RECV, "SYN received, SYN,ACK sent")		\
	X(LISTEN, CLOSED, "CLOSE of a listener")			\
	X(SYN_SENT, SYN_RECV, "simultaneous open: SYN received")	\
	X(SYN_SENT, ESTABLISHED, "SYN,ACK received, ACK sent")		\
	X(SYN_SENT, CLOSED, "refused, timed out, or CLOSE")		\
	X(SYN_RECV, ESTABLISHED, "ACK of SYN received")			\
	X(SYN_RECV, FIN_WAIT1, "CLOSE before the ACK of SYN: FIN sent")	\
	X(SYN_RECV, CLOSE_WAIT, "FIN received with the SYN (RFC 7413)")	\
	X(SYN_RECV, CLOSED, "RST received, timed out, or ABORT")	\
	X(ESTABLISHED, FIN_WAIT1, "CLOSE: FIN sent")			\
	X(ESTABLISHED, CLOSE_WAIT, "FIN received, ACK sent")		\
	X(ESTABLISHED, CLOSED, "RST received, timed out, or ABORT")	\
	X(FIN_WAIT1, FIN_WAIT2, "ACK of FIN received")			\
	X(FIN_WAIT1, CLOSING, "simultaneous close: FIN received")	\
	X(FIN_WAIT1, TIME_WAIT, "FIN and ACK of FIN received")		\
	X(FIN_WAIT1, CLOSED, "RST received, timed out, or ABORT")	\
	X(FIN_WAIT2, TIME_WAIT, "FIN received, ACK sent")		\
	X(FIN_WAIT2, CLOSED, "RST received, timed out, or ABORT")	\
	X(CLOSE_WAIT, LAST_ACK, "CLOSE: FIN sent")			\
	X(CLOSE_WAIT, CLOSED, "RST received, timed out, or ABORT")	\
	X(CLOSING, TIME_WAIT, "ACK of FIN received")			\
	X(CLOSING, CLOSED, "RST received, timed out, or ABORT")		\
	X(LAST_ACK, CLOSED, "ACK of FIN received, RST, or timed out")	\
	X(TIME_WAIT, CLOSED, "2MSL over, or the ports used again")

#define TCPS_EDGE_ENUM(from, to, event)	TCPS_E_##from##_##to,
enum tcps_edge {
	TCPS_EDGES(TCPS_EDGE_ENUM)
	TCPS_NR_EDGES,
	TCPS_E_NONE = TCPS_NR_EDGES,
};

/* Why a connection ended, as /proc/tcpstates and JSON name it. */
#define TCPS_CAUSES(X)							\
	X(NORMAL, normal)	/* both ends closed, or a listener did */ \
	X(RESET, reset)		/* a RST arrived */			\
	X(TIMEOUT, timeout)	/* retransmissions or keepalives ran out */ \
	X(REFUSED, refused)	/* connect() was answered by a RST */	\
	X(ABORTED, aborted)	/* given up at this end */		\
	X(EXPIRED, expired)	/* its last timer (2MSL, FIN_WAIT2) ended */ \
	X(REUSED, reused)	/* TIME_WAIT cut short */		\
	X(NETNS, netns)		/* its network namespace went away */	\
	X(OTHER, other)

#define TCPS_CAUSE_ENUM(upper, lower)	TCPS_CAUSE_##upper,
enum tcps_cause {
	TCPS_CAUSES(TCPS_CAUSE_ENUM)
	TCPS_NR_CAUSES,
};

/**
 * struct tcps_edge_info - one line of the edge table
 * @from:	state that is left
 * @to:		state that is entered
 * @event:	what RFC 9293 calls it
 */
struct tcps_edge_info {
	u8 from;
	u8 to;
	const char *event;
};

extern const struct tcps_edge_info tcps_edges[TCPS_NR_EDGES];
extern const u8 tcps_edge_of[256];
extern const char * const tcps_state_names[TCPS_NR_STATES];
extern const char * const tcps_cause_names[TCPS_NR_CAUSES];
extern const u8 tcps_state_order[TCPS_NR_STATES - 1];

/**
 * tcps_edge() - the edge between two states
 * @from:	state that is left; TCPS_SYN_RECV for a request socket, too
 * @to:		state that is entered
 *
 * Any context.
 *
 * Return: an index of &tcps_edges, or TCPS_E_NONE if Linux makes no such
 * transition.
 */
static inline unsigned int tcps_edge(unsigned int from, unsigned int to)
{
	return tcps_edge_of[(u8)(from << 4 | to)];
}

#endif /* _TCPS_STATES_H */
