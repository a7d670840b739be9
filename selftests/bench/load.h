/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the loads of the bench have in common.
 */
#ifndef _LOAD_H
#define _LOAD_H

#define PORT	7777	/* the server's */

void fail(const char *what);

/* syn.c */
void begin_syn(void);
void do_syn(void);

#endif /* _LOAD_H */
