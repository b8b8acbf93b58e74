// SPDX-License-Identifier: GPL-2.0-only
/*
 * check finds every inconsistency, and reports where it is.
 */
#include <string.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

/* Expects check to print @words for three generations, the second with @faults. */
static void expect_problem(struct sample_faults faults, const char *words, const char *what)
{
	struct writer w = { 0 };
	int ret;

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_generation(&w, 2, &faults);
	sample_generation(&w, 3, &none);
	ret = run_trace(&command_check, NULL, &w);
	ok(ret == EXIT_PROBLEM && run_printed(words) && run_printed("FAILED: "), "%s", what);
	w_free(&w);
}

static void test_sound(void)
{
	struct writer w = { 0 };

	sample_trace(&w, 3);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK &&
	   run_printed("OK: 3 generations, 36 batches, 27 events, 6 lost\n"),
	   "a sound trace passes");
	w_free(&w);

}

static void put_property(struct writer *w, const char *key, const char *value)
{
	w_byte(w, EXPTRACE_WIRE_PROPERTY);
	w_string(w, key);
	w_string(w, value);
}

static void test_missing_state(void)
{
	struct writer w = { 0 };
	uint64_t gen;

	w_header(&w);
	for (gen = 1; gen <= 3; gen++) {
		sample_opening(&w, gen, &none);
		sample_batches(&w, gen, &none);
		if (gen > 1) {
			w_begin(&w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, sample_start(gen) + 999);
			w_byte(&w, EXPTRACE_WIRE_PROPERTIES);
			put_property(&w, "missing_tasks", gen == 2 ? "12" : "30");
			put_property(&w, "missing_names", "1");
			w_end(&w);
		}
		sample_closing(&w, gen, &none);
	}
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK &&
	   run_printed("no room in the statedumps of 2 generations for 42 threads, 2 names\n") &&
	   run_printed("OK: 3 generations"),
	   "threads that did not fit into the statedump are noted");
	w_free(&w);
}

/* Generations 2 to 6 are missing in a recording of this mode. */
static int check_gap(const char *mode)
{
	struct sample_faults faults = { .mode = mode };
	struct writer w = { 0 };
	int ret;

	w_header(&w);
	sample_generation(&w, 1, &faults);
	sample_generation(&w, 7, &faults);
	ret = run_trace(&command_check, NULL, &w);
	w_free(&w);
	return ret;
}

static void test_gaps(void)
{
	static const char problem_found[] =
		"generation 7: 5 generations before it are missing, and it was not recorded in flight mode";
	struct sample_faults flight = { .mode = "flight" };
	struct writer w = { 0 };

	ok(check_gap("flight") == EXIT_OK && run_printed("given up: 5 generations (flight mode)\n") &&
	   run_printed("OK: 2 generations"), "missing generations are accepted in flight mode");
	ok(check_gap("stream") == EXIT_PROBLEM && run_printed(problem_found),
	   "missing generations are a problem in stream mode");
	ok(check_gap(NULL) == EXIT_PROBLEM && run_printed(problem_found),
	   "missing generations are a problem if the mode is unknown");

	w_header(&w);
	sample_generation(&w, 5, &flight);
	sample_generation(&w, 6, &flight);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK && !strstr(run_output, "given up"),
	   "a trace may begin with any generation");
	w_free(&w);
}

