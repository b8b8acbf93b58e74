// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test module: frees objects without a tracepoint. Write an operation and a number of
 * objects to "run"; when the write returns, the objects have been freed or passed to RCU.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

/* A size that hardly anybody else allocates. */
#define SIZE	1111

struct item {
	struct rcu_head head;
	char rest[SIZE - sizeof(struct rcu_head)];
};

static struct kmem_cache *cache;
static DEFINE_MUTEX(running);

static void free_singly(unsigned int nr, void **items)
{
	while (nr--)
		kmem_cache_free(cache, items[nr]);
}

static int get_items(unsigned int nr, void **items)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		items[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!items[i]) {
			free_singly(i, items);
			return -ENOMEM;
		}
	}
	return 0;
}

static int run_bulk(unsigned int nr, void **items)
{
	int err = get_items(nr, items);

	if (!err)
		kmem_cache_free_bulk(cache, nr, items);
	return err;
}

/* Like the network stack, but with more objects. */
static int run_burst(unsigned int nr, void **items)
{
	int err = get_items(nr, items);

	if (err)
		return err;
	preempt_disable();
	kmem_cache_free_bulk(cache, nr, items);
	preempt_enable();
	return 0;
}

static int run_rcu(unsigned int nr, void **items)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		items[i] = kmalloc(SIZE, GFP_KERNEL);
		if (!items[i])
			break;
	}
	nr = i;
	for (i = 0; i < nr; i++) {
		struct item *item = items[i];

		kfree_rcu(item, head);
	}
	return nr ? 0 : -ENOMEM;
}

static int run(const char *what, unsigned int nr)
{
	void **items = kvmalloc_array(nr, sizeof(*items), GFP_KERNEL);
	int err = -EINVAL;

	if (!items)
		return -ENOMEM;
	mutex_lock(&running);
	if (!strcmp(what, "rcu"))
		err = run_rcu(nr, items);
	else if (!strcmp(what, "bulk"))
		err = run_bulk(nr, items);
	else if (!strcmp(what, "burst") && !IS_ENABLED(CONFIG_PREEMPT_RT))
		err = run_burst(nr, items);
	mutex_unlock(&running);
	kvfree(items);
	return err;
}

static int run_set(const char *text, const struct kernel_param *unused)
{
	char what[8];
	unsigned int nr;

	if (sscanf(text, "%7s %u", what, &nr) != 2 || !nr || nr > 10000)
		return -EINVAL;
	return run(what, nr);
}

static const struct kernel_param_ops run_ops = { .set = run_set };
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "in: \"rcu\", \"bulk\" or \"burst\", and the number of objects");

static int __init exptrace_bulk_init(void)
{
	cache = kmem_cache_create("exptrace_bulk", SIZE, 0, 0, NULL);
	return cache ? 0 : -ENOMEM;
}
module_init(exptrace_bulk_init);

static void __exit exptrace_bulk_exit(void)
{
	kmem_cache_destroy(cache);
}
module_exit(exptrace_bulk_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exptrace: objects freed without a tracepoint");
MODULE_AUTHOR("the exptrace developers");
