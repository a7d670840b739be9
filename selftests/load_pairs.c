// SPDX-License-Identifier: GPL-2.0
/*
 * load_pairs: many connections on loopback, led through a script of steps.  A
 * step is done for all connections before the next one begins, so that each
 * number in /proc/tcpstates can be known beforehand.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/tcp.h>
#include <netinet/in.h>
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

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif

#define WAIT_S		60
#define BACKLOG		4096

static int family = AF_INET, proto;
static bool v6, defer_accept, fast_open;
static unsigned int nr = 1, nr_listeners = 1, port = 7000, client_port;

static int *client, *server, *listener;

static void die(const char *what)
{
	fprintf(stderr, "load_pairs: %s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t address(struct sockaddr_storage *ss, unsigned int p)
{
	struct sockaddr_in6 *in6 = (void *)ss;
	struct sockaddr_in *in = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = family;
	if (family == AF_INET) {
		in->sin_port = htons(p);
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*in);
	}
	in6->sin6_port = htons(p);
	inet_pton(AF_INET6, v6 ? "::1" : "::ffff:127.0.0.1", &in6->sin6_addr);
	return sizeof(*in6);
}

static void set(int fd, int level, int opt, int value, const char *what)
{
	if (setsockopt(fd, level, opt, &value, sizeof(value)))
		die(what);
}

static int make_socket(unsigned int bind_to)
{
	struct sockaddr_storage ss;
	socklen_t len = address(&ss, bind_to);
	int fd = socket(family, SOCK_STREAM, proto);

	if (fd < 0)
		die("socket");
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	if (nr_listeners > 1)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
	if (bind_to && bind(fd, (void *)&ss, len))
		die("bind");
	return fd;
}

static void listen_step(void)
{
	unsigned int i;

	for (i = 0; i < nr_listeners; i++) {
		listener[i] = make_socket(port);
		if (defer_accept)
			set(listener[i], IPPROTO_TCP, TCP_DEFER_ACCEPT, 30,
			    "TCP_DEFER_ACCEPT");
		if (fast_open)
			set(listener[i], IPPROTO_TCP, TCP_FASTOPEN, BACKLOG,
			    "TCP_FASTOPEN");
		if (listen(listener[i], BACKLOG))
			die("listen");
	}
}

static int open_client(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = address(&ss, port);

	if (fast_open)
		return sendto(fd, "x", 1, MSG_FASTOPEN, (void *)&ss, len) < 0;
	return connect(fd, (void *)&ss, len);
}

static void connect_step(void)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		client[i] = make_socket(client_port ? client_port + i : 0);
		if (open_client(client[i]))
			die("connect");
	}
}

/* From whichever listener has a connection */
static int accept_any(void)
{
	struct pollfd pfd[nr_listeners];
	unsigned int i;

	for (i = 0; i < nr_listeners; i++)
		pfd[i] = (struct pollfd){ listener[i], POLLIN, 0 };
	if (poll(pfd, nr_listeners, WAIT_S * 1000) <= 0)
		die("nothing to accept");
	for (i = 0; i < nr_listeners; i++)
		if (pfd[i].revents & POLLIN)
			return accept(listener[i], NULL, NULL);
	return -1;
}

static void accept_step(void)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		server[i] = accept_any();
		if (server[i] < 0)
			die("accept");
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void reset_fd(int *fd)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close_fd(fd);
}

static void shut_fd(int *fd)
{
	if (shutdown(*fd, SHUT_WR))
		die("shutdown");
}

static void send_fd(int *fd)
{
	if (send(*fd, "x", 1, MSG_NOSIGNAL) != 1)
		die("send");
}

static void read_fd(int *fd)
{
	struct pollfd pfd = { .fd = *fd, .events = POLLIN };
	char c;

	if (poll(&pfd, 1, WAIT_S * 1000) != 1 || read(*fd, &c, 1) < 0)
		die("nothing to read");
}

/* "even" and "odd" steps are done for every second connection only. */
static unsigned int first, stride = 1;

static void each(int *fds, void (*step)(int *fd))
{
	unsigned int i;

	for (i = first; i < nr; i += stride)
		step(&fds[i]);
}

static int state_of(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		die("TCP_INFO");
	return info.tcpi_state;
}

