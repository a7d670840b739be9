/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SPARK_H
#define _SPARK_H

#include <stddef.h>

const char *spark(unsigned long long value, unsigned long long most);
void spark_print(const unsigned long long *values, size_t nr, size_t width);

#endif /* _SPARK_H */
