// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile traces: keys that collide in weak hash functions.
 */
#include "hostile_parts.h"

/*
 * Pairs (a, b) that collide if a hash adds any constant to a, multiplies the sum, and combines it
 * with b by exclusive or: the products of the 1024 values of a differ in their top bits only, and
 * each a has 1024 values of b.
 */
void hostile_mixed_pairs(struct writer *w, size_t size)
{
	uint64_t i, j, a, b;

	h_first_generation(w);
	h_begin_batch(w, M(0, TASK));
	for (i = 0; i < 1024 && w->size < size; i++)
		for (j = 0; j < 1024; j++) {
			h_next_batch(w, M(0, TASK));
			a = i << 54;
			b = (j + i * (0xbf58476d1ce4e5b9ULL & 1023)) << 54;
			b ^= b >> 29;
			h_task_new(w, a, b + 1);
		}
	w_end(w);
	h_end_generation(w);
}

/* Both blocks of a pair take FNV-1a from the pair's state to the state of the next pair. */
#define BLOCK	12

static const char blocks[][2][BLOCK + 1] = {
#include "fnv_blocks.h"
};

#define BLOCKS	(sizeof(blocks) / sizeof(blocks[0]))

static void colliding_name(struct writer *w, unsigned int number)
{
	unsigned int i;

	w_number(w, BLOCKS * BLOCK);
	for (i = 0; i < BLOCKS; i++, number >>= 1)
		w_bytes(w, blocks[i][number & 1], BLOCK);
}

/* Names of regions with the same FNV-1a hash. */
void hostile_alike_names(struct writer *w, size_t size)
{
	unsigned int i;

	h_begin_generation(w, 1);
	h_begin_table(w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(w, 0, EXPTRACE_EVENT_CURRENT, 1, "state", "current", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_event(w, 0, OWN, 1, "marker", "marker_begin", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_end(w);
	h_begin_batch(w, M(0, TASK));
	h_event(w, EXPTRACE_EVENT_CURRENT);
	w_number(w, 1);
	for (i = 0; w->size < size; i++) {
		if (w->size - w->batch >= BATCH_FULL) {
			h_next_batch(w, M(0, TASK));
			h_event(w, EXPTRACE_EVENT_CURRENT);
			w_number(w, 1);
		}
		h_event(w, OWN);
		colliding_name(w, i);
	}
	w_end(w);
	h_end_generation(w);
}
