// SPDX-License-Identifier: GPL-2.0-only
/*
 * Experiment 1, AllocFree: slab objects allocated and freed.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <trace/events/kmem.h>

#include "experiment.h"
#include "probes.h"
#include "writer.h"

static const struct exptrace_event_def events[] = {
	EXPTRACE_ALLOCFREE_EVENTS(EXPTRACE_EVENT_DEF, EXPTRACE_ARG_DEF)
};

static __always_inline bool begin_alloc_event(struct exptrace_writer *w, unsigned int type,
					      size_t max)
{
	return exptrace_begin(w, EXPTRACE_EXPERIMENT_ALLOCFREE, type, max);
}

static notrace void probe_kmalloc(void *data, unsigned long call_site, const void *ptr,
				  size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags, int node)
{
	EXPTRACE_WRITER(w);

	if (!begin_alloc_event(&w, EXPTRACE_EVENT_KMALLOC, exptrace_max(5, 0)))
		return;
	exptrace_object(&w, ptr);
	exptrace_number(&w, bytes_req);
	exptrace_number(&w, bytes_alloc - bytes_req);
	exptrace_site(&w, call_site);
	exptrace_end(&w);
}

static __always_inline void put_free(unsigned int type, unsigned long call_site,
				     const void *ptr)
{
	EXPTRACE_WRITER(w);

	if (!begin_alloc_event(&w, type, exptrace_max(3, 0)))
		return;
	exptrace_object(&w, ptr);
	exptrace_site(&w, call_site);
	exptrace_end(&w);
}

static notrace void probe_kfree(void *data, unsigned long call_site, const void *ptr)
{
	put_free(EXPTRACE_EVENT_KFREE, call_site, ptr);
}

/* Shared by kmem_cache_alloc and kmem_cache_free. */
static __always_inline void put_cache_event(unsigned int type, unsigned long call_site,
					    const void *ptr, const struct kmem_cache *s)
{
	EXPTRACE_WRITER(w);

	if (!begin_alloc_event(&w, type, exptrace_max(4, 0)))
		return;
	exptrace_object(&w, ptr);
	exptrace_number(&w, kmem_cache_size((struct kmem_cache *)s));
	exptrace_site(&w, call_site);
	exptrace_end(&w);
}

static notrace void probe_kmem_cache_alloc(void *data, unsigned long call_site, const void *ptr,
					   struct kmem_cache *s, gfp_t gfp_flags, int node)
{
	put_cache_event(EXPTRACE_EVENT_KMEM_CACHE_ALLOC, call_site, ptr, s);
}

static notrace void probe_kmem_cache_free(void *data, unsigned long call_site, const void *ptr,
					  const struct kmem_cache *s)
{
	put_cache_event(EXPTRACE_EVENT_KMEM_CACHE_FREE, call_site, ptr, s);
}

/*
 * Objects recorded per call if the caller disabled preemption, at 92 instructions each
 * (invariant 13). The network stack frees at most 32 per call; callers that free
 * hundreds, after kfree_rcu(), can be preempted. All objects of a call share one stack,
 * which is captured only once because that takes thousands of instructions.
 */
#define BURST_MAX	64UL

/*
 * Record one object. @stack is passed to exptrace_put_same_stack(); the return value is
 * the @stack of the next object.
 */
static __always_inline unsigned long put_bulk(unsigned long call_site, const void *ptr,
					      unsigned long stack)
{
	const unsigned long type = EXPTRACE_EVENT_KMEM_CACHE_FREE_BULK;
	EXPTRACE_WRITER(w);

	if (!exptrace_attempt(&w, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_ANY_CONTEXT, current,
			      exptrace_about_current(), exptrace_max(3, 0)))
		return stack;
	if (static_branch_unlikely(&exptrace_stacks_on))
		stack = EXPTRACE_CALL_KEEPING_3(exptrace_put_same_stack, w.slot, type, stack);
	if (stack) {
		w.pos = w.slot->pos;
		exptrace_stamp_after(&w, type, current, 1);
	} else {
		exptrace_stamp(&w, type, current);
	}
	exptrace_object(&w, ptr);
	exptrace_site(&w, call_site);
	exptrace_end(&w);
	return stack;
}

