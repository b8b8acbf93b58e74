// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compiled programs depend on the layout of the public structures. Those used in arrays keep
 * their size; others get new fields only at the end.
 *
 * A change that fails here needs another soname: see the rules in libexptrace.h.
 */
#include <stddef.h>
#include <string.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

#define IN_ARRAYS(X)							\
	X(exptrace_schema_arg, 16)					\
	X(exptrace_value, 24)						\
	X(exptrace_loss, 16)						\
	X(exptrace_ledger_entry, 56)					\
	X(exptrace_frame, 32)

/* The last field of each structure in its first release, and the field's offset. */
#define GROWING(X)							\
	X(exptrace_batch, length, 64)					\
	X(exptrace_schema_event, args, 32)				\
	X(exptrace_record, stack, 72)					\
	X(exptrace_sync, wall_ns, 32)					\
	X(exptrace_damage, other_trace, 40)				\
	X(exptrace_generation, ends, 9)					\
	X(exptrace_account, other_boots, 152)				\
	X(exptrace_times, unstable, 24)					\
	X(exptrace_index_entry, ends, 73)

static void test_layout(void)
{
#define HAS_SIZE(name, size)	is(sizeof(struct name), size, "struct " #name " keeps its size");
#define HAS_PLACE(name, field, place)					\
	is(offsetof(struct name, field), place, "struct " #name " keeps the offsets of its fields");
#if __SIZEOF_POINTER__ == 8
	IN_ARRAYS(HAS_SIZE)
	GROWING(HAS_PLACE)
#else
	ok(true, "structures keep their layout # SKIP only checked on 64 bits");
#endif
}

/* As seen by a program compiled with a shorter structure. */
struct short_account {
	uint64_t generations;
	uint64_t first;
	uint64_t last;
};

static void test_shorter(void)
{
	struct {
		struct short_account account;
		uint8_t poison[64];
	} old;
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	size_t i, touched = 0;

	memset(&old, 0xa5, sizeof(old));
	sample_trace(&w, 3);
	if (exptrace_open_memory(w.data, w.size, &trace))
		return;
	while (exptrace_next_event(trace, &record) == 1)
		;
	old.account = *(const struct short_account *)(const void *)exptrace_account(trace);
	for (i = 0; i < sizeof(old.poison); i++)
		touched += old.poison[i] != 0xa5;
	ok(old.account.generations == 3 && old.account.first == 1 && old.account.last == 3 && !touched,
	   "a program with a shorter structure gets no more than that");
	exptrace_close(trace);
	w_free(&w);
}

int main(void)
{
	test_layout();
	test_shorter();
	return tap_end();
}
