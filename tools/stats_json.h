/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STATS_JSON_H
#define _STATS_JSON_H

struct json_object;
struct tcpstates_stats;

struct json_object *stats_json(const struct tcpstates_stats *stats);

#endif /* _STATS_JSON_H */
