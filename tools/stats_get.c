// SPDX-License-Identifier: GPL-2.0
/*
 * The statistics of this network namespace, or why there are none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "tcpstatectl.h"

#define NOT_LOADED "the tcpstates module is not loaded (no %s): " \
	"load it with 'modprobe tcpstates' or 'insmod tcpstates.ko'"

/* The file is not there: say what that means. */
static void report_missing(const char *path)
{
	if (strcmp(path, TCPSTATES_PROC_PATH))
		output_error("cannot read %s, set by TCPSTATES_PROC: %s", path,
			     strerror(ENOENT));
	else if (access("/proc/self", F_OK))
		output_error("/proc is not mounted: see mount(8)");
	else
		output_error(NOT_LOADED, path);
}

static int report(const char *path, int ret,
		  const struct tcpstates_error *error)
{
	if (ret == -ENOENT)
		report_missing(path);
	else if (error->line)
		output_error("%s: line %u: %s", path, error->line,
			     error->reason);
	else
		output_error("cannot read %s: %s", path, error->reason);
	return STATUS_REFUSED;
}

/**
 * stats_get() - read the statistics, or say why that cannot be done
 * @stats:	filled; to be freed with tcpstates_stats_free()
 *
 * The environment variable TCPSTATES_PROC names another file, for tests.
 *
 * Return: STATUS_DONE, or STATUS_REFUSED after a message.
 */
int stats_get(struct tcpstates_stats *stats)
{
	const char *path = getenv("TCPSTATES_PROC");
	struct tcpstates_error error;
	int ret;

	if (!path || !*path)
		path = TCPSTATES_PROC_PATH;
	ret = tcpstates_stats_read(path, stats, &error);
	return ret ? report(path, ret, &error) : STATUS_DONE;
}
