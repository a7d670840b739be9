// SPDX-License-Identifier: GPL-2.0
/* Scenarios with the peer: from CLOSED to ESTABLISHED, and what can fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "tcp_walk.h"

#define LISTENER	{ "CLOSED>LISTEN>CLOSED", "normal" }
#define CONNECTING	"CLOSED>SYN_SENT"
#define SIMULTANEOUS	"CLOSED>SYN_SENT>SYN_RECV"
#define CHILD		"LISTEN>SYN_RECV>ESTABLISHED"

void to_syn_sent(struct conn *c)
{
	k_start(c);
	p_expect(c, F_SYN);
}

void open_active(struct conn *c)
{
	to_syn_sent(c);
	p_send(c, F_SYN | F_ACK, 0);
	k_want(c, c->fd, TCP_ESTABLISHED);
}

static void listen_local(struct conn *c)
{
	k_listen_on(c, A_LOCAL);
}

static void p_syn(struct conn *c)
{
	p_send(c, F_SYN, 0);
}

static void p_got_syn_ack(struct conn *c)
{
	p_expect(c, F_SYN | F_ACK);
}

static void handshake(struct conn *c)
{
	p_syn(c);
	p_got_syn_ack(c);
	p_ack(c);
}

void open_passive(struct conn *c)
{
	listen_local(c);
	handshake(c);
	k_accept(c);
	k_want(c, c->fd, TCP_ESTABLISHED);
}

/* Both sides say SYN and neither has seen the other's: simultaneous open */
void to_syn_recv(struct conn *c)
{
	to_syn_sent(c);
	p_syn(c);
	k_want(c, c->fd, TCP_SYN_RECV);
}

static void sim_open(struct conn *c)
{
	to_syn_recv(c);
	p_got_syn_ack(c);
	p_ack(c);
	k_want(c, c->fd, TCP_ESTABLISHED);
}

/* Closed before the handshake is over: the FIN follows the SYN-ACK. */
static void p_ends_close(struct conn *c)
{
	p_got_syn_ack(c);
	p_ack(c);
	p_got_fin(c);
	p_ack(c);
	p_fin(c);
}

static void connect_timeout(struct conn *c)
{
	c->fd = k_socket(c, 0);
	k_user_timeout(c);
	to_syn_sent(c);
}

static void cookies_always(struct conn *c)
{
	(void)c;
	net_sysctl("tcp_syncookies", "2");
}

static void no_synack_retries(struct conn *c)
{
	(void)c;
	net_sysctl("tcp_synack_retries", "0");
}

static void defer_accept(struct conn *c)
{
	listen_local(c);
	k_int(c, c->lfd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
}

/* Fast Open both ways, and no cookie asked */
static void fastopen_on(struct conn *c)
{
	(void)c;
	net_sysctl("tcp_fastopen", "519");
	net_sysctl("tcp_fastopen_blackhole_timeout_sec", "0");
}

static void fastopen_child(struct conn *c)
{
	fastopen_on(c);
	listen_local(c);
	k_int(c, c->lfd, IPPROTO_TCP, TCP_FASTOPEN, 4);
	p_send(c, F_SYN, 4);
	k_accept(c);
	k_want(c, c->fd, TCP_SYN_RECV);
}

static void fastopen_connect(struct conn *c)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr(&ss, A_PEER, WALK_PEER_PORT + c->idx);

	fastopen_on(c);
	net_tun();
	c->fd = k_socket(c, 0);
	if (sendto(c->fd, "data", 4, MSG_FASTOPEN | MSG_NOSIGNAL | MSG_DONTWAIT,
		   (void *)&ss, len) < 0)
		die(c, "cannot send with the SYN: %s", strerror(errno));
	p_expect(c, F_SYN);
}

static void p_syn_ack(struct conn *c)
{
	p_send(c, F_SYN | F_ACK, 0);
}

static void p_syn_ack_fin(struct conn *c)
{
	p_send(c, F_SYN | F_ACK | F_FIN, 0);
}

static void is_established(struct conn *c)
{
	k_want(c, c->fd, TCP_ESTABLISHED);
}

static void is_close_wait(struct conn *c)
{
	k_want(c, c->fd, TCP_CLOSE_WAIT);
}

static void is_fin_wait1(struct conn *c)
{
	k_want(c, c->fd, TCP_FIN_WAIT1);
}

