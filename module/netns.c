// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces: one struct tcps_net each, and a number for its records.
 *
 * A namespace's TIME_WAIT sockets die after this module's exit function has run
 * for it (the kernel purges them in a later step), so struct tcps_net, which
 * the kernel frees after all exit functions, must stay usable until then; the
 * per-CPU memory goes earlier.
 */
#include "tcps.h"
#include <linux/xarray.h>
#include "alert.h"

unsigned int tcps_net_id __read_mostly;

static DEFINE_XARRAY_ALLOC1(numbers);
static atomic_t changes = ATOMIC_INIT(1);

/**
 * tcps_net_by_id() - the namespace of a record
 * @id:		the number in the record
 *
 * Under rcu_read_lock().
 *
 * Return: the namespace, or NULL: it is gone, or had no number.
 */
struct tcps_net *tcps_net_by_id(unsigned int id)
{
	return xa_load(&numbers, id);
}

/**
 * tcps_netns_for_each() - visit all namespaces that are alive
 * @visit:	called under rcu_read_lock()
 * @arg:	for @visit
 *
 * A namespace without a number is not visited.
 */
void tcps_netns_for_each(void (*visit)(struct tcps_net *tn, void *arg),
			 void *arg)
{
	struct tcps_net *tn;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&numbers, id, tn)
		visit(tn, arg);
	rcu_read_unlock();
}

/*
 * One that is being made has a count, too, which does not keep it when something
 * fails: the kernel lists those that are there.
 */
static bool get_net_listed(struct net *net)
{
	return READ_ONCE(net->list.next) && maybe_get_net(net);
}

/**
 * tcps_net_get_from() - the next namespace that is alive
 * @id:		the number to begin with; becomes that of what was found
 *
 * Any context.  A namespace without a number is not found.
 *
 * Return: the namespace, for put_net() of its @net, or NULL: there are no more.
 */
struct tcps_net *tcps_net_get_from(unsigned int *id)
{
	struct tcps_net *tn;
	unsigned long at = *id;

	rcu_read_lock();
	xa_for_each_start(&numbers, at, tn, *id)
		if (get_net_listed(tn->net))
			break;
	rcu_read_unlock();
	*id = at;
	return tn;
}

/**
 * tcps_netns_changes() - how often a namespace has come or gone
 *
 * Return: a number that is never 0 in practice.
 */
unsigned int tcps_netns_changes(void)
{
	return atomic_read(&changes);
}

static int __net_init tcps_net_init(struct net *net)
{
	struct tcps_net *tn = tcps_net(net);
	u32 id = 0;
	int err;

	tn->net = net;
	INIT_WORK(&tn->grow, tcps_account_grow);
	spin_lock_init(&tn->fold_lock);
	tcps_snapshot_cookies(tn, tn->cookies);
	err = tcps_proc_net_init(net);
	if (err)
		return err;
	/*
	 * The last step that can fail: who finds a namespace by its number uses it,
	 * and the kernel frees one that failed without a grace period.  The
	 * 65,536th namespace shares number 0: its records cannot be attributed
	 * when they turn out to be stale, nothing else is lost.
	 */
	err = xa_alloc(&numbers, &id, tn, XA_LIMIT(1, 0xffff), GFP_KERNEL);
	if (err && err != -EBUSY) {
		tcps_proc_net_exit(net);
		return err;
	}
	tn->id = id;
	atomic_inc(&changes);
	/* It may be the busiest there is, from the first hook on. */
	if (net == &init_net)
		tcps_account_grow(&tn->grow);
	return 0;
}

/*
 * The kernel waits for a grace period between pre_exit and exit: whatever probe
 * found @percpu or asked for it has ended when exit runs.
 */
static void __net_exit tcps_net_pre_exit(struct net *net)
{
	struct tcps_net *tn = tcps_net(net);

	WRITE_ONCE(tn->dying, true);
	tcps_alert_net_exit(tn);
	cancel_work_sync(&tn->grow);
	tcps_account_retire(tn);
	if (tn->id)
		xa_erase(&numbers, tn->id);
	atomic_inc(&changes);
}

static void __net_exit tcps_net_exit(struct net *net)
{
	struct tcps_net *tn = tcps_net(net);

	tcps_proc_net_exit(net);
	cancel_work_sync(&tn->grow);
	tcps_account_free(tn);
}

static struct pernet_operations tcps_net_ops = {
	.init = tcps_net_init,
	.pre_exit = tcps_net_pre_exit,
	.exit = tcps_net_exit,
	.id = &tcps_net_id,
	.size = sizeof(struct tcps_net),
};

int __init tcps_netns_init(void)
{
	BUILD_BUG_ON(sizeof(struct tcps_net) > 4096 - 512);
	BUILD_BUG_ON(sizeof(struct tcps_percpu) > 24 * 1024);

	return register_pernet_subsys(&tcps_net_ops);
}

void tcps_netns_exit(void)
{
	unregister_pernet_subsys(&tcps_net_ops);
	xa_destroy(&numbers);
}
