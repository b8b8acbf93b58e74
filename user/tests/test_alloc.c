// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory allocated at the end: freed memory is not counted, and unknowns are noted.
 */
#include <stdio.h>
#include <string.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

#define ALLOC		EXPTRACE_EXPERIMENT_ALLOCFREE
#define SECOND		1000000000ULL
#define CLOSING		(SECOND - 1000)

#define BASE		"0xffff888000000000"

static uint64_t base, last;
static unsigned int events;

/* The schema of recorders that did not have kmem_cache_free_bulk yet. */
static void old_schema(struct writer *w, uint64_t gen)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	w_byte(w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);
	w_number(w, ALLOC);
	w_number(w, 2);
	w_string(w, "allocfree");
	w_schema_event(w, ALLOC, EXPTRACE_EVENT_ALLOC_CURRENT, 1, "state", "current", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_event(w, ALLOC, EXPTRACE_EVENT_KMALLOC, 1, "alloc", "kmalloc", 4);
	w_schema_arg(w, EXPTRACE_KIND_DATA_ADDRESS, "ptr");
	w_schema_arg(w, EXPTRACE_KIND_BYTES, "bytes_req");
	w_schema_arg(w, EXPTRACE_KIND_BYTES, "slack");
	w_schema_arg(w, EXPTRACE_KIND_SITE, "call_site");
	w_schema_event(w, ALLOC, EXPTRACE_EVENT_KFREE, 1, "alloc", "kfree", 2);
	w_schema_arg(w, EXPTRACE_KIND_DATA_ADDRESS, "ptr");
	w_schema_arg(w, EXPTRACE_KIND_SITE, "call_site");
	w_end(w);
}

static void put_properties(struct writer *w, uint64_t gen, const char *key, const char *value)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	w_byte(w, EXPTRACE_WIRE_PROPERTY);
	w_string(w, "data_base");
	w_string(w, BASE);
	if (key) {
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, key);
		w_string(w, value);
	}
	w_end(w);
}

static void open_generation(struct writer *w, uint64_t gen, bool old)
{
	/* a recorder leaves no time between generations */
	uint64_t overlap = gen > 1 ? SECOND - CLOSING : 0;

	base = gen * SECOND;
	events = 0;
	w_sync(w, gen, base - overlap, SECOND, base - overlap);
	if (old)
		old_schema(w, gen);
	else
		w_schema(w, gen, base);
}

static void begin_batch(struct writer *w, uint64_t gen)
{
	w_begin(w, ALLOC, gen, SAMPLE_M(0, TASK), base);
	w_event(w, EXPTRACE_EVENT_ALLOC_CURRENT, 1);
	w_number(w, 100);
	last = 1;
}

/* An event at @time of the generation, after the previous one in its batch. */
static void put_event(struct writer *w, uint64_t time, unsigned int type, uint64_t object)
{
	w_event(w, type, time - last);
	last = time;
	events++;
	w_object(w, object);
	if (type == EXPTRACE_EVENT_KMALLOC) {
		w_number(w, 100);
		w_number(w, 28);
	}
	w_site(w, 0);
}

static void close_generation(struct writer *w, uint64_t gen, uint64_t lost)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base + CLOSING - 100);
	w_byte(w, EXPTRACE_WIRE_LEDGER);
	w_ledger_entry(w, ALLOC, 0, events + lost, events, EXPTRACE_LOST_POOL, lost);
	w_end(w);
	w_sync(w, gen, base + CLOSING, SECOND, base + CLOSING);
	w_end_of_generation(w);
}

/* A generation with one allocation. */
static void write_generation(struct writer *w, uint64_t gen, bool old, const char *key,
			     const char *value, uint64_t lost)
{
	open_generation(w, gen, old);
	put_properties(w, gen, key, value);
	begin_batch(w, gen);
	put_event(w, 10, EXPTRACE_EVENT_KMALLOC, 0x100 * gen);
	w_end(w);
	close_generation(w, gen, lost);
}

static void begin_trace(struct writer *w)
{
	*w = (struct writer) { 0 };
	w_header(w);
}

static void run_stat(struct writer *w)
{
	is(run_trace(&command_stat, NULL, w), EXIT_OK, "stat succeeds");
	w_free(w);
}

#define MALLOC	EXPTRACE_EVENT_KMALLOC
#define BULK	EXPTRACE_EVENT_KMEM_CACHE_FREE_BULK
#define RCU	EXPTRACE_EVENT_KFREE_RCU

