// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl hist
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conns.h"
#include "duration.h"
#include "filter.h"

#define BAR	40	/* characters of the longest one */
#define UNIT_NS	1024	/* what the module's buckets are made of */
#define SLOTS	64

/**
 * struct sum - several histograms as one
 * @bucket:	in the order of time
 * @nr:		length of @bucket
 * @total:	of all counts
 * @longest_us:	the longest time
 * @edges:	how many transitions were put together
 */
struct sum {
	struct tcpstates_bucket bucket[TCPSTATES_BUCKETS_MAX];
	size_t nr;
	unsigned long long total;
	unsigned long long longest_us;
	unsigned int edges;
};

/* All histograms have the same buckets, so those that begin alike are alike. */
static void add_bucket(struct sum *sum, const struct tcpstates_bucket *b)
{
	size_t i = 0;

	while (i < sum->nr && sum->bucket[i].low_ns < b->low_ns)
		i++;
	sum->total += b->count;
	if (i < sum->nr && sum->bucket[i].low_ns == b->low_ns) {
		sum->bucket[i].count += b->count;
		return;
	}
	if (sum->nr == TCPSTATES_BUCKETS_MAX)
		return;
	memmove(&sum->bucket[i + 1], &sum->bucket[i],
		(sum->nr - i) * sizeof(*b));
	sum->bucket[i] = *b;
	sum->nr++;
}

static int add_hist(const struct tcpstates_hist *hist, void *arg)
{
	struct sum *sum = arg;
	size_t i;

	for (i = 0; i < hist->nr_buckets; i++)
		add_bucket(sum, &hist->bucket[i]);
	if (hist->dwell.max_us.known &&
	    hist->dwell.max_us.value > sum->longest_us)
		sum->longest_us = hist->dwell.max_us.value;
	sum->edges++;
	return 0;
}

/* The middle of a bucket is at most 12.5 % off; rounded up, as in /proc. */
static unsigned long long middle_us(const struct tcpstates_bucket *b)
{
	return (b->low_ns + (b->high_ns - b->low_ns) / 2 + 999) / 1000;
}

/* @permille of the times were not longer. */
static unsigned long long quantile_us(const struct sum *sum,
				      unsigned int permille)
{
	unsigned long long rank, seen = 0;
	size_t i;

	rank = sum->total / 1000 * permille +
	       (sum->total % 1000 * permille + 999) / 1000;
	for (i = 0; i < sum->nr; i++) {
		seen += sum->bucket[i].count;
		if (seen >= rank && seen)
			break;
	}
	if (i == sum->nr)
		return sum->longest_us;
	rank = middle_us(&sum->bucket[i]);
	return rank < sum->longest_us ? rank : sum->longest_us;
}

static const struct {
	const char *name;
	unsigned int permille;
} percentiles[] = {
	{ "p1", 10 }, { "p10", 100 }, { "p25", 250 }, { "p50", 500 },
	{ "p75", 750 }, { "p90", 900 }, { "p95", 950 }, { "p99", 990 },
	{ "p99.9", 999 },
};

#define NR_PERCENTILES	(sizeof(percentiles) / sizeof(percentiles[0]))

static void print_percentiles(const struct sum *sum)
{
	char text[DURATION_SIZE];
	size_t i;

	printf("%llu times\n", sum->total);
	for (i = 0; sum->total && i < NR_PERCENTILES; i++)
		printf("%-6s %10s\n", percentiles[i].name,
		       duration_format(text, quantile_us(sum, percentiles[i].permille)));
	if (sum->total)
		printf("%-6s %10s\n", "max",
		       duration_format(text, sum->longest_us));
}

/* The line of a bucket: 0 is below one unit, each next one twice as long. */
static unsigned int slot_of(const struct tcpstates_bucket *b)
{
	unsigned long long units = b->low_ns / UNIT_NS;

	return units ? 64 - __builtin_clzll(units) : 0;
}

