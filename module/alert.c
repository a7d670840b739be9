// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an alert: which subjects are remembered, what is raised and
 * cleared, who is told, what is kept.
 */
#include "tcps.h"
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include "alert.h"
#include "ring.h"

/* A slot whose rule has not raised it may be taken after so long, ms. */
#define IDLE		(60 * MSEC_PER_SEC)

static tcps_alert_teller tell_others; /* protected by tcps_alert_lock */

/**
 * tcps_alert_find() - what is remembered of a subject
 * @w:		the namespace's watch
 * @who:	the subject
 *
 * With tcps_alert_lock held.
 *
 * Return: its slot, or NULL.
 */
struct tcps_tracked *tcps_alert_find(struct tcps_watch *w,
				     const struct tcps_subject *who)
{
	struct tcps_tracked *t;

	for (t = w->tracked; t < w->tracked + TCPS_TRACKED; t++)
		if (t->used && !memcmp(&t->alert.who, who, sizeof(*who)))
			return t;
	return NULL;
}

/* A free slot, or that of the subject that has been harmless for longest. */
static struct tcps_tracked *find_room(struct tcps_watch *w, u64 now)
{
	struct tcps_tracked *t, *oldest = NULL;

	for (t = w->tracked; t < w->tracked + TCPS_TRACKED; t++) {
		if (!t->used)
			return t;
		if (t->state.raised || t->state.over_since || t->read)
			continue;
		/* Who was back a moment ago has his back-off still. */
		if (t->state.flaps && now - t->read_at < IDLE)
			continue;
		if (!oldest || t->read_at < oldest->read_at)
			oldest = t;
	}
	return oldest;
}

/**
 * tcps_alert_track() - remember a subject
 * @w:		the namespace's watch
 * @who:	the subject
 * @now:	ms
 *
 * With tcps_alert_lock held.
 *
 * Return: its slot; NULL: there is none.
 */
struct tcps_tracked *tcps_alert_track(struct tcps_watch *w,
				      const struct tcps_subject *who, u64 now)
{
	struct tcps_tracked *t = tcps_alert_find(w, who);

	if (t)
		return t;
	t = find_room(w, now);
	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->alert.who = *who;
	t->used = true;
	t->read_at = now;
	return t;
}

/**
 * tcps_alert_read() - what was seen of a subject in this second
 * @w:		the namespace's watch
 * @who:	the subject
 * @reading:	what was seen; of two readings the worse one counts
 * @now:	ms
 *
 * With tcps_alert_lock held.  A subject that is harmless and was so is not
 * remembered.
 */
void tcps_alert_read(struct tcps_watch *w, const struct tcps_subject *who,
		     struct tcps_reading reading, u64 now)
{
	bool over = reading.threshold && reading.value >= reading.threshold;
	struct tcps_tracked *t;

	t = over ? tcps_alert_track(w, who, now) : tcps_alert_find(w, who);
	if (!t) {
		w->untracked += over;
		return;
	}
	if (t->read && t->reading.value * reading.threshold >=
		       reading.value * t->reading.threshold)
		return;
	t->reading = reading;
	t->read = true;
	t->read_at = now;
}

static void keep(struct tcps_watch *w, const struct tcps_alert *alert)
{
	u32 at = tcps_ring_at(alert->id, TCPS_LOGGED);

	if (!tcps_watch_log(w)) {
		w->untracked++;
		return;
	}
	/* What lasts for longer than 256 others does not come back. */
	if (w->log[at].id <= alert->id)
		w->log[at] = *alert;
}

static void announce(struct tcps_watch *w, struct tcps_alert *alert)
{
	alert->event = ++w->events;
	keep(w, alert);
	tcps_alert_print(w, alert);
	if (tell_others)
		w->untold += !!tell_others(w->tn, alert);
}

static void raise(struct tcps_watch *w, struct tcps_tracked *t)
{
	struct tcps_alert *alert = &t->alert;

	alert->id = w->next_id++;
	alert->peak = alert->value;
	alert->since = ktime_get_real_ns();
	alert->until = 0;
	alert->times++;
	alert->held_back = t->state.held_back;
	w->raised_total[alert->who.rule]++;
	w->active[alert->who.rule]++;
	announce(w, alert);
}

static void clear(struct tcps_watch *w, struct tcps_tracked *t)
{
	t->alert.until = ktime_get_real_ns();
	w->active[t->alert.who.rule]--;
	announce(w, &t->alert);
}

/*
 * No reading while all of the rule's subjects were looked at: it is no
 * more.  Otherwise nothing is known.
 */
static bool judge_one(struct tcps_watch *w, struct tcps_tracked *t, u64 now)
{
	unsigned int rule = t->alert.who.rule;
	struct tcps_reading r = t->reading;
	enum tcps_verdict verdict;

	if (!t->read) {
		r.value = 0;
		r.threshold = w->judged & BIT(rule) ?
			      max(t->alert.threshold, 1ULL) : 0;
	}
	if (r.threshold) {
		t->alert.value = r.value;
		t->alert.threshold = r.threshold;
		t->alert.peak = max(t->alert.peak, r.value);
	}
	verdict = tcps_rule_step(&w->limits[rule], &r, now, &t->state);
	if (verdict == TCPS_VERDICT_RAISE)
		raise(w, t);
	else if (verdict == TCPS_VERDICT_CLEAR)
		clear(w, t);
	t->read = false;
	return t->state.over_since && !t->state.raised && !t->state.holding;
}

/**
 * tcps_alert_judge() - the end of a second: raise, hold, clear
 * @w:		the namespace's watch
 * @now:	ms
 *
 * With tcps_alert_lock held.
 *
 * Return: true if something is too much, but has not been so for long enough.
 */
bool tcps_alert_judge(struct tcps_watch *w, u64 now)
{
	struct tcps_tracked *t;
	bool unripe = false;

	for (t = w->tracked; t < w->tracked + TCPS_TRACKED; t++)
		if (t->used)
			unripe |= judge_one(w, t, now);
	return unripe;
}

/**
 * tcps_alert_tell() - have somebody told of every alert
 * @teller:	whom; NULL: nobody
 *
 * Process context.  Nobody is being told any more when this returns.
 */
void tcps_alert_tell(tcps_alert_teller teller)
{
	mutex_lock(&tcps_alert_lock);
	tell_others = teller;
	mutex_unlock(&tcps_alert_lock);
}
