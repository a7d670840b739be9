/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Building JSON: what every verb needs.  All leave if there is no memory.
 */
#ifndef _JSON_H
#define _JSON_H

#include <json-c/json.h>

#include "lib/tcpstates.h"

char *json_escaped(const char *word);
struct json_object *json_new(void);
struct json_object *json_new_list(void);
void json_add(struct json_object *object, const char *key,
	      struct json_object *value);
void json_append(struct json_object *list, struct json_object *value);
void json_add_num(struct json_object *object, const char *key,
		  const struct tcpstates_num *num);
void json_add_uint(struct json_object *object, const char *key,
		   unsigned long long value);
void json_add_double(struct json_object *object, const char *key,
		     double number, int decimals);
void json_add_word(struct json_object *object, const char *key,
		   const char *word);
void json_add_lower(struct json_object *object, const char *key,
		    const char *word);
void json_add_dwell(struct json_object *object,
		    const struct tcpstates_dwell *dwell);

#endif /* _JSON_H */
