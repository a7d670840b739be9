// SPDX-License-Identifier: GPL-2.0
/*
 * The peer: builds and reads TCP segments on a TUN device.
 *
 * It keeps one sequence number each way and takes nothing on its own account:
 * what the kernel sent is acknowledged only after a p_expect() has taken it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tcp_walk.h"

#define F_MASK	(F_SYN | F_FIN | F_RST | F_ACK)

struct tcp_wire {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t off, flags;
	uint16_t window, sum, urg;
};

static uint32_t sum16(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

static size_t put_ip4(void *pkt, uint16_t tcp_len, uint32_t *pseudo)
{
	struct sockaddr_storage src, dst;
	struct iphdr *ip = pkt;

	net_addr(&src, A_PEER, 0);
	net_addr(&dst, A_LOCAL, 0);
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(sizeof(*ip) + tcp_len);
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	if (walk.family == AF_INET) {
		ip->saddr = ((struct sockaddr_in *)&src)->sin_addr.s_addr;
		ip->daddr = ((struct sockaddr_in *)&dst)->sin_addr.s_addr;
	} else {
		memcpy(&ip->saddr,
		       &((struct sockaddr_in6 *)&src)->sin6_addr.s6_addr[12], 4);
		memcpy(&ip->daddr,
		       &((struct sockaddr_in6 *)&dst)->sin6_addr.s6_addr[12], 4);
	}
	ip->check = sum_fold(sum16(0, ip, sizeof(*ip)));
	*pseudo = sum16(*pseudo, &ip->saddr, 8);
	return sizeof(*ip);
}

static size_t put_ip6(void *pkt, uint16_t tcp_len, uint32_t *pseudo)
{
	struct sockaddr_storage src, dst;
	struct ip6_hdr *ip = pkt;

	net_addr(&src, A_PEER, 0);
	net_addr(&dst, A_LOCAL, 0);
	memset(ip, 0, sizeof(*ip));
	ip->ip6_flow = htonl(6u << 28);
	ip->ip6_plen = htons(tcp_len);
	ip->ip6_nxt = IPPROTO_TCP;
	ip->ip6_hlim = 64;
	ip->ip6_src = ((struct sockaddr_in6 *)&src)->sin6_addr;
	ip->ip6_dst = ((struct sockaddr_in6 *)&dst)->sin6_addr;
	*pseudo = sum16(*pseudo, &ip->ip6_src, 32);
	return sizeof(*ip);
}

/* Send one segment: the state that it causes is reached when this returns. */
void p_send(struct conn *c, uint8_t flags, uint32_t len)
{
	uint16_t tcp_len = sizeof(struct tcp_wire) + len;
	uint32_t pseudo = IPPROTO_TCP + tcp_len;
	uint8_t pkt[256] = { 0 };
	struct tcp_wire *t;
	size_t ip_len;

	if (walk.v6)
		ip_len = put_ip6(pkt, tcp_len, &pseudo);
	else
		ip_len = put_ip4(pkt, tcp_len, &pseudo);
	t = (void *)(pkt + ip_len);
	t->sport = htons(WALK_PEER_PORT + c->idx);
	t->dport = htons(c->port);
	t->seq = htonl(c->snd);
	t->ack = flags & F_ACK ? htonl(c->rcv) : 0;
	t->off = sizeof(*t) / 4 << 4;
	t->flags = flags;
	t->window = htons(65535);
	t->sum = sum_fold(sum16(pseudo, t, tcp_len));
	if (write(net_tun(), pkt, ip_len + tcp_len) < 0)
		die(c, "cannot write to the TUN device: %s", strerror(errno));
	c->snd += len + !!(flags & F_SYN) + !!(flags & F_FIN);
}

/* Hand a packet of the kernel to the connection that it belongs to. */
static void deliver(const uint8_t *pkt, size_t len)
{
	size_t ip_len, total;
	const struct tcp_wire *t;
	struct conn *c;
	unsigned int idx;

	if (len >= 20 && pkt[0] >> 4 == 4 && pkt[9] == IPPROTO_TCP) {
		ip_len = (pkt[0] & 15) * 4;
		total = pkt[2] << 8 | pkt[3];
	} else if (len >= 40 && pkt[0] >> 4 == 6 && pkt[6] == IPPROTO_TCP) {
		ip_len = 40;
		total = 40 + (pkt[4] << 8 | pkt[5]);
	} else {
		return;		/* router solicitations and the like */
	}
	if (total > len || total < ip_len + sizeof(*t))
		return;
	t = (const void *)(pkt + ip_len);
	idx = ntohs(t->dport) - WALK_PEER_PORT;
	if (idx >= walk.n)
		return;
	c = &walk.conns[idx];
	if (c->head - c->tail == CONN_SEGS)
		c->tail++;
	c->segs[c->head++ % CONN_SEGS] = (struct seg) {
		.seq = ntohl(t->seq),
		.len = total - ip_len - (t->off >> 4) * 4,
		.port = ntohs(t->sport),
		.flags = t->flags,
	};
}

static bool tun_read(int timeout_ms)
{
	struct pollfd pfd = { .fd = net_tun(), .events = POLLIN };
	uint8_t pkt[2048];
	ssize_t len;

	if (poll(&pfd, 1, timeout_ms) <= 0)
		return false;
	len = read(pfd.fd, pkt, sizeof(pkt));
	if (len > 0)
		deliver(pkt, len);
	return true;
}

static bool next_seg(struct conn *c, struct seg *s)
{
	long end = now_ms() + WALK_WAIT_MS;

	while (c->head == c->tail)
		if (!tun_read(100) && now_ms() > end)
			return false;
	*s = c->segs[c->tail++ % CONN_SEGS];
	return true;
}

/*
 * Wait for a segment with exactly these of SYN, FIN, RST and ACK; what comes
 * before it is passed over.
 */
void p_expect(struct conn *c, uint8_t flags)
{
	struct seg s;

	do {
		if (!next_seg(c, &s))
			die(c, "the kernel sent no segment with flags %#x",
			    flags);
	} while ((s.flags & F_MASK) != flags);
	c->port = s.port;
	c->rcv = s.seq + s.len + !!(flags & F_SYN) + !!(flags & F_FIN);
}

void p_ack(struct conn *c)
{
	p_send(c, F_ACK, 0);
}

void p_fin(struct conn *c)
{
	p_send(c, F_FIN | F_ACK, 0);
}

void p_rst(struct conn *c)
{
	p_send(c, F_RST | F_ACK, 0);
}

void p_data(struct conn *c)
{
	p_send(c, F_PSH | F_ACK, 4);
}

void p_got_fin(struct conn *c)
{
	p_expect(c, F_FIN | F_ACK);
}

void p_got_rst(struct conn *c)
{
	struct seg s;

	do {
		if (!next_seg(c, &s))
			die(c, "the kernel sent no reset");
	} while (!(s.flags & F_RST));
}
