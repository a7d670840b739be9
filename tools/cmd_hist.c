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
#include "interval.h"

#define BAR	40	/* characters of the longest one */
#define UNIT_NS	1024	/* what the module's buckets are made of */
#define SLOTS	64

/**
 * struct sum - several histograms as one
 * @bucket:	in the order of time
 * @nr:		length of @bucket
 * @total:	of all counts
 * @longest_us:	the longest time, or a longer one
 * @exact:	@longest_us is the longest
 */
struct sum {
	struct tcpstates_bucket bucket[TCPSTATES_BUCKETS_MAX];
	size_t nr;
	unsigned long long total;
	unsigned long long longest_us;
	bool exact;
};

/**
 * struct asked - what is asked for, perhaps again and again
 * @options:	of the command line
 * @what:	as it was typed
 * @from:	the state that was left
 * @to:		for this one; 0: any
 * @before:	what there was in the turn before
 */
struct asked {
	const struct options *options;
	const char *what;
	unsigned int from, to;
	struct sum before;
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
	return 0;
}

/*
 * Leave only what has come since.  Return: false if that cannot be told: the
 * module was loaded again.
 */
static bool subtract(struct sum *sum, const struct sum *before)
{
	struct sum since = *sum;
	size_t i, j = 0;

	since.total = 0;
	for (i = 0; i < sum->nr; i++) {
		if (j < before->nr &&
		    before->bucket[j].low_ns == sum->bucket[i].low_ns) {
			if (before->bucket[j].count > sum->bucket[i].count)
				return false;
			since.bucket[i].count -= before->bucket[j++].count;
		}
		since.total += since.bucket[i].count;
	}
	if (j < before->nr)
		return false;
	since.exact = sum->longest_us > before->longest_us;
	*sum = since;
	return true;
}

static struct tcpstates_num longest(const struct sum *sum)
{
	return (struct tcpstates_num){ sum->longest_us, sum->exact };
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
	char text[DURATION_SIZE] = "-";
	size_t i;

	printf("%llu times\n", sum->total);
	for (i = 0; sum->total && i < NR_PERCENTILES; i++)
		printf("%-6s %10s\n", percentiles[i].name,
		       duration_format(text, quantile_us(sum, percentiles[i].permille)));
	if (sum->total)
		printf("%-6s %10s\n", "max", sum->exact ?
		       duration_format(text, sum->longest_us) : "-");
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

static void print_bars(const struct sum *sum, const struct interval *interval)
{
	unsigned long long count[SLOTS] = { 0 }, most = 1;
	unsigned int slot, first = SLOTS, last = 0;
	size_t i;

	for (i = 0; i < sum->nr; i++) {
		if (!sum->bucket[i].count)
			continue;
		slot = slot_of(&sum->bucket[i]);
		count[slot] += sum->bucket[i].count;
		first = slot < first ? slot : first;
		last = slot > last ? slot : last;
		most = count[slot] > most ? count[slot] : most;
	}
	if (!sum->total)
		puts(interval->passed ? "No time has been measured since." :
					"No time has been measured yet.");
	else
		puts("     time in it         : count");
	for (slot = first; slot <= last && first < SLOTS; slot++)
		print_bar(slot, count[slot], most);
}

static void print_json(const struct sum *sum, const struct interval *interval,
		       const char *what, bool pretty)
{
	struct tcpstates_num max = longest(sum);
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
		json_add_num(list, "max", &max);
	json_add(root, "dwell_us", list);
	for (i = 0; i < sum->nr; i++) {
		if (!sum->bucket[i].count)
			continue;
		bucket = json_new();
		json_add_uint(bucket, "low_ns", sum->bucket[i].low_ns);
		json_add_uint(bucket, "high_ns", sum->bucket[i].high_ns);
		json_add_uint(bucket, "count", sum->bucket[i].count);
		json_append(buckets, bucket);
	}
	json_add(root, "buckets", buckets);
	interval_json(interval, root);
	output_json(root, pretty);
}

static void print(const struct asked *asked, const struct sum *sum,
		  const struct interval *interval)
{
	const struct options *options = asked->options;

	if (options->given['j'] || options->given['p']) {
		print_json(sum, interval, asked->what, options->given['p']);
		return;
	}
	if (interval->passed)
		putchar('\n');
	if (options->given['P'])
		print_percentiles(sum);
	else
		print_bars(sum, interval);
}

/* What has come since the turn before; all there is, if that is not known. */
static void print_since(struct asked *asked, struct sum *sum,
			const struct interval *interval)
{
	struct interval first = *interval;
	struct sum all = *sum;

	if (interval->passed && !subtract(sum, &asked->before))
		first.passed = 0;
	print(asked, sum, &first);
	asked->before = all;
}

static int run_turn(const struct interval *interval, void *arg)
{
	struct asked *asked = arg;
	struct sum sum = { .exact = true };
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int status = conns_open(&nl);

	if (status)
		return status;
	if (tcpstates_hists(nl, asked->from, asked->to, add_hist, &sum,
			    &error)) {
		status = conns_fail(&error);
	} else {
		print_since(asked, &sum, interval);
	}
	tcpstates_nl_close(nl);
	return status;
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

/* Where @from goes to, which @to is not */
static void no_edge(unsigned int from, unsigned int to)
{
	char list[160] = "";
	size_t used = 0;
	unsigned int i;

	for (i = 1; i <= TCPSTATES_STATES; i++)
		if (filter_next(from) & 1U << i)
			used += (size_t)snprintf(list + used,
						 sizeof(list) - used, "%s%s",
						 used ? ", " : "",
						 tcpstates_state_name(i));
	output_error("no connection goes from %s to %s: from there to %s",
		     tcpstates_state_name(from), tcpstates_state_name(to),
		     list);
}

/**
 * cmd_hist() - run "hist"
 * @options:	-j, -p, -P, --interval, --count
 * @argc:	1
 * @argv:	STATE or FROM:TO
 *
 * Return: exit status.
 */
int cmd_hist(const struct options *options, int argc, char **argv)
{
	struct asked asked = { .options = options };

	if (!argc) {
		output_error("'hist' wants a state, or two like syn-recv:established");
		return STATUS_USAGE;
	}
	asked.what = argv[0];
	if (!parse(argv[0], &asked.from, &asked.to))
		return STATUS_USAGE;
	if (asked.to && !(filter_next(asked.from) & 1U << asked.to)) {
		no_edge(asked.from, asked.to);
		return STATUS_USAGE;
	}
	return interval_run(options, run_turn, &asked);
}
