// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer's harness for tools/lib: what the kernel answers, and what stands
 * in /proc/tcpstates, is anything.
 *
 * The first byte of an input says what is read: 'p' the text of /proc, 's' the
 * name of a state, 't' rules as people write them; 'c' connections, 'l'
 * listeners, 'h' histograms, 'n' network namespaces, 'a' alerts, 'e' alerts as
 * they come, 'r' rules, 'w' what is said to a change of one, 'm' history.  Those
 * from 'c' on begin with the question for the family, as real conversations do
 * (fuzz_record.c), and are datagrams: a length of two bytes, the lower first,
 * and so many bytes.
 *
 * libmnl's calls that would reach the kernel are replaced by the linker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "lib/tcpstates.h"

static const uint8_t *input;
static size_t left;
static int dummy;
static unsigned int visits;	/* what was understood of the input */

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return (struct mnl_socket *)&dummy;
}

int __wrap_mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups,
			   pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type,
				 void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return 1;
}

/* What is asked is whole, whatever was answered before. */
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req,
				 size_t size)
{
	(void)nl;
	if (!mnl_nlmsg_ok(req, (int)size))
		abort();
	return (ssize_t)size;
}

/* The next datagram; a real socket waits where the input ends. */
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf,
				   size_t size)
{
	size_t len;

	(void)nl;
	errno = ENOBUFS;
	if (left < 2)
		return -1;
	len = input[0] | input[1] << 8;
	input += 2;
	left -= 2;
	len = len < left ? len : left;
	len = len < size ? len : size;
	if (len)
		memcpy(buf, input, len);
	input += len;
	left -= len;
	return (ssize_t)len;
}

/* A reason is one line that a terminal can show. */
static void check_error(const struct tcpstates_error *error)
{
	size_t len = strnlen(error->reason, sizeof(error->reason)), i;

	if (!len || len == sizeof(error->reason))
		abort();
	for (i = 0; i < len; i++)
		if (error->reason[i] < ' ' || error->reason[i] > '~')
			abort();
}

static void check_address(const struct tcpstates_address *address)
{
	if (address->len && address->len != 4 && address->len != 16)
		abort();
}

static int visit_conn(const struct tcpstates_conn *conn, void *arg)
{
	(void)arg;
	visits++;
	check_address(&conn->local);
	check_address(&conn->remote);
	tcpstates_state_name(conn->state);
	return 0;
}

static int visit_listener(const struct tcpstates_listener *listener, void *arg)
{
	(void)arg;
	visits++;
	check_address(&listener->local);
	return 0;
}

static int visit_hist(const struct tcpstates_hist *hist, void *arg)
{
	(void)arg;
	visits++;
	if (hist->nr_buckets > TCPSTATES_BUCKETS_MAX)
		abort();
	tcpstates_state_name(hist->from);
	return 0;
}

static int visit_netns(const struct tcpstates_netns *netns, void *arg)
{
	(void)netns;
	(void)arg;
	visits++;
	return 0;
}

static int visit_alert(const struct tcpstates_incident *alert, void *arg)
{
	(void)arg;
	visits++;
	check_address(&alert->where);
	tcpstates_rule_name(alert->rule);
	return 0;
}

static int visit_rule(const struct tcpstates_rule_info *rule, unsigned int line,
		      void *arg)
{
	(void)arg;
	visits++;
	tcpstates_rule_name(rule->rule);
	if (line)
		abort();
	return 0;
}

static int visit_moment(const struct tcpstates_moment *moment, void *arg)
{
	(void)moment;
	(void)arg;
	visits++;
	return 0;
}

/* Until there is nothing more to hear, as a follower does */
static int hear(struct tcpstates_nl *nl, struct tcpstates_error *error)
{
	int ret = tcpstates_alerts_join(nl, error);

	if (tcpstates_nl_fd(nl))
		abort();
	while (!ret)
		ret = tcpstates_alerts_hear(nl, visit_alert, NULL, error);
	return ret;
}

