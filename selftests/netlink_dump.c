// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_dump: dumps of the family tcpstates as lines.
 *
 *   netlink_dump conns|listeners [FILTER...]	a line for each, then
 *		"# shown N skipped N ageless N intr 0|1"
 *   netlink_dump read MICROSECONDS [FILTER...]	all dumps again and again, at
 *		most that far apart, one of four left in the middle, until
 *		there is no family any more; prints how many
 *   netlink_dump begin	begins a dump of all connections, reads nothing of it;
 *		prints "begun", ends with its standard input
 *   netlink_dump config MILLISECONDS	set the audit's interval
 *
 * FILTER: states=BITS age-min=US local-port=N remote-port=N local=ADDRESS/BITS
 * remote=ADDRESS/BITS family=N uid=N cgroup=N
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlink_client.h"

#define F(name)	TCPSTATES_A_FILTER_##name
#define C(name)	TCPSTATES_A_CONN_##name
#define L(name)	TCPSTATES_A_LISTENER_##name

static const char * const states[] = {
	"-", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2",
	"TIME-WAIT", "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING",
};

static const struct filter {
	const char *name;
	int attr;
	int len;	/* 0: a prefix */
} filters[] = {
	{ "states=", F(STATES), 4 },
	{ "age-min=", F(AGE_MIN), 8 },
	{ "local-port=", F(LOCAL_PORT), 2 },
	{ "remote-port=", F(REMOTE_PORT), 2 },
	{ "local=", F(LOCAL_ADDR), 0 },
	{ "remote=", F(REMOTE_ADDR), 0 },
	{ "family=", F(FAMILY), 2 },
	{ "uid=", F(UID), 4 },
	{ "cgroup=", F(CGROUP), 8 },
};

static void fail(const char *what)
{
	fprintf(stderr, "netlink_dump: %s\n", what);
	exit(1);
}

static void put_prefix(struct request *r, int attr, char *text)
{
	char *bits = strchr(text, '/');
	unsigned char addr[16];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	uint8_t len;

	if (bits)
		*bits++ = 0;
	if (inet_pton(family, text, addr) != 1)
		fail("no address");
	request_put(r, attr, addr, family == AF_INET ? 4 : 16);
	if (!bits)
		return;
	len = atoi(bits);
	/* The attribute after an address is its prefix. */
	request_put(r, attr + 1, &len, 1);
}

static void put_filter(struct request *r, const char *word)
{
	const struct filter *f = filters;
	char text[64];

	while (f < filters + sizeof(filters) / sizeof(filters[0]) &&
	       strncmp(word, f->name, strlen(f->name)))
		f++;
	if (f == filters + sizeof(filters) / sizeof(filters[0]))
		fail("unknown filter");
	word += strlen(f->name);
	if (!f->len) {
		snprintf(text, sizeof(text), "%s", word);
		put_prefix(r, f->attr, text);
		return;
	}
	request_put_number(r, f->attr, strtoull(word, NULL, 0), f->len);
}

static void put_filters(struct request *r, int attr, char **words)
{
	size_t nest;

	if (!*words)
		return;
	nest = request_nest(r, attr);
	for (; *words; words++)
		put_filter(r, *words);
	request_end(r, nest);
}

/* What is printed of a socket; conns and listeners have their own numbers. */
struct line {
	const struct nlattr *attr[64];
	unsigned long long summary[8];
	bool listeners;
};

static const struct nlattr *get(const struct line *l, int conn, int listener)
{
	return l->attr[l->listeners ? listener : conn];
}

static unsigned long long number(const struct line *l, int conn, int listener)
{
	const struct nlattr *attr = get(l, conn, listener);

	return attr ? attr_number(attr) : 0;
}

static void print_addr(const struct nlattr *addr, unsigned int port)
{
	char text[INET6_ADDRSTRLEN];
	int family;

	if (!addr) {
		printf(" -");
		return;
	}
	family = attr_len(addr) == 4 ? AF_INET : AF_INET6;
	inet_ntop(family, attr_data(addr), text, sizeof(text));
	printf(family == AF_INET ? " %s:%u" : " [%s]:%u", text, port);
}

static void print_age(const struct line *l)
{
	if (get(l, C(AGE), L(AGE)))
		printf(" age %llu", number(l, C(AGE), L(AGE)));
	else if (get(l, C(AGE_AT_LEAST), L(AGE_AT_LEAST)))
		printf(" least %llu",
		       number(l, C(AGE_AT_LEAST), L(AGE_AT_LEAST)));
	else
		printf(" age -");
}

static void print_line(const struct line *l)
{
	printf("%s", l->listeners ? "LISTEN" : states[number(l, C(STATE), 0)]);
	print_addr(get(l, C(LOCAL_ADDR), L(LOCAL_ADDR)),
		   number(l, C(LOCAL_PORT), L(LOCAL_PORT)));
	print_addr(get(l, C(REMOTE_ADDR), 0), number(l, C(REMOTE_PORT), 0));
	printf(" uid %llu ino %llu", number(l, C(UID), L(UID)),
	       number(l, C(INODE), L(INODE)));
	print_age(l);
	if (l->listeners)
		printf(" half-open %llu accept %llu/%llu drops %llu",
		       number(l, 0, L(HALF_OPEN)),
		       number(l, 0, L(ACCEPT_QUEUE)),
		       number(l, 0, L(ACCEPT_LIMIT)), number(l, 0, L(DROPS)));
	printf("\n");
}

