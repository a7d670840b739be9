/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DURATION_H
#define _DURATION_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the longest duration, NUL included. */
#define DURATION_SIZE	24

char *duration_format(char buf[DURATION_SIZE], unsigned long long us);
bool duration_parse(const char *text, unsigned long long *us);

#endif /* _DURATION_H */
