// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many addresses stat follows: free ones are dropped, and the number is limited.
 */
#include <string.h>

#include "../cmd/stat/stat.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

#define FREQUENCY	1000000000ULL
#define ALLOC		EXPTRACE_EXPERIMENT_ALLOCFREE
#define BATCH_FULL	60000
/* More than stat follows before it drops free ones. */
#define MANY		100000

static uint64_t now;

static void begin(struct writer *w, uint64_t gen)
{
	/* without a gap after the previous one */
	w_sync(w, gen, now, FREQUENCY, now);
	w_schema(w, gen, now);
	w_begin(w, ALLOC, gen, SAMPLE_M(0, TASK), now);
}

static void end(struct writer *w, uint64_t gen)
{
	w_end(w);
	now += 10;
	w_sync(w, gen, now, FREQUENCY, now);
	w_end_of_generation(w);
}

static void event(struct writer *w, uint64_t gen, unsigned int type, uint64_t object)
{
	if (w->size - w->batch > BATCH_FULL) {
		w_end(w);
		w_begin(w, ALLOC, gen, SAMPLE_M(0, TASK), now);
	}
	w_event(w, type, 1);
	now++;
	w_object(w, object);
}

static void allocate(struct writer *w, uint64_t gen, uint64_t object)
{
	event(w, gen, EXPTRACE_EVENT_KMALLOC, object);
	w_number(w, 8);
	w_number(w, 0);
	w_site(w, 1);
}

static void release(struct writer *w, uint64_t gen, uint64_t object)
{
	event(w, gen, EXPTRACE_EVENT_KFREE, object);
	w_site(w, 1);
}

/* New addresses in each generation; one of them is not freed. */
static void write_freed(struct writer *w)
{
	uint64_t gen, i;

	now = 1000;
	w_header(w);
	for (gen = 1; gen <= 5; gen++) {
		begin(w, gen);
		for (i = 1; i <= MANY; i++)
			allocate(w, gen, gen * MANY + i);
		for (i = 2; i <= MANY; i++)
			release(w, gen, gen * MANY + i);
		end(w, gen);
	}
}

static void test_freed(void)
{
	struct writer w = { 0 };

	write_freed(&w);
	stat_alloc_objects_max = 4 * MANY;
	run_trace(&command_stat, NULL, &w);
	ok(run_printed("still allocated at the end: 5 objects, 40 bytes"),
	   "free addresses do not count towards the limit");
	ok(!strstr(run_output, "not followed"), "and nothing is told of it");
	w_free(&w);
}

static void test_bound(void)
{
	struct writer w = { 0 };
	uint64_t i;

	now = 1000;
	w_header(&w);
	begin(&w, 1);
	for (i = 1; i <= 5; i++)
		allocate(&w, 1, i + 10);
	release(&w, 1, 11);
	release(&w, 1, 15);
	end(&w, 1);
	stat_alloc_objects_max = 3;
	run_trace(&command_stat, NULL, &w);
	ok(run_printed("still allocated at the end: 2 objects, 16 bytes"), "the first ones are followed");
	ok(run_printed("may be more: 2 allocations not followed, beyond the first 3"),
	   "a line lists the others");
	w_free(&w);
}

int main(void)
{
	test_freed();
	test_bound();
	return tap_end();
}