static notrace void probe_free_bulk(unsigned long caller, unsigned long cache, unsigned long nr,
				    unsigned long objects)
{
	const void *const *object = (const void *const *)objects;
	unsigned long i, most = nr, stack = 0;

	/* kmem_cache_free_bulk() requires that its caller has interrupts on. */
	if (IS_ENABLED(CONFIG_PREEMPTION) && preempt_count())
		most = min(nr, BURST_MAX);
	for (i = 0; i < most; i++)
		stack = put_bulk(caller, object[i], stack);
	if (most < nr)
		exptrace_lose(EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_BURST, nr - most);
}

/*
 * kfree_rcu() only queues the object. Later the kernel frees it by kmem_cache_free_bulk()
 * or kfree(), or, if it has sheaves, puts it into one of those, which nothing reports.
 */
static notrace void probe_kfree_rcu(unsigned long caller, unsigned long head,
				    unsigned long object, unsigned long unused)
{
	put_free(EXPTRACE_EVENT_KFREE_RCU, caller, exptrace_kfree_rcu_object(head, object));
}

EXPTRACE_KERNEL_FUNCTION(kmem_cache_free_bulk);
EXPTRACE_KERNEL_FUNCTION(kvfree_call_rcu);
EXPTRACE_KERNEL_FUNCTION(kfree_call_rcu_nolock);

static const char *const free_bulk_addresses[] = { exptrace_kmem_cache_free_bulk };
static const char *const kfree_rcu_addresses[] = {
	exptrace_kvfree_call_rcu, exptrace_kfree_call_rcu_nolock,
};

static struct exptrace_function free_bulk = {
	.name = "kmem_cache_free_bulk",
	.addresses = free_bulk_addresses,
	.nr = ARRAY_SIZE(free_bulk_addresses),
	.probe = probe_free_bulk,
};

static struct exptrace_function kfree_rcu = {
	.name = "kvfree_call_rcu",
	.addresses = kfree_rcu_addresses,
	.nr = ARRAY_SIZE(kfree_rcu_addresses),
	.probe = probe_kfree_rcu,
};

#define PROBES(X)						\
	X(kmalloc)						\
	X(kfree)						\
	X(kmem_cache_alloc)					\
	X(kmem_cache_free)

EXPTRACE_CHECK_PROBES(PROBES)

static struct exptrace_switch switches[] = {
	PROBES(EXPTRACE_SWITCH)
	{ .name = "kmem_cache_free_bulk", .function = &free_bulk },
	{ .name = "kfree_rcu", .function = &kfree_rcu },
};

static bool is_free(const struct exptrace_switch *sw)
{
	return sw->def->type != EXPTRACE_EVENT_KMALLOC &&
	       sw->def->type != EXPTRACE_EVENT_KMEM_CACHE_ALLOC;
}

/*
 * Write to @text the names of free events that were not recorded throughout generation
 * @gen; nothing if it recorded no allocations either. Returns the length. Caller holds
 * exptrace.control.
 */
size_t exptrace_unrecorded_frees(u64 gen, char *text, size_t size)
{
	bool has_allocs = false;
	unsigned int i;
	size_t len = 0;

	lockdep_assert_held(&exptrace.control);

	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		const struct exptrace_switch *sw = &switches[i];

		if (!is_free(sw))
			has_allocs |= sw->on || sw->changed == gen;
		else if (!exptrace_switch_was_on(sw, gen))
			len += scnprintf(text + len, size - len, "%s%s", len ? "," : "", sw->name);
	}
	return has_allocs ? len : 0;
}

struct exptrace_experiment exptrace_allocfree = {
	.id = EXPTRACE_EXPERIMENT_ALLOCFREE,
	.version = 2,
	.name = "allocfree",
	.owner = THIS_MODULE,
	.events = events,
	.nr_events = ARRAY_SIZE(events),
	.switches = switches,
	.nr_switches = ARRAY_SIZE(switches),
};
