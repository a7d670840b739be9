// SPDX-License-Identifier: GPL-2.0
/*
 * Rules from a file: all of it, or nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conns.h"
#include "rule.h"

#define FILE_MAX	65536
#define CHANGES_MAX	256

/**
 * struct change - one line of the file
 * @rule:	what is to be set
 * @line:	its number
 */
struct change {
	struct tcpstates_rule_info rule;
	unsigned int line;
};

/**
 * struct load - a file that is being loaded
 * @path:	its name
 * @before:	the rules as they were
 * @change:	its lines
 * @nr:		how many
 */
struct load {
	const char *path;
	struct tcpstates_rule_info before[TCPSTATES_RULES];
	struct change change[CHANGES_MAX];
	size_t nr;
};

static int add_change(const struct tcpstates_rule_info *rule, unsigned int line,
		      void *arg)
{
	struct load *load = arg;

	if (load->nr == CHANGES_MAX)
		return -E2BIG;
	load->change[load->nr].rule = *rule;
	load->change[load->nr++].line = line;
	return 0;
}

static bool parse_file(struct load *load)
{
	const char *path = strcmp(load->path, "-") ? load->path : "/dev/stdin";
	struct tcpstates_error error;
	char *text;
	size_t len;
	int ret = tcpstates_file_read(path, FILE_MAX, &text, &len);

	if (ret) {
		output_error("cannot read %s: %s", load->path, strerror(-ret));
		return false;
	}
	ret = tcpstates_rules_parse(text, len, add_change, load, &error);
	free(text);
	if (ret && error.line)
		output_error("%s: line %u: %s", load->path, error.line,
			     error.reason);
	else if (ret)
		output_error("%s: %s", load->path, error.reason);
	return !ret;
}

static int remember(const struct tcpstates_rule_info *rule, unsigned int line,
		    void *arg)
{
	struct load *load = arg;

	(void)line;
	if (rule->rule < TCPSTATES_RULES)
		load->before[rule->rule] = *rule;
	return 0;
}

/* Whole rules, as they were before the first line of them */
static void undo(struct tcpstates_nl *nl, struct load *load, size_t nr)
{
	struct tcpstates_error error;
	size_t i;

	for (i = 0; i < nr; i++)
		if (tcpstates_rule_set(nl,
				       &load->before[load->change[i].rule.rule],
				       &error))
			output_error("line %u could not be taken back: %s",
				     load->change[i].line, error.reason);
}

static int apply(struct tcpstates_nl *nl, struct load *load)
{
	struct tcpstates_error error;
	size_t i;

	if (tcpstates_rules(nl, remember, load, &error))
		return conns_fail(&error);
	for (i = 0; i < load->nr; i++) {
		if (!tcpstates_rule_set(nl, &load->change[i].rule, &error))
			continue;
		undo(nl, load, i);
		output_error("%s: line %u: the kernel refused: %s", load->path,
			     load->change[i].line, error.reason);
		return STATUS_REFUSED;
	}
	return STATUS_DONE;
}

/**
 * rule_load() - load rules from a file
 * @path:	its name; -: standard input
 *
 * Return: exit status.
 */
int rule_load(const char *path)
{
	struct load *load = output_must(calloc(1, sizeof(*load)));
	struct tcpstates_nl *nl;
	int status = STATUS_USAGE;

	load->path = path;
	if (parse_file(load))
		status = conns_open(&nl);
	if (!status) {
		status = apply(nl, load);
		tcpstates_nl_close(nl);
	}
	free(load);
	return status;
}
