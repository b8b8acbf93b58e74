// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace report: run-queue latencies, times of tasks, wakers, interrupts, system calls,
 * functions of timers and works, regions.
 *
 * This file reads the trace and prints what the tables (tables.c) have of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmd.h"
#include "../interrupt.h"
#include "../json.h"
#include "../notes.h"
#include "../range.h"
#include "../print.h"
#include "../what.h"
#include "report.h"

#define LINES_DEFAULT	20
#define NSEC_PER_SEC	1e9

struct report {
	struct exptrace_trace *trace;
	struct report_view view;
	struct event_roles roles;
	struct what what;
	struct range range;
	struct report_tables *tables;
	bool json;
};

static void begin_generation(void *arg, const struct exptrace_generation *generation)
{
	struct report *report = arg;
	struct coverage *coverage = &report->view.coverage;

	coverage_end(coverage);
	if (coverage_breaks(coverage, generation))
		report_tables_forget(report->tables, coverage->end_ns, coverage->limited);
	report_view_begin(&report->view, generation);
}

static void note_damage(struct report *report, const struct exptrace_record *record)
{
	struct coverage *coverage = &report->view.coverage;

	report_tables_forget(report->tables, record->ns, coverage->limited);
	coverage_damage(coverage, record->ns);
}

static void report_take_event(struct report *report, const struct exptrace_record *record)
{
	struct coverage *coverage = &report->view.coverage;
	const struct event_role *role;

	/* there is no callback for a generation of which only one batch is left */
	if (record->generation != coverage->generation)
		return;
	if (exptrace_pending_error(report->trace) && !coverage->flaw)
		note_damage(report, record);
	if (coverage->flaw) {
		if (coverage->flaw == FLAW_INCOMPLETE)
			coverage_stretch(coverage, record->ns);
		return;
	}
	role = event_role_get(&report->roles, record->event);
	if (role->kind != ROLE_NOTHING && what_selects(&report->what, report->trace, record))
		report_tables_event(report->tables, &report->view, role, record);
}

/* Returns the error of the trace; 0 at the end, or if a word is refused. */
static int report_take_events(void *arg)
{
	const struct exptrace_record *record;
	struct report *report = arg;
	int ret = 0;

	while (!interrupted && (ret = exptrace_next_event(report->trace, &record)) == 1) {
		if (!what_check_trace(&report->what, report->trace))
			return 0;
		report_take_event(report, record);
	}
	return ret;
}

/* Returns whether there was damage. */
static bool report_walk(struct report *report)
{
	struct coverage *coverage = &report->view.coverage;
	bool damaged = read_all(report->trace, report_take_events, report);

	if (coverage->begun && !coverage->flaw)
		report_tables_forget(report->tables, coverage->end_ns, coverage->limited);
	coverage_end(coverage);
	return damaged;
}

static void print_flaw(const struct report *report, enum flaw flaw, const char *why)
{
	const struct flaw_sum *sum = &report->view.coverage.sums[flaw];

	if (sum->generations)
		printf("Left out:    %" PRIu64 " generations, %.6f s: %s\n", sum->generations,
		       sum->ns / NSEC_PER_SEC, why);
}

static void print_head(const struct report *report)
{
	const char *filter = exptrace_property(report->trace, "filter");
	const struct exptrace_account *account = exptrace_account(report->trace);

	printf("Covered:     %" PRIu64 " of %" PRIu64 " generations, %.6f s\n",
	       report->view.coverage.sums[FLAW_NONE].generations, account->generations,
	       report->view.coverage.sums[FLAW_NONE].ns / NSEC_PER_SEC);
	print_flaw(report, FLAW_LOST, "they lost events");
	print_flaw(report, FLAW_INCOMPLETE, "a part is missing");
	print_flaw(report, FLAW_CLOCK, "their clock was found to be unstable");
	print_flaw(report, FLAW_DAMAGED, "from damage on");
	if (report->view.coverage.lost)
		printf("Lost:        %" PRIu64 " events\n", report->view.coverage.lost);
	if (account->missing)
		printf("Missing:     %" PRIu64 " generations between the others\n", account->missing);
	print_unread(report->trace);
	print_gaps(report->trace);
	if (filter)
		print_line("Filter:", filter);
}

static void print_text(struct report *report)
{
	print_head(report);
	if (!report->view.coverage.sums[FLAW_NONE].ns) {
		printf("\nNothing is known about the time that is left out\n");
		return;
	}
	report_tables_print(report->tables, &report->view);
}

/* What note_reading() says in text. */
static void json_account(const struct exptrace_trace *trace, const struct exptrace_account *account,
			 struct output *output)
{
	uint64_t borrower, lender;

	json_number(output, ",\"without_beginning\":", account->partial);
	json_number(output, ",\"without_end\":", account->cut_off);
	json_number(output, ",\"without_clock\":", account->without_clock);
	if (exptrace_borrowed(trace, &borrower, &lender))
		json_number(output, ",\"schema_from_generation\":", lender);
	json_number(output, ",\"damages\":", account->damages);
	json_number(output, ",\"damaged_bytes\":", account->damaged_bytes);
	json_number(output, ",\"skipped_batches\":", account->skipped);
	json_number(output, ",\"events_not_read\":", account->unread);
	json_number(output, ",\"missing_tasks\":", account->missing_tasks);
	json_number(output, ",\"missing_names\":", account->missing_names);
	json_number(output, ",\"unknown_sites\":", account->unknown_sites);
	json_number(output, ",\"unknown_stacks\":", account->unknown_stacks);
	json_number(output, ",\"set_backs\":", account->set_backs);
	json_number(output, ",\"other_boots\":", account->other_boots);
}