static void test_bulk(void)
{
	struct writer w;

	begin_trace(&w);
	open_generation(&w, 1, false);
	put_properties(&w, 1, NULL, NULL);
	begin_batch(&w, 1);		/* frees of CPU 0, before the allocations of the other batch */
	put_event(&w, 50, BULK, 0x100);
	put_event(&w, 51, BULK, 0x200);
	put_event(&w, 60, RCU, 0x300);
	put_event(&w, 61, RCU, 0x400);
	put_event(&w, 90, BULK, 0x400);
	put_event(&w, 91, RCU, 0x500);
	w_end(&w);
	begin_batch(&w, 1);
	put_event(&w, 10, MALLOC, 0x100);
	put_event(&w, 11, MALLOC, 0x200);
	put_event(&w, 12, MALLOC, 0x300);
	put_event(&w, 13, MALLOC, 0x400);
	put_event(&w, 14, MALLOC, 0x500);
	put_event(&w, 70, MALLOC, 0x200);
	put_event(&w, 95, MALLOC, 0x500);
	w_end(&w);
	close_generation(&w, 1, 0);
	run_stat(&w);
	ok(run_printed("Allocations: 7 of 700 bytes (and 196 of slack), 3 frees, 3 given to kfree_rcu\n"),
	   "a free by RCU is counted once");
	ok(run_printed("still allocated at the end: 2 objects, 256 bytes with slack\n"),
	   "memory freed in bulk is not counted, memory allocated again is");
	ok(run_printed("given to kfree_rcu, perhaps not freed yet: 1 objects\n"),
	   "memory that waits for RCU is listed separately until an event frees it");
	ok(run_printed("    not counted: objects allocated before the trace, or in bulk\n") && !run_printed("may be "),
	   "nothing is in doubt in a complete trace");
}

static void test_nothing(void)
{
	struct writer w;

	begin_trace(&w);
	open_generation(&w, 1, false);
	put_properties(&w, 1, NULL, NULL);
	begin_batch(&w, 1);
	put_event(&w, 10, MALLOC, W_NULL);
	put_event(&w, 20, EXPTRACE_EVENT_KFREE, W_NULL);
	put_event(&w, 30, EXPTRACE_EVENT_KFREE, W_NULL + 2);	/* kmalloc(0) is 16 */
	put_event(&w, 40, MALLOC, 0x100);
	w_end(&w);
	close_generation(&w, 1, 0);
	run_stat(&w);
	ok(run_printed("Allocations: 1 of 100 bytes (and 28 of slack), 0 frees, 1 failed\n"),
	   "failed allocations and frees of null pointers do not count");
}

static void put_large(struct writer *w, uint64_t time, unsigned int site, uint64_t object)
{
	w_event(w, MALLOC, time - last);
	last = time;
	events++;
	w_object(w, object);
	w_number(w, 12000);
	w_number(w, 4384);
	w_site(w, site);
}

static void test_large(void)
{
	struct writer w;

	begin_trace(&w);
	open_generation(&w, 1, false);
	put_properties(&w, 1, NULL, NULL);
	begin_batch(&w, 1);
	put_large(&w, 10, 5, 0x1000);
	put_large(&w, 11, 6, 0x1000);
	put_large(&w, 12, 5, W_NULL);
	put_large(&w, 13, 6, W_NULL);
	put_large(&w, 20, 6, 0x2000);
	put_event(&w, 21, EXPTRACE_EVENT_KFREE, 0x2000);
	put_large(&w, 22, 7, 0x2000);
	put_large(&w, 23, 7, 0x3000);
	w_end(&w);
	close_generation(&w, 1, 0);
	run_stat(&w);
	ok(run_printed("Allocations: 4 of 48000 bytes (and 17536 of slack), 1 frees, 1 failed\n"),
	   "a large allocation reported twice by the kernel counts once");
	ok(run_printed("still allocated at the end: 3 objects, 49152 bytes with slack\n"),
	   "a large allocation reported twice is allocated once");
}

/* The kernel reports a large allocation at two call sites. */
static void put_symbols(struct writer *w, uint64_t gen)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base + CLOSING - 200);
	w_byte(w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(w, 1, "inner");
	w_string_entry(w, 2, "outer");
	w_end(w);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, base + CLOSING - 200);
	w_byte(w, EXPTRACE_WIRE_STACKS);
	w_stack(w, 5, 1);
	w_frame(w, 0x100, 1, 0, 0);
	w_stack(w, 6, 1);
	w_frame(w, 0x200, 2, 0, 0);
	w_end(w);
}

static void test_large_between(void)
{
	struct writer w;
	unsigned int gen;

	begin_trace(&w);
	for (gen = 1; gen <= 2; gen++) {
		open_generation(&w, gen, false);
		put_properties(&w, gen, NULL, NULL);
		begin_batch(&w, gen);
		put_large(&w, 10, 4 + gen, 0x1000);
		w_end(&w);
		put_symbols(&w, gen);
		close_generation(&w, gen, 0);
	}
	run_stat(&w);
	ok(run_printed("Allocations: 1 of 12000 bytes (and 4384 of slack)") &&
	   run_printed("           1            12000  inner+0x0\n") && !run_printed("  unknown\n"),
	   "a large allocation reported in two generations counts once");
}

static void test_old(void)
{
	struct writer w;

	begin_trace(&w);
	write_generation(&w, 1, true, NULL, NULL, 0);
	run_stat(&w);
	ok(run_printed("still allocated at the end: 1 objects,") &&
	   run_printed("may be fewer: kmem_cache_free_bulk,kfree_rcu not recorded all the time\n"),
	   "frees in bulk are noted as not recorded by an older recorder");
}

