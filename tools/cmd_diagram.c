// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl diagram
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interval.h"
#include "json.h"
#include "output.h"
#include "tcpstatectl.h"

/*
 * {S    } is how many are in a state, {ST   } how often an arrow was taken, and
 * as wide as it stands here.  The letters:
 */
static const struct {
	char letter;
	const char *state;
} letters[] = {
	{ 'C', "CLOSED" }, { 'L', "LISTEN" }, { 'S', "SYN_SENT" },
	{ 'R', "SYN_RECV" }, { 'E', "ESTABLISHED" }, { 'F', "FIN_WAIT1" },
	{ 'G', "FIN_WAIT2" }, { 'W', "CLOSE_WAIT" }, { 'A', "LAST_ACK" },
	{ 'X', "CLOSING" }, { 'T', "TIME_WAIT" },
};

static const char drawing[] =
"          active open         .----------.         passive open\n"
"            .-----------------|  CLOSED  |-----------------.\n"
"            | {CS     }       '----------'       {CL     } |\n"
"            v                                              v\n"
"      .-----------.                                  .-----------.\n"
"      | SYN_SENT  |  simultaneous open               |  LISTEN   |\n"
"      | {S      } |-----------------.                | {L      } |\n"
"      '-----------'        {SR    } |                '-----------'\n"
"            |                       |         SYN received | {LR     }\n"
"            |                       |                      v\n"
"            | SYN,ACK received      |                .-----------.\n"
"            | {SE     }             '--------------->| SYN_RECV  |\n"
"            |                                        | {R      } |\n"
"            |              .-------------.           '-----------'\n"
"            '------------->| ESTABLISHED |<----------------'\n"
"                           | {E        } |   {RE     } ACK received\n"
"            .--------------|             |---------------.\n"
"            | {EF     }    '-------------'     {EW     } |\n"
"            v close()                       FIN received v\n"
"      .-----------.                                .------------.\n"
"      | FIN_WAIT1 |------------.---------.         | CLOSE_WAIT |\n"
"      | {F      } |            |         |         | {W       } |\n"
"      '-----------'            |         |         '------------'\n"
"            | {FG     } {FX   }| {FT   } |               | {WA     }\n"
"            v ACK of FIN       v         |               v close()\n"
"      .-----------.     .-----------.    |         .------------.\n"
"      | FIN_WAIT2 |     |  CLOSING  |    |         |  LAST_ACK  |\n"
"      | {G      } |     | {X      } |    |         | {A       } |\n"
"      '-----------'     '-----------'    |         '------------'\n"
"            | {GT     }       | {XT   }  |               | {AC     }\n"
"            v FIN received    v          v               v ACK of FIN\n"
"      .----------------------------------------.   .------------.\n"
"      | TIME_WAIT {T        }                  |-->|   CLOSED   |\n"
"      '----------------------------------------'   '------------'\n"
"                          2MSL over: {TC     }\n";

static const char *state_of(char letter)
{
	size_t i;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter)
			return letters[i].state;
	return "";
}

static const struct tcpstates_num *
current_of(const struct tcpstates_stats *stats, const char *state)
{
	size_t i;

	for (i = 0; i < stats->nr_states; i++)
		if (!strcmp(stats->states[i].name, state))
			return &stats->states[i].current;
	return NULL;
}

static const struct tcpstates_num *
count_of(const struct tcpstates_stats *stats, const char *from, const char *to)
{
	const struct tcpstates_transition *edge = stats->transitions;

	for (; edge < stats->transitions + stats->nr_transitions; edge++)
		if (!strcmp(edge->from, from) && !strcmp(edge->to, to))
			return &edge->count;
	return NULL;
}

/**
 * struct pen - what draws
 * @blanks:	that are not drawn until something follows them
 */
struct pen {
	unsigned int blanks;
};

static void put_char(struct pen *pen, char c)
{
	if (c == ' ') {
		pen->blanks++;
		return;
	}
	if (c != '\n')
		printf("%*s", (int)pen->blanks, "");
	pen->blanks = 0;
	putchar(c);
}

/*
 * What does not fit is shortened: 12.3k, 4.5M; never wrong by more than half of
 * its last digit.
 */
