// SPDX-License-Identifier: GPL-2.0
/*
 * Building JSON.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "output.h"

/**
 * json_new() - an object without members
 *
 * Return: to be freed with json_object_put(), or by what it is put into.
 */
struct json_object *json_new(void)
{
	return output_must(json_object_new_object());
}

/**
 * json_new_list() - an array without elements
 *
 * Return: as json_new().
 */
struct json_object *json_new_list(void)
{
	return output_must(json_object_new_array());
}

/**
 * json_add() - give an object a member
 * @object:	the object
 * @key:	its name
 * @value:	NULL: null
 */
void json_add(struct json_object *object, const char *key,
	      struct json_object *value)
{
	if (json_object_object_add(object, key, value))
		output_must(NULL);
}

/**
 * json_append() - give an array an element
 * @list:	the array
 * @value:	the element
 */
void json_append(struct json_object *list, struct json_object *value)
{
	if (json_object_array_add(list, value))
		output_must(NULL);
}

/**
 * json_add_num() - a number that may be unknown
 * @object:	the object
 * @key:	name of the member
 * @num:	null if it is unknown
 */
void json_add_num(struct json_object *object, const char *key,
		  const struct tcpstates_num *num)
{
	if (num->known)
		json_add_uint(object, key, num->value);
	else
		json_add(object, key, NULL);
}

/**
 * json_add_uint() - a number
 * @object:	the object
 * @key:	name of the member
 * @value:	all 64 bits of it
 */
void json_add_uint(struct json_object *object, const char *key,
		   unsigned long long value)
{
	json_add(object, key, output_must(json_object_new_uint64(value)));
}

/**
 * json_add_double() - a number with a fraction
 * @object:	the object
 * @key:	name of the member
 * @number:	null if it is negative: not known
 * @decimals:	digits of the fraction
 */
void json_add_double(struct json_object *object, const char *key,
		     double number, int decimals)
{
	struct json_object *value = NULL;
	char text[40];

	snprintf(text, sizeof(text), "%.*f", decimals, number);
	if (number >= 0)
		value = output_must(json_object_new_double_s(number, text));
	json_add(object, key, value);
}

/**
 * json_escaped() - a word of any origin, printable
 * @word:	the word
 *
 * Return: to be freed.
 */
char *json_escaped(const char *word)
{
	size_t size = tcpstates_escape(NULL, 0, word) + 1;
	char *text = output_must(malloc(size));

	tcpstates_escape(text, size, word);
	return text;
}

/**
 * json_add_word() - a word
 * @object:	the object
 * @key:	name of the member
 * @word:	of any origin; NULL: null
 */
void json_add_word(struct json_object *object, const char *key,
		   const char *word)
{
	char *text;

	if (!word) {
		json_add(object, key, NULL);
		return;
	}
	text = json_escaped(word);
	json_add(object, key, output_must(json_object_new_string(text)));
	free(text);
}

/**
 * json_add_lower() - a word in lower case, as names of states are in JSON
 * @object:	the object
 * @key:	name of the member
 * @word:	of any origin
 */
void json_add_lower(struct json_object *object, const char *key,
		    const char *word)
{
	char *text = json_escaped(word), *c;

	for (c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	json_add(object, key, output_must(json_object_new_string(text)));
	free(text);
}

/**
 * json_add_dwell() - the member "dwell_us"
 * @object:	the object
 * @dwell:	the times
 */
void json_add_dwell(struct json_object *object,
		    const struct tcpstates_dwell *dwell)
{
	struct json_object *value = json_new();

	json_add_num(value, "count", &dwell->samples);
	json_add_num(value, "p50", &dwell->p50_us);
	json_add_num(value, "p99", &dwell->p99_us);
	json_add_num(value, "max", &dwell->max_us);
	json_add(object, "dwell_us", value);
}
