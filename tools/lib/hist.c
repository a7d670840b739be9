// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms of dwell times, by netlink.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include "nl.h"

struct hists {
	int (*visit)(const struct tcpstates_hist *hist, void *arg);
	void *arg;
};

static int take_bucket(const struct nlattr *nest, struct tcpstates_hist *hist)
{
	struct nlattr *at[TCPSTATES_A_BUCKET_MAX + 1];
	struct tcpstates_bucket *bucket = &hist->bucket[hist->nr_buckets];

	if (hist->nr_buckets == TCPSTATES_BUCKETS_MAX ||
	    nl_attrs(nest, at, TCPSTATES_A_BUCKET_MAX))
		return -EBADMSG;
	bucket->low_ns = nl_num(at[TCPSTATES_A_BUCKET_LOW_NS]).value;
	bucket->high_ns = nl_num(at[TCPSTATES_A_BUCKET_HIGH_NS]).value;
	bucket->count = nl_num(at[TCPSTATES_A_BUCKET_COUNT]).value;
	hist->nr_buckets++;
	return 0;
}

/* They are many, of which @attrs knows the first alone. */
static int take_buckets(const struct nlmsghdr *nlh, struct tcpstates_hist *hist)
{
	const struct nlattr *attr;
	int ret = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (!ret && mnl_attr_get_type(attr) == TCPSTATES_A_HIST_BUCKET)
			ret = take_bucket(attr, hist);
	return ret;
}

static int take_dwell(const struct nlattr *nest, struct tcpstates_dwell *dwell)
{
	struct nlattr *at[TCPSTATES_A_DWELL_MAX + 1];

	if (!nest || nl_attrs(nest, at, TCPSTATES_A_DWELL_MAX))
		return -EBADMSG;
	dwell->samples = nl_num(at[TCPSTATES_A_DWELL_SAMPLES]);
	dwell->p50_us = nl_num(at[TCPSTATES_A_DWELL_P50]);
	dwell->p99_us = nl_num(at[TCPSTATES_A_DWELL_P99]);
	dwell->max_us = nl_num(at[TCPSTATES_A_DWELL_LONGEST]);
	return 0;
}

static int hist_message(const struct nlmsghdr *nlh, struct nlattr **at,
			void *arg)
{
	struct hists *hists = arg;
	struct tcpstates_hist hist = {
		.from = (unsigned int)nl_num(at[TCPSTATES_A_HIST_FROM]).value,
		.to = (unsigned int)nl_num(at[TCPSTATES_A_HIST_TO]).value,
		.count = nl_num(at[TCPSTATES_A_HIST_COUNT]),
	};
	int ret = take_dwell(at[TCPSTATES_A_HIST_DWELL], &hist.dwell);

	if (!ret)
		ret = take_buckets(nlh, &hist);
	return ret ? ret : hists->visit(&hist, hists->arg);
}

/**
 * tcpstates_hists() - visit the histograms of transitions
 * @nl:		the connection to the module
 * @from:	only from that state; 0: from all
 * @to:		only to that state; 0: to all
 * @visit:	called for each; returns 0, or a negative errno to end it
 * @arg:	for @visit
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno.
 */
int tcpstates_hists(struct tcpstates_nl *nl, unsigned int from, unsigned int to,
		    int (*visit)(const struct tcpstates_hist *hist, void *arg),
		    void *arg, struct tcpstates_error *error)
{
	struct hists hists = { visit, arg };
	struct nl_dump dump = {
		.message = hist_message,
		.max = TCPSTATES_A_HIST_MAX,
		.arg = &hists,
	};
	struct nlmsghdr *nlh = nl_request(nl, TCPSTATES_CMD_HIST_GET);

	if (from)
		mnl_attr_put_u8(nlh, TCPSTATES_A_HIST_FROM, from);
	if (to)
		mnl_attr_put_u8(nlh, TCPSTATES_A_HIST_TO, to);
	return nl_dump(nl, nlh, &dump, error);
}
