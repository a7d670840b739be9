// SPDX-License-Identifier: GPL-2.0
/*
 * stuck: connections whose lock somebody keeps.
 *
 *   stuck PORT COUNT   COUNT connections to PORT of 127.0.0.1, and both ends of
 *                      each; each client is in the middle of a write() from
 *                      memory that does not come (userfaultfd), as that of a file
 *                      on a server that does not answer.  Prints "ready" when all
 *                      are, ends with its standard input
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static size_t page;
static char *memory;

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

/* Pages that are waited for until this process ends */
static int make_memory(unsigned int pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	must(fd >= 0 && !ioctl(fd, UFFDIO_API, &api), "userfaultfd");
	page = (size_t)sysconf(_SC_PAGESIZE);
	memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory != MAP_FAILED, "mmap");
	all.range.start = (unsigned long)memory;
	all.range.len = pages * page;
	must(!ioctl(fd, UFFDIO_REGISTER, &all), "UFFDIO_REGISTER");
	return fd;
}

static int listen_at(struct sockaddr_in *address)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(!bind(fd, (void *)address, sizeof(*address)) && !listen(fd, 1024),
	     "listen");
	return fd;
}

static int connect_to(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(!connect(fd, (void *)address, sizeof(*address)), "connect");
	return fd;
}

static void *write_it(void *arg)
{
	static int next;
	int i = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
	ssize_t n = write((int)(long)arg, memory + (size_t)i * page, page);

	printf("write: %zd\n", n);
	return NULL;
}

/* A fault is reported by the kernel when the writer waits for its page. */
static void await_faults(int fd, int count)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	while (count--) {
		must(poll(&wait, 1, 10000) == 1, "poll");
		must(read(fd, &msg, sizeof(msg)) == sizeof(msg), "read");
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int i, count, faults, listener;
	pthread_t thread;

	if (argc != 3 || atoi(argv[2]) < 1 || atoi(argv[2]) > 1000) {
		fprintf(stderr, "usage: stuck PORT COUNT (up to 1000)\n");
		return 1;
	}
	count = atoi(argv[2]);
	address.sin_port = htons((unsigned short)atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	faults = make_memory((unsigned int)count);
	listener = listen_at(&address);
	for (i = 0; i < count; i++) {
		long fd = connect_to(&address);

		must(accept(listener, NULL, NULL) >= 0, "accept");
		must(!pthread_create(&thread, NULL, write_it, (void *)fd),
		     "pthread_create");
	}
	await_faults(faults, count);
	printf("ready\n");
	fflush(stdout);
	while (read(0, &i, 1) > 0)
		;
	return 0;
}
