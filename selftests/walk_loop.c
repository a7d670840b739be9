// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios on loopback, where both ends are under test, and scenarios with
 * sockets left open at the end ("hold_...").
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tcp_walk.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif

#define LISTENER	{ "CLOSED>LISTEN>CLOSED", "normal" }
#define CLIENT		"CLOSED>SYN_SENT>ESTABLISHED"
#define SERVER		"LISTEN>SYN_RECV>ESTABLISHED"
#define SELF		"CLOSED>SYN_SENT>SYN_RECV>ESTABLISHED"
#define ACTIVE		">FIN_WAIT1>FIN_WAIT2>TIME_WAIT"
#define PASSIVE		">CLOSE_WAIT>LAST_ACK>CLOSED"

static int loop_connect(int fd, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr(&ss, A_LOOP, port);

	return connect(fd, (void *)&ss, len) ? errno : 0;
}

static void listen_loop(struct conn *c)
{
	k_listen_on(c, A_LOOP);
}

static void client(struct conn *c)
{
	int err;

	if (c->fd < 0)
		c->fd = k_socket(c, 0);
	err = loop_connect(c->fd, WALK_PORT + c->idx);
	if (err)
		die(c, "cannot connect: %s", strerror(err));
}

static void loop_open(struct conn *c)
{
	listen_loop(c);
	client(c);
	k_accept(c);
}

/* The client's end is closed: read the end of the stream, close ours. */
static void server_closes_too(struct conn *c)
{
	k_want(c, c->sfd, TCP_CLOSE_WAIT);
	close(c->sfd);
}

static void server_close(struct conn *c)
{
	close(c->sfd);
}

static void client_closes_too(struct conn *c)
{
	k_want(c, c->fd, TCP_CLOSE_WAIT);
	k_close(c);
}

static void server_half_close(struct conn *c)
{
	if (shutdown(c->sfd, SHUT_WR))
		die(c, "cannot shut down: %s", strerror(errno));
	k_want(c, c->fd, TCP_CLOSE_WAIT);
}

static void server_sends(struct conn *c)
{
	if (send(c->sfd, "data", 4, MSG_NOSIGNAL) != 4)
		die(c, "cannot send: %s", strerror(errno));
}

static void server_reads(struct conn *c)
{
	struct pollfd pfd = { .fd = c->sfd, .events = POLLIN };
	char buf[8];

	if (poll(&pfd, 1, WALK_WAIT_MS) != 1 ||
	    recv(c->sfd, buf, sizeof(buf), 0) < 0)
		die(c, "nothing to read: %s", strerror(errno));
}

static void server_gone(struct conn *c)
{
	k_want(c, c->sfd, TCP_CLOSE);
	close(c->sfd);
}

static void refused(struct conn *c)
{
	c->fd = k_socket(c, 0);
	if (loop_connect(c->fd, WALK_PORT + c->idx) != ECONNREFUSED)
		die(c, "connect() met no reset");
	k_close(c);
}

static void second_listener(struct conn *c)
{
	int fd = k_socket(c, 0);

	c->fd = k_socket(c, 0);
	k_bind(c, c->fd, A_LOOP, WALK_PORT + c->idx);
	k_bind(c, fd, A_LOOP, WALK_PORT + c->idx);
	if (listen(c->fd, 1))
		die(c, "cannot listen: %s", strerror(errno));
	if (!listen(fd, 1) || errno != EADDRINUSE)
		die(c, "a second listener was not refused");
	close(fd);
}

static void listener_shutdown(struct conn *c)
{
	if (shutdown(c->lfd, SHUT_RD))
		die(c, "cannot shut down: %s", strerror(errno));
	k_want(c, c->lfd, TCP_CLOSE);
}

static void listener_disconnect(struct conn *c)
{
	c->fd = c->lfd;
	k_disconnect(c);
}

/* The same four-tuple twice: connect() fails after SYN_SENT was set. */
static void same_tuple(struct conn *c)
{
	int fd = k_socket(c, 0);

	listen_loop(c);
	c->fd = k_socket(c, 0);
	k_bind(c, c->fd, A_LOOP, WALK_PEER_PORT + c->idx);
	k_bind(c, fd, A_LOOP, WALK_PEER_PORT + c->idx);
	client(c);
	k_accept(c);
	if (loop_connect(fd, WALK_PORT + c->idx) != EADDRNOTAVAIL)
		die(c, "a second connection had the same addresses");
	close(fd);
}

static void self_connect(struct conn *c)
{
	c->fd = k_socket(c, 0);
	k_bind(c, c->fd, A_LOOP, WALK_PORT + c->idx);
	client(c);
}

static void loop_fastopen(struct conn *c)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr(&ss, A_LOOP, WALK_PORT + c->idx);

	net_sysctl("tcp_fastopen", "519");
	listen_loop(c);
	k_int(c, c->lfd, IPPROTO_TCP, TCP_FASTOPEN, 4);
	c->fd = k_socket(c, 0);
	if (sendto(c->fd, "data", 4, MSG_FASTOPEN, (void *)&ss, len) != 4)
		die(c, "cannot send with the SYN: %s", strerror(errno));
	k_accept(c);
}

static void repair(struct conn *c)
{
	c->fd = k_socket(c, 0);
	if (setsockopt(c->fd, IPPROTO_TCP, TCP_REPAIR, &(int){ 1 },
		       sizeof(int)))
		skip("no TCP_REPAIR: %s", strerror(errno));
	k_bind(c, c->fd, A_LOOP, WALK_PEER_PORT + c->idx);
	client(c);
	k_want(c, c->fd, TCP_ESTABLISHED);
}