static void test_reasons(void)
{
	static const struct {
		unsigned int reason;
		const char *check, *stat;
	} reasons[] = {
		{ EXPTRACE_LOST_POOL, "lost: pool was empty 2\n", "; pool was empty: 2\n" },
		{ EXPTRACE_LOST_OVERWRITTEN, "lost: overwritten by newer ones 2\n",
		  "; overwritten by newer ones: 2\n" },
		{ EXPTRACE_LOST_QUOTA, "lost: quota was used up 2\n", "; quota was used up: 2\n" },
		{ EXPTRACE_NR_LOST, "lost: other reasons 2\n", "; other reasons: 2\n" },
		{ 1000000, "lost: other reasons 2\n", "; other reasons: 2\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct sample_faults faults = { .reason = reasons[i].reason };
		struct writer w = { 0 };

		w_header(&w);
		sample_generation(&w, 1, &faults);
		ok(run_trace(&command_check, NULL, &w) == EXIT_OK &&
		   run_printed(reasons[i].check), "check names reason %u", reasons[i].reason);
		ok(run_trace(&command_stat, NULL, &w) == EXIT_OK && run_printed(reasons[i].stat),
		   "stat names reason %u", reasons[i].reason);
		w_free(&w);
	}
}

static void test_ledger(void)
{
	expect_problem((struct sample_faults) { .attempted = 1 },
		       "generation 2: experiment 0, cpu 0: attempted: expected 8 (recorded 6 + lost 2), found 9",
		       "one attempted event too many is found");
	expect_problem((struct sample_faults) { .attempted = -1 }, "found 7",
		       "one attempted event too few is found");
	expect_problem((struct sample_faults) { .lost = 1 }, "expected 9 (recorded 6 + lost 3), found 8",
		       "one lost event too many is found");
	expect_problem((struct sample_faults) { .recorded = 1, .attempted = 1 },
		       "generation 2: experiment 0, cpu 0: recorded events: expected 7, found 6",
		       "one recorded event too many is found");
	expect_problem((struct sample_faults) { .recorded = -1, .lost = 1 },
		       "recorded events: expected 5, found 6", "one recorded event too few is found");
	expect_problem((struct sample_faults) { .no_entry = true },
		       "experiment 1, cpu 1: no ledger entry: expected none, found 3 events",
		       "events without a ledger entry are found");
}

static void test_structure(void)
{
	expect_problem((struct sample_faults) { .no_end = true },
		       "generation 3 begins before the end of generation 2",
		       "a missing end mark is found");
	expect_problem((struct sample_faults) { .no_opening = true }, "it does not begin with a Sync",
		       "a missing opening Sync is found");
	expect_problem((struct sample_faults) { .no_closing = true }, "it does not end with a closing Sync",
		       "a missing closing Sync is found");
	expect_problem((struct sample_faults) { .no_schema = true }, "events without a schema",
		       "a missing schema is found");
	expect_problem((struct sample_faults) { .time_back = true },
		       "experiment 0, cpu 0: time goes back: expected at least 2000220, found 2000050",
		       "a writer whose time goes back is found");
	expect_problem((struct sample_faults) { .delta_0 = true }, "an event with a delta of 0",
		       "an event at the time of the one before it is found");
	expect_problem((struct sample_faults) { .bad_type = true },
		       "event of a type that the schema lacks (type 79 of experiment 1) in generation 2 at offset",
		       "an event of an unknown type is found");
}

/* The sample's generation 1 with a clock that is 8 % fast in the first half, then 8 % slow. */
static void slewed_trace(struct writer *w, bool back)
{
	static const struct sample_faults open_end = { .no_closing = true, .no_end = true };
	uint64_t start = sample_start(1), mid = start + 450000, end = start + 900000;

	w_header(w);
	sample_opening(w, 1, &none);
	sample_batches(w, 1, &none);
	sample_closing(w, 1, &open_end);
	w_sync(w, 1, mid, 2000000000, back ? start / 2 - 1 : mid / 2 + 18000);
	w_sync(w, 1, end, 2000000000, end / 2);
	w_end_of_generation(w);
}

static void test_slewed(void)
{
	struct writer w = { 0 };

	slewed_trace(&w, false);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK, "a generation may have several Syncs");
	/* 220 ticks after the generation's beginning */
	ok(run_trace(&command_dump, "--json", &w) == EXIT_OK &&
	   run_printed("{\"ns\":500119,\"ticks\":1000220,"), "every Sync is used");
	w_free(&w);

	slewed_trace(&w, true);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("the clock goes back between its Syncs"), "a Sync that goes back is found");
	w_free(&w);
}

static void test_swapped(void)
{
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 2, &none);
	sample_generation(&w, 1, &none);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 1 comes after generation 2 at offset "),
	   "swapped generations are found");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 1 comes after generation 2 at offset "),
	   "dump finds swapped generations too");
	w_free(&w);
}

static void test_interleaved(void)
{
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_opening(&w, 2, &none);
	sample_opening(&w, 3, &none);
	sample_batches(&w, 2, &none);
	sample_closing(&w, 2, &none);
	sample_batches(&w, 3, &none);
	sample_closing(&w, 3, &none);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 3 begins before the end of generation 2 at offset "),
	   "interleaved generations are found");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 3 begins before the end of generation 2 at offset "),
	   "dump finds interleaved generations too");
	w_free(&w);
}

static void test_cut_off(void)
{
	static const struct sample_faults no_end = { .no_end = true };
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_generation(&w, 2, &no_end);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("cut off in generation 2 at offset "),
	   "a trace whose recorder was killed is reported as cut off");
	w_free(&w);

	w_header(&w);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK && run_printed("OK: 0 generations, ") &&
	   run_printed(": note: it has a header and no generation: 0 events\n"),
	   "a trace without a generation is noted");
	w_free(&w);
}

static void test_partial_first(void)
{
	static const struct sample_faults no_opening = { .no_opening = true };
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &no_opening);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("generation 1: no opening Sync: an earlier reader took its beginning"),
	   "a first generation without its beginning is found");
	ok(run_trace(&command_check, "--allow-partial-first", &w) == EXIT_OK,
	   "--allow-partial-first accepts it");
	w_free(&w);

	w_header(&w);
	sample_batches(&w, 1, &none);
	sample_closing(&w, 1, &none);
	ok(run_trace(&command_check, "--allow-partial-first", &w) == EXIT_OK,
	   "--allow-partial-first accepts it without a schema too");
	w_free(&w);

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_generation(&w, 2, &no_opening);
	ok(run_trace(&command_check, "--allow-partial-first", &w) == EXIT_PROBLEM,
	   "--allow-partial-first does not accept a later partial generation");
	w_free(&w);
}

int main(void)
{
	test_sound();
	test_missing_state();
	test_gaps();
	test_reasons();
	test_ledger();
	test_structure();
	test_slewed();
	test_swapped();
	test_interleaved();
	test_cut_off();
	test_partial_first();
	return tap_end();
}
