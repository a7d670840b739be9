// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl doctor
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conns.h"
#include "doctor.h"

#define WIDTH		80	/* where there is no terminal */
#define WIDTH_MAX	100	/* longer lines are hard to read */
#define INDENT		9
#define TEXT_SIZE	256

/* --- text ---------------------------------------------------------------------- */

/* Words of a text, in lines that begin under each other. */
static void print_wrapped(const char *first, const char *text)
{
	size_t width = term_width() ? term_width() : WIDTH, at = INDENT, len;

	if (width > WIDTH_MAX)
		width = WIDTH_MAX;
	printf("%-*s", INDENT, first);
	while (*text) {
		len = strcspn(text, " ");
		if (at > INDENT && at + 1 + len > width) {
			printf("\n%*s", INDENT, "");
			at = INDENT;
		} else if (at > INDENT) {
			putchar(' ');
			at++;
		}
		fwrite(text, 1, len, stdout);
		at += len;
		text += len + strspn(text + len, " ");
	}
	putchar('\n');
}

static void add_place(const struct finding *finding, char *text, size_t size)
{
	static const uint8_t any[16];
	char end[ENDPOINT_SIZE];

	if (!finding->where.port)
		snprintf(text, size, "%s", finding->ailment >= AIL_COUNTER ?
					   "the module" : "here");
	else if (finding->remote)
		snprintf(text, size, "to %s",
			 conns_endpoint(end, &finding->where));
	else if (memcmp(finding->where.bytes, any, sizeof(any)))
		snprintf(text, size, "%s",
			 conns_endpoint(end, &finding->where));
	else
		snprintf(text, size, "port %u", finding->where.port);
}

/* (java, pid 123 and 2 others, uid 1000), as far as it is known */
static void add_owner(const struct finding *finding, const struct whose *whose,
		      char *text, size_t size)
{
	struct most process = whose_most(whose, finding->inode,
					 finding->nr_inodes);
	size_t n = strlen(text);

	if (!process.name && !finding->uid.known)
		return;
	n += (size_t)snprintf(text + n, size - n, " (");
	if (process.name)
		n += (size_t)snprintf(text + n, size - n, "%s, pid %d",
				      process.name, process.pid);
	if (process.others)
		n += (size_t)snprintf(text + n, size - n, " and %zu other%s",
				      process.others,
				      process.others > 1 ? "s" : "");
	if (finding->uid.known)
		n += (size_t)snprintf(text + n, size - n, "%suid %llu",
				      process.name ? ", " : "",
				      finding->uid.value);
	snprintf(text + n, size - n, ")");
}

static void print_sources(const struct advice *advice)
{
	char text[2 * TEXT_SIZE] = "";
	size_t i, n = 0;

	for (i = 0; advice->source[i]; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
				      i ? "; " : "", advice->source[i]);
	print_wrapped("    See: ", text);
}

static void print_finding(const struct patient *patient,
			  const struct finding *finding,
			  const struct whose *whose)
{
	const struct advice *advice = &advices[finding->ailment];
	enum style style = finding->problem ? STYLE_BAD : STYLE_WARN;
	char text[3 * TEXT_SIZE], what[TEXT_SIZE];
	size_t i;

	add_place(finding, text, TEXT_SIZE);
	add_owner(finding, whose, text, 2 * TEXT_SIZE);
	doctor_what(patient, finding, what, sizeof(what));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), ": %s",
		 what);
	term_begin(style);
	print_wrapped(finding->problem ? "PROBLEM" : "NOTICE", text);
	term_end(style);
	print_wrapped("    Why:", advice->why);
	for (i = 0; advice->help[i]; i++)
		print_wrapped(i ? "" : "   Help:", advice->help[i]);
	print_sources(advice);
	putchar('\n');
}

static void print_text(const struct patient *patient,
		       const struct findings *findings,
		       const struct whose *whose)
{
	size_t i, problems = 0;

	for (i = 0; i < findings->nr; i++) {
		print_finding(patient, &findings->one[i], whose);
		problems += findings->one[i].problem;
	}
	if (!findings->nr)
		fputs("Nothing is wrong. ", stdout);
	else
		printf("%zu problem%s, %zu notice%s. ", problems,
		       problems == 1 ? "" : "s", findings->nr - problems,
		       findings->nr - problems == 1 ? "" : "s");
	printf("Looked at: states, %zu listener%s, alerts, %llu seconds, the module itself.\n",
	       patient->nr_listeners, patient->nr_listeners == 1 ? "" : "s",
	       patient->ms / 1000);
}