static int ask_alerts(struct tcpstates_nl *nl, int what,
		      struct tcpstates_error *error)
{
	static const struct tcpstates_which which = { 1, 2, 3 };
	static const struct tcpstates_rule_info rule = {
		.rule = 1, .param = { [1] = { 5, true } },
	};

	switch (what) {
	case 'a':
		return tcpstates_alerts(nl, &which, visit_alert, NULL, error);
	case 'e':
		return hear(nl, error);
	case 'r':
		return tcpstates_rules(nl, visit_rule, NULL, error);
	case 'w':
		return tcpstates_rule_set(nl, &rule, error);
	default:
		return tcpstates_history(nl, 1, visit_moment, NULL, error);
	}
}

static int ask(struct tcpstates_nl *nl, int what, struct tcpstates_error *error)
{
	struct tcpstates_filter filter = {
		.states = 2, .older_us = 1, .local_port = 3, .remote_port = 4,
		.local = { .len = 16, .bits = 128 },
		.remote = { .len = 4, .bits = 8 },
		.family = 2, .uid = { .known = true }, .cgroup = 5,
	};
	struct tcpstates_summary summary;

	switch (what) {
	case 'c':
		return tcpstates_conns(nl, &filter, visit_conn, NULL, &summary,
				       error);
	case 'l':
		return tcpstates_listeners(nl, NULL, visit_listener, NULL,
					   &summary, error);
	case 'h':
		return tcpstates_hists(nl, 1, 2, visit_hist, NULL, error);
	case 'n':
		return tcpstates_netns(nl, visit_netns, NULL, error);
	default:
		return ask_alerts(nl, what, error);
	}
}

/* Failures are negative, and say why; there is no third way. */
static void talk(int what)
{
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int ret;

	ret = tcpstates_nl_open(&nl, &error);
	if (!ret != !!nl)
		abort();
	if (!ret)
		ret = ask(nl, what, &error);
	if (ret > 0)
		abort();
	if (ret)
		check_error(&error);
	else if (what == 'w')
		visits++;
	tcpstates_nl_close(nl);
}

static void parse_text(void)
{
	struct tcpstates_stats stats;
	struct tcpstates_error error;
	char safe[64];
	size_t i;

	if (tcpstates_stats_parse((const char *)input, left, &stats, &error)) {
		check_error(&error);
		return;
	}
	for (i = 0; i < stats.nr_hooks; i++)
		tcpstates_escape(safe, sizeof(safe), stats.hooks[i].status);
	for (i = 0; i < stats.nr_states; i++)
		tcpstates_escape(safe, sizeof(safe), stats.states[i].name);
	tcpstates_stats_free(&stats);
}

/* A name that is one of a state is as long as that state's. */
static void parse_state(void)
{
	unsigned int n = tcpstates_state_number((const char *)input, left);

	if (n && strlen(tcpstates_state_name(n)) != left)
		abort();
}

/* What is taken can be told to the kernel, and is on a line that there is. */
static int visit_typed(const struct tcpstates_rule_info *rule,
		       unsigned int line, void *arg)
{
	unsigned int *last = arg, i;

	visits++;
	if (rule->rule >= TCPSTATES_RULES || line <= *last)
		abort();
	for (i = 0; i < TCPSTATES_PARAMS; i++)
		if (rule->param[i].known && rule->param[i].value > UINT32_MAX)
			abort();
	*last = line;
	return 0;
}

static void parse_rules(void)
{
	struct tcpstates_error error;
	unsigned int last = 0;

	if (!tcpstates_rules_parse((const char *)input, left, visit_typed,
				   &last, &error))
		return;
	check_error(&error);
	if (error.line <= last)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	visits = 0;
	input = data + 1;
	left = size - 1;
	if (*data == 'p')
		parse_text();
	else if (*data == 's')
		parse_state();
	else if (*data == 't')
		parse_rules();
	else if (memchr("clhnaerwm", *data, 9))
		talk(*data);
	/* For what is known to be whole */
	if (getenv("FUZZ_WHOLE") && !visits)
		abort();
	return 0;
}
