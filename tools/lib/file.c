// SPDX-License-Identifier: GPL-2.0
/*
 * Small files of /proc and /sys.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tcpstates.h"

static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += n;
	}
	return len;
}

static int read_fd(int fd, size_t max, char **text, size_t *len)
{
	/* One byte more shows a file that is too long, one is for NUL. */
	char *buf = malloc(max + 2);
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	n = read_all(fd, buf, max + 1);
	if (n >= 0 && (size_t)n > max)
		n = -EFBIG;
	if (n < 0) {
		free(buf);
		return (int)n;
	}
	buf[n] = '\0';
	*text = buf;
	*len = n;
	return 0;
}

/**
 * tcpstates_file_read() - read a whole file
 * @path:	its name
 * @max:	the longest it may be
 * @text:	where to put the text, ended by NUL; the caller frees it
 * @len:	its length without that NUL
 *
 * Return: 0, or a negative errno; -EFBIG if there are more than @max bytes.
 */
int tcpstates_file_read(const char *path, size_t max, char **text,
			size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = read_fd(fd, max, text, len);
	close(fd);
	return ret;
}

/**
 * tcpstates_module_version() - the version of the loaded module
 * @sys_path:	the module's folder, usually TCPSTATES_SYS_PATH
 * @version:	where to put it, printable
 * @size:	room in @version
 *
 * Return: 0, -ENOENT if the module is not loaded, or another negative errno;
 * -ENODATA if it is loaded and does not say.
 */
int tcpstates_module_version(const char *sys_path, char *version,
			     size_t size)
{
	char path[256], *text;
	struct stat st;
	size_t len;
	int ret;

	if (stat(sys_path, &st))
		return -errno;
	ret = snprintf(path, sizeof(path), "%s/version", sys_path);
	if (ret < 0 || (size_t)ret >= sizeof(path))
		return -ENAMETOOLONG;
	ret = tcpstates_file_read(path, 128, &text, &len);
	if (ret)
		return ret == -ENOENT ? -ENODATA : ret;
	text[strcspn(text, "\n")] = '\0';
	tcpstates_escape(version, size, text);
	ret = *text ? 0 : -ENODATA;
	free(text);
	return ret;
}
