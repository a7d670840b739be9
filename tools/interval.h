/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _INTERVAL_H
#define _INTERVAL_H

#include <stdbool.h>

#include "lib/tcpstates.h"

struct options;

/**
 * struct interval - when to do something again
 * @us:		time between two turns, 0: there is only one
 * @turns:	how many, 0: until interrupted
 * @started:	when the last turn began, seconds
 * @passed:	between the last two turns, seconds; 0 in the first
 */
struct interval {
	unsigned long long us;
	unsigned long long turns;
	double started;
	double passed;
};

#define INTERVAL_RATE_SIZE	40

struct json_object;

bool interval_parse(struct interval *interval, const struct options *options);
bool interval_count(const struct options *options,
		    unsigned long long *turns);
bool interval_next(struct interval *interval);
int interval_run(const struct options *options,
		 int (*turn)(const struct interval *interval, void *arg),
		 void *arg);
void interval_json(const struct interval *interval, struct json_object *root);
void interval_begin(struct interval *interval);
double interval_now(void);
double interval_rate(const struct interval *interval,
		     const struct tcpstates_num *now,
		     const struct tcpstates_num *before);
char *interval_rate_text(char text[INTERVAL_RATE_SIZE], double rate);

#endif /* _INTERVAL_H */
