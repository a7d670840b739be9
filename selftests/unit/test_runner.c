// SPDX-License-Identifier: GPL-2.0
/*
 * tools/runner.c: commands one at a time, from a bounded queue; and
 * tools/spark.c.
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "runner.h"
#include "spark.h"
#include "unit.h"

#define SAY(words)	words " >> $FOLDER/said; "
#define BEGIN_AND_END							\
	SAY("echo begin $WORD") "sleep 0.02;" SAY("echo end $WORD")
#define PRINT_ENVIRONMENT						\
	SAY("printf '%s|' \"$WORD\" \"$HOME\" $ALERT_DROPPED")		\
	"read -r x || " SAY("echo eof")
#define BEGIN_AND_LEAVE							\
	"(sleep 0.7;" SAY("echo late") ") &" SAY("echo begin") "wait"

static char folder[256];

static void add(struct runner *runner, const char *word)
{
	char **env = runner_env();

	runner_set(env, "FOLDER", "%s", folder);
	runner_set(env, "WORD", "%s", word);
	runner_add(runner, env);
}

/* Until all have run */
static void run_all(struct runner *runner)
{
	do {
		runner_turn(runner);
		poll(NULL, 0, 5);
	} while (runner->pid || runner->nr);
}

static char *heard(void)
{
	static char text[8192];
	char path[sizeof(folder) + 8];
	FILE *file;
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/said", folder);
	file = fopen(path, "r");
	if (file) {
		len = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
		unlink(path);
	}
	text[len] = '\0';
	return text;
}

static void in_order(void)
{
	struct runner runner = {
		.command = BEGIN_AND_END,
		.limit = 60,
	};

	CHECK(runner_wait(&runner) < 0);
	add(&runner, "1");
	add(&runner, "2");
	runner_turn(&runner);
	add(&runner, "3");
	CHECK(runner.pid && runner.nr == 2 && runner_wait(&runner) > 50);
	run_all(&runner);
	CHECK_TEXT(heard(), "begin 1\nend 1\nbegin 2\nend 2\nbegin 3\nend 3\n");
}

static void environment(void)
{
	struct runner runner = {
		.command = PRINT_ENVIRONMENT,
		.limit = 60,
	};

	setenv("WORD", "theirs", 1);
	setenv("HOME", "/nowhere", 1);
	add(&runner, "$(id) \"ours\";");
	run_all(&runner);
	CHECK_TEXT(heard(), "$(id) \"ours\";|/nowhere|0|eof\n");
}

static void bounded(void)
{
	struct runner runner = {
		.command = "echo $ALERT_DROPPED >> $FOLDER/said", .limit = 60,
	};
	int i, lines = 0;
	char *c;

	for (i = 0; i < RUNNER_QUEUE + 5; i++)
		add(&runner, "x");
	CHECK(runner.nr == RUNNER_QUEUE && runner.dropped_total == 5);
	runner_turn(&runner);
	add(&runner, "x");
	CHECK(runner.nr == RUNNER_QUEUE && !runner.dropped);
	run_all(&runner);
	for (c = heard(); *c; c++)
		lines += *c == '\n';
	CHECK(lines == RUNNER_QUEUE + 1 && c[-2] == '5' && c[-4] == '0');
	runner_end(&runner);
	CHECK(runner.dropped_total == 5);
}

/* What it has begun is ended, too. */
static void too_long(void)
{
	struct runner runner = {
		.command = BEGIN_AND_LEAVE,
		.limit = 0.2,
	};

	add(&runner, "x");
	run_all(&runner);
	poll(NULL, 0, 1000);
	CHECK_TEXT(heard(), "begin\n");
}

static void ended(void)
{
	struct runner runner = { .command = "exit 3", .limit = 60 };
	int i;

	for (i = 0; i < 3; i++)
		add(&runner, "x");
	runner_end(&runner);
	CHECK(!runner.nr);
}

static void bars(void)
{
	CHECK_TEXT(spark(0, 8), " ");
	CHECK_TEXT(spark(0, 0), " ");
	CHECK_TEXT(spark(1, ~0ULL), ".");
	CHECK_TEXT(spark(4, 8), "=");
	CHECK_TEXT(spark(8, 8), "@");
	CHECK_TEXT(spark(9, 8), "@");
	CHECK_TEXT(spark(~0ULL, ~0ULL), "@");
}

static const struct unit_case cases[] = {
	{ "one at a time, in order", in_order },
	{ "the environment", environment },
	{ "a bounded queue", bounded },
	{ "one that takes too long is ended", too_long },
	{ "what waits at the end is let go", ended },
	{ "bars", bars },
	{ 0 }
};

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	int status;

	snprintf(folder, sizeof(folder), "%s/runner.XXXXXX", tmp ? tmp : P_tmpdir);
	if (!mkdtemp(folder))
		return 1;
	status = unit_run(cases);
	rmdir(folder);
	return status;
}