static void take_summary(struct line *l, const struct nlattr *nest)
{
	const struct nlattr *attr = attr_data(nest);
	size_t left = attr_len(nest);

	for (; attr_ok(attr, left); attr = attr_next(attr, &left))
		l->summary[attr_type(attr) & 7] = attr_number(attr);
}

static void show(const struct nlmsghdr *nlh, void *arg)
{
	struct line *l = arg;
	const struct nlattr *attr, *summary;
	size_t left;

	memset(l->attr, 0, sizeof(l->attr));
	for (attr = attr_first(nlh, &left); attr_ok(attr, left);
	     attr = attr_next(attr, &left))
		l->attr[attr_type(attr) & 63] = attr;
	summary = get(l, C(SUMMARY), L(SUMMARY));
	if (summary)
		take_summary(l, summary);
	else
		print_line(l);
}

static int dump(int fd, int family, bool listeners, char **words)
{
	struct line l = { .listeners = listeners };
	struct request r;
	struct answer a;

	request_begin(&r, family, NLM_F_DUMP, listeners ?
		      TCPSTATES_CMD_LISTENER_GET : TCPSTATES_CMD_CONN_GET);
	put_filters(&r, listeners ? L(FILTER) : C(FILTER), words);
	if (request_send(fd, &r) || request_answer(fd, show, &l, &a))
		fail("no answer");
	if (a.error) {
		fprintf(stderr, "netlink_dump: %s: %s\n", strerror(-a.error),
			a.text);
		return 1;
	}
	printf("# shown %llu skipped %llu ageless %llu intr %d\n",
	       l.summary[TCPSTATES_A_SUMMARY_SHOWN],
	       l.summary[TCPSTATES_A_SUMMARY_SKIPPED],
	       l.summary[TCPSTATES_A_SUMMARY_AGELESS], a.intr);
	return 0;
}

/* A dump that somebody begins, reads a bit of, and forgets */
static void begin_only(struct request *r)
{
	int fd = client_open();
	char buf[4096];

	if (fd < 0)
		fail("no socket");
	request_send(fd, r);
	if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) < 0)
		usleep(1000);
	close(fd);
}

static int read_all(int fd, int family, unsigned int pause, char **words)
{
	static const int cmds[] = {
		TCPSTATES_CMD_STATS_GET, TCPSTATES_CMD_HIST_GET,
		TCPSTATES_CMD_CONN_GET, TCPSTATES_CMD_LISTENER_GET,
	};
	unsigned long n;
	struct request r;
	struct answer a;

	srand(getpid());
	for (n = 0; ; n++) {
		int cmd = cmds[n % 4];

		request_begin(&r, family, NLM_F_DUMP, cmd);
		if (cmd == TCPSTATES_CMD_CONN_GET)
			put_filters(&r, C(FILTER), words);
		if (n / 4 % 4 == 3) {
			begin_only(&r);
			continue;
		}
		if (request_send(fd, &r) ||
		    request_answer(fd, NULL, NULL, &a))
			fail("no answer");
		if (a.error)
			break;
		/* Twenty that never rest would never let the module go. */
		usleep(rand() % pause);
	}
	printf("%lu dumps, then: %s\n", n, strerror(-a.error));
	return client_family(fd, TCPSTATES_FAMILY_NAME) >= 0;
}

static int begin_and_wait(int fd, int family)
{
	struct request r;
	char c;

	request_begin(&r, family, NLM_F_DUMP, TCPSTATES_CMD_CONN_GET);
	if (request_send(fd, &r))
		fail("no dump");
	printf("begun\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

static int set_config(int fd, int family, uint32_t ms)
{
	struct request r;
	struct answer a;

	request_begin(&r, family, NLM_F_ACK, TCPSTATES_CMD_CONFIG_SET);
	request_put(&r, TCPSTATES_A_CONFIG_AUDIT_INTERVAL, &ms, sizeof(ms));
	if (request_send(fd, &r) || request_answer(fd, NULL, NULL, &a))
		fail("no answer");
	return !!a.error;
}

int main(int argc, char **argv)
{
	int fd = client_open(), family;

	if (argc < 2 || fd < 0)
		fail("usage: netlink_dump conns|listeners|read|begin|config ...");
	family = client_family(fd, TCPSTATES_FAMILY_NAME);
	if (family < 0)
		fail("no family tcpstates");
	if (!strcmp(argv[1], "read") && argc > 2)
		return read_all(fd, family, atoi(argv[2]) + 1, argv + 3);
	if (!strcmp(argv[1], "begin"))
		return begin_and_wait(fd, family);
	if (!strcmp(argv[1], "config") && argc > 2)
		return set_config(fd, family, atoi(argv[2]));
	return dump(fd, family, !strcmp(argv[1], "listeners"), argv + 2);
}
