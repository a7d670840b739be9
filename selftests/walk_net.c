// SPDX-License-Identifier: GPL-2.0
/* The ground under a scenario: namespace, addresses, sockets. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tcp_walk.h"

/* As in linux/ipv6.h, which does not get on with netinet/in.h */
struct walk_in6_ifreq {
	struct in6_addr addr;
	uint32_t prefixlen;
	int ifindex;
};

static const char * const addr4[] = {
	[A_LOOP] = "127.0.0.1", [A_LOCAL] = "198.18.0.1",
	[A_PEER] = "198.18.0.2",
};

static const char * const addr6[] = {
	[A_LOOP] = "::1", [A_LOCAL] = "2001:db8::1", [A_PEER] = "2001:db8::2",
};

long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Between two looks at something that takes time */
void nap(void)
{
	usleep(5000);
}

/* Scenarios must not change a machine's own network. */
static void refuse_init_net(void)
{
	struct stat own, init;

	if (stat("/proc/self/ns/net", &own) || stat("/proc/1/ns/net", &init))
		return;
	if (own.st_ino == init.st_ino && own.st_dev == init.st_dev)
		die(NULL, "needs its own network namespace: use -N");
}

/* Go to a new network namespace. */
void net_new(void)
{
	if (unshare(CLONE_NEWNET))
		die(NULL, "cannot make a network namespace (be root): %s",
		    strerror(errno));
	net_up("lo");
	/*
	 * On a slow machine a FIN is sent twice: the second is answered from
	 * TIME_WAIT, that answer by a reset, which would end TIME_WAIT.
	 */
	net_sysctl("tcp_rfc1337", "1");
}

void net_up(const char *name)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr))
		die(NULL, "no interface %s: %s", name, strerror(errno));
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		die(NULL, "cannot set %s up: %s", name, strerror(errno));
	close(fd);
}

void net_sysctl(const char *name, const char *value)
{
	char path[128];
	int fd;

	refuse_init_net();
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		skip("cannot set %s to %s: %s", path, value, strerror(errno));
	close(fd);
}

/* The address of @who as sockets of this run see it */
socklen_t net_addr(struct sockaddr_storage *ss, enum walk_addr who,
		   uint16_t port)
{
	struct sockaddr_in6 *in6 = (void *)ss;
	struct sockaddr_in *in = (void *)ss;
	char text[64];

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = walk.family;
	if (walk.family == AF_INET) {
		in->sin_port = htons(port);
		inet_pton(AF_INET, addr4[who], &in->sin_addr);
		return sizeof(*in);
	}
	in6->sin6_port = htons(port);
	snprintf(text, sizeof(text), "%s%s", walk.v6 ? "" : "::ffff:",
		 walk.v6 ? addr6[who] : addr4[who]);
	inet_pton(AF_INET6, text, &in6->sin6_addr);
	return sizeof(*in6);
}

static void tun_addr4(const char *name)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *in = (void *)&ifr.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	in->sin_family = AF_INET;
	inet_pton(AF_INET, addr4[A_LOCAL], &in->sin_addr);
	if (fd < 0 || ioctl(fd, SIOCSIFADDR, &ifr))
		die(NULL, "cannot give %s an address: %s", name,
		    strerror(errno));
	inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
	if (ioctl(fd, SIOCSIFNETMASK, &ifr))
		die(NULL, "cannot give %s a mask: %s", name, strerror(errno));
	close(fd);
}

/* Does the kernel take packets to our address for its own yet? */
static bool has_local_route(const struct sockaddr_storage *ss)
{
	const struct in6_addr *addr =
		&((const struct sockaddr_in6 *)ss)->sin6_addr;
	char start[40], line[256];
	bool found = false;
	size_t i;
	FILE *f;

	for (i = 0; i < 16; i++)
		sprintf(start + 2 * i, "%02x", addr->s6_addr[i]);
	strcat(start, " 80 ");
	f = fopen("/proc/net/ipv6_route", "r");
	if (!f)
		return true;
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, start, 36);
	fclose(f);
	return found;
}

/*
 * A new IPv6 address is good only after a work item has looked at it: it can be
 * bound to then, and a little later has a route.
 */
static void await_addr6(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr(&ss, A_LOCAL, 0);
	long end = now_ms() + WALK_WAIT_MS;

	while (bind(fd, (void *)&ss, len)) {
		if (now_ms() > end)
			die(NULL, "the IPv6 address does not come up: %s",
			    strerror(errno));
		nap();
	}
	while (!has_local_route(&ss)) {
		if (now_ms() > end)
			die(NULL, "the IPv6 address gets no route");
		nap();
	}
}

static void tun_addr6(const char *name)
{
	struct walk_in6_ifreq ifr = { .prefixlen = 64 };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	ifr.ifindex = if_nametoindex(name);
	inet_pton(AF_INET6, addr6[A_LOCAL], &ifr.addr);
	if (fd < 0 || ioctl(fd, SIOCSIFADDR, &ifr))
		skip("no IPv6 on %s: %s", name, strerror(errno));
	await_addr6(fd);
	close(fd);
}

/* The TUN device, made on first use */
int net_tun(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	if (walk.tun >= 0)
		return walk.tun;
	refuse_init_net();
	walk.tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (walk.tun < 0)
		skip("no /dev/net/tun (modprobe tun): %s", strerror(errno));
	if (ioctl(walk.tun, TUNSETIFF, &ifr))
		die(NULL, "cannot make a TUN device: %s", strerror(errno));
	net_up(ifr.ifr_name);
	if (walk.v6)
		tun_addr6(ifr.ifr_name);
	else
		tun_addr4(ifr.ifr_name);
	return walk.tun;
}
