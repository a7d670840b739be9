/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tcp_walk: walks TCP sockets through named scenarios.
 *
 * One end is always the kernel under test.  The other end is either the
 * kernel too (loopback) or a peer in this program behind a TUN device, which
 * sends exactly the segments that a scenario asks for and no others: write()
 * on the TUN file runs the kernel's TCP input before it returns, so nothing
 * here depends on timing.
 *
 * A scenario is a list of steps.  Each step is done for all connections
 * before the next begins, so time-outs of many connections run side by side.
 */
#ifndef TCP_WALK_H
#define TCP_WALK_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define WALK_MAX	8192	/* connections at once */
#define WALK_PORT	10000	/* first port of the sockets under test */
#define WALK_PEER_PORT	20000	/* first port of the peer */
#define WALK_STEPS	14
#define WALK_LIVES	12
#define WALK_STATES	13	/* TCP_ESTABLISHED .. TCP_NEW_SYN_RECV */
#define WALK_WAIT_MS	20000	/* longest wait for anything */

/* Exit codes */
#define WALK_FAIL	1
#define WALK_USAGE	2
#define WALK_SKIP	4

/* TCP header flags */
#define F_FIN	0x01
#define F_SYN	0x02
#define F_RST	0x04
#define F_PSH	0x08
#define F_ACK	0x10

/* A segment that the kernel sent to the peer */
struct seg {
	uint32_t seq;
	uint32_t len;
	uint16_t port;		/* the kernel's */
	uint8_t flags;
};

#define CONN_SEGS	16	/* power of two */

struct conn {
	int fd;			/* the socket under test; -1: closed */
	int sfd;		/* loopback: the server's end */
	int lfd;		/* listener */
	unsigned int idx;
	uint16_t port;		/* the kernel's port, learnt from its segments */
	uint32_t snd;		/* next sequence number of the peer */
	uint32_t rcv;		/* what the peer acknowledges */
	unsigned int head, tail;
	struct seg segs[CONN_SEGS];
};

/*
 * The life of one socket: the states that it passes, joined by
 *   >  an edge made by a full socket
 *   ~  an edge made by a request socket or a mini socket
 * A plus sign behind FIN_WAIT2 says that a mini socket takes over there.
 * The tracepoint shows a full socket that moves on to a mini socket as closed
 * and nothing of what requests and mini sockets do.
 */
struct life {
	const char *path;
	const char *cause;	/* of the last edge, if it leads to CLOSED */
};

typedef void (*step_fn)(struct conn *c);

struct scenario {
	const char *name;
	step_fn steps[WALK_STEPS];
	struct life lives[WALK_LIVES];	/* per repetition */
	/* What TcpActiveOpens and TcpAttemptFails count per repetition */
	unsigned char opens, fails;
	bool slow;			/* waits for a timer of a second or more */
	bool loose;			/* the kernel chooses the order of edges */
	bool mix;			/* each connection leads one of the lives */
};

enum walk_addr { A_LOOP, A_LOCAL, A_PEER };

/* One run of one scenario */
struct walk {
	const struct scenario *s;
	struct conn *conns;
	unsigned int n;
	unsigned int step;		/* being done, for messages */
	int family;			/* of the sockets */
	bool v6;			/* IPv6 on the wire */
	int tun;			/* -1: not yet open */
};

extern struct walk walk;

/* tcp_walk.c */
void die(const struct conn *c, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* walk_expect.c: what a scenario's table says, in words and numbers */
extern const char * const state_names[WALK_STATES];
void expect_print(const struct scenario *s, unsigned int n);
void expect_settle(const struct scenario *s, unsigned int n);
void expect_no_request(struct conn *c);

/* walk_report.c: what other sources say, for walk.awk */
void report_clear(const char *trace);
void report_print(const char *trace);

/* walk_net.c: namespace, addresses, sockets under test (k_ = kernel) */
long now_ms(void);
void nap(void);
void net_new(void);
void net_up(const char *name);
void net_sysctl(const char *name, const char *value);
socklen_t net_addr(struct sockaddr_storage *ss, enum walk_addr who,
		   uint16_t port);
int net_tun(void);

int k_socket(const struct conn *c, int proto);
void k_bind(const struct conn *c, int fd, enum walk_addr who, uint16_t port);
void k_int(const struct conn *c, int fd, int level, int opt, int val);
void k_want(const struct conn *c, int fd, int state);
void k_listen_on(struct conn *c, enum walk_addr who);
void k_start(struct conn *c);	/* connect() to the peer, do not wait */
void k_close(struct conn *c);	/* the socket under test */
void k_close_listener(struct conn *c);
void k_accept(struct conn *c);
void k_abort(struct conn *c);	/* close with SO_LINGER 0 */
void k_fin(struct conn *c);	/* shutdown(SHUT_WR) */
void k_disconnect(struct conn *c);
void k_data(struct conn *c);
void k_read(struct conn *c);
void k_gone(struct conn *c);	/* is CLOSED; close the file */
void k_user_timeout(struct conn *c);

/* walk_peer.c: the peer behind the TUN device (p_) */
void p_expect(struct conn *c, uint8_t flags);
void p_send(struct conn *c, uint8_t flags, uint32_t len);
void p_ack(struct conn *c);
void p_fin(struct conn *c);
void p_rst(struct conn *c);
void p_data(struct conn *c);
void p_got_fin(struct conn *c);
void p_got_rst(struct conn *c);

/* walk_open.c, walk_close.c, walk_loop.c: the scenarios */
void open_active(struct conn *c);
void open_passive(struct conn *c);
void to_syn_sent(struct conn *c);
void to_syn_recv(struct conn *c);
void to_fin_wait1(struct conn *c);
void to_fin_wait2(struct conn *c);
void to_closing(struct conn *c);
void to_close_wait(struct conn *c);
void to_last_ack(struct conn *c);
void to_time_wait(struct conn *c);

extern const struct scenario open_scenarios[];
extern const struct scenario close_scenarios[];
extern const struct scenario loop_scenarios[];

#endif /* TCP_WALK_H */
