// SPDX-License-Identifier: GPL-2.0
/*
 * Words of unknown origin, made safe for a terminal, a log and JSON.
 */
#include <string.h>

#include "tcpstates.h"

/* Return: the length of @unit, which needs no NUL. */
static size_t escape_byte(char unit[4], unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	unit[0] = byte;
	if (byte > ' ' && byte < 0x7f && byte != '\\')
		return 1;
	unit[0] = '\\';
	unit[1] = '\\';
	if (byte == '\\')
		return 2;
	unit[1] = 'x';
	unit[2] = digits[byte >> 4];
	unit[3] = digits[byte & 15];
	return 4;
}

/**
 * tcpstates_escape() - write a word with printable ASCII only
 * @out:	where to, always ended by NUL if @size is not 0
 * @size:	room in @out
 * @in:		the word
 *
 * Blanks, control characters and bytes from 0x7f on become \xNN, a backslash
 * is doubled.  What does not fit is cut between two escapes.
 *
 * Return: the length of the whole result, as snprintf() does.
 */
size_t tcpstates_escape(char *out, size_t size, const char *in)
{
	size_t total = 0, used = 0;
	bool full = !size;
	char unit[4];

	for (; *in; in++) {
		size_t n = escape_byte(unit, *in);

		full = full || used + n >= size;
		if (!full) {
			memcpy(out + used, unit, n);
			used += n;
		}
		total += n;
	}
	if (size)
		out[used] = '\0';
	return total;
}
