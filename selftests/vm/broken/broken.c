// SPDX-License-Identifier: GPL-2.0
/*
 * A module that does wrong what it is told to, so that selftests/vm/selftest
 * can see the guest runner notice. Never loaded anywhere else.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *how = "none";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "what to do wrong: warn, leak, panic, overrun, sleep");

static DEFINE_SPINLOCK(broken_lock);

static void broken_leak(void)
{
	int i;

	for (i = 0; i < 32; i++)
		memset(kmalloc(1000 + i, GFP_KERNEL), 0xa5, 1000);
}

static void broken_overrun(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	p[24] = 1;
	kfree(p);
}

static void broken_sleep(void)
{
	spin_lock(&broken_lock);
	msleep(20);
	spin_unlock(&broken_lock);
}

static int __init broken_init(void)
{
	pr_info("asked for: %s\n", how);
	WARN_ON(!strcmp(how, "warn"));
	if (!strcmp(how, "leak"))
		broken_leak();
	if (!strcmp(how, "panic"))
		panic("broken on purpose");
	if (!strcmp(how, "overrun"))
		broken_overrun();
	if (!strcmp(how, "sleep"))
		broken_sleep();
	return 0;
}

static void __exit broken_exit(void)
{
}

module_init(broken_init);
module_exit(broken_exit);
MODULE_DESCRIPTION("Deliberate mistakes for the self-test of the guest runner");
MODULE_LICENSE("GPL");
