// SPDX-License-Identifier: GPL-2.0
/*
 * The edge table of states.h, turned into arrays.
 */
#include "states.h"

#define EDGE_INFO(f, t, ev)						\
	[TCPS_E_##f##_##t] = {						\
		.from = TCPS_##f, .to = TCPS_##t, .event = ev,		\
	},

const struct tcps_edge_info tcps_edges[TCPS_NR_EDGES] = {
	TCPS_EDGES(EDGE_INFO)
};

/*
 * The whole table is TCPS_E_NONE but for the edges.  Ranges first, the edges
 * override them: that is what makes one load enough in a probe.
 */
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

#define EDGE_INDEX(f, t, ev)	\
	[TCPS_##f << 4 | TCPS_##t] = TCPS_E_##f##_##t,

const u8 tcps_edge_of[256] = {
	[0 ... 255] = TCPS_E_NONE,
	TCPS_EDGES(EDGE_INDEX)
};

const char * const tcps_state_names[TCPS_NR_STATES] = {
	[TCPS_NONE]		= "NONE",
	[TCPS_ESTABLISHED]	= "ESTABLISHED",
	[TCPS_SYN_SENT]		= "SYN_SENT",
	[TCPS_SYN_RECV]		= "SYN_RECV",
	[TCPS_FIN_WAIT1]	= "FIN_WAIT1",
	[TCPS_FIN_WAIT2]	= "FIN_WAIT2",
	[TCPS_TIME_WAIT]	= "TIME_WAIT",
	[TCPS_CLOSED]		= "CLOSED",
	[TCPS_CLOSE_WAIT]	= "CLOSE_WAIT",
	[TCPS_LAST_ACK]		= "LAST_ACK",
	[TCPS_LISTEN]		= "LISTEN",
	[TCPS_CLOSING]		= "CLOSING",
};

#define CAUSE_NAME(upper, lower)	[TCPS_CAUSE_##upper] = #lower,

const char * const tcps_cause_names[TCPS_NR_CAUSES] = {
	TCPS_CAUSES(CAUSE_NAME)
};

/* The order in which states are reported: a connection's life. */
const u8 tcps_state_order[TCPS_NR_STATES - 1] = {
	TCPS_CLOSED, TCPS_LISTEN, TCPS_SYN_SENT, TCPS_SYN_RECV,
	TCPS_ESTABLISHED, TCPS_FIN_WAIT1, TCPS_FIN_WAIT2, TCPS_CLOSE_WAIT,
	TCPS_CLOSING, TCPS_LAST_ACK, TCPS_TIME_WAIT,
};