const struct scenario open_scenarios[] = {
{ .name = "connect_refused", .opens = 1, .fails = 1,
	.steps = { to_syn_sent, p_rst, k_gone },
	.lives = { { CONNECTING ">CLOSED", "refused" } } },
{ .name = "connect_timeout", .opens = 1, .fails = 1, .slow = true,
	.steps = { connect_timeout, k_gone },
	.lives = { { CONNECTING ">CLOSED", "timeout" } } },
{ .name = "connect_close", .opens = 1,
	.steps = { to_syn_sent, k_close },
	.lives = { { CONNECTING ">CLOSED", "aborted" } } },
{ .name = "connect_abort", .opens = 1,
	.steps = { to_syn_sent, k_abort },
	.lives = { { CONNECTING ">CLOSED", "aborted" } } },
{ .name = "connect_shutdown", .opens = 1,
	.steps = { to_syn_sent, k_fin, k_gone },
	.lives = { { CONNECTING ">CLOSED", "aborted" } } },
{ .name = "connect_disconnect", .opens = 1,
	.steps = { to_syn_sent, k_disconnect },
	.lives = { { CONNECTING ">CLOSED", "aborted" } } },
{ .name = "active_open", .opens = 1,
	.steps = { open_active, k_abort },
	.lives = { { CONNECTING ">ESTABLISHED>CLOSED", "aborted" } } },
{ .name = "passive_open",
	.steps = { open_passive, k_abort, k_close_listener },
	.lives = { LISTENER, { CHILD ">CLOSED", "aborted" } } },
{ .name = "sim_open", .opens = 1,
	.steps = { sim_open, k_abort },
	.lives = { { SIMULTANEOUS ">ESTABLISHED>CLOSED", "aborted" } } },
{ .name = "sim_open_reset", .opens = 1, .fails = 1,
	.steps = { to_syn_recv, p_rst, k_gone },
	.lives = { { SIMULTANEOUS ">CLOSED", "reset" } } },
{ .name = "sim_open_abort", .opens = 1,
	.steps = { to_syn_recv, k_abort },
	.lives = { { SIMULTANEOUS ">CLOSED", "aborted" } } },
{ .name = "sim_open_disconnect", .opens = 1,
	.steps = { to_syn_recv, k_disconnect },
	.lives = { { SIMULTANEOUS ">CLOSED", "aborted" } } },
{ .name = "sim_open_timeout", .opens = 1, .fails = 1, .slow = true,
	.steps = { to_syn_recv, k_user_timeout, k_gone },
	.lives = { { SIMULTANEOUS ">CLOSED", "timeout" } } },
{ .name = "sim_open_close", .opens = 1,
	.steps = { to_syn_recv, k_close, p_ends_close },
	.lives = { { SIMULTANEOUS ">FIN_WAIT1>FIN_WAIT2+~TIME_WAIT" } } },
{ .name = "sim_open_shutdown", .opens = 1,
	.steps = { to_syn_recv, k_fin, p_got_syn_ack, p_ack, is_fin_wait1,
		   k_abort },
	.lives = { { SIMULTANEOUS ">ESTABLISHED>FIN_WAIT1>CLOSED",
		     "aborted" } } },
{ .name = "syn_cookie",
	.steps = { cookies_always, open_passive, k_abort, k_close_listener },
	.lives = { LISTENER, { CHILD ">CLOSED", "aborted" } } },
{ .name = "defer_accept",
	.steps = { defer_accept, handshake, p_data, k_accept, k_abort,
		   k_close_listener },
	.lives = { LISTENER, { CHILD ">CLOSED", "aborted" } } },
{ .name = "request_reset", .fails = 1,
	.steps = { listen_local, p_syn, p_got_syn_ack, p_rst, k_close_listener },
	.lives = { LISTENER, { "LISTEN~SYN_RECV~CLOSED", "reset" } } },
{ .name = "request_timeout", .slow = true,
	.steps = { no_synack_retries, listen_local, p_syn, p_got_syn_ack,
		   expect_no_request, k_close_listener },
	.lives = { LISTENER, { "LISTEN~SYN_RECV~CLOSED", "timeout" } } },
{ .name = "request_orphan", .slow = true,
	.steps = { listen_local, p_syn, p_got_syn_ack, k_close_listener,
		   expect_no_request },
	.lives = { LISTENER, { "LISTEN~SYN_RECV~CLOSED", "aborted" } } },
{ .name = "unaccepted",
	.steps = { listen_local, handshake, k_close_listener, p_got_rst },
	.lives = { LISTENER, { CHILD ">CLOSED", "aborted" } } },
{ .name = "unaccepted_fin",
	.steps = { listen_local, handshake, p_fin, k_close_listener, p_got_rst },
	.lives = { LISTENER, { CHILD ">CLOSE_WAIT>CLOSED", "aborted" } } },
{ .name = "fastopen_passive",
	.steps = { fastopen_child, p_got_syn_ack, p_ack, is_established, k_abort,
		   k_close_listener },
	.lives = { LISTENER, { CHILD ">CLOSED", "aborted" } } },
{ .name = "fastopen_reset", .fails = 2,
	.steps = { fastopen_child, p_rst, k_gone, k_close_listener },
	.lives = { LISTENER, { "LISTEN>SYN_RECV>CLOSED", "reset" } } },
{ .name = "fastopen_close",
	.steps = { fastopen_child, k_read, k_close, p_ends_close,
		   k_close_listener },
	.lives = { LISTENER,
		   { "LISTEN>SYN_RECV>FIN_WAIT1>FIN_WAIT2+~TIME_WAIT" } } },
{ .name = "fastopen_abort",
	.steps = { fastopen_child, k_abort, k_close_listener },
	.lives = { LISTENER, { "LISTEN>SYN_RECV>CLOSED", "aborted" } } },
{ .name = "fastopen_active", .opens = 1,
	.steps = { fastopen_connect, p_syn_ack, is_established, k_abort },
	.lives = { { CONNECTING ">ESTABLISHED>CLOSED", "aborted" } } },
{ .name = "fastopen_fin", .opens = 1,
	.steps = { fastopen_connect, p_syn_ack_fin, is_close_wait, k_abort },
	.lives = { { CONNECTING ">ESTABLISHED>CLOSE_WAIT>CLOSED",
		     "aborted" } } },
{ }
};
