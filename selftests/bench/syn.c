// SPDX-License-Identifier: GPL-2.0
/*
 * The load "syn": SYNs that nobody means, each from another address, to a
 * listener on this machine.  guest.sh routes the answers to where nobody is.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include "load.h"

#define LISTENER	"198.51.100.1"
#define SENDERS		0xc6120000	/* 198.18.0.0/15 (RFC 2544) */

static struct {
	struct iphdr ip;
	struct tcphdr tcp;
} packet;

static struct sockaddr_in to;
static uint32_t sender = SENDERS;
static int raw;

static uint32_t sum(const void *data, size_t size)
{
	const unsigned char *byte = data;
	uint32_t total = 0;
	size_t i;

	for (i = 0; i < size; i += 2)
		total += byte[i] << 8 | byte[i + 1];
	return total;
}

/* RFC 9293, 3.1: over addresses, protocol, length, and the segment */
static uint16_t checksum(void)
{
	uint32_t total = sum(&packet.ip.saddr, 8) + IPPROTO_TCP +
			 sizeof(packet.tcp) + sum(&packet.tcp,
						  sizeof(packet.tcp));

	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons(~total);
}

void begin_syn(void)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_family = AF_INET;
	to.sin_port = htons(PORT);
	inet_pton(AF_INET, LISTENER, &to.sin_addr);
	if (bind(listener, (void *)&to, sizeof(to)) || listen(listener, 65535))
		fail("listen");
	raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (raw < 0)
		fail("raw socket");
	packet.ip.version = 4;
	packet.ip.ihl = 5;
	packet.ip.tot_len = htons(sizeof(packet));
	packet.ip.ttl = 64;
	packet.ip.protocol = IPPROTO_TCP;
	packet.ip.daddr = to.sin_addr.s_addr;
	packet.tcp.source = htons(1024);
	packet.tcp.dest = htons(PORT);
	packet.tcp.doff = sizeof(packet.tcp) / 4;
	packet.tcp.syn = 1;
	packet.tcp.window = htons(1024);
}

void do_syn(void)
{
	packet.ip.saddr = htonl(++sender);
	packet.tcp.check = 0;
	packet.tcp.check = checksum();
	if (sendto(raw, &packet, sizeof(packet), 0, (void *)&to,
		   sizeof(to)) != sizeof(packet))
		fail("send");
}
