// SPDX-License-Identifier: GPL-2.0
/*
 * What conns and listeners print in the same way: ends, ages, how complete it is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conns.h"
#include "duration.h"
#include "term.h"

/**
 * conns_open() - connect to the module, or say why not
 * @nl:		where to put the connection
 *
 * Return: STATUS_DONE, or STATUS_REFUSED after a message.
 */
int conns_open(struct tcpstates_nl **nl)
{
	struct tcpstates_error error;
	int ret = tcpstates_nl_open(nl, &error);

	if (!ret)
		return STATUS_DONE;
	if (ret == -ENOENT)
		output_error("the tcpstates module is not loaded: try 'modprobe tcpstates'");
	else
		output_error("cannot ask the module: %s", error.reason);
	return STATUS_REFUSED;
}

/**
 * conns_fail() - the kernel has refused
 * @error:	what it said
 *
 * Return: STATUS_REFUSED.
 */
int conns_fail(const struct tcpstates_error *error)
{
	output_error("the kernel refused: %s", error->reason);
	return STATUS_REFUSED;
}

/* What is said of all is true of each. */
static void add_summary(struct tcpstates_summary *all,
			const struct tcpstates_summary *one)
{
	all->shown += one->shown;
	all->skipped += one->skipped;
	all->ageless += one->ageless;
	all->complete &= one->complete;
	all->interrupted |= one->interrupted;
}

static int visit_here(const struct space *space, void *arg)
{
	struct conns_visit *visit = arg;
	struct tcpstates_summary summary;
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int status = conns_open(&nl);

	if (status)
		return status;
	visit->space = space;
	if (visit->ask(nl, visit, &summary, &error))
		status = conns_fail(&error);
	else
		add_summary(&visit->summary, &summary);
	tcpstates_nl_close(nl);
	return status;
}

/**
 * conns_visit() - ask for those of this namespace, or of all
 * @visit:	@ask and @arg are set; to be ended with conns_visit_end()
 * @options:	--all-netns
 *
 * Return: exit status.
 */
int conns_visit(struct conns_visit *visit, const struct options *options)
{
	int status;

	visit->summary.complete = true;
	if (!options->given[OPT_ALL_NETNS])
		return visit_here(NULL, visit);
	status = spaces_get(&visit->spaces);
	return status ? status :
			spaces_each(&visit->spaces, visit_here, visit);
}

/**
 * conns_visit_end() - forget where they have been
 * @visit:	the visit
 */
void conns_visit_end(struct conns_visit *visit)
{
	spaces_free(&visit->spaces);
}

/**
 * conns_netns_json() - say where a connection is, if that is asked for
 * @object:	of the connection
 * @space:	the namespace; NULL: here, as all are
 */
void conns_netns_json(struct json_object *object, const struct space *space)
{
	struct json_object *value;

	if (!space)
		return;
	value = json_new();
	space_json(value, space);
	json_add(object, "netns", value);
}

/**
 * conns_summary() - say so if what was printed is not all, or not exact
 * @summary:	what the kernel said of it
 */
void conns_summary(const struct tcpstates_summary *summary)
{
	if (summary->interrupted)
		output_error("so much changed meanwhile that some may be missing, or twice");
	if (summary->skipped)
		output_error("%llu went away before they could be looked at",
			     summary->skipped);
	if (!summary->complete)
		output_error("the kernel did not come to the end");
}

/**
 * conns_compare_end() - an order of addresses and ports
 * @a:		one
 * @b:		the other
 *
 * Return: as memcmp(): IPv4 before IPv6, by address, by port.
 */
int conns_compare_end(const struct tcpstates_address *a,
		      const struct tcpstates_address *b)
{
	int diff = (int)a->len - (int)b->len;

	if (!diff)
		diff = memcmp(a->bytes, b->bytes, a->len);
	return diff ? diff : (int)a->port - (int)b->port;
}

/**
 * put_number() - append a number to a text
 * @at:		where the text ends; there is room for 11 bytes
 * @number:	the number
 *
 * Not by snprintf(): there are three in each of 200,000 rows.
 */
void put_number(char *at, unsigned int number)
{
	char digits[11], *digit = digits + sizeof(digits);

	*--digit = '\0';
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(at, digit, digits + sizeof(digits) - digit);
}

/**
 * conns_endpoint() - an address and port, as people write them
 * @text:	where to
 * @address:	what
 *
 * Return: @text: 192.0.2.1:80, [2001:db8::1]:80.
 */
char *conns_endpoint(char text[ENDPOINT_SIZE],
		     const struct tcpstates_address *address)
{
	bool v6 = address->len == 16;
	char *at = text;

	if (v6)
		*at++ = '[';
	if (address->len) {
		inet_ntop(v6 ? AF_INET6 : AF_INET, address->bytes, at,
			  INET6_ADDRSTRLEN);
		at += strlen(at);
	} else {
		*at++ = '*';
	}
	if (v6)
		*at++ = ']';
	*at++ = ':';
	put_number(at, address->port);
	return text;
}

/**
 * conns_age() - fill the next cell with the time in a state
 * @table:	the table
 * @age:	the time, where it is known
 * @at_least:	else, at least so long: with a mark
 */
void conns_age(struct table *table, const struct tcpstates_num *age,
	       const struct tcpstates_num *at_least)
{
	const char *mark = term_utf8() ? "\xe2\x89\xa5" : ">";
	char text[DURATION_SIZE + 4], time[DURATION_SIZE];

	if (age->known || !at_least->known) {
		table_duration(table, age);
		return;
	}
	snprintf(text, sizeof(text), "%s%s", mark,
		 duration_format(time, at_least->value));
	table_safe(table, text);
}

/**
 * endpoint_json() - an address and port
 * @object:	where to
 * @key:	name of the member
 * @address:	what
 */
void endpoint_json(struct json_object *object, const char *key,
		   const struct tcpstates_address *address)
{
	struct json_object *value = json_new();
	char host[INET6_ADDRSTRLEN];
	const char *text = NULL;

	if (address->len)
		text = inet_ntop(address->len == 16 ? AF_INET6 : AF_INET,
				 address->bytes, host, sizeof(host));
	json_add_word(value, "address", text);
	json_add_uint(value, "port", address->port);
	json_add(object, key, value);
}

/**
 * summary_json() - how complete it is
 * @summary:	what the kernel said
 *
 * Return: an object.
 */
struct json_object *summary_json(const struct tcpstates_summary *summary)
{
	struct json_object *object = json_new();

	json_add_uint(object, "shown", summary->shown);
	json_add_uint(object, "skipped", summary->skipped);
	json_add_uint(object, "ageless", summary->ageless);
	json_add(object, "complete",
		 json_object_new_boolean(summary->complete &&
					 !summary->interrupted));
	return object;
}