static void print_json(struct report *report, struct output *output)
{
	static const char *const keys[NR_FLAWS] = {
		",\"covered\":", ",\"with_losses\":", ",\"incomplete\":", ",\"damaged\":",
		",\"unstable_clock\":",
	};
	const struct exptrace_account *account = exptrace_account(report->trace);
	const struct exptrace_times *times = exptrace_times(report->trace);
	unsigned int i;

	json_number(output, "{\"generations\":", account->generations);
	for (i = 0; i < FLAW_CLOCK; i++)
		json_number(output, keys[i], report->view.coverage.sums[i].generations);
	json_number(output, ",\"missing\":", account->missing);
	json_number(output, ",\"lost\":", report->view.coverage.lost);
	json_number(output, ",\"covered_ns\":", (uint64_t)report->view.coverage.sums[FLAW_NONE].ns);
	json_string(output, ",\"filter\":", exptrace_property(report->trace, "filter"));
	json_number(output, keys[FLAW_CLOCK], report->view.coverage.sums[FLAW_CLOCK].generations);
	json_number(output, ",\"gaps\":", times->gaps);
	json_number(output, ",\"gap_ns\":", times->gap_ns);
	json_number(output, ",\"suspended_ns\":", times->suspended_ns);
	json_account(report->trace, account, output);
	report_tables_json(report->tables, &report->view, output);
	output_text(output, "}\n");
}

/* 0 or a negative errno */
static int report_print(struct report *report)
{
	static struct output output;

	if (!report->json) {
		print_text(report);
		return 0;
	}
	output_init(&output, STDOUT_FILENO);
	print_json(report, &output);
	return output_flush(&output);
}

static int report_run(struct report *report)
{
	int err = range_begin(&report->range, &command_report, report->trace);
	bool damaged, known;

	if (err)
		return err;
	damaged = report_walk(report);

	/* not checked yet if there was no event */
	if (!what_check_trace(&report->what, report->trace))
		return EXIT_PROBLEM;
	/* JSON reports a trace without generations; text does not */
	known = report->view.coverage.begun || (report->json && exptrace_version(report->trace));
	err = known ? report_print(report) : 0;
	note_interrupted();
	range_note(&report->range);
	note_names(report->trace);
	note_reading(report->trace);
	if (err)
		return write_problem(NULL, err);
	return damaged ? EXIT_PROBLEM : EXIT_OK;
}

static void report_init(struct report *report)
{
	report_view_init(&report->view, report->trace);
	exptrace_on_generation(report->trace, begin_generation, report);
	report->tables = report_tables_create();
}

static void report_uninit(struct report *report)
{
	exptrace_close(report->trace);
	report_view_uninit(&report->view);
	report_tables_destroy(report->tables);
	event_roles_uninit(&report->roles);
	what_uninit(&report->what);
}

enum { OPT_JSON = 256 };

static const struct option options[] = {
	{ "events",	required_argument,	NULL, 'e' },
	{ "lines",	required_argument,	NULL, 'n' },
	{ "json",	no_argument,		NULL, OPT_JSON },
	RANGE_OPTIONS,
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

static int report_parse(struct report *report, int argc, char **argv)
{
	int c;

	while ((c = next_option(&command_report, argc, argv, ":e:n:h", options)) >= 0) {
		if (c == 'e') {
			if (what_parse(&command_report, &report->what, "--events", optarg))
				return OPTION_BAD;
		} else if (c == 'n' && !parse_number(optarg, 0, UINT64_MAX, &report->view.lines))
			return bad_value(&command_report, argv, "a number of lines, 0 to 18446744073709551615");
		else if (c == OPT_JSON)
			report->json = true;
		else if ((c == OPT_FROM || c == OPT_TO) && !range_option(&report->range, c))
			return bad_value(&command_report, argv, RANGE_WANTED);
	}
	return c;
}

static int report_file(struct report *report, int argc, char **argv)
{
	int ret = open_trace(&command_report, argc, argv, &report->trace);

	if (ret)
		return ret;
	interrupt_catch();
	report_init(report);
	return report_run(report);
}

static int run_report(int argc, char **argv)
{
	struct report report = {
		.view.lines = LINES_DEFAULT, .what.state = WHAT_STATE_NEEDED, .range.whole = true,
	};
	int ret = report_parse(&report, argc, argv);

	if (ret == -1)
		ret = report_file(&report, argc, argv);
	else
		ret = ret == OPTION_HELP_SHOWN ? EXIT_OK : EXIT_USAGE;
	report_uninit(&report);
	return ret;
}

const struct command command_report = {
	.name = "report",
	.purpose = "Works out latencies, times of tasks, wakers, interrupts, calls, timers, regions",
	.synopsis = "[-e WHAT] [-n N] [--json] " RANGE_SYNOPSIS " FILE...|DIRECTORY|-",
	.help =
	"  -e, --events WHAT  only by these: events, groups, experiments, a group's events\n"
	"                     ('sched:sched_*'), system calls (syscalls:openat); +a,-b\n"
	"  -n, --lines N      most lines of a table (default 20)\n"
	"      --json         one JSON object, with all lines\n"
	RANGE_HELP("only the generations that overlap this range")
	"\n"
	"Generations that lost events are left out: what happened there is not known.\n"
	"Times are CLOCK_MONOTONIC, as those of dump.\n",
	.run = run_report,
};
