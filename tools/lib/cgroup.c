// SPDX-License-Identifier: GPL-2.0
/*
 * The path of a cgroup by its number, which is the inode number of its folder.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tcpstates.h"

#define ROOT	"/sys/fs/cgroup"

static unsigned long long wanted;
static char *found;

static int look_at(const char *path, const struct stat *st, int type,
		   struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_D || st->st_ino != wanted)
		return 0;
	found = strdup(path[sizeof(ROOT) - 1] ? path + sizeof(ROOT) - 1 : "/");
	return 1;
}

/**
 * tcpstates_cgroup_path() - the path of a cgroup
 * @number:	its number
 *
 * Not for several threads at once.
 *
 * Return: its path below the root, of any bytes, to be freed; NULL: there is
 * none, or it cannot be seen from here.
 */
char *tcpstates_cgroup_path(unsigned long long number)
{
	wanted = number;
	found = NULL;
	nftw(ROOT, look_at, 16, FTW_PHYS | FTW_MOUNT);
	return found;
}
