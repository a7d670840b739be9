// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios with the peer: from ESTABLISHED to CLOSED, in every order of FINs,
 * and a reset, an abort and a time-out in each state on the way.
 */
#include <stddef.h>

#include "tcp_walk.h"

#define OPEN	"CLOSED>SYN_SENT>ESTABLISHED"
#define FIN1	OPEN ">FIN_WAIT1"
#define FIN2	FIN1 ">FIN_WAIT2"
#define CWAIT	OPEN ">CLOSE_WAIT"
#define LACK	CWAIT ">LAST_ACK"
#define CLOSING	FIN1 ">CLOSING"
#define CHILD	"LISTEN>SYN_RECV>ESTABLISHED"

void to_fin_wait1(struct conn *c)
{
	open_active(c);
	k_fin(c);
	k_want(c, c->fd, TCP_FIN_WAIT1);
}

void to_fin_wait2(struct conn *c)
{
	to_fin_wait1(c);
	p_got_fin(c);
	p_ack(c);
	k_want(c, c->fd, TCP_FIN_WAIT2);
}

/* The peer's FIN was on its way before it saw ours. */
void to_closing(struct conn *c)
{
	to_fin_wait1(c);
	p_fin(c);
	k_want(c, c->fd, TCP_CLOSING);
}

void to_close_wait(struct conn *c)
{
	open_active(c);
	p_fin(c);
	k_want(c, c->fd, TCP_CLOSE_WAIT);
}

void to_last_ack(struct conn *c)
{
	to_close_wait(c);
	k_fin(c);
	k_want(c, c->fd, TCP_LAST_ACK);
}

/* Closed by the application, the peer has acknowledged: a mini socket */
static void to_mini_fin_wait2(struct conn *c)
{
	open_active(c);
	k_close(c);
	p_got_fin(c);
	p_ack(c);
}

void to_time_wait(struct conn *c)
{
	to_mini_fin_wait2(c);
	p_fin(c);
}

/* Above 60 s the full socket waits in FIN_WAIT2 itself. */
static void to_long_fin_wait2(struct conn *c)
{
	open_active(c);
	k_int(c, c->fd, IPPROTO_TCP, TCP_LINGER2, 90);
	k_close(c);
	p_got_fin(c);
	p_ack(c);
}

static void linger2_short(struct conn *c)
{
	open_active(c);
	k_int(c, c->fd, IPPROTO_TCP, TCP_LINGER2, 1);
}

static void linger2_none(struct conn *c)
{
	k_int(c, c->fd, IPPROTO_TCP, TCP_LINGER2, -1);
}

