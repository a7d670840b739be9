// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and attaches rival.bpf, says "attached", waits for SIGINT, and says how
 * many connections were opened: CLOSED (7) to SYN_SENT (2).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The first of a value that every CPU has one of is its count. */
static unsigned long long opened(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "edges");
	size_t size = (bpf_map__value_size(map) + 7) / 8 * 8;
	int cpus = libbpf_num_possible_cpus(), cpu;
	unsigned int key = 7 << 4 | 2;
	unsigned long long sum = 0;
	char *values = calloc(cpus, size);

	if (!values || bpf_map_lookup_elem(bpf_map__fd(map), &key, values))
		fail("edges");
	for (cpu = 0; cpu < cpus; cpu++)
		sum += *(unsigned long long *)(values + cpu * size);
	return sum;
}

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;
	sigset_t set;
	int signal;

	if (argc != 2) {
		fprintf(stderr, "usage: rival FILE\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		fail(argv[1]);
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			fail(bpf_program__name(program));
	puts("attached");
	fflush(stdout);
	sigwait(&set, &signal);
	printf("opened %llu\n", opened(object));
	return 0;
}
