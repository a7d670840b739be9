// SPDX-License-Identifier: GPL-2.0
/*
 * To be loaded before libmnl (LD_PRELOAD): what the kernel answers is appended
 * to the file that FUZZ_RECORD names, as fuzz_lib.c reads it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

/* Numbers of one run would not fit the next one; 0 fits all. */
static void forget_numbers(char *buf, int len)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		nlh->nlmsg_seq = 0;
		nlh->nlmsg_pid = 0;
	}
}

static void record(const char *path, const void *buf, size_t len)
{
	unsigned char head[2] = { len & 0xff, len >> 8 };
	char *copy = malloc(len);
	FILE *file = fopen(path, "ab");

	if (!file || !copy)
		abort();
	memcpy(copy, buf, len);
	forget_numbers(copy, (int)len);
	fwrite(head, sizeof(head), 1, file);
	fwrite(copy, len, 1, file);
	if (fclose(file))
		abort();
	free(copy);
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	ssize_t (*real)(const struct mnl_socket *nl, void *buf, size_t size);
	const char *path = getenv("FUZZ_RECORD");
	ssize_t len;

	*(void **)&real = dlsym(RTLD_NEXT, "mnl_socket_recvfrom");
	len = real(nl, buf, size);
	if (path && len > 0)
		record(path, buf, (size_t)len);
	return len;
}
