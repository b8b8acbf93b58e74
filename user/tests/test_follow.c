// SPDX-License-Identifier: GPL-2.0-only
/*
 * The number of addresses that stat follows is limited, and free ones are dropped.
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

static void begin_generation(struct writer *w, uint64_t gen)
{
	/* leave no gap after the previous one */
	w_sync(w, gen, now, FREQUENCY, now);
	w_schema(w, gen, now);
	w_begin(w, ALLOC, gen, SAMPLE_M(0, TASK), now);
}

static void end_generation(struct writer *w, uint64_t gen)
{
	w_end(w);
	now += 10;
	w_sync(w, gen, now, FREQUENCY, now);
	w_end_of_generation(w);
}

static void put_event(struct writer *w, uint64_t gen, unsigned int type, uint64_t object)
{
	if (w->size - w->batch > BATCH_FULL) {
		w_end(w);
		w_begin(w, ALLOC, gen, SAMPLE_M(0, TASK), now);
	}
	w_event(w, type, 1);
	now++;
	w_object(w, object);
}

static void put_alloc(struct writer *w, uint64_t gen, uint64_t object)
{
	put_event(w, gen, EXPTRACE_EVENT_KMALLOC, object);
	w_number(w, 8);
	w_number(w, 0);
	w_site(w, 1);
}

static void put_free(struct writer *w, uint64_t gen, uint64_t object)
{
	put_event(w, gen, EXPTRACE_EVENT_KFREE, object);
	w_site(w, 1);
}

/* New addresses in each generation; one of them is not freed. */
static void write_freed(struct writer *w)
{
	uint64_t gen, i;

	now = 1000;
	w_header(w);
	for (gen = 1; gen <= 5; gen++) {
		begin_generation(w, gen);
		for (i = 1; i <= MANY; i++)
			put_alloc(w, gen, gen * MANY + i);
		for (i = 2; i <= MANY; i++)
			put_free(w, gen, gen * MANY + i);
		end_generation(w, gen);
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
	ok(!strstr(run_output, "not followed"), "dropping free addresses is not noted");
	w_free(&w);
}

static void test_bound(void)
{
	struct writer w = { 0 };
	uint64_t i;

	now = 1000;
	w_header(&w);
	begin_generation(&w, 1);
	for (i = 1; i <= 5; i++)
		put_alloc(&w, 1, i + 10);
	put_free(&w, 1, 11);
	put_free(&w, 1, 15);
	end_generation(&w, 1);
	stat_alloc_objects_max = 3;
	run_trace(&command_stat, NULL, &w);
	ok(run_printed("still allocated at the end: 2 objects, 16 bytes"),
	   "the first ones are followed");
	ok(run_printed("may be more: 2 allocations not followed, beyond the first 3"),
	   "stat counts the addresses that it does not follow");
	w_free(&w);
}

int main(void)
{
	test_freed();
	test_bound();
	return tap_end();
}
