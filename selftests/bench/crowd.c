// SPDX-License-Identifier: GPL-2.0
/*
 * crowd: COUNT established connections without a peer (TCP_REPAIR), held until
 * standard input ends.  Prints "there" when they are.
 *
 *   crowd COUNT [LEFT]      from 198.51.100.1 to 198.18.0.0/15, see loads.sh
 *
 * LEFT of them, on loopback, are in CLOSE_WAIT.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PER_PROCESS	250000U
#define FIRST_PORT	1024U
#define NR_PORTS	59000U	/* the rest is for others */
#define PEERS		0xc6120001U	/* 198.18.0.1 and the next ones */

static void fail(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		fail("setsockopt");
}

/* Nothing but a FIN makes CLOSE_WAIT, so there has to be somebody to send it. */
static void leave(unsigned int count)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	socklen_t len = sizeof(to);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (void *)&to, len) || listen(listener, 16) ||
	    getsockname(listener, (void *)&to, &len))
		fail("listen");
	while (count--) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || connect(fd, (void *)&to, len) ||
		    accept(listener, NULL, NULL) < 0)
			fail("connect on loopback");
		/* A mini socket, for tcp_fin_timeout: 60 seconds */
		close(fd);
	}
	close(listener);
}

/* No packet is sent: a socket under repair is connected by saying so. */
static void make(unsigned int number)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_port = htons(FIRST_PORT + number % NR_PORTS),
	};
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(80),
		.sin_addr.s_addr = htonl(PEERS + number / NR_PORTS),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "198.51.100.1", &from.sin_addr);
	if (fd < 0)
		fail("socket");
	option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	option(fd, IPPROTO_TCP, TCP_REPAIR, 1);
	if (bind(fd, (void *)&from, sizeof(from)) ||
	    connect(fd, (void *)&to, sizeof(to)))
		fail("connect");
}

static void hold(unsigned int first, unsigned int end, int ready)
{
	for (; first < end; first++)
		make(first);
	close(ready);
	pause();
	exit(0);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 1048576, 1048576 };
	unsigned int count, left, first, end;
	int ready[2];
	char c;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: crowd COUNT [LEFT]\n");
		return 2;
	}
	count = strtoul(argv[1], NULL, 10);
	left = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	if (setrlimit(RLIMIT_NOFILE, &limit) || pipe(ready))
		fail("setrlimit, pipe");
	for (first = left; first < count; first = end) {
		end = first + PER_PROCESS < count ? first + PER_PROCESS : count;
		if (!fork())
			hold(first, end, ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1))
		fail("read");
	leave(left);
	puts("there");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	kill(0, SIGKILL);
	return 0;
}
