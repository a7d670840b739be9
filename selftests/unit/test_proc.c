// SPDX-License-Identifier: GPL-2.0
/*
 * tools/lib/proc.c
 */
#include <errno.h>

#include "unit.h"
#include "lib/tcpstates.h"

static struct tcpstates_stats stats;
static struct tcpstates_error error;

/* From memory of exactly that size, so that ASan sees every byte too many. */
static int parse_bytes(const char *text, size_t len)
{
	char *copy = malloc(len ?: 1);
	int ret;

	if (!copy)
		abort();
	memcpy(copy, text, len);
	ret = tcpstates_stats_parse(copy, len, &stats, &error);
	free(copy);
	return ret;
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static bool is(const struct tcpstates_num *num, unsigned long long value)
{
	return num->known && num->value == value;
}

static char *read_busy(size_t *len)
{
	char *text;

	if (tcpstates_file_read("fixtures/busy", TCPSTATES_TEXT_MAX, &text,
				len))
		abort();
	return text;
}

static void valid(void)
{
	const struct tcpstates_state *state;
	const struct tcpstates_transition *edge;
	size_t len;
	char *text = read_busy(&len);

	if (!CHECK(!parse_bytes(text, len)))
		goto out;
	CHECK(stats.version == 1);
	CHECK(stats.nr_states == 11 && stats.nr_transitions == 26);
	CHECK(stats.nr_closed == 3 && !stats.nr_alerts);
	CHECK(stats.nr_counters == 7 && stats.nr_hooks == 3);
	state = &stats.states[4];
	CHECK_TEXT(state->name, "ESTABLISHED");
	CHECK(is(&state->current, 1041) && is(&state->entered, 20514));
	CHECK(is(&state->left, 19473) && is(&state->dwell.p50_us, 1311));
	CHECK(is(&state->dwell.p99_us, 220200));
	CHECK(is(&state->dwell.max_us, 60012345));
	CHECK(is(&state->dwell.samples, 19473));
	CHECK(!stats.states[0].current.known);
	CHECK(!stats.states[0].dwell.p50_us.known);
	CHECK(is(&stats.states[0].dwell.samples, 0));
	edge = &stats.transitions[25];
	CHECK_TEXT(edge->from, "TIME_WAIT");
	CHECK_TEXT(edge->to, "CLOSED");
	CHECK(is(&edge->count, 17125));
	CHECK_TEXT(stats.closed[0].cause, "reset");
	CHECK_TEXT(stats.hooks[0].mechanism, "tracepoint");
	tcpstates_stats_free(&stats);
out:
	free(text);
}

static void tolerant(void)
{
	CHECK(!parse("tcpstates 1 and more\n"
		     "\n \t\n#\n# any words\n"
		     "hook a b ok appended fields 1 - x\n"
		     "galaxy 1 2 3\n"
		     "counter\tnew_one\t7\n"
		     "closed FUTURE_STATE new_cause 1\n"
		     "state FUTURE_STATE 1 2 1 - - - 99 x\n"));
	CHECK(stats.nr_hooks == 1 && stats.nr_counters == 1);
	CHECK(stats.nr_closed == 1 && stats.nr_states == 1);
	CHECK(!stats.nr_transitions && !stats.nr_alerts);
	CHECK_TEXT(stats.states[0].name, "FUTURE_STATE");
	tcpstates_stats_free(&stats);
	tcpstates_stats_free(&stats);
}

static void check_bad(const char *text, unsigned int line, const char *reason)
{
	if (!CHECK(parse(text) < 0))
		return;
	CHECK(error.line == line);
	CHECK_TEXT(error.reason, reason);
	CHECK(!stats.text && !stats.states);
}

static void malformed(void)
{
	check_bad("", 1, "empty");
	check_bad("\n", 1, "does not begin with 'tcpstates'");
	check_bad("state A 1 1 1 - - -\n", 1,
		  "does not begin with 'tcpstates'");
	check_bad("tcpstates\n", 1, "'tcpstates' line has no field 'version'");
	check_bad("tcpstates x\n", 1, "not a number: 'x'");
	check_bad("tcpstates 1\nstate A 1 2 3\n", 2,
		  "'state' line has no field 'p50_us'");
	check_bad("tcpstates 1\n\ncounter a -1\n", 3, "not a number: '-1'");
	check_bad("tcpstates 1\ncounter a 1x\n", 2, "not a number: '1x'");
	check_bad("tcpstates 1\ncounter a \x1b[2J\n", 2,
		  "not a number: '\\x1b[2J'");
	check_bad("tcpstates 1\ncounter a 18446744073709551616\n", 2,
		  "number does not fit in 64 bits: '18446744073709551616'");
	check_bad("tcpstates 1\ncounter a 1\ncounter a 1\n", 3,
		  "second line of the counter: 'a'");
	check_bad("tcpstates 1\ncounter a 1", 2, "cut short");
}

static void other_version(void)
{
	CHECK(parse("tcpstates 2\n") == -EPROTONOSUPPORT);
	CHECK(error.line == 1 && strstr(error.reason, "format 2"));
	CHECK(parse("tcpstates -\n") == -EPROTONOSUPPORT);
}

static void nul_bytes(void)
{
	static const char text[] = "tcpstates 1\ncounter a\0b 1\n";

	CHECK(parse_bytes(text, sizeof(text) - 1) == -EINVAL);
	CHECK(error.line == 2);
	CHECK_TEXT(error.reason, "has a NUL byte");
}

/* Fewer bytes are an error in the line that is cut, or fewer lines. */
static void truncated(void)
{
	unsigned int line = 1;
	size_t full, len;
	char *text = read_busy(&full);

	for (len = 0; len < full; len++) {
		bool whole = len && text[len - 1] == '\n';
		int ret = parse_bytes(text, len);

		if (!CHECK(whole == !ret))
			printf("# %zu of %zu bytes\n", len, full);
		if (ret)
			CHECK(error.line == line);
		else
			tcpstates_stats_free(&stats);
		line += text[len] == '\n';
	}
	free(text);
}

/* Any byte replaced by another: no crash, and all memory is given back. */
static void mangled(void)
{
	static const char bytes[] = { 0, '\n', ' ', '-', '9', 'x', '\xff' };
	size_t len, i, b;
	char *text = read_busy(&len);

	for (i = 0; i < len; i++) {
		char old = text[i];

		for (b = 0; b < sizeof(bytes); b++) {
			text[i] = bytes[b];
			if (!parse_bytes(text, len))
				tcpstates_stats_free(&stats);
			else
				CHECK(error.line && *error.reason);
		}
		text[i] = old;
	}
	free(text);
}

static void too_many(void)
{
	static const char first[] = "tcpstates 1\n";
	static const char line[] = "closed A b 1\n";
	const size_t first_len = strlen(first), len = strlen(line);
	char *text = malloc(first_len + (TCPSTATES_RECORDS_MAX + 1) * len);
	size_t i;

	if (!text)
		abort();
	memcpy(text, first, first_len);
	for (i = 0; i <= TCPSTATES_RECORDS_MAX; i++)
		memcpy(text + first_len + i * len, line, len);
	CHECK(!parse_bytes(text, first_len + TCPSTATES_RECORDS_MAX * len));
	CHECK(stats.nr_closed == TCPSTATES_RECORDS_MAX);
	CHECK_TEXT(stats.closed[TCPSTATES_RECORDS_MAX - 1].cause, "b");
	tcpstates_stats_free(&stats);
	CHECK(parse_bytes(text, first_len +
			  (TCPSTATES_RECORDS_MAX + 1) * len) < 0);
	CHECK(error.line == TCPSTATES_RECORDS_MAX + 2);
	free(text);
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "a valid file", valid },
		{ "unknown lines and fields are passed over", tolerant },
		{ "what is wrong, and in which line", malformed },
		{ "another version of the format", other_version },
		{ "a NUL byte", nul_bytes },
		{ "every truncation of a valid file", truncated },
		{ "every byte of a valid file replaced", mangled },
		{ "too many lines of one kind", too_many },
		{ 0 }
	};

	return unit_run(cases);
}