static void mptcp_open(struct conn *c)
{
	c->lfd = k_socket(c, IPPROTO_MPTCP);
	k_bind(c, c->lfd, A_LOOP, WALK_PORT + c->idx);
	if (listen(c->lfd, 4))
		die(c, "cannot listen: %s", strerror(errno));
	c->fd = k_socket(c, IPPROTO_MPTCP);
	client(c);
	k_accept(c);
}

static void hold_request(struct conn *c)
{
	k_listen_on(c, A_LOCAL);
	p_send(c, F_SYN, 0);
	p_expect(c, F_SYN | F_ACK);
}

/* One connection in each state; the order is that of the lives below. */
static void hold_mix(struct conn *c)
{
	static const step_fn to[] = {
		listen_loop, to_syn_sent, to_syn_recv, open_active,
		to_fin_wait1, to_fin_wait2, to_close_wait, to_closing,
		to_last_ack, to_time_wait,
	};

	to[c->idx * (sizeof(to) / sizeof(to[0])) / walk.n](c);
}

#define OPEN	"CLOSED>SYN_SENT>ESTABLISHED"

const struct scenario loop_scenarios[] = {
{ .name = "listen", .steps = { listen_loop, k_close_listener },
	.lives = { LISTENER } },
{ .name = "listen_shutdown",
	.steps = { listen_loop, listener_shutdown, k_close_listener },
	.lives = { LISTENER } },
{ .name = "listen_disconnect", .steps = { listen_loop, listener_disconnect },
	.lives = { LISTENER } },
{ .name = "listen_failed", .steps = { second_listener, k_close },
	.lives = { LISTENER, { "CLOSED>LISTEN>CLOSED" } } },
{ .name = "loop_refused", .opens = 1, .fails = 1, .steps = { refused },
	.lives = { { "CLOSED>SYN_SENT>CLOSED", "refused" } } },
{ .name = "loop_same_tuple", .opens = 1,
	.steps = { same_tuple, k_abort, server_gone, k_close_listener },
	.lives = { LISTENER, { CLIENT ">CLOSED", "aborted" },
		   { SERVER ">CLOSED", "reset" }, { "CLOSED>SYN_SENT>CLOSED" } } },
{ .name = "loop_client_close", .opens = 1,
	.steps = { loop_open, k_close, server_closes_too, k_close_listener },
	.lives = { LISTENER, { CLIENT ACTIVE }, { SERVER PASSIVE, "normal" } } },
{ .name = "loop_server_close", .opens = 1,
	.steps = { loop_open, server_close, client_closes_too, k_close_listener },
	.lives = { LISTENER, { SERVER ACTIVE }, { CLIENT PASSIVE, "normal" } } },
{ .name = "loop_client_half_close", .opens = 1,
	.steps = { loop_open, k_fin, server_sends, k_read, server_closes_too,
		   k_gone, k_close_listener },
	.lives = { LISTENER, { CLIENT ACTIVE }, { SERVER PASSIVE, "normal" } } },
{ .name = "loop_server_half_close", .opens = 1,
	.steps = { loop_open, server_half_close, k_data, server_reads,
		   client_closes_too, server_gone, k_close_listener },
	.lives = { LISTENER, { SERVER ACTIVE }, { CLIENT PASSIVE, "normal" } } },
{ .name = "loop_abort", .opens = 1,
	.steps = { loop_open, k_abort, server_gone, k_close_listener },
	.lives = { LISTENER, { CLIENT ">CLOSED", "aborted" },
		   { SERVER ">CLOSED", "reset" } } },
{ .name = "loop_unaccepted", .opens = 1,
	.steps = { listen_loop, client, k_close_listener, k_gone },
	.lives = { LISTENER, { SERVER ">CLOSED", "aborted" },
		   { CLIENT ">CLOSED", "reset" } } },
{ .name = "loop_fastopen", .opens = 1,
	.steps = { loop_fastopen, k_fin, server_reads, server_reads,
		   server_closes_too, k_gone, k_close_listener },
	.lives = { LISTENER, { CLIENT ACTIVE }, { SERVER PASSIVE, "normal" } } },
{ .name = "loop_self_connect", .opens = 1, .steps = { self_connect, k_close },
	.lives = { { SELF ">FIN_WAIT1>CLOSING>TIME_WAIT" } } },
{ .name = "loop_repair", .steps = { repair, k_close },
	.lives = { { CLIENT ">CLOSED", "aborted" } } },
{ .name = "loop_mptcp", .loose = true,
	.steps = { mptcp_open, k_close, server_reads, server_close,
		   k_close_listener } },
{ .name = "hold_request", .steps = { hold_request },
	.lives = { { "CLOSED>LISTEN" }, { "LISTEN~SYN_RECV" } } },
{ .name = "hold_mini_fin_wait2", .opens = 1,
	.steps = { open_active, k_close, p_got_fin, p_ack },
	.lives = { { OPEN ">FIN_WAIT1>FIN_WAIT2+" } } },
{ .name = "hold_mix", .mix = true, .opens = 9, .steps = { hold_mix },
	.lives = { { "CLOSED>LISTEN" }, { "CLOSED>SYN_SENT" },
		   { "CLOSED>SYN_SENT>SYN_RECV" }, { OPEN },
		   { OPEN ">FIN_WAIT1" }, { OPEN ">FIN_WAIT1>FIN_WAIT2" },
		   { OPEN ">CLOSE_WAIT" }, { OPEN ">FIN_WAIT1>CLOSING" },
		   { OPEN ">CLOSE_WAIT>LAST_ACK" },
		   { OPEN ">FIN_WAIT1>FIN_WAIT2+~TIME_WAIT" } } },
{ }
};
