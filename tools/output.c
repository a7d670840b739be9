// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, JSON, and whether what was printed has arrived.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "output.h"
#include "tcpstatectl.h"

/**
 * output_must() - leave if there is no memory
 * @memory:	what an allocation returned
 *
 * Return: @memory, never NULL.
 */
void *output_must(void *memory)
{
	if (memory)
		return memory;
	output_error("out of memory");
	exit(STATUS_REFUSED);
}

/**
 * output_json() - print JSON to stdout and free it
 * @root:	the document
 * @pretty:	indented, for people, instead of one line
 */
void output_json(struct json_object *root, bool pretty)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text;

	flags |= pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED :
			  JSON_C_TO_STRING_PLAIN;
	text = json_object_to_json_string_ext(root, flags);
	if (text)
		puts(text);
	else
		output_must(NULL);
	json_object_put(root);
}

/**
 * output_start() - to be called before anything is printed
 *
 * What fits is written at once, at the end: no reader sees half of it, and
 * output_finish() learns why it could not be written.
 */
void output_start(void)
{
	static char buffer[64 * 1024];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

/**
 * output_finish() - make sure that all output has arrived
 * @status:	exit status so far
 *
 * Return: @status, or STATUS_REFUSED after a message if something that was
 * printed did not arrive.
 */
int output_finish(int status)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (!fclose(stdout) && !failed)
		return status;
	output_error("cannot write the output: %s",
		     errno ? strerror(errno) : "write error");
	return STATUS_REFUSED;
}
