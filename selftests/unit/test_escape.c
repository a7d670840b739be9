// SPDX-License-Identifier: GPL-2.0
/*
 * tools/lib/escape.c
 */
#include "unit.h"
#include "lib/tcpstates.h"

static void printable(void)
{
	char out[32];

	CHECK(tcpstates_escape(out, sizeof(out), "SYN_RECV->!~") == 12);
	CHECK_TEXT(out, "SYN_RECV->!~");
	CHECK(!tcpstates_escape(out, sizeof(out), ""));
	CHECK_TEXT(out, "");
}

static void unprintable(void)
{
	char out[64];

	tcpstates_escape(out, sizeof(out), "a\nb \x1b[31m\\\x7f\xc3\xa9");
	CHECK_TEXT(out, "a\\x0ab\\x20\\x1b[31m\\\\\\x7f\\xc3\\xa9");
}

static void cut(void)
{
	char out[6] = "?????";

	CHECK(tcpstates_escape(out, sizeof(out), "ab\ncd") == 8);
	CHECK_TEXT(out, "ab");
	CHECK(tcpstates_escape(out, sizeof(out), "abcdef") == 6);
	CHECK_TEXT(out, "abcde");
	CHECK(tcpstates_escape(NULL, 0, "\n\n") == 8);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "printable words stay as they are", printable },
		{ "all other bytes are escaped", unprintable },
		{ "what does not fit is cut between escapes", cut },
		{ 0 }
	};

	return unit_run(cases);
}
