/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _NEAREST_H
#define _NEAREST_H

#include <stddef.h>

size_t nearest_distance(const char *typed, const char *valid);
const char *nearest_word(const char *typed, const char *const *valid);

#endif /* _NEAREST_H */
