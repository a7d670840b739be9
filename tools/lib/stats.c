// SPDX-License-Identifier: GPL-2.0
/*
 * The statistics of one network namespace: from a file, and back to nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpstates.h"

/**
 * tcpstates_stats_read() - read and parse /proc/tcpstates
 * @path:	its name, usually TCPSTATES_PROC_PATH
 * @stats:	filled on success; to be freed with tcpstates_stats_free()
 * @error:	filled on failure
 *
 * Return: 0, or a negative errno: -ENOENT if there is no such file, others
 * as open(2), read(2) and tcpstates_stats_parse() have them.
 */
int tcpstates_stats_read(const char *path, struct tcpstates_stats *stats,
			 struct tcpstates_error *error)
{
	size_t len;
	char *text;
	int ret;

	ret = tcpstates_file_read(path, TCPSTATES_TEXT_MAX, &text, &len);
	if (ret) {
		error->line = 0;
		snprintf(error->reason, sizeof(error->reason), "%s",
			 strerror(-ret));
		return ret;
	}
	ret = tcpstates_stats_parse(text, len, stats, error);
	free(text);
	return ret;
}

/**
 * tcpstates_stats_free() - free what a backend allocated
 * @stats:	left empty; may be freed again
 */
void tcpstates_stats_free(struct tcpstates_stats *stats)
{
	free(stats->states);
	free(stats->transitions);
	free(stats->closed);
	free(stats->alerts);
	free(stats->counters);
	free(stats->hooks);
	free(stats->text);
	memset(stats, 0, sizeof(*stats));
}