static void keepalive(struct conn *c)
{
	open_active(c);
	k_int(c, c->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	k_int(c, c->fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
	k_int(c, c->fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	k_int(c, c->fd, IPPROTO_TCP, TCP_KEEPCNT, 1);
}

/* net_new() protects TIME_WAIT: not here. */
static void resets_end_time_wait(struct conn *c)
{
	(void)c;
	net_sysctl("tcp_rfc1337", "0");
}

/* A new connection of the peer from the port that is in TIME_WAIT here */
static void p_syn_again(struct conn *c)
{
	c->snd += 1 << 20;
	p_send(c, F_SYN, 0);
	p_expect(c, F_SYN | F_ACK);
	p_ack(c);
}

#define SCENARIO(_name, _path, _cause, ...) \
	{ .name = (_name), .opens = 1, .steps = { __VA_ARGS__ }, \
	  .lives = { { (_path), (_cause) } } }

const struct scenario close_scenarios[] = {
SCENARIO("est_reset", OPEN ">CLOSED", "reset", open_active, p_rst, k_gone),
SCENARIO("est_abort", OPEN ">CLOSED", "aborted", open_active, k_abort,
	 p_got_rst),
SCENARIO("est_disconnect", OPEN ">CLOSED", "aborted", open_active,
	 k_disconnect),
SCENARIO("est_close_unread", OPEN ">CLOSED", "aborted", open_active, p_data,
	 k_close, p_got_rst),
SCENARIO("est_timeout", OPEN ">CLOSED", "timeout", open_active, k_user_timeout,
	 k_data, k_gone),
{ .name = "est_keepalive", .opens = 1, .slow = true,
	.steps = { keepalive, k_gone },
	.lives = { { OPEN ">CLOSED", "timeout" } } },

SCENARIO("active_close", FIN2 ">TIME_WAIT", NULL, to_fin_wait2, p_fin, k_gone),
SCENARIO("active_close_orphan", FIN2 "+~TIME_WAIT", NULL, to_time_wait),
SCENARIO("active_close_fin_ack", FIN2 ">TIME_WAIT", NULL, to_fin_wait1,
	 p_got_fin, p_fin, k_gone),
SCENARIO("active_close_data", FIN2 ">TIME_WAIT", NULL, to_fin_wait2, p_data,
	 k_read, p_fin, k_read, k_gone),
SCENARIO("active_close_long", FIN2 ">TIME_WAIT", NULL, to_long_fin_wait2,
	 p_fin),

SCENARIO("fin_wait1_reset", FIN1 ">CLOSED", "reset", to_fin_wait1, p_rst,
	 k_gone),
SCENARIO("fin_wait1_abort", FIN1 ">CLOSED", "aborted", to_fin_wait1, k_abort),
SCENARIO("fin_wait1_disconnect", FIN1 ">CLOSED", "aborted", to_fin_wait1,
	 k_disconnect),
SCENARIO("fin_wait1_timeout", FIN1 ">CLOSED", "timeout", to_fin_wait1,
	 k_user_timeout, k_gone),
SCENARIO("fin_wait1_orphan_timeout", FIN1 ">CLOSED", "timeout", open_active,
	 k_user_timeout, k_close),
SCENARIO("fin_wait1_orphan_reset", FIN1 ">CLOSED", "reset", open_active,
	 k_close, p_rst),

SCENARIO("fin_wait2_reset", FIN2 ">CLOSED", "reset", to_fin_wait2, p_rst,
	 k_gone),
SCENARIO("fin_wait2_abort", FIN2 ">CLOSED", "aborted", to_fin_wait2, k_abort),
SCENARIO("fin_wait2_disconnect", FIN2 ">CLOSED", "aborted", to_fin_wait2,
	 k_disconnect),
SCENARIO("fin_wait2_linger2", FIN2 ">CLOSED", "aborted", to_fin_wait2,
	 linger2_none, k_close),
SCENARIO("fin_wait2_long_reset", FIN2 ">CLOSED", "reset", to_long_fin_wait2,
	 p_rst),
SCENARIO("fin_wait2_long_data", FIN2 ">CLOSED", NULL, to_long_fin_wait2, p_data,
	 p_got_rst),
SCENARIO("fin_wait2_mini_reset", FIN2 "+~CLOSED", "reset", to_mini_fin_wait2,
	 p_rst),
SCENARIO("fin_wait2_mini_data", FIN2 "+~CLOSED", NULL, to_mini_fin_wait2,
	 p_data, p_got_rst),
{ .name = "fin_wait2_mini_expire", .opens = 1, .slow = true,
	.steps = { linger2_short, k_close, p_got_fin, p_ack },
	.lives = { { FIN2 "+~CLOSED", "expired" } } },

SCENARIO("sim_close", CLOSING ">TIME_WAIT", NULL, to_closing, p_got_fin, p_ack,
	 k_gone),
SCENARIO("closing_reset", CLOSING ">CLOSED", "reset", to_closing, p_rst,
	 k_gone),
SCENARIO("closing_abort", CLOSING ">CLOSED", "aborted", to_closing, k_abort),
SCENARIO("closing_disconnect", CLOSING ">CLOSED", "aborted", to_closing,
	 k_disconnect),
SCENARIO("closing_timeout", CLOSING ">CLOSED", "timeout", to_closing,
	 k_user_timeout, k_gone),

SCENARIO("passive_close", LACK ">CLOSED", "normal", to_last_ack, p_got_fin,
	 p_ack, k_gone),
SCENARIO("passive_close_orphan", LACK ">CLOSED", "normal", to_close_wait,
	 k_close, p_got_fin, p_ack),
SCENARIO("passive_close_data", LACK ">CLOSED", "normal", to_close_wait, k_data,
	 k_close, p_got_fin, p_ack),
SCENARIO("close_wait_reset", CWAIT ">CLOSED", "reset", to_close_wait, p_rst,
	 k_gone),
SCENARIO("close_wait_abort", CWAIT ">CLOSED", "aborted", to_close_wait,
	 k_abort),
SCENARIO("close_wait_disconnect", CWAIT ">CLOSED", "aborted", to_close_wait,
	 k_disconnect),
SCENARIO("close_wait_timeout", CWAIT ">CLOSED", "timeout", to_close_wait,
	 k_user_timeout, k_data, k_gone),
SCENARIO("last_ack_reset", LACK ">CLOSED", "reset", to_last_ack, p_rst, k_gone),
SCENARIO("last_ack_abort", LACK ">CLOSED", "aborted", to_last_ack, k_abort),
SCENARIO("last_ack_disconnect", LACK ">CLOSED", "aborted", to_last_ack,
	 k_disconnect),
SCENARIO("last_ack_timeout", LACK ">CLOSED", "timeout", to_last_ack,
	 k_user_timeout, k_gone),

SCENARIO("time_wait_reset", FIN2 "+~TIME_WAIT~CLOSED", "reused",
	 resets_end_time_wait, to_time_wait, p_rst),
{ .name = "time_wait_reuse",
	.steps = { open_passive, k_close, p_got_fin, p_fin, p_syn_again, k_accept,
		   k_abort, k_close_listener },
	.lives = { { "CLOSED>LISTEN>CLOSED", "normal" },
		   { CHILD ">FIN_WAIT1>FIN_WAIT2>TIME_WAIT~CLOSED", "reused" },
		   { CHILD ">CLOSED", "aborted" } } },
{ }
};
