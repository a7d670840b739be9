// SPDX-License-Identifier: GPL-2.0
/*
 * What a bench runs while it counts instructions: a load, over and over.
 *
 *   load NAME WARMUP COUNT     one line: nanoseconds for each of COUNT, the mean of
 *                              all, and of the quarter that took least
 *   load clock                 the time, in nanoseconds
 *   load seed                  gives the kernel's random numbers their seed
 *
 * The least are without the timer's ticks and what comes with them, and repeat
 * themselves to some instructions.
 *
 * In a guest that executes one instruction a nanosecond that is the number of
 * instructions, of everybody: client, server and kernel.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "load.h"

#define BULK	65536

static int listener = -1, client = -1, server = -1;
static struct sockaddr_storage to;
static socklen_t to_len;
static char buffer[BULK];

void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * Until it has one, which in a guest takes half a minute, each random number (a
 * port, a sequence number) is made anew from what there is of one: 45,000
 * instructions for a connection, 7,000 when it has half of one.
 */
static void seed(void)
{
	int pool[2 + 16] = { 512, 64 };	/* struct rand_pool_info: bits, bytes */
	int fd = open("/dev/urandom", O_WRONLY);

	if (fd < 0 || ioctl(fd, RNDADDENTROPY, pool))
		fail("/dev/urandom");
}

static void address(int family)
{
	struct sockaddr_in *in = (void *)&to;
	struct sockaddr_in6 *in6 = (void *)&to;

	to.ss_family = family;
	if (family == AF_INET) {
		in->sin_port = htons(PORT);
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		to_len = sizeof(*in);
	} else {
		in6->sin6_port = htons(PORT);
		in6->sin6_addr = in6addr_loopback;
		to_len = sizeof(*in6);
	}
}

static void listen_there(int family)
{
	int one = 1;

	address(family);
	listener = socket(family, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&to, to_len) || listen(listener, 1024))
		fail("listen");
}

static void connect_there(void)
{
	client = socket(to.ss_family, SOCK_STREAM, 0);
	if (client < 0 || connect(client, (void *)&to, to_len))
		fail("connect");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		fail("accept");
}

static void transfer(int from, int into, size_t size)
{
	size_t done = 0;
	ssize_t n;

	if (write(from, buffer, size) != (ssize_t)size)
		fail("write");
	while (done < size) {
		n = read(into, buffer, sizeof(buffer));
		if (n <= 0)
			fail("read");
		done += n;
	}
}

static void begin_short(void)
{
	listen_there(AF_INET);
}

static void begin_short6(void)
{
	listen_there(AF_INET6);
}

/* Connect, accept, close, close */
static void do_short(void)
{
	connect_there();
	close(client);
	close(server);
}

static void do_1k(void)
{
	connect_there();
	transfer(client, server, 1024);
	transfer(server, client, 1024);
	close(client);
	close(server);
}

/* Nobody listens. */
static void begin_refused(void)
{
	address(AF_INET);
}

static void do_refused(void)
{
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (!connect(client, (void *)&to, to_len) || errno != ECONNREFUSED)
		fail("connect was not refused");
	close(client);
}

/* One port of the client's, whose TIME_WAIT is used again each time. */
static void do_reuse(void)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT + 1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1;

	client = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(client, (void *)&from, sizeof(from)))
		fail("bind");
	if (connect(client, (void *)&to, to_len))
		fail("connect");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		fail("accept");
	/* The server waits: its TIME_WAIT is ended by the client's SYN. */
	close(server);
	close(client);
}

static void begin_bulk(void)
{
	listen_there(AF_INET);
	connect_there();
}

static void do_bulk(void)
{
	transfer(client, server, BULK);
}

static void do_request(void)
{
	transfer(client, server, 100);
	transfer(server, client, 1024);
}

static const struct load {
	const char *name;
	void (*begin)(void);
	void (*once)(void);
} loads[] = {
	{ "short", begin_short, do_short },
	{ "short6", begin_short6, do_short },
	{ "1k", begin_short, do_1k },
	{ "refused", begin_refused, do_refused },
	{ "reuse", begin_short, do_reuse },
	{ "bulk", begin_bulk, do_bulk },
	{ "keepalive", begin_bulk, do_request },
	{ "syn", begin_syn, do_syn },
	{ "cookie", begin_syn, do_syn },
};

static int by_size(const void *left, const void *right)
{
	unsigned long long a = *(const unsigned long long *)left;
	unsigned long long b = *(const unsigned long long *)right;

	return a < b ? -1 : a > b;
}

/* The mean of the quarter that took least */
static unsigned long long least(unsigned long long *spent, unsigned long count)
{
	unsigned long long sum = 0;
	unsigned long i, quarter = (count + 3) / 4;

	qsort(spent, count, sizeof(*spent), by_size);
	for (i = 0; i < quarter; i++)
		sum += spent[i];
	return sum / quarter;
}

static void run(const struct load *load, unsigned long warmup,
		unsigned long count)
{
	unsigned long long *spent = malloc(count * sizeof(*spent));
	unsigned long long last, sum = 0;
	unsigned long i;

	if (!spent)
		fail("malloc");
	memset(spent, 0, count * sizeof(*spent));
	load->begin();
	for (i = 0; i < warmup; i++)
		load->once();
	for (i = 0; i < count; i++) {
		/*
		 * A socket that stays: the next ones have another place in
		 * their slab, where it may take 250 more to free them.
		 */
		if (i % 10 == 0)
			socket(AF_INET, SOCK_STREAM, 0);
		last = now();
		load->once();
		spent[i] = now() - last;
		sum += spent[i];
	}
	printf("%llu %llu\n", sum / count, least(spent, count));
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "clock")) {
		printf("%llu\n", now());
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "seed")) {
		seed();
		return 0;
	}
	if (argc != 4) {
		fprintf(stderr,
			"usage: load NAME WARMUP COUNT, load clock, load seed\n");
		return 2;
	}
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (strcmp(loads[i].name, argv[1]))
			continue;
		run(&loads[i], strtoul(argv[2], NULL, 10),
		    strtoul(argv[3], NULL, 10));
		return 0;
	}
	fprintf(stderr, "load: there is no load \"%s\"\n", argv[1]);
	return 2;
}
