// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts as text: a line in the kernel log, lines in /proc/tcpstates.
 */
#include "tcps.h"
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>
#include <linux/socket.h>
#include <linux/uidgid.h>
#include "alert.h"

/*
 * However many alerts there are: lines of the initial namespace, of another one,
 * of all the others, and in how long
 */
#define LOG_INITIAL	30
#define LOG_ONE		20
#define LOG_OTHERS	30
#define LOG_INTERVAL	(60 * HZ)

bool tcps_log_alerts = true;

/* "192.0.2.1:80", "[2001:db8::1]:80", "*:80", or "-" */
#define ADDRESS_MAX	sizeof("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")

static void print_address(const struct tcps_subject *who, char *text)
{
	if (who->family == AF_INET)
		snprintf(text, ADDRESS_MAX, "%pI4:%u", &who->addr, who->port);
	else if (who->family == AF_INET6)
		snprintf(text, ADDRESS_MAX, "[%pI6c]:%u", &who->addr,
			 who->port);
	else if (who->port)
		snprintf(text, ADDRESS_MAX, "*:%u", who->port);
	else
		snprintf(text, sizeof("-"), "-");
}

/* As somebody in that user namespace sees it */
static void print_uid(const struct tcps_subject *who,
		      struct user_namespace *user_ns, char *text)
{
	if (who->uid == TCPS_NO_UID)
		snprintf(text, sizeof("-"), "-");
	else
		snprintf(text, sizeof("4294967295"), "%u",
			 from_kuid_munged(user_ns, KUIDT_INIT(who->uid)));
}

/**
 * tcps_alert_print_begin() - how many lines may be of a namespace
 * @w:		its watch
 */
void tcps_alert_print_begin(struct tcps_watch *w)
{
	ratelimit_state_init(&w->lines, LOG_INTERVAL,
			     net_eq(w->tn->net, &init_net) ? LOG_INITIAL :
							     LOG_ONE);
}

/* Anybody can have a namespace, and alerts there: they take nobody else's lines. */
static bool may_print(struct tcps_watch *w)
{
	static DEFINE_RATELIMIT_STATE(others, LOG_INTERVAL, LOG_OTHERS);

	return READ_ONCE(tcps_log_alerts) && __ratelimit(&w->lines) &&
	       (net_eq(w->tn->net, &init_net) || __ratelimit(&others));
}

/**
 * tcps_alert_print() - a line in the kernel log
 * @w:		the namespace's watch
 * @alert:	the alert; its until is 0 if it is being raised
 *
 * Process context.
 */
void tcps_alert_print(struct tcps_watch *w, const struct tcps_alert *alert)
{
	unsigned int ino = w->tn->net->ns.inum;
	char address[ADDRESS_MAX], uid[sizeof("4294967295")];
	const struct tcps_subject *who = &alert->who;

	if (!may_print(w))
		return;
	print_address(who, address);
	print_uid(who, &init_user_ns, uid);
	if (alert->until)
		pr_info("alert cleared: %s %s uid %s cgroup %llu net %u: peak %llu, threshold %llu, %llu s\n",
			tcps_rule_names[who->rule], address, uid, who->cgroup,
			ino, alert->peak, alert->threshold,
			div_u64(alert->until - alert->since, NSEC_PER_SEC));
	else
		pr_warn("alert raised: %s %s uid %s cgroup %llu net %u: %llu, threshold %llu\n",
			tcps_rule_names[who->rule], address, uid, who->cgroup,
			ino, alert->value, alert->threshold);
}

static void show_rule(struct seq_file *m, const struct tcps_rule_status *s,
		      unsigned int rule)
{
	const u32 *limits = s->limits.p;
	const char *status = "clear";

	if (s->active)
		status = "raised";
	else if (!limits[TCPS_PARAM_ENABLED])
		status = "off";
	seq_printf(m, "alert        %-18s %-6s %12llu %10llu %10llu %6u\n",
		   tcps_rule_names[rule], status, s->raised_total, s->value,
		   s->threshold ?: limits[TCPS_PARAM_COUNT], s->active);
}

/* The control group is for those who may see it of a connection, too. */
static bool may_see(const struct seq_file *m, const struct net *net, u32 uid)
{
	return uid_eq(KUIDT_INIT(uid), m->file->f_cred->euid) ||
	       file_ns_capable(m->file, net->user_ns, CAP_NET_ADMIN);
}

static void show_culprit(struct seq_file *m, const struct net *net,
			 const struct tcps_alert *a)
{
	char address[ADDRESS_MAX], uid[sizeof("4294967295")];
	char cgroup[sizeof("18446744073709551615")] = "-";
	u64 seconds = div_u64(ktime_get_real_ns() - a->since, NSEC_PER_SEC);

	print_address(&a->who, address);
	print_uid(&a->who, seq_user_ns(m), uid);
	if (!a->who.cgroup || may_see(m, net, a->who.uid))
		snprintf(cgroup, sizeof(cgroup), "%llu", a->who.cgroup);
	seq_printf(m, "culprit      %-18s %-24s %6s %10s %10llu %10llu %10llu %8llu %5u\n",
		   tcps_rule_names[a->who.rule], address, uid, cgroup,
		   a->value, a->peak, a->threshold, seconds, a->times);
}

static void show_culprits(struct seq_file *m, const struct tcps_watch *w)
{
	const struct tcps_tracked *t;

	for (t = w->tracked; t < w->tracked + TCPS_TRACKED; t++)
		if (t->used && t->state.raised)
			show_culprit(m, w->tn->net, &t->alert);
}

/**
 * tcps_alert_show() - the alert lines of /proc/tcpstates
 * @m:		where they go
 * @tn:		the namespace, which the caller keeps alive
 *
 * All of one moment: as many culprits as the rules say there are.  These are some
 * hundred lines at most, for which the sampler may wait.
 */
void tcps_alert_show(struct seq_file *m, struct tcps_net *tn)
{
	struct tcps_rule_status status[TCPS_NR_RULES];
	unsigned int rule;

	mutex_lock(&tcps_alert_lock);
	tcps_alert_rules_held(tn, status);
	seq_puts(m, "# alert      rule               status raised_total    current  threshold active\n");
	for (rule = 0; rule < TCPS_NR_RULES; rule++)
		show_rule(m, &status[rule], rule);
	seq_puts(m, "# culprit    rule               address                     uid     cgroup      value       peak  threshold  seconds times\n");
	if (tn->watch)
		show_culprits(m, tn->watch);
	mutex_unlock(&tcps_alert_lock);
}
