// SPDX-License-Identifier: GPL-2.0
/*
 * tools/doctor_judge.c and doctor_text.c: what is a finding, and what is said.
 */
#include <linux/tcpstates.h>

#include "doctor.h"
#include "unit.h"

#define KNOWN(n)	{ .value = (n), .known = true }

static struct tcpstates_state states[] = {
	{ .name = "TIME_WAIT", .current = KNOWN(0) },
};

static struct tcpstates_counter counters[] = {
	{ .name = "tracked", .value = KNOWN(100) },
	{ .name = "lost", .value = KNOWN(0) },
};

static struct tcpstates_hook hooks[] = {
	{ .name = "a", .mechanism = "ftrace", .status = "ok" },
};

/* Somebody healthy, with the rules as they are by default */
static struct patient healthy(void)
{
	static const unsigned int params[][3] = {
		{ 64, 50, 0 }, { 8, 100, 0 }, { 100, 0, 60 }, { 500, 10, 30 },
		{ 100, 90, 0 }, { 50, 0, 3 }, { 100, 50, 0 },
	};
	struct patient patient = {
		.stats.states = states, .stats.nr_states = 1,
		.stats.counters = counters, .stats.nr_counters = 2,
		.stats.hooks = hooks, .stats.nr_hooks = 1,
		.setting = {
			[SET_SYNCOOKIES] = KNOWN(1),
			[SET_MAX_TW_BUCKETS] = KNOWN(1000),
			[SET_PORT_FIRST] = KNOWN(32768),
			[SET_PORT_LAST] = KNOWN(60999),
		},
		.ms = 900000,
	};
	unsigned int rule, i;

	for (rule = 0; rule < TCPSTATES_RULES; rule++)
		for (i = 0; i < 3; i++)
			patient.rule[rule].param[1 + i] =
				(struct tcpstates_num)KNOWN(params[rule][i]);
	states[0].current.value = 0;
	counters[1].value.value = 0;
	hooks[0].status = "ok";
	return patient;
}

static struct findings found;

/* The first finding in words, "-": there is none */
static const char *words(const struct patient *patient)
{
	static char text[300];

	free(found.one);
	found = (struct findings){ 0 };
	doctor_judge(patient, &found);
	if (!found.nr)
		return "-";
	snprintf(text, sizeof(text), "%s ",
		 found.one->problem ? "problem" : "notice");
	doctor_what(patient, found.one, text + strlen(text),
		    sizeof(text) - strlen(text));
	return text;
}

static void test_healthy(void)
{
	struct patient patient = healthy();

	CHECK_TEXT(words(&patient), "-");
	/* Half a percent of connects refused, a few of resets */
	patient.tally[0] = 10000;
	patient.tally[2] = 10000;
	patient.tally[3] = 90;
	patient.tally[5] = 50;
	patient.tally[9] = 9;
	states[0].current.value = 400;
	CHECK_TEXT(words(&patient), "-");
}

static void test_leak(void)
{
	struct patient patient = healthy();
	struct finding *group = findings_add(&patient.groups);
	struct tcpstates_incident alert = {
		.rule = TCPSTATES_RULE_CLOSE_WAIT_LEAK, .raised = true,
		.where.port = 8080, .uid = KNOWN(1000), .value = KNOWN(532),
		.threshold = KNOWN(100),
	};

	group->ailment = AIL_CLOSE_WAIT;
	group->where.port = 8080;
	group->uid = alert.uid;
	group->oldest_us = (struct tcpstates_num)KNOWN(2460000000ULL);
	group->count = 9;
	CHECK_TEXT(words(&patient), "-");
	group->count = 10;
	CHECK_TEXT(words(&patient),
		   "notice 10 connections in CLOSE_WAIT, oldest 41m");
	group->count = 532;
	group->at_least = true;
	patient.alerts = &alert;
	patient.nr_alerts = 1;
	CHECK_TEXT(words(&patient),
		   "problem 532 connections in CLOSE_WAIT, oldest at least 41m");
	CHECK(found.nr == 1);
	/* Somebody else's alert is another finding, and comes first. */
	alert.uid.value = 33;
	CHECK_TEXT(words(&patient), "problem 532 connections in CLOSE_WAIT");
	CHECK(found.nr == 2 && !found.one[1].problem);
	free(patient.groups.one);
}

