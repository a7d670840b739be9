// SPDX-License-Identifier: GPL-2.0
/*
 * plight: brings TCP connections into trouble, as it is told.
 *
 *   plight [-u UID] ADDRESS PORT
 *
 * Reads commands, a line each, and answers "done" or "failed":
 *
 *   listen BACKLOG     listens on ADDRESS and PORT
 *   defer SECONDS      the listener waits for data so long (TCP_DEFER_ACCEPT)
 *   crowd COUNT        so many listeners more, on the ports that follow
 *   accept COUNT       accepts so many connections, waits for them
 *   accept all         accepts whatever comes, from now on, and closes it
 *   from ADDRESS       connects from there, from now on
 *   open COUNT         connects so often
 *   hang COUNT         begins to connect so often, waits for nothing
 *   close client       closes what it has connected
 *   close server       closes what it has accepted
 *   close listener
 *   shut client        sends a FIN on what it has connected
 *   trickle SECONDS    sends a byte from server to client, on all, each 100 ms
 *   reset COUNT EACH   COUNT connections, each ended by RST, EACH a second
 *   cut COUNT EACH     the same, by the server's RST
 *   finish COUNT EACH  the same, ended in an orderly way
 *   quit               ends, as the end of standard input does
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FDS	20000

struct set {
	int fd[MAX_FDS];
	unsigned int nr;
};

static struct sockaddr_in address = { .sin_family = AF_INET };
static struct sockaddr_in from = { .sin_family = AF_INET };
static struct set clients, servers;
static int listener = -1;
static bool accept_all;

static bool keep(struct set *set, int fd)
{
	if (fd < 0 || set->nr == MAX_FDS)
		return false;
	set->fd[set->nr++] = fd;
	return true;
}

static bool close_all(struct set *set)
{
	while (set->nr)
		close(set->fd[--set->nr]);
	return true;
}

static bool do_listen(int backlog)
{
	int one = 1;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return !bind(listener, (void *)&address, sizeof(address)) &&
	       !listen(listener, backlog);
}

static bool do_defer(int seconds)
{
	return !setsockopt(listener, SOL_TCP, TCP_DEFER_ACCEPT, &seconds,
			   sizeof(seconds));
}

static bool do_crowd(int count)
{
	struct sockaddr_in at = address;
	bool good = true;
	int i, fd;

	for (i = 1; good && i <= count; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		at.sin_port = htons(ntohs(address.sin_port) + i);
		good = !bind(fd, (void *)&at, sizeof(at)) && !listen(fd, 16) &&
		       keep(&servers, fd);
	}
	return good;
}

static int connect_there(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0), one = 1;

	/* Without it bind() would choose the port, one for all destinations. */
	setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (from.sin_addr.s_addr)
		bind(fd, (void *)&from, sizeof(from));
	if (!connect(fd, (void *)&address, sizeof(address)) ||
	    errno == EINPROGRESS)
		return fd;
	perror("plight: connect");
	close(fd);
	return -1;
}

static bool do_open(int count, int flags)
{
	bool good = true;

	while (count-- > 0)
		good &= keep(&clients, connect_there(flags));
	return good;
}

static bool do_accept(int count)
{
	bool good = true;

	while (good && count-- > 0)
		good = keep(&servers, accept(listener, NULL, NULL));
	return good;
}

static bool do_shut(void)
{
	unsigned int i;

	for (i = 0; i < clients.nr; i++)
		shutdown(clients.fd[i], SHUT_WR);
	return true;
}

static bool do_trickle(int seconds)
{
	struct timespec rest = { .tv_nsec = 100000000 };
	time_t until = time(NULL) + seconds;
	unsigned int i;

	while (time(NULL) < until) {
		for (i = 0; i < servers.nr; i++)
			if (write(servers.fd[i], "x", 1) != 1)
				return false;
		nanosleep(&rest, NULL);
	}
	return true;
}

/* How: reset, cut or finish */
static bool one_life(char how)
{
	struct linger now = { .l_onoff = 1 };
	int client = connect_there(0), server, first, last;
	char c;

	server = accept(listener, NULL, NULL);
	if (client < 0 || server < 0)
		return false;
	first = how == 'c' ? server : client;
	last = how == 'c' ? client : server;
	if (how != 'f')
		setsockopt(first, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(first);
	if (read(last, &c, 1) > 0)
		return false;
	close(last);
	return true;
}

/* So many in each tenth of a second, if the machine is fast enough */
static bool do_lives(int count, int each, char how)
{
	struct timespec next, now;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (i = 0; i < count; i++) {
		if (!one_life(how))
			return false;
		next.tv_nsec += 1000000000 / each;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec < next.tv_sec ||
		    (now.tv_sec == next.tv_sec && now.tv_nsec < next.tv_nsec))
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next,
					NULL);
	}
	return true;
}

static bool do_close(const char *what)
{
	if (!strcmp(what, "client"))
		return close_all(&clients);
	if (!strcmp(what, "server"))
		return close_all(&servers);
	return !close(listener);
}

static bool obey(char *line)
{
	char verb[16] = "", what[16] = "";
	int each = 1, count;

	if (sscanf(line, "%15s %15s %d", verb, what, &each) < 1)
		return false;
	count = atoi(what);
	if (!strcmp(verb, "listen"))
		return do_listen(count);
	if (!strcmp(verb, "defer"))
		return do_defer(count);
	if (!strcmp(verb, "crowd"))
		return do_crowd(count);
	if (!strcmp(verb, "accept") && !strcmp(what, "all"))
		return accept_all = true;
	if (!strcmp(verb, "accept"))
		return do_accept(count);
	if (!strcmp(verb, "from"))
		return inet_aton(what, &from.sin_addr);
	if (!strcmp(verb, "open"))
		return do_open(count, 0);
	if (!strcmp(verb, "hang"))
		return do_open(count, SOCK_NONBLOCK);
	if (!strcmp(verb, "close"))
		return do_close(what);
	if (!strcmp(verb, "shut"))
		return do_shut();
	if (!strcmp(verb, "trickle"))
		return do_trickle(count);
	if (!strcmp(verb, "reset") || !strcmp(verb, "cut") ||
	    !strcmp(verb, "finish"))
		return do_lives(count, each, *verb);
	return false;
}

/* A command, or a connection if all are to be accepted */
static void wait_for_command(void)
{
	struct pollfd fds[2] = {
		{ .fd = 0, .events = POLLIN },
		{ .fd = accept_all ? listener : -1, .events = POLLIN },
	};

	while (poll(fds, 2, -1) >= 0 && !fds[0].revents)
		if (fds[1].revents)
			close(accept(listener, NULL, NULL));
}

int main(int argc, char **argv)
{
	struct rlimit files = { 2 * MAX_FDS, 2 * MAX_FDS };
	char line[80];

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 5 && !strcmp(argv[1], "-u")) {
		if (setuid(atoi(argv[2])))
			return 1;
		argc -= 2;
		argv += 2;
	}
	if (argc != 3 || !inet_aton(argv[1], &address.sin_addr)) {
		fprintf(stderr, "usage: plight [-u UID] ADDRESS PORT\n");
		return 2;
	}
	address.sin_port = htons(atoi(argv[2]));
	for (;;) {
		wait_for_command();
		if (!fgets(line, sizeof(line), stdin) ||
		    !strcmp(line, "quit\n"))
			return 0;
		puts(obey(line) ? "done" : "failed");
	}
}
