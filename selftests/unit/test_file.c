// SPDX-License-Identifier: GPL-2.0
/*
 * tools/lib/file.c
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"
#include "lib/tcpstates.h"

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!CHECK(file))
		return;
	CHECK(fputs(text, file) >= 0);
	CHECK(!fclose(file));
}

static void limits(void)
{
	char path[] = "/tmp/tcpstates-unit-XXXXXX";
	int fd = mkstemp(path);
	char *text;
	size_t len;

	CHECK(fd >= 0 && !close(fd));
	put_file(path, "12345");
	CHECK(!tcpstates_file_read(path, 5, &text, &len));
	CHECK(len == 5);
	CHECK_TEXT(text, "12345");
	free(text);
	CHECK(tcpstates_file_read(path, 4, &text, &len) == -EFBIG);
	CHECK(!unlink(path));
	CHECK(tcpstates_file_read(path, 4, &text, &len) == -ENOENT);
	CHECK(tcpstates_file_read("/", 4, &text, &len) == -EISDIR);
	CHECK(tcpstates_file_read("/dev/zero", 4, &text, &len) == -EFBIG);
}

static void module_version(void)
{
	char path[64], sys[] = "/tmp/tcpstates-unit-XXXXXX";
	char version[8] = "";

	CHECK(mkdtemp(sys));
	snprintf(path, sizeof(path), "%s/version", sys);
	CHECK(tcpstates_module_version(sys, version, 8) == -ENODATA);
	put_file(path, "\n");
	CHECK(tcpstates_module_version(sys, version, 8) == -ENODATA);
	put_file(path, "0.1.0\n");
	CHECK(!tcpstates_module_version(sys, version, 8));
	CHECK_TEXT(version, "0.1.0");
	put_file(path, "0.1.0-\x1b-long\n");
	CHECK(!tcpstates_module_version(sys, version, 8));
	CHECK_TEXT(version, "0.1.0-");
	CHECK(!unlink(path) && !rmdir(sys));
	CHECK(tcpstates_module_version(sys, version, 8) == -ENOENT);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "a file may not be longer than its limit", limits },
		{ "version of a module: there, missing, odd", module_version },
		{ 0 }
	};

	return unit_run(cases);
}
