// SPDX-License-Identifier: GPL-2.0
/*
 * What a scenario's table of lives says, as numbers on standard output:
 *
 *   edge FROM TO COUNT KIND	KIND tells who makes the edge: sock (a full
 *				socket), request, mini, or trace: what the
 *				tracepoint shows instead when a mini socket
 *				takes over
 *   current STATE COUNT KIND	sockets left in STATE at the end
 *   closed FROM CAUSE COUNT KIND
 *   nstat NAME COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp_walk.h"

#define CLOSED	TCP_CLOSE
#define KINDS	4

enum kind { K_SOCK, K_REQUEST, K_MINI, K_TRACE };

static const char * const kind_names[KINDS] = {
	"sock", "request", "mini", "trace",
};

const char * const state_names[WALK_STATES] = {
	[0] = "NONE",
	[TCP_ESTABLISHED] = "ESTABLISHED",
	[TCP_SYN_SENT] = "SYN_SENT",
	[TCP_SYN_RECV] = "SYN_RECV",
	[TCP_FIN_WAIT1] = "FIN_WAIT1",
	[TCP_FIN_WAIT2] = "FIN_WAIT2",
	[TCP_TIME_WAIT] = "TIME_WAIT",
	[TCP_CLOSE] = "CLOSED",
	[TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_LAST_ACK] = "LAST_ACK",
	[TCP_LISTEN] = "LISTEN",
	[TCP_CLOSING] = "CLOSING",
	[12] = "NEW_SYN_RECV",
};

struct tally {
	unsigned int edge[KINDS][WALK_STATES][WALK_STATES];
	unsigned int current[KINDS][WALK_STATES];
};

static int state_by_name(const char *name, size_t len)
{
	int i;

	for (i = 1; i < WALK_STATES; i++)
		if (strlen(state_names[i]) == len &&
		    !strncmp(state_names[i], name, len))
			return i;
	fprintf(stderr, "tcp_walk: table names an unknown state: %s\n", name);
	exit(WALK_FAIL);
}

/* Count one life; returns the kind of its last edge and the state before. */
static enum kind life_add(struct tally *t, const char *path, int *before)
{
	enum kind kind = K_SOCK;
	bool mini = false;
	int from, to;
	size_t len;
	char sep;

	len = strcspn(path, ">~+");
	from = state_by_name(path, len);
	for (path += len; *path; path += len) {
		sep = *path++;
		len = strcspn(path, ">~+");
		if (sep == '+') {
			t->edge[K_TRACE][from][CLOSED]++;
			mini = true;
			kind = K_MINI;
			continue;
		}
		to = state_by_name(path, len);
		mini = mini || from == TCP_TIME_WAIT;
		kind = sep == '>' ? K_SOCK : mini ? K_MINI : K_REQUEST;
		t->edge[kind][from][to]++;
		*before = from;
		from = to;
	}
	if (from == TCP_TIME_WAIT)
		kind = K_MINI;
	t->current[kind][from]++;
	return kind;
}

static void life_cause(const struct life *l, int before, enum kind kind,
		       unsigned int n)
{
	size_t len = strlen(l->path);

	if (l->cause && len > 6 && !strcmp(l->path + len - 6, "CLOSED"))
		printf("closed %s %s %u %s\n", state_names[before], l->cause, n,
		       kind_names[kind]);
}

static void print_tally(const struct tally *t, unsigned int n)
{
	int from, to;
	enum kind k;

	for (k = 0; k < KINDS; k++)
		for (from = 1; from < WALK_STATES; from++)
			for (to = 1; to < WALK_STATES; to++)
				if (t->edge[k][from][to])
					printf("edge %s %s %u %s\n",
					       state_names[from],
					       state_names[to],
					       t->edge[k][from][to] * n,
					       kind_names[k]);
	for (k = 0; k < KINDS; k++)
		for (to = 1; to < WALK_STATES; to++)
			if (to != CLOSED && t->current[k][to])
				printf("current %s %u %s\n", state_names[to],
				       t->current[k][to] * n, kind_names[k]);
}

void expect_print(const struct scenario *s, unsigned int n)
{
	struct tally t = { 0 };
	const struct life *l;
	enum kind kind;
	int before = 0;

	printf("scenario %s %u%s\n", s->name, n, s->loose ? " loose" : "");
	if (s->loose)
		return;
	for (l = s->lives; l->path; l++) {
		kind = life_add(&t, l->path, &before);
		life_cause(l, before, kind, n);
	}
	print_tally(&t, n);
	printf("nstat TcpActiveOpens %u\n", s->opens * n);
	printf("nstat TcpAttemptFails %u\n", s->fails * n);
}

static void count_file(const char *path, unsigned int *count)
{
	unsigned int state;
	char line[512];
	FILE *f = fopen(path, "r");

	if (!f)
		return;		/* no IPv6 */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %*u: %*s %*s %x", &state) == 1 &&
		    state < WALK_STATES)
			count[state]++;
	fclose(f);
}

/* Wait until no half-open connection is left. */
void expect_no_request(struct conn *c)
{
	long end = now_ms() + WALK_WAIT_MS;
	unsigned int now[WALK_STATES];

	do {
		memset(now, 0, sizeof(now));
		count_file("/proc/net/tcp", now);
		count_file("/proc/net/tcp6", now);
		if (!now[TCP_SYN_RECV])
			return;
		nap();
	} while (now_ms() < end);
	die(c, "%u half-open connections stay", now[TCP_SYN_RECV]);
}

/* Loose scenarios: whatever is still on its way has arrived. */
static bool at_rest(const unsigned int *now, const unsigned int *want,
		    bool loose)
{
	int i;

	for (i = 1; i < WALK_STATES; i++) {
		if (loose && (i == TCP_TIME_WAIT || i == TCP_FIN_WAIT2))
			continue;
		if (i != CLOSED && now[i] != want[i])
			return false;
	}
	return true;
}

/* Wait until the kernel's own list holds what the table says, no more. */
void expect_settle(const struct scenario *s, unsigned int n)
{
	unsigned int now[WALK_STATES], want[WALK_STATES] = { 0 };
	long end = now_ms() + WALK_WAIT_MS;
	struct tally t = { 0 };
	const struct life *l;
	int before, i;

	for (l = s->lives; l->path; l++)
		life_add(&t, l->path, &before);
	for (i = 1; i < WALK_STATES; i++)
		want[i] = n * (t.current[K_SOCK][i] + t.current[K_MINI][i] +
			       t.current[K_REQUEST][i]);
	for (;;) {
		memset(now, 0, sizeof(now));
		count_file("/proc/net/tcp", now);
		count_file("/proc/net/tcp6", now);
		if (at_rest(now, want, s->loose))
			return;
		if (now_ms() > end)
			break;
		nap();
	}
	for (i = 1; i < WALK_STATES; i++)
		if (i != CLOSED && now[i] != want[i])
			fprintf(stderr,
				"tcp_walk: %s: %u sockets in %s, not %u\n",
				s->name, now[i], state_names[i], want[i]);
	die(NULL, "the sockets did not come to rest");
}
