// SPDX-License-Identifier: GPL-2.0
/*
 * The states: numbers of netlink, names of people.
 */
#include <ctype.h>
#include <string.h>

#include "nl.h"

static const char * const names[] = {
	[TCPSTATES_TCP_STATE_ESTABLISHED] = "ESTABLISHED",
	[TCPSTATES_TCP_STATE_SYN_SENT] = "SYN_SENT",
	[TCPSTATES_TCP_STATE_SYN_RECV] = "SYN_RECV",
	[TCPSTATES_TCP_STATE_FIN_WAIT1] = "FIN_WAIT1",
	[TCPSTATES_TCP_STATE_FIN_WAIT2] = "FIN_WAIT2",
	[TCPSTATES_TCP_STATE_TIME_WAIT] = "TIME_WAIT",
	[TCPSTATES_TCP_STATE_CLOSED] = "CLOSED",
	[TCPSTATES_TCP_STATE_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCPSTATES_TCP_STATE_LAST_ACK] = "LAST_ACK",
	[TCPSTATES_TCP_STATE_LISTEN] = "LISTEN",
	[TCPSTATES_TCP_STATE_CLOSING] = "CLOSING",
};

#define NR_NAMES	(sizeof(names) / sizeof(names[0]))

/**
 * tcpstates_state_name() - the name of a state
 * @state:	its number
 *
 * Return: upper case, as in /proc; NULL if there is no such state.
 */
const char *tcpstates_state_name(unsigned int state)
{
	return state < NR_NAMES ? names[state] : NULL;
}

static const char * const causes[] = {
	[TCPSTATES_CAUSE_NORMAL] = "normal",
	[TCPSTATES_CAUSE_RESET] = "reset",
	[TCPSTATES_CAUSE_TIMEOUT] = "timeout",
	[TCPSTATES_CAUSE_REFUSED] = "refused",
	[TCPSTATES_CAUSE_ABORTED] = "aborted",
	[TCPSTATES_CAUSE_EXPIRED] = "expired",
	[TCPSTATES_CAUSE_REUSED] = "reused",
	[TCPSTATES_CAUSE_NETNS] = "netns",
	[TCPSTATES_CAUSE_OTHER] = "other",
};

/**
 * tcpstates_cause_name() - why a connection was closed, by name
 * @cause:	its number
 *
 * Return: as in /proc; NULL if there is no such cause.
 */
const char *tcpstates_cause_name(unsigned int cause)
{
	return cause < sizeof(causes) / sizeof(causes[0]) ? causes[cause] :
							    NULL;
}

/**
 * nl_same_name() - SYN_RECV, syn_recv and syn-recv are one name
 * @name:	the name
 * @typed:	in any of the three spellings, not terminated
 * @len:	its length
 *
 * Return: true if that is the name.
 */
bool nl_same_name(const char *name, const char *typed, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!name[i] || toupper((unsigned char)name[i]) !=
		    (typed[i] == '-' ? '_' : toupper((unsigned char)typed[i])))
			return false;
	return !name[len];
}

/**
 * tcpstates_state_number() - the number of a state
 * @typed:	its name in any of the three spellings, not terminated
 * @len:	its length
 *
 * Return: 1 … 11; 0 if there is no such state.
 */
unsigned int tcpstates_state_number(const char *typed, size_t len)
{
	unsigned int i;

	for (i = 1; i < NR_NAMES; i++)
		if (nl_same_name(names[i], typed, len))
			return i;
	return 0;
}
