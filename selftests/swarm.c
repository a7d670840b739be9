// SPDX-License-Identifier: GPL-2.0
/*
 * swarm: many connections on loopback that end in every way.
 *
 *   swarm chaos PORT COUNT SEED   COUNT connections, one after the other with
 *                                 some left open on the way; a server that
 *                                 closes, resets, half-closes or dies
 *   swarm clean PORT COUNT        COUNT connections, closed by the client first
 *   swarm open PORT COUNT         COUNT connections, held until standard input
 *                                 ends; prints "open" when they are there
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT	64	/* connections that chaos leaves open for a while */

static struct sockaddr_in address = { .sin_family = AF_INET };

static void fail(const char *what)
{
	fprintf(stderr, "swarm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_there(void)
{
	struct sockaddr_in any = address;
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	any.sin_addr.s_addr = htonl(INADDR_ANY);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&any, sizeof(any)) || listen(fd, 512))
		fail("listen");
	return fd;
}

static int connect_there(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail("socket");
	if (!connect(fd, (void *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* One of the ways to be done with a connection; -1: it stays open. */
static int be_done(int fd)
{
	switch (rand() % 6) {
	case 0:
		reset(fd);
		return -1;
	case 1:
		shutdown(fd, SHUT_WR);
		return fd;
	case 2:
		if (write(fd, "unread", 6) < 0 && errno != EPIPE)
			return fd;
		close(fd);
		return -1;
	case 3:
		return fd;
	default:
		close(fd);
		return -1;
	}
}

static void keep(int *kept, int fd)
{
	int i = rand() % KEPT;

	if (kept[i] >= 0)
		close(kept[i]);
	kept[i] = fd;
}

static void chaos_server(int listener)
{
	int kept[KEPT], fd;

	memset(kept, -1, sizeof(kept));
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		keep(kept, be_done(fd));
	_exit(0);
}

static pid_t start_server(int listener, unsigned int seed)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srand(seed);
	chaos_server(listener);
	return 0;
}

/* Now and then the server is killed with all that it has, or reopens. */
static void chaos(unsigned int count, unsigned int seed)
{
	int kept[KEPT], listener = listen_there(), fd;
	pid_t server = start_server(listener, seed);

	memset(kept, -1, sizeof(kept));
	srand(seed + 1);
	while (count--) {
		fd = connect_there();
		if (fd >= 0)
			keep(kept, be_done(fd));
		if (rand() % 500)
			continue;
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		if (rand() % 2) {
			close(listener);
			listener = listen_there();
		}
		server = start_server(listener, rand());
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void clean(unsigned int count)
{
	int listener = listen_there(), client, server;
	char c;

	while (count--) {
		client = connect_there();
		server = accept(listener, NULL, NULL);
		if (client < 0 || server < 0)
			fail("connection");
		shutdown(client, SHUT_WR);
		/* The end of the client's half, so that nobody races. */
		if (read(server, &c, 1))
			fail("read");
		close(server);
		if (read(client, &c, 1))
			fail("read");
		close(client);
	}
}

static void hold(unsigned int count)
{
	struct rlimit files = { 2 * count + 64, 2 * count + 64 };
	int listener = listen_there();
	char c;

	if (setrlimit(RLIMIT_NOFILE, &files))
		fail("setrlimit");
	while (count--)
		if (connect_there() < 0 || accept(listener, NULL, NULL) < 0)
			fail("connection");
	puts("open");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	unsigned int count;

	if (argc < 4) {
		fprintf(stderr,
			"usage: swarm chaos|clean|open PORT COUNT [SEED]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	address.sin_port = htons(atoi(argv[2]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	count = strtoul(argv[3], NULL, 10);
	if (!strcmp(argv[1], "chaos"))
		chaos(count, argc > 4 ? atoi(argv[4]) : 1);
	else if (!strcmp(argv[1], "clean"))
		clean(count);
	else if (!strcmp(argv[1], "open"))
		hold(count);
	return 0;
}
