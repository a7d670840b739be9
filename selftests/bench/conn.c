// SPDX-License-Identifier: GPL-2.0
/*
 * conn WARMUP COUNT: connect, accept, close, close on 127.0.0.1, one after the
 * other, and the time that took per connection.  In a guest that counts
 * instructions as nanoseconds, that is the number of instructions.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void connections(int listener, const struct sockaddr_in *to,
			unsigned long count)
{
	int client, server;

	while (count--) {
		client = socket(AF_INET, SOCK_STREAM, 0);
		if (client < 0 ||
		    connect(client, (const void *)to, sizeof(*to)))
			fail("connect");
		server = accept(listener, NULL, NULL);
		if (server < 0)
			fail("accept");
		close(client);
		close(server);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(7777),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	unsigned long warmup, count;
	unsigned long long start;

	if (argc != 3) {
		fprintf(stderr, "usage: conn WARMUP COUNT\n");
		return 1;
	}
	warmup = strtoul(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&addr, sizeof(addr)) ||
	    listen(listener, 128))
		fail("listen");
	connections(listener, &addr, warmup);
	start = now();
	connections(listener, &addr, count);
	printf("%llu\n", (now() - start) / count);
	return 0;
}