static void test_listener(void)
{
	struct patient patient = healthy();
	struct tcpstates_listener listener = {
		.local = { .len = 4, .port = 80 },
		.half_open = KNOWN(60), .young = KNOWN(51),
		.backlog = KNOWN(128), .accept_queue = KNOWN(63),
		.accept_limit = KNOWN(128),
	};
	struct tcpstates_incident alert = {
		.rule = TCPSTATES_RULE_SYN_FLOOD, .raised = true,
		.where = listener.local, .value = KNOWN(64),
		.threshold = KNOWN(64),
	};

	patient.listeners = &listener;
	patient.nr_listeners = 1;
	CHECK_TEXT(words(&patient), "-");
	listener.accept_queue.value = 64;
	CHECK_TEXT(words(&patient),
		   "notice connections that wait for accept(): 64, and room for 128");
	/* 15 are old, and a quarter of the queue would be 32. */
	listener.young.value = 45;
	words(&patient);
	CHECK(found.nr == 1);
	listener.young.value = 20;
	CHECK_TEXT(words(&patient),
		   "notice half-open requests: 60, and room for 128; net.ipv4.tcp_syncookies is 1");
	CHECK(found.nr == 2);
	patient.alerts = &alert;
	patient.nr_alerts = 1;
	/* The flood's requests time out; that is not told twice. */
	patient.tally[2] = 100;
	patient.tally[4] = 100;
	words(&patient);
	CHECK(found.nr == 2 && found.one->problem &&
	      found.one->ailment == AIL_SYN_FLOOD);
	patient.tally[4] = 0;
	/* A listener whose queue length is not known says nothing. */
	listener.backlog.known = false;
	listener.accept_limit.known = false;
	patient.nr_alerts = 0;
	CHECK_TEXT(words(&patient), "-");
}

/* Of resets there is no socket left: whose listener it was. */
static void test_resets(void)
{
	struct patient patient = healthy();
	struct tcpstates_listener listeners[] = {
		{ .local.port = 80, .uid = KNOWN(33), .inode = KNOWN(7) },
		{ .local.port = 80, .uid = KNOWN(33), .inode = KNOWN(8) },
		{ .local.port = 80, .uid = KNOWN(34), .inode = KNOWN(9) },
		{ .local.port = 81, .uid = KNOWN(33), .inode = KNOWN(10) },
	};
	struct tcpstates_incident alert = {
		.rule = TCPSTATES_RULE_RESET_BURST, .raised = true,
		.where.port = 80, .uid = KNOWN(33), .value = KNOWN(300),
		.threshold = KNOWN(100),
	};

	patient.listeners = listeners;
	patient.nr_listeners = 4;
	patient.alerts = &alert;
	patient.nr_alerts = 1;
	CHECK_TEXT(words(&patient),
		   "problem 300 connections ended by a reset in a second; 100 is an alert");
	CHECK(found.nr == 1 && found.one->nr_inodes == 2 &&
	      found.one->inode[0] == 7 && found.one->inode[1] == 8);
	alert.where.port = 0;
	words(&patient);
	CHECK(found.nr == 1 && !found.one->nr_inodes);
}

static void test_namespace(void)
{
	struct patient patient = healthy();

	states[0].current.value = 450;
	CHECK_TEXT(words(&patient),
		   "notice 450 connections in TIME_WAIT, net.ipv4.tcp_max_tw_buckets is 1000");
	states[0].current.value = 0;
	/* Those that were opened are the others. */
	patient.tally[0] = 91;
	patient.tally[5] = 10;
	CHECK_TEXT(words(&patient), "-");
	patient.tally[0] = 90;
	CHECK_TEXT(words(&patient),
		   "notice 10 of 100 connects were refused in the last 15m");
	patient.tally[5] = 0;
	patient.tally[8] = 12;
	patient.tally[9] = 30;
	CHECK_TEXT(words(&patient),
		   "notice 30 handshakes were dropped, 12 by a full accept queue in the last 15m");
}

static void test_module(void)
{
	struct patient patient = healthy();

	counters[1].value.value = 3;
	CHECK_TEXT(words(&patient), "notice counter 'lost' is 3");
	hooks[0].status = "missing";
	words(&patient);
	CHECK(found.nr == 2 && found.one[1].ailment == AIL_HOOK);
}

static void test_service(void)
{
	struct patient patient = healthy();
	struct tcpstates_listener listener = { .local.port = 40000 };
	struct tcpstates_conn conn = { .local.port = 8080 };

	CHECK(doctor_is_service(&patient, &conn));
	conn.local.port = 40000;
	CHECK(!doctor_is_service(&patient, &conn));
	patient.listeners = &listener;
	patient.nr_listeners = 1;
	CHECK(doctor_is_service(&patient, &conn));
}

/* Whatever can be found has a name, a reason, help and a source. */
static void test_advice(void)
{
	const struct advice *advice = advices;

	for (; advice < advices + NR_AILMENTS; advice++)
		CHECK(advice->name && advice->why && advice->help[0] &&
		      advice->source[0]);
}

static const struct unit_case cases[] = {
	{ "nothing is wrong", test_healthy },
	{ "a leak: mentioned, an alert, somebody else's", test_leak },
	{ "listeners: half-open, waiting", test_listener },
	{ "resets: who listens there", test_resets },
	{ "the namespace: TIME_WAIT, refused, dropped", test_namespace },
	{ "the module itself", test_module },
	{ "whose port says what a connection is", test_service },
	{ "all is explained", test_advice },
	{ 0 }
};

int main(void)
{
	int status = unit_run(cases);

	free(found.one);
	return status;
}