static void want_state(int *fds, const char *name)
{
	static const char * const names[] = {
		"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSED", "CLOSE_WAIT", "LAST_ACK",
		"LISTEN", "CLOSING",
	};
	time_t end = time(NULL) + WAIT_S;
	unsigned int i;

	for (i = first; i < nr; i += stride)
		while (strcmp(names[state_of(fds[i])], name)) {
			if (time(NULL) > end) {
				errno = ETIMEDOUT;
				die(names[state_of(fds[i])]);
			}
			usleep(2000);
		}
}

/* Tells where we are, and goes on when there is a line on standard input. */
static void pause_step(const char *word)
{
	char line[64];

	puts(word);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

static void close_listener(unsigned int i)
{
	if (i >= nr_listeners) {
		errno = EINVAL;
		die("no such listener");
	}
	close_fd(&listener[i]);
}

static bool one_step(const char *s)
{
	static const struct {
		const char *name;
		void (*step)(int *fd);
	} ends[] = {
		{ "close", close_fd }, { "reset", reset_fd },
		{ "shut", shut_fd }, { "send", send_fd }, { "read", read_fd },
	};
	int *fds = *s == 'c' ? client : server;
	size_t i;

	if (*s != 'c' && *s != 's')
		return false;
	if (s[1] == ':') {
		want_state(fds, s + 2);
		return true;
	}
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strcmp(s + 1, ends[i].name)) {
			each(fds, ends[i].step);
			return true;
		}
	return false;
}

static bool do_step(const char *s)
{
	if (!strcmp(s, "listen"))
		listen_step();
	else if (!strcmp(s, "connect"))
		connect_step();
	else if (!strcmp(s, "accept"))
		accept_step();
	else if (!strcmp(s, "all"))
		first = 0, stride = 1;
	else if (!strcmp(s, "even"))
		first = 0, stride = 2;
	else if (!strcmp(s, "odd"))
		first = 1, stride = 2;
	else if (!strncmp(s, "unlisten=", 9))
		close_listener(atoi(s + 9));
	else if (!strncmp(s, "pause=", 6))
		pause_step(s + 6);
	else
		return one_step(s);
	return true;
}

static void help(FILE *out)
{
	fprintf(out,
		"Usage: load_pairs [-6|-m] [-DFM] [-n COUNT] [-l LISTENERS] [-p PORT]\n"
		"                  [-c CLIENTPORT] STEP...\n"
		"  -m  v4-mapped   -D  TCP_DEFER_ACCEPT   -F  Fast Open   -M  MPTCP\n"
		"  -c  clients are bound to this port and those that follow\n"
		"Steps: listen connect accept unlisten=INDEX pause=WORD (prints it, waits for\n"
		"a line); even, odd, all (which connections the next steps are for);\n"
		"for all clients: cclose creset cshut csend cread c:STATE (waits); for\n"
		"the servers' ends the same with s.\n");
}

static void parse(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "6mDFMn:l:p:c:h")) != -1) {
		switch (opt) {
		case '6':
			v6 = true;
			family = AF_INET6;
			break;
		case 'm':
			family = AF_INET6;
			break;
		case 'D':
			defer_accept = true;
			break;
		case 'F':
			fast_open = true;
			break;
		case 'M':
			proto = IPPROTO_MPTCP;
			break;
		case 'n':
			nr = atoi(optarg);
			break;
		case 'l':
			nr_listeners = atoi(optarg);
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 'c':
			client_port = atoi(optarg);
			break;
		default:
			help(opt == 'h' ? stdout : stderr);
			exit(opt == 'h' ? 0 : 2);
		}
	}
}

static int *make_fds(unsigned int n)
{
	int *fds = malloc((n + 1) * sizeof(int));
	unsigned int i;

	if (!fds)
		die("no memory");
	for (i = 0; i < n; i++)
		fds[i] = -1;
	return fds;
}

int main(int argc, char **argv)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	parse(argc, argv);
	files.rlim_cur = 2 * nr + nr_listeners + 64;
	files.rlim_max = files.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("RLIMIT_NOFILE");
	client = make_fds(nr);
	server = make_fds(nr);
	listener = make_fds(nr_listeners);
	for (; optind < argc; optind++)
		if (!do_step(argv[optind])) {
			fprintf(stderr, "load_pairs: no step \"%s\"\n",
				argv[optind]);
			return 2;
		}
	return 0;
}