static void print_bar(unsigned int slot, unsigned long long count,
		      unsigned long long most)
{
	char from[DURATION_SIZE], to[DURATION_SIZE], bar[BAR + 1];
	unsigned long long low = slot ? 1ULL << (slot - 1) : 0;
	int len = (int)((double)count / (double)most * BAR + 0.5);

	memset(bar, '*', BAR);
	bar[len] = '\0';
	printf("%9s -> %-9s : %-10llu |%-*s|\n",
	       duration_format(from, low * UNIT_NS / 1000),
	       duration_format(to, (1ULL << slot) * UNIT_NS / 1000), count, BAR,
	       bar);
}

static void print_bars(const struct sum *sum)
{
	unsigned long long count[SLOTS] = { 0 }, most = 1;
	unsigned int slot, first = SLOTS, last = 0;
	size_t i;

	for (i = 0; i < sum->nr; i++) {
		slot = slot_of(&sum->bucket[i]);
		count[slot] += sum->bucket[i].count;
		first = slot < first ? slot : first;
		last = slot > last ? slot : last;
		most = count[slot] > most ? count[slot] : most;
	}
	if (!sum->total)
		puts("No time has been measured yet.");
	else
		puts("     time in it         : count");
	for (slot = first; slot <= last && first < SLOTS; slot++)
		print_bar(slot, count[slot], most);
}

static void print_json(const struct sum *sum, const char *what, bool pretty)
{
	struct json_object *root = json_new(), *buckets = json_new_list();
	struct json_object *list = json_new(), *bucket;
	size_t i;

	json_add_uint(root, "version", 1);
	json_add_lower(root, "of", what);
	json_add_uint(root, "count", sum->total);
	for (i = 0; sum->total && i < NR_PERCENTILES; i++)
		json_add_uint(list, percentiles[i].name,
			      quantile_us(sum, percentiles[i].permille));
	if (sum->total)
		json_add_uint(list, "max", sum->longest_us);
	json_add(root, "dwell_us", list);
	for (i = 0; i < sum->nr; i++) {
		bucket = json_new();
		json_add_uint(bucket, "low_ns", sum->bucket[i].low_ns);
		json_add_uint(bucket, "high_ns", sum->bucket[i].high_ns);
		json_add_uint(bucket, "count", sum->bucket[i].count);
		json_append(buckets, bucket);
	}
	json_add(root, "buckets", buckets);
	output_json(root, pretty);
}

static void print(const struct options *options, const struct sum *sum,
		  const char *what)
{
	if (options->given['j'] || options->given['p'])
		print_json(sum, what, options->given['p']);
	else if (options->given['P'])
		print_percentiles(sum);
	else
		print_bars(sum);
}

static bool parse(const char *what, unsigned int *from, unsigned int *to)
{
	size_t len = strcspn(what, ":");

	*to = 0;
	*from = filter_state(what, len);
	if (*from && what[len])
		*to = filter_state(what + len + 1, strlen(what + len + 1));
	return *from && (*to || !what[len]);
}

/**
 * cmd_hist() - run "hist"
 * @options:	-j, -p, -P
 * @argc:	1
 * @argv:	STATE or FROM:TO
 *
 * Return: exit status.
 */
int cmd_hist(const struct options *options, int argc, char **argv)
{
	struct tcpstates_error error;
	struct sum sum = { .nr = 0 };
	struct tcpstates_nl *nl;
	unsigned int from, to;
	int status;

	if (!argc) {
		output_error("'hist' wants a state, or two like syn-recv:established");
		return STATUS_USAGE;
	}
	if (!parse(argv[0], &from, &to))
		return STATUS_USAGE;
	status = conns_open(&nl);
	if (status)
		return status;
	if (tcpstates_hists(nl, from, to, add_hist, &sum, &error)) {
		status = conns_fail(&error);
	} else if (!sum.edges) {
		output_error("no connection goes from %s to %s",
			     tcpstates_state_name(from),
			     to ? tcpstates_state_name(to) : "another state");
		status = STATUS_USAGE;
	} else {
		print(options, &sum, argv[0]);
	}
	tcpstates_nl_close(nl);
	return status;
}
