// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of a namespace that is looked at: its memory, and the parameters
 * of its rules.
 */
#include "tcps.h"
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "alert.h"

#define MIN_MEMORY	8U	/* MiB */
#define MAX_MEMORY	256U

/* Everything in alert.h, and that no watch goes away. */
DEFINE_MUTEX(tcps_alert_lock);
LIST_HEAD(tcps_watches);

/* All of these are protected by tcps_alert_lock. */
static struct tcps_limits default_limits[TCPS_NR_RULES];
static u64 memory_used, memory_limit, unwatched;

/*
 * The parameter "rule" can be written and read before the module's init function
 * has begun, and until after its exit function has ended: insmod's own values
 * are the defaults; a namespace can be asked only while there are any.
 */
static enum { LOADING, BUSY, OPEN } phase;

/**
 * tcps_alert_open() - may namespaces be asked for their rules
 * @open:	true: from now on, until it is false
 *
 * Process context.  Nobody is asking any more when this returns false.
 */
void tcps_alert_open(bool open)
{
	mutex_lock(&tcps_alert_lock);
	phase = open ? OPEN : BUSY;
	mutex_unlock(&tcps_alert_lock);
}

/**
 * tcps_alert_choose() - how much memory alerts and history may take
 * @mebibytes:	as the user says, UINT_MAX: by the size of memory
 *
 * From here on rule parameters are not insmod's.
 *
 * Return: 0 or -EINVAL, which is said in the kernel log.
 */
int tcps_alert_choose(unsigned int mebibytes)
{
	u64 by_memory = (u64)totalram_pages() << PAGE_SHIFT >> 28;

	if (mebibytes == UINT_MAX)
		mebibytes = clamp_t(u64, by_memory, MIN_MEMORY, MAX_MEMORY);
	if (mebibytes > 1048576) {
		pr_err("max_alert_memory=%u is not in the range 0 to 1048576\n",
		       mebibytes);
		return -EINVAL;
	}
	memory_limit = (u64)mebibytes << 20;
	tcps_alert_open(false);
	return 0;
}

/* What is allocated here lives as long as its namespace. */
static void *take_memory(size_t size)
{
	void *p;

	if (memory_used + size > memory_limit)
		return NULL;
	p = kvzalloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (p)
		memory_used += size;
	return p;
}

static void give_memory(void *p, size_t size)
{
	if (p)
		memory_used -= size;
	kvfree(p);
}

/* The defaults of the rules, until a parameter of the module changes them */
static const struct tcps_limits *defaults(void)
{
	if (!default_limits[0].p[TCPS_PARAM_QUIET])
		memcpy(default_limits, tcps_default_limits,
		       sizeof(default_limits));
	return default_limits;
}

/**
 * tcps_watch_complete() - get what there was no memory for before
 * @w:		a namespace's watch
 *
 * With tcps_alert_lock held.
 */
void tcps_watch_complete(struct tcps_watch *w)
{
	if (!w->history)
		w->history = take_memory(sizeof(*w->history));
}

/**
 * tcps_watch_log() - where a namespace's alerts are kept
 * @w:		the namespace's watch
 *
 * With tcps_alert_lock held.
 *
 * Return: false: there is no memory for it.
 */
bool tcps_watch_log(struct tcps_watch *w)
{
	if (!w->log)
		w->log = take_memory(TCPS_LOGGED * sizeof(*w->log));
	return w->log;
}

/**
 * tcps_watch_get() - begin to look at a namespace
 * @tn:		the namespace, alive
 *
 * With tcps_alert_lock held.
 *
 * Return: its watch, or NULL: there is no memory for it.
 */
struct tcps_watch *tcps_watch_get(struct tcps_net *tn)
{
	struct tcps_watch *w = tn->watch;

	if (w)
		return w;
	w = take_memory(sizeof(*w));
	if (!w)
		return NULL;
	w->tn = tn;
	w->next_id = 1;
	tcps_alert_print_begin(w);
	memcpy(w->limits, defaults(), sizeof(w->limits));
	tcps_watch_complete(w);
	list_add_tail(&w->list, &tcps_watches);
	WRITE_ONCE(tn->watch, w);
	return w;
}

/**
 * tcps_alert_net_exit() - forget a namespace
 * @tn:		the namespace, which dies
 */
