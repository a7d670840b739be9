// SPDX-License-Identifier: GPL-2.0
/* The sockets under test: small steps that scenarios are made of. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tcp_walk.h"

int k_socket(const struct conn *c, int proto)
{
	int fd = socket(walk.family, SOCK_STREAM | SOCK_CLOEXEC, proto);

	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT))
		skip("no such sockets in this kernel: %s", strerror(errno));
	if (fd < 0)
		die(c, "cannot make a socket: %s", strerror(errno));
	return fd;
}

void k_int(const struct conn *c, int fd, int level, int opt, int val)
{
	if (setsockopt(fd, level, opt, &val, sizeof(val)))
		die(c, "cannot set socket option %d/%d: %s", level, opt,
		    strerror(errno));
}

void k_bind(const struct conn *c, int fd, enum walk_addr who, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr(&ss, who, port);

	k_int(c, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (void *)&ss, len))
		die(c, "cannot bind port %u: %s", port, strerror(errno));
}

static int state_of(const struct conn *c, int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		die(c, "cannot read TCP_INFO: %s", strerror(errno));
	return info.tcpi_state;
}

/* Wait until the kernel itself says that the socket is in @state. */
void k_want(const struct conn *c, int fd, int state)
{
	long end = now_ms() + WALK_WAIT_MS;
	int is;

	while ((is = state_of(c, fd)) != state) {
		if (now_ms() > end)
			die(c, "socket is in %s, not in %s", state_names[is],
			    state_names[state]);
		nap();
	}
}

/* A listener of its own for each connection */
void k_listen_on(struct conn *c, enum walk_addr who)
{
	if (who == A_LOCAL)
		net_tun();
	c->lfd = k_socket(c, 0);
	c->port = WALK_PORT + c->idx;
	k_bind(c, c->lfd, who, c->port);
	if (listen(c->lfd, 4))
		die(c, "cannot listen: %s", strerror(errno));
}

/* connect() to the peer, do not wait: SYN_SENT */
void k_start(struct conn *c)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr(&ss, A_PEER, WALK_PEER_PORT + c->idx);

	net_tun();
	if (c->fd < 0)
		c->fd = k_socket(c, 0);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (!connect(c->fd, (void *)&ss, len) || errno != EINPROGRESS)
		die(c, "connect() did not begin: %s", strerror(errno));
}

void k_close(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
}

void k_close_listener(struct conn *c)
{
	close(c->lfd);
	c->lfd = -1;
}

static int accept_one(struct conn *c)
{
	struct pollfd pfd = { .fd = c->lfd, .events = POLLIN };
	int fd;

	if (poll(&pfd, 1, WALK_WAIT_MS) != 1)
		die(c, "nothing to accept");
	fd = accept4(c->lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		die(c, "cannot accept: %s", strerror(errno));
	return fd;
}

/* With a peer the child is the socket under test, on loopback the other one */
void k_accept(struct conn *c)
{
	if (c->fd < 0)
		c->fd = accept_one(c);
	else
		c->sfd = accept_one(c);
}

static void linger0(const struct conn *c, int fd)
{
	struct linger l = { .l_onoff = 1 };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)))
		die(c, "cannot set SO_LINGER: %s", strerror(errno));
}

void k_abort(struct conn *c)
{
	linger0(c, c->fd);
	k_close(c);
}

void k_fin(struct conn *c)
{
	if (shutdown(c->fd, SHUT_WR))
		die(c, "cannot shut down: %s", strerror(errno));
}

void k_disconnect(struct conn *c)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };

	if (connect(c->fd, (void *)&ss, sizeof(ss)))
		die(c, "cannot disconnect: %s", strerror(errno));
	k_gone(c);
}

void k_data(struct conn *c)
{
	if (send(c->fd, "data", 4, MSG_NOSIGNAL) != 4)
		die(c, "cannot send: %s", strerror(errno));
}

/* Take what the other end sent, be it data or the end of it. */
void k_read(struct conn *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	char buf[64];

	if (poll(&pfd, 1, WALK_WAIT_MS) != 1 ||
	    recv(c->fd, buf, sizeof(buf), 0) < 0)
		die(c, "nothing to read: %s", strerror(errno));
}

void k_gone(struct conn *c)
{
	k_want(c, c->fd, TCP_CLOSE);
	k_close(c);
}

/* The next retransmission time-out is the last. */
void k_user_timeout(struct conn *c)
{
	k_int(c, c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 1);
}
