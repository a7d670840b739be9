// SPDX-License-Identifier: GPL-2.0
/*
 * fault: one system call, or a few, with the kernel's nth memory allocation
 * failing (Documentation/fault-injection).  What counts as an allocation is up
 * to the attributes of failslab and fail_page_alloc.
 *
 * Prints "failed" if one was made to fail, "spared" if there are fewer than
 * that, and the errno, 0 if all went well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *file, *argument = "";

static int load(void)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return syscall(SYS_finit_module, fd, argument, 0) ? errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, file, O_NONBLOCK) ? errno : 0;
}

static char text[1 << 16];
static size_t text_len;

static int read_file(void)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return errno;
	while (text_len < sizeof(text) &&
	       (n = read(fd, text + text_len, sizeof(text) - text_len)) > 0)
		text_len += n;
	return n < 0 ? errno : 0;
}

/* What was read, complete or not: when no allocation fails any more */
static int write_copy(void)
{
	FILE *out = fopen(argument, "w");

	if (!out || fwrite(text, 1, text_len, out) != text_len || fclose(out)) {
		perror(argument);
		return 1;
	}
	return 0;
}

static int new_namespace(void)
{
	return unshare(CLONE_NEWNET) ? errno : 0;
}

static const struct {
	const char *name;
	int (*call)(void);
} calls[] = {
	{ "load", load }, { "unload", unload }, { "read", read_file },
	{ "netns", new_namespace },
};

static int run(const char *nth, int (*call)(void))
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR), err;
	char left[16] = "";

	printf(" "); /* its buffer is made now */
	fflush(stdout);
	if (fd < 0 || write(fd, nth, strlen(nth)) < 0) {
		perror("fault: fail-nth");
		return 1;
	}
	err = call();
	if (pread(fd, left, sizeof(left) - 1, 0) < 0 || write(fd, "0", 1) < 0) {
		perror("fault: fail-nth");
		return 1;
	}
	/* How many there were, if all were spared */
	printf("%s %d %d\n", atoi(left) ? "spared" : "failed", err,
	       atoi(nth) - atoi(left));
	return call == read_file ? write_copy() : 0;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc > 3)
		file = argv[3];
	if (argc > 4)
		argument = argv[4];
	for (i = 0; argc > 2 && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(argv[2], calls[i].name))
			return run(argv[1], calls[i].call);
	fprintf(stderr,
		"Usage: fault N load FILE [PARAMETERS]\n"
		"       fault N unload MODULE\n"
		"       fault N read FILE COPY\n"
		"       fault N netns\n");
	return 2;
}