void tcps_alert_net_exit(struct tcps_net *tn)
{
	struct tcps_watch *w;

	mutex_lock(&tcps_alert_lock);
	w = tn->watch;
	if (w) {
		WRITE_ONCE(tn->watch, NULL);
		list_del(&w->list);
		give_memory(w->history, sizeof(*w->history));
		give_memory(w->log, TCPS_LOGGED * sizeof(*w->log));
		give_memory(w, sizeof(*w));
	}
	mutex_unlock(&tcps_alert_lock);
}

/**
 * tcps_alert_unwatched() - namespaces in use that are not looked at
 *
 * Return: how many there were at the last look.
 */
u64 tcps_alert_unwatched(void)
{
	return READ_ONCE(unwatched);
}

/**
 * tcps_alert_set_unwatched() - say how many could not be looked at
 * @nr:		namespaces
 */
void tcps_alert_set_unwatched(u64 nr)
{
	WRITE_ONCE(unwatched, nr);
}

static struct tcps_net *own_net(void)
{
	return tcps_net(current->nsproxy->net_ns);
}

/**
 * tcps_watch_limits() - the parameters of a namespace's rules, where they are
 * @tn:		the namespace, which the caller keeps alive
 *
 * With tcps_alert_lock held.
 *
 * Return: TCPS_NR_RULES of them.
 */
const struct tcps_limits *tcps_watch_limits(const struct tcps_net *tn)
{
	return tn->watch ? tn->watch->limits : defaults();
}

/**
 * tcps_alert_get_limits() - the parameters of the rules of current's namespace
 * @limits:	TCPS_NR_RULES of them
 *
 * Process context.
 *
 * Return: 0 or -EBUSY: the module is being loaded or unloaded.
 */
int tcps_alert_get_limits(struct tcps_limits *limits)
{
	int err = -EBUSY;

	mutex_lock(&tcps_alert_lock);
	if (phase == OPEN) {
		memcpy(limits, tcps_watch_limits(own_net()),
		       sizeof(default_limits));
		err = 0;
	}
	mutex_unlock(&tcps_alert_lock);
	return err;
}

/**
 * tcps_alert_set_limits() - change parameters of one rule
 * @tn:		the namespace, which the caller keeps alive
 * @rule:	enum tcps_rule
 * @limits:	the new values
 * @which:	which of them are meant, bits by enum tcps_param; if one is wrong,
 *		only its bit is left
 * @why:	where a constant text goes that says what is wrong
 *
 * Process context.  All are changed, or none.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int tcps_alert_set_limits(struct tcps_net *tn, unsigned int rule,
			  const struct tcps_limits *limits, u32 *which,
			  const char **why)
{
	struct tcps_limits new;
	struct tcps_watch *w;
	unsigned int param;
	int err = 0;

	mutex_lock(&tcps_alert_lock);
	w = tcps_watch_get(tn);
	if (!w) {
		*why = "no memory for the rules of this namespace";
		err = -ENOMEM;
		goto unlock;
	}
	new = w->limits[rule];
	for (param = 0; param < TCPS_NR_PARAMS && !err; param++) {
		if (!(*which & BIT(param)))
			continue;
		err = tcps_limits_set(&new, rule, param, limits->p[param], why);
		if (err)
			*which = BIT(param);
	}
	if (!err)
		w->limits[rule] = new;
unlock:
	mutex_unlock(&tcps_alert_lock);
	return err;
}

/* With tcps_alert_lock held */
static int parse_limits(const char *text, const char **why)
{
	struct tcps_watch *w;

	if (phase == LOADING) {
		defaults();
		return tcps_limits_parse(default_limits, text, why);
	}
	*why = "the module is being loaded or unloaded";
	if (phase == BUSY)
		return -EBUSY;
	*why = "no memory for the rules of this namespace";
	w = tcps_watch_get(own_net());
	return w ? tcps_limits_parse(w->limits, text, why) : -ENOMEM;
}

/**
 * tcps_alert_parse_limits() - change a rule as a text says
 * @text:	see tcps_limits_parse()
 * @why:	where a constant text goes that says what is wrong
 *
 * Process context.  The rule is that of current's namespace; while insmod has the
 * word, the default of all.
 *
 * Return: 0, -EINVAL, -ENOMEM, or -EBUSY.
 */
int tcps_alert_parse_limits(const char *text, const char **why)
{
	int err;

	mutex_lock(&tcps_alert_lock);
	err = parse_limits(text, why);
	mutex_unlock(&tcps_alert_lock);
	return err;
}
