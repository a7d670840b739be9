// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl version
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <linux/tcpstates.h>

#include "output.h"
#include "tcpstatectl.h"

static void print_json(const char *module, bool pretty)
{
	struct json_object *root = output_must(json_object_new_object());
	struct json_object *tool, *version = NULL;

	tool = output_must(json_object_new_string(TCPSTATES_VERSION));
	if (module)
		version = output_must(json_object_new_string(module));
	json_object_object_add(root, "tool", tool);
	json_object_object_add(root, "module", version);
	output_json(root, pretty);
}

/**
 * cmd_version() - run "version"
 * @options:	-j, -p
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_version(const struct options *options, int argc, char **argv)
{
	char version[64] = "version unknown";
	const char *module = version;
	int ret;

	(void)argc;
	(void)argv;
	ret = tcpstates_module_version(TCPSTATES_SYS_PATH, version,
				       sizeof(version));
	if (ret == -ENOENT)
		module = NULL;
	if (options->given['j'] || options->given['p'])
		print_json(module, options->given['p']);
	else
		printf("tcpstatectl %s\nmodule %s\n", TCPSTATES_VERSION,
		       module ? module : "not loaded");
	return STATUS_DONE;
}
