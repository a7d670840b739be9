// SPDX-License-Identifier: GPL-2.0
/*
 * tools/stats_json.c
 */
#include <json-c/json.h>

#include "unit.h"
#include "lib/tcpstates.h"
#include "stats_json.h"

/* The JSON of a text in the format of /proc/tcpstates. */
static void check(const char *text, const char *expected)
{
	struct tcpstates_stats stats;
	struct tcpstates_error error;
	struct json_object *root;

	if (!CHECK(!tcpstates_stats_parse(text, strlen(text), &stats, &error)))
		return;
	root = stats_json(&stats);
	CHECK_TEXT(json_object_to_json_string_ext(root, 0), expected);
	json_object_put(root);
	tcpstates_stats_free(&stats);
}

static void empty(void)
{
	check("tcpstates 1\n",
	      "{\"version\":1,\"states\":[],\"transitions\":[],\"closed\":[],"
	      "\"alerts\":[],\"counters\":{},\"hooks\":[]}");
}

/* 2^64-1, 2^63 and unknown numbers in every place. */
static void numbers(void)
{
	check("tcpstates 1\n"
	      "state SYN_RECV 18446744073709551615 9223372036854775808 0 - - -\n"
	      "state TIME_WAIT - - - 1 2 18446744073709551615\n"
	      "transition SYN_RECV TIME_WAIT 18446744073709551615 - - -\n"
	      "closed TIME_WAIT expired 18446744073709551615\n"
	      "alert syn_flood clear - 18446744073709551615 -\n"
	      "counter lost 18446744073709551615\n"
	      "counter drift -\n"
	      "hook inet_sock_set_state tracepoint ok\n",
	      "{\"version\":1,\"states\":["
	      "{\"state\":\"syn_recv\",\"current\":18446744073709551615,"
	      "\"entered\":9223372036854775808,\"left\":0,"
	      "\"dwell_us\":{\"count\":0,\"p50\":null,\"p99\":null,"
	      "\"max\":null}},"
	      "{\"state\":\"time_wait\",\"current\":null,"
	      "\"entered\":null,\"left\":null,"
	      "\"dwell_us\":{\"count\":null,\"p50\":1,\"p99\":2,"
	      "\"max\":18446744073709551615}}],"
	      "\"transitions\":[{\"from\":\"syn_recv\",\"to\":\"time_wait\","
	      "\"count\":18446744073709551615,"
	      "\"dwell_us\":{\"count\":0,\"p50\":null,\"p99\":null,"
	      "\"max\":null}}],"
	      "\"closed\":[{\"from\":\"time_wait\",\"cause\":\"expired\","
	      "\"count\":18446744073709551615}],"
	      "\"alerts\":[{\"rule\":\"syn_flood\",\"status\":\"clear\","
	      "\"raised_total\":null,\"current\":18446744073709551615,"
	      "\"threshold\":null}],"
	      "\"counters\":{\"lost\":18446744073709551615,\"drift\":null},"
	      "\"hooks\":[{\"name\":\"inet_sock_set_state\","
	      "\"mechanism\":\"tracepoint\",\"status\":\"ok\"}]}");
}

static void names(void)
{
	check("tcpstates 1\n"
	      "closed NEW\xff \"\x01\\ 1\n"
	      "counter a\"b\xe9 2\n",
	      "{\"version\":1,\"states\":[],\"transitions\":[],"
	      "\"closed\":[{\"from\":\"new\\\\xff\","
	      "\"cause\":\"\\\"\\\\x01\\\\\\\\\",\"count\":1}],"
	      "\"alerts\":[],\"counters\":{\"a\\\"b\\\\xe9\":2},\"hooks\":[]}");
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "sections are there when they are empty", empty },
		{ "64-bit numbers and unknown ones", numbers },
		{ "odd names are escaped", names },
		{ 0 }
	};

	return unit_run(cases);
}