/* --- JSON ---------------------------------------------------------------------- */

static void add_words(struct json_object *object, const char *key,
		      const char * const *words)
{
	struct json_object *list = json_new_list();

	for (; *words; words++)
		json_append(list, output_must(json_object_new_string(*words)));
	json_add(object, key, list);
}

static struct json_object *process_json(const struct finding *finding,
					const struct whose *whose)
{
	struct most process = whose_most(whose, finding->inode,
					 finding->nr_inodes);
	struct json_object *object;

	if (!process.name)
		return NULL;
	object = json_new();
	json_add(object, "name",
		 output_must(json_object_new_string(process.name)));
	json_add_uint(object, "pid", (unsigned int)process.pid);
	json_add_uint(object, "others", process.others);
	return object;
}

static struct json_object *finding_json(const struct patient *patient,
					const struct finding *finding,
					struct whose *whose)
{
	const struct advice *advice = &advices[finding->ailment];
	struct json_object *object = json_new();
	char what[TEXT_SIZE];

	doctor_what(patient, finding, what, sizeof(what));
	json_add_word(object, "finding", advice->name);
	json_add_word(object, "severity",
		      finding->problem ? "problem" : "notice");
	json_add(object, "what", output_must(json_object_new_string(what)));
	json_add_word(object, "name", finding->name);
	json_add(object, "where", NULL);
	if (finding->where.port)
		endpoint_json(object, "where", &finding->where);
	json_add(object, "remote",
		 output_must(json_object_new_boolean(finding->remote)));
	json_add(object, "process", process_json(finding, whose));
	json_add_num(object, "uid", &finding->uid);
	json_add_num(object, "cgroup", &finding->cgroup);
	json_add_word(object, "cgroup_path",
		      whose_path(whose, &finding->cgroup));
	json_add_uint(object, "count", finding->count);
	json_add_num(object, "of", &finding->of);
	json_add_num(object,
		     finding->at_least ? "oldest_at_least_us" : "oldest_us",
		     &finding->oldest_us);
	json_add_word(object, "why", advice->why);
	add_words(object, "help", advice->help);
	add_words(object, "source", advice->source);
	return object;
}

static void print_json(const struct patient *patient,
		       const struct findings *findings, struct whose *whose,
		       bool pretty)
{
	struct json_object *root = json_new(), *list = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < findings->nr; i++)
		json_append(list, finding_json(patient, &findings->one[i],
					       whose));
	json_add(root, "findings", list);
	output_json(root, pretty);
}

static void print(const struct options *options, const struct patient *patient,
		  const struct findings *findings)
{
	struct tcpstates_num inode = { .known = true };
	struct whose whose;
	size_t i, j;

	whose_begin(&whose, options);
	for (i = 0; i < findings->nr; i++)
		for (j = 0; j < findings->one[i].nr_inodes; j++) {
			inode.value = findings->one[i].inode[j];
			whose_want(&whose, &inode);
		}
	whose_find(&whose);
	if (options->given['j'] || options->given['p'])
		print_json(patient, findings, &whose, options->given['p']);
	else
		print_text(patient, findings, &whose);
	whose_end(&whose);
}

/**
 * cmd_doctor() - run "doctor"
 * @options:	-j, -p; -n, which changes nothing
 * @argc:	0
 * @argv:	nothing
 *
 * Return: exit status; findings are no failure.
 */
int cmd_doctor(const struct options *options, int argc, char **argv)
{
	struct patient patient = { 0 };
	struct findings findings = { 0 };
	int status = doctor_look(&patient);

	(void)argc;
	(void)argv;
	if (!status) {
		doctor_judge(&patient, &findings);
		print(options, &patient, &findings);
	}
	free(findings.one);
	doctor_dismiss(&patient);
	return status;
}