static void test_unrecorded(void)
{
	struct writer w;

	begin_trace(&w);
	write_generation(&w, 1, false, "unrecorded_frees", "kfree,kfree_rcu", 0);
	write_generation(&w, 2, false, "unrecorded_frees", "kfree_rcu,kmem_cache_free", 0);
	write_generation(&w, 3, false, NULL, NULL, 0);
	run_stat(&w);
	ok(run_printed("still allocated at the end: 3 objects,") &&
	   run_printed("may be fewer: kfree,kfree_rcu,kmem_cache_free not recorded all the time\n"),
	   "events that were disabled for a time are named once");
}

static void test_many_unrecorded(void)
{
	struct writer w;
	unsigned int gen, i, n;
	char names[1000];

	begin_trace(&w);
	for (gen = 1; gen <= 20; gen++) {
		for (i = n = 0; i < 90; i++)
			n += (unsigned int)snprintf(names + n, sizeof(names) - n, "\033[%um%u,",
						    31 + gen % 5, 20 * i + gen);
		write_generation(&w, gen, false, "unrecorded_frees", names, 0);
	}
	run_stat(&w);
	ok(run_printed("may be fewer: \\x1b[32m") && !run_printed("\033") &&
	   run_printed(" and others not recorded all the time\n"),
	   "a very long list of events is cut off, and escaped");
}

static void test_filter(void)
{
	struct writer w;

	begin_trace(&w);
	write_generation(&w, 1, false, "filter", "threads 100", 0);
	run_stat(&w);
	ok(run_printed("may be fewer: the filter left out frees by other threads or CPUs\n"),
	   "frees are noted as left out by a filter");
	begin_trace(&w);
	write_generation(&w, 1, false, "filter", "only system calls 5", 0);
	run_stat(&w);
	ok(!run_printed("may be "), "a filter of system calls leaves out no frees");
}

static void test_lost(void)
{
	struct writer w;

	begin_trace(&w);
	write_generation(&w, 1, false, NULL, NULL, 3);
	write_generation(&w, 2, false, NULL, NULL, 4);
	run_stat(&w);
	ok(run_printed("may be wrong: 7 events lost\n"), "lost events are noted beside the number");
	begin_trace(&w);
	open_generation(&w, 1, false);
	put_properties(&w, 1, NULL, NULL);
	begin_batch(&w, 1);
	put_event(&w, 10, MALLOC, 0x100);
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, base + CLOSING - 100);
	w_byte(&w, EXPTRACE_WIRE_LEDGER);
	w_ledger_entry(&w, ALLOC, 0, 0, 1, EXPTRACE_LOST_POOL, 0);
	w_end(&w);
	w_sync(&w, 1, base + CLOSING, SECOND, base + CLOSING);
	w_end_of_generation(&w);
	run_stat(&w);
	ok(!run_printed("events lost"), "a ledger that does not add up is not counted as a loss");
	begin_trace(&w);
	write_generation(&w, 1, true, "filter", "threads 100", 3);
	write_generation(&w, 3, false, NULL, NULL, 0);
	run_stat(&w);
	ok(run_printed("still allocated at the end, only since the last gap in the trace: 1 objects,") &&
	   !run_printed("may be wrong") && !run_printed("may be fewer: the filter"),
	   "memory that is no longer followed is not in doubt");
}

static void test_cut_off(void)
{
	struct writer w;

	begin_trace(&w);
	write_generation(&w, 1, false, NULL, NULL, 0);
	open_generation(&w, 2, false);
	put_properties(&w, 2, NULL, NULL);
	begin_batch(&w, 2);
	put_event(&w, 10, MALLOC, 0x700);
	w_end(&w);
	run_trace(&command_stat, NULL, &w);
	w_free(&w);
	ok(run_printed("still allocated at the end: 2 objects,") &&
	   run_printed("may be wrong: a generation is cut off or damaged\n"),
	   "a generation that is cut off is noted");
}

static void test_identifiers(void)
{
	static const unsigned int n = 100000;	/* n * n / 2^32 = 2.3 */
	struct writer w;
	unsigned int i;

	begin_trace(&w);
	open_generation(&w, 1, false);
	put_properties(&w, 1, "addresses", "id");
	for (i = 0; i < n; i++) {
		if (i % 1000 == 0)
			begin_batch(&w, 1);
		put_event(&w, 10 + i, MALLOC, 8 * i);
		if (i % 1000 == 999)
			w_end(&w);
	}
	close_generation(&w, 1, 0);
	run_stat(&w);
	ok(run_printed("may be wrong: some 2 of the objects share an identifier\n"),
	   "objects are noted as sharing identifiers if there are many");
	begin_trace(&w);
	write_generation(&w, 1, false, "addresses", "id", 0);
	run_stat(&w);
	ok(!run_printed("may be "), "a few objects are not noted as sharing identifiers");
}

int main(void)
{
	test_bulk();
	test_nothing();
	test_large();
	test_large_between();
	test_old();
	test_unrecorded();
	test_many_unrecorded();
	test_filter();
	test_lost();
	test_cut_off();
	test_identifiers();
	return tap_end();
}
