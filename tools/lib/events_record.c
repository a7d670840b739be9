// SPDX-License-Identifier: GPL-2.0
/*
 * The fields of the trace event tcpstates:tcpstates_transition.
 */
#include <string.h>

#include <event-parse.h>

#include "events.h"

static unsigned long long number(const struct tep_event *event,
				 const struct tep_record *record,
				 const char *name)
{
	struct tep_format_field *field;
	unsigned long long value = 0;

	field = tep_find_field((struct tep_event *)event, name);
	if (field)
		tep_read_number_field(field, record->data, &value);
	return value;
}

/* IPv4-mapped addresses are written as what they are. */
static void address(const struct tep_event *event,
		    const struct tep_record *record, const char *name,
		    struct tcpstates_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct tep_format_field *field;
	const uint8_t *bytes;

	field = tep_find_field((struct tep_event *)event, name);
	if (!field || field->size != 16 || field->offset + 16 > record->size)
		return;
	bytes = (const uint8_t *)record->data + field->offset;
	address->len = memcmp(bytes, mapped, 12) ? 16 : 4;
	memcpy(address->bytes, bytes + 16 - address->len, address->len);
}

/**
 * events_record() - what a record says
 * @event:	its format
 * @record:	the record
 * @one:	filled, but for the time
 */
void events_record(const struct tep_event *event,
		   const struct tep_record *record,
		   struct tcpstates_event *one)
{
	long long dwell = (long long)number(event, record, "dwell_us");
	uint32_t uid = (uint32_t)number(event, record, "uid");

	one->cookie = number(event, record, "cookie");
	one->netns = number(event, record, "netns");
	one->family = (unsigned int)number(event, record, "family");
	one->from = (unsigned int)number(event, record, "old_state");
	one->to = (unsigned int)number(event, record, "new_state");
	one->cause = (unsigned int)number(event, record, "cause");
	if (dwell >= 0)
		one->dwell_us = (struct tcpstates_num){ dwell, true };
	if (uid != UINT32_MAX)
		one->uid = (struct tcpstates_num){ uid, true };
	one->cgroup.value = number(event, record, "cgroup");
	one->cgroup.known = one->cgroup.value;
	address(event, record, "saddr_v6", &one->local);
	address(event, record, "daddr_v6", &one->remote);
	one->local.port = (uint16_t)number(event, record, "sport");
	one->remote.port = (uint16_t)number(event, record, "dport");
}