static void print_count(struct pen *pen, const struct tcpstates_num *num,
			int width)
{
	static const char units[] = "kMGTPE";
	char text[32] = "-";
	double value;
	int i = -1;

	if (num && num->known) {
		snprintf(text, sizeof(text), "%llu", num->value);
		if ((int)strlen(text) > width) {
			for (value = (double)num->value; value >= 999.95; i++)
				value /= 1000;
			snprintf(text, sizeof(text), "%.1f%c", value, units[i]);
		}
	}
	for (i = 0; text[i]; i++)
		put_char(pen, text[i]);
	for (; i < width; i++)
		put_char(pen, ' ');
}

/* Return: what comes after the field. */
static const char *print_field(struct pen *pen,
			       const struct tcpstates_stats *stats,
			       const char *field)
{
	const char *end = strchr(field, '}') + 1;
	int width = (int)(end - field);

	if (field[2] == ' ')
		print_count(pen, current_of(stats, state_of(field[1])), width);
	else
		print_count(pen, count_of(stats, state_of(field[1]),
					  state_of(field[2])), width);
	return end;
}

/* Transitions that the drawing has no arrow for, if they happened */
static bool is_drawn(const struct tcpstates_transition *edge)
{
	const char *field = drawing;

	for (; (field = strchr(field, '{')); field++)
		if (field[2] != ' ' &&
		    !strcmp(state_of(field[1]), edge->from) &&
		    !strcmp(state_of(field[2]), edge->to))
			return true;
	return false;
}

static void print_rest(const struct tcpstates_stats *stats)
{
	const struct tcpstates_transition *edge = stats->transitions;
	bool first = true;

	for (; edge < stats->transitions + stats->nr_transitions; edge++) {
		if (is_drawn(edge) || !edge->count.value)
			continue;
		if (first)
			puts("\nNot drawn:");
		first = false;
		printf("  %s -> %s: %llu\n", edge->from, edge->to,
		       edge->count.value);
	}
}

static void draw(const struct tcpstates_stats *stats)
{
	const char *at = drawing;
	struct pen pen = { 0 };

	while (*at) {
		if (*at == '{')
			at = print_field(&pen, stats, at);
		else
			put_char(&pen, *at++);
	}
	print_rest(stats);
}

static struct json_object *states_json(const struct tcpstates_stats *stats)
{
	struct json_object *list = json_new_list(), *object;
	const struct tcpstates_state *state = stats->states;

	for (; state < stats->states + stats->nr_states; state++) {
		object = json_new();
		json_add_lower(object, "state", state->name);
		json_add_num(object, "current", &state->current);
		json_append(list, object);
	}
	return list;
}

static struct json_object *edges_json(const struct tcpstates_stats *stats)
{
	struct json_object *list = json_new_list(), *object;
	const struct tcpstates_transition *edge = stats->transitions;

	for (; edge < stats->transitions + stats->nr_transitions; edge++) {
		object = json_new();
		json_add_lower(object, "from", edge->from);
		json_add_lower(object, "to", edge->to);
		json_add_num(object, "count", &edge->count);
		json_add(object, "drawn",
			 json_object_new_boolean(is_drawn(edge)));
		json_append(list, object);
	}
	return list;
}

static void print_json(const struct tcpstates_stats *stats,
		       const struct interval *interval, bool pretty)
{
	struct json_object *root = json_new();

	json_add_uint(root, "version", 1);
	json_add(root, "states", states_json(stats));
	json_add(root, "transitions", edges_json(stats));
	interval_json(interval, root);
	output_json(root, pretty);
}

static int run_turn(const struct interval *interval, void *arg)
{
	const struct options *options = arg;
	struct tcpstates_stats stats;
	int status = stats_get(&stats);

	if (status)
		return status;
	if (options->given['j'] || options->given['p']) {
		print_json(&stats, interval, options->given['p']);
	} else {
		if (interval->passed)
			putchar('\n');
		draw(&stats);
	}
	tcpstates_stats_free(&stats);
	return STATUS_DONE;
}

/**
 * cmd_diagram() - run "diagram"
 * @options:	-j, -p, --interval, --count
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_diagram(const struct options *options, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return interval_run(options, run_turn, (void *)options);
}
