// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes of the commands on sound traces that lack something.
 */
#include <string.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

/* The only generation lacks its beginning, so there is no schema to read it with. */
static void test_no_beginning(void)
{
	struct writer w = { 0 };

	w_header(&w);
	sample_batches(&w, 1, &none);
	sample_closing(&w, 1, &none);
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("Generations: 1, the first without its beginning\n") &&
	   run_printed("note: generation 1 lacks its beginning, which an earlier reader took") &&
	   run_printed("note: 5 batches without a schema were skipped\n"),
	   "stat notes why there are no events");
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK &&
	   run_printed("\"incomplete\":1,") && run_printed(",\"skipped_batches\":5,"),
	   "report notes why there are no events");
	w_free(&w);
}

/* Without a Sync, times are unknown and not shown. */
static void test_no_clock(void)
{
	static const struct sample_faults faults = { .no_opening = true, .no_closing = true };
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &faults);
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("Duration:    unknown: there is no Sync\n") &&
	   run_printed("Events:      9, -/s, ") && run_printed("note: 1 generations have no Sync"),
	   "stat shows no rates without a clock");
	ok(run_dump_json(w.data, w.size) == EXIT_OK && run_printed("\"no_clock\":true,") &&
	   run_printed("note: 1 generations have no Sync"), "dump notes that there are no times");
	w_free(&w);
}

/* The ledger counts more events than there are, as after a batch was filled with zeros. */
static void test_unread(void)
{
	static const struct sample_faults more = { .recorded = 3, .lost = -3 };
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_generation(&w, 2, &more);
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("note: 3 events that the ledger counts could not be read\n"),
	   "stat notes events that are only in the ledger");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("note: 3 events that the ledger counts could not be read\n"),
	   "dump notes events that are only in the ledger");
	ok(run_trace(&command_report, "--json", &w) == EXIT_OK &&
	   run_printed(",\"events_not_read\":3,"),
	   "report counts events that are only in the ledger");
	w_free(&w);
}

/* The ledger counts fewer events than there are, as with a duplicated batch. */
static void test_surplus(void)
{
	static const struct sample_faults fewer = { .recorded = -3, .lost = 3 };
	struct writer w = { 0 };

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_generation(&w, 2, &fewer);
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK &&
	   run_printed("note: 3 events are there that the ledger does not count"),
	   "stat notes events that are not in the ledger");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("note: 3 events are there that the ledger does not count"),
	   "dump notes events that are not in the ledger");
	w_free(&w);
}

static void test_versions(void)
{
	struct writer w = { 0 };

	w_header_of(&w, 2);
	sample_generation(&w, 1, &none);
	ok(run_trace(&command_check, NULL, &w) == EXIT_OK && !strstr(run_output, "approximate"),
	   "times of version 2 are not marked as approximate");
	w_header_of(&w, 1);
	sample_generation(&w, 2, &none);
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("approximate: all times, if the clock's rate changed within a generation"),
	   "times of a trace concatenated with one of version 1 are approximate");
	w_free(&w);
}

int main(void)
{
	test_no_beginning();
	test_no_clock();
	test_unread();
	test_surplus();
	test_versions();
	return tap_end();
}
