// SPDX-License-Identifier: GPL-2.0
/*
 * stuck: who waits for memory that does not come (userfaultfd), as that of a file on
 * a server that does not answer.
 *
 *   stuck PORT COUNT   COUNT connections to PORT of 127.0.0.1, and both ends of
 *                      each; each client is in the middle of a write() from such
 *                      memory, and keeps its socket locked
 *   stuck FILE COUNT   COUNT readers of FILE, each in the middle of a read() into
 *                      such memory
 *
 * Prints "ready" when all are stuck, ends with its standard input.
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

static void *own_page(void)
{
	static int next;

	return memory + page * (size_t)__atomic_fetch_add(&next, 1,
							  __ATOMIC_RELAXED);
}

static void *write_it(void *arg)
{
	printf("write: %zd\n", write((int)(long)arg, own_page(), page));
	return NULL;
}

static void *read_it(void *arg)
{
	printf("read: %zd\n", read((int)(long)arg, own_page(), page));
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

static void connect_all(int port, int count)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	pthread_t thread;
	int listener;

	address.sin_port = htons((unsigned short)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = listen_at(&address);
	while (count--) {
		long fd = connect_to(&address);

		must(accept(listener, NULL, NULL) >= 0, "accept");
		must(!pthread_create(&thread, NULL, write_it, (void *)fd),
		     "pthread_create");
	}
}

static void read_all(const char *file, int count)
{
	pthread_t thread;

	while (count--) {
		long fd = open(file, O_RDONLY);

		must(fd >= 0, file);
		must(!pthread_create(&thread, NULL, read_it, (void *)fd),
		     "pthread_create");
	}
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0, faults;
	char c;

	if (count < 1 || count > 1000) {
		fprintf(stderr, "usage: stuck PORT|FILE COUNT (up to 1000)\n");
		return 1;
	}
	faults = make_memory((unsigned int)count);
	if (argv[1][0] == '/')
		read_all(argv[1], count);
	else
		connect_all(atoi(argv[1]), count);
	await_faults(faults, count);
	printf("ready\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
