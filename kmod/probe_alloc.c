// SPDX-License-Identifier: GPL-2.0-only
/*
 * Experiment 1, AllocFree: slab objects, allocated and freed.
 */
#include <linux/slab.h>
#include <trace/events/kmem.h>

#include "experiment.h"
#include "writer.h"

static const struct exptrace_event_def events[] = {
	EXPTRACE_ALLOCFREE_EVENTS(EXPTRACE_EVENT_DEF, EXPTRACE_ARG_DEF)
};

static __always_inline bool begin(struct exptrace_writer *w, unsigned int type, size_t max)
{
	return exptrace_begin(w, EXPTRACE_EXPERIMENT_ALLOCFREE, type, max);
}

static notrace void probe_kmalloc(void *data, unsigned long call_site, const void *ptr,
				  size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags, int node)
{
	EXPTRACE_WRITER(w);

	if (!begin(&w, EXPTRACE_EVENT_KMALLOC, exptrace_max(5, 0)))
		return;
	exptrace_object(&w, ptr);
	exptrace_number(&w, bytes_req);
	exptrace_number(&w, bytes_alloc - bytes_req);
	exptrace_site(&w, call_site);
	exptrace_end(&w);
}

static notrace void probe_kfree(void *data, unsigned long call_site, const void *ptr)
{
	EXPTRACE_WRITER(w);

	if (!begin(&w, EXPTRACE_EVENT_KFREE, exptrace_max(3, 0)))
		return;
	exptrace_object(&w, ptr);
	exptrace_site(&w, call_site);
	exptrace_end(&w);
}

/* kmem_cache_alloc and kmem_cache_free have the same arguments. */
static __always_inline void put_cache_event(unsigned int type, unsigned long call_site,
					    const void *ptr, const struct kmem_cache *s)
{
	EXPTRACE_WRITER(w);

	if (!begin(&w, type, exptrace_max(4, 0)))
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

#define PROBES(X)						\
	X(kmalloc)						\
	X(kfree)						\
	X(kmem_cache_alloc)					\
	X(kmem_cache_free)

EXPTRACE_CHECK_PROBES(PROBES)

static struct exptrace_switch switches[] = {
	PROBES(EXPTRACE_SWITCH)
};

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
