/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's headers would give us.
 */
#ifndef _COMPILER_H
#define _COMPILER_H

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf(string, first)	__attribute__((format(printf, string, first)))

#endif /* _COMPILER_H */
