/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules, as they are typed.
 */
#ifndef _RULE_H
#define _RULE_H

#include "lib/tcpstates.h"

int rule_find(const char *typed);
int rule_find_or(const char *typed, const char *const *others);
bool rule_find_param(const char *typed);
int rule_load(const char *path);

#endif /* _RULE_H */
