// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace report: run-queue latencies, times of tasks, wakers, interrupts, system calls,
 * functions of timers and works, regions.
 *
 * Generations that lost events of the standard stream are left out as a whole: what was
 * lost there might have been between any two events, on any CPU, so nothing that is
 * measured between two events can be believed. The same goes for a generation of which
 * a part is missing, and for one whose clock was found to be unstable. What was going on
 * before is forgotten there, and where nothing was recorded between two generations.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/array.h"
#include "../cmd.h"
#include "../interrupt.h"
#include "../notes.h"
#include "report.h"
#include "../what.h"

#define LINES_DEFAULT	20
#define NSEC_PER_SEC	1e9

/* Why a generation does not count. */
enum flaw { FLAW_NONE, FLAW_LOST, FLAW_INCOMPLETE, FLAW_DAMAGED, FLAW_CLOCK, NR_FLAWS };

struct flaw_sum {
	uint64_t generations;
	double ns;
};

struct report {
	struct exptrace_trace *trace;
	struct report_view view;
	struct event_roles roles;
	struct what what;
	bool refused;		/* a word of what means nothing */
	struct report_sched *sched;
	struct report_wakers *wakers;
	struct report_spans *spans;
	struct report_functions *functions;
	struct report_regions *regions;
	bool json;

	/* the generation at hand */
	bool begun;
	enum flaw flaw;
	bool limited;		/* not all switches of threads are there */
	bool has_end;		/* a Sync tells when it ended; else its events do */
	uint64_t generation;
	uint64_t end_ns;

	enum flaw flaw_before;	/* of the generation before */
	uint64_t covered_until;	/* there the last one ended that counts, */
	uint64_t seen_until;	/* and the last one of all */
	uint64_t lost;		/* events of the standard stream */
	struct flaw_sum sums[NR_FLAWS];
};

static uint64_t count_lost(const struct exptrace_trace *trace)
{
	const struct exptrace_ledger_entry *entries;
	size_t n = exptrace_ledger(trace, &entries), i, j;
	uint64_t lost = 0;

	for (i = 0; i < n; i++)
		for (j = 0; !entries[i].experiment && j < entries[i].nlosses; j++)
			lost += entries[i].losses[j].count;
	return lost;
}

/* What is known ends where the generation before ended. */
static void forget(struct report *report)
{
	report_sched_forget(report->sched, report->end_ns, report->limited);
	report_wakers_forget(report->wakers);
	report_spans_forget(report->spans);
	report_functions_forget(report->functions);
	report_regions_forget(report->regions);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * Adds the time up to @end_ns of the generation at hand. Generations overlap: that time is
 * counted once, for the one that counts if there is one.
 */
static void add_time(struct report *report, enum flaw flaw, uint64_t end_ns)
{
	uint64_t start = later(report->view.start_ns,
			       flaw ? report->seen_until : report->covered_until);

	if (end_ns <= start)
		return;
	report->sums[flaw].ns += (double)(end_ns - start);
	if (!flaw && report->flaw_before && start < report->seen_until)
		report->sums[report->flaw_before].ns -= (double)(report->seen_until - start);
	if (!flaw)
		report->covered_until = end_ns;
	report->seen_until = later(report->seen_until, end_ns);
	report->view.covered_ns = report->sums[FLAW_NONE].ns;
}

static void end_generation(struct report *report)
{
	if (!report->begun)
		return;
	report->sums[report->flaw].generations++;
	add_time(report, report->flaw, report->end_ns);
	report->flaw_before = report->flaw;
}

/* The ledger comes before the closing Sync: with that, all of it is there. */
static enum flaw find_flaw(const struct report *report,
			   const struct exptrace_generation *generation, size_t nsyncs,
			   uint64_t lost)
{
	if (!generation->begins || !generation->ends || nsyncs < 2)
		return FLAW_INCOMPLETE;
	if (lost)
		return FLAW_LOST;
	return exptrace_clock_unstable(report->trace) ? FLAW_CLOCK : FLAW_NONE;
}

/* The time of a Sync; 0: it is not there. */
static uint64_t sync_ns(const struct report *report, size_t index)
{
	const struct exptrace_sync *sync = exptrace_sync_at(report->trace, index);

	return sync ? sync->mono_ns : 0;
}

static void read_online(struct report_view *view)
{
	const char *online = exptrace_property(view->trace, "online");

	view->tells_online = online;
	if (online && cpus_read(&view->online, online))
		out_of_memory("reading which CPUs are online");
}

/* The whole generation, with its ledger, is loaded before its first event comes out. */
static void begin_generation(void *arg, const struct exptrace_generation *generation)
{
	struct report *report = arg;
	size_t nsyncs = exptrace_syncs(report->trace);
	uint64_t lost = count_lost(report->trace);
	bool gap = generation->number != report->generation + 1 || exptrace_gap(report->trace);
	const char *known = exptrace_property(report->trace, "known_switches");
	bool limited = known && strcmp(known, "chosen");
	enum flaw flaw = find_flaw(report, generation, nsyncs, lost);

	end_generation(report);
	if (report->begun && (gap || flaw || limited != report->limited) && !report->flaw)
		forget(report);
	if (exptrace_set_back(report->trace))
		report->covered_until = report->seen_until = 0;
	report->begun = true;
	report->limited = limited;
	report->flaw = flaw;
	report->has_end = !nsyncs || nsyncs > generation->begins;
	report->generation = generation->number;
	report->lost += lost;
	read_online(&report->view);
	report->view.start_ns = generation->begins ? sync_ns(report, 0) : UINT64_MAX;
	report->end_ns = sync_ns(report, nsyncs - 1);
}

/* Where Syncs are missing, the time is that of the events. */
static void stretch(struct report *report, uint64_t ns)
{
	if (ns < report->view.start_ns)
		report->view.start_ns = ns;
	if (!report->has_end)
		report->end_ns = later(report->end_ns, ns);
}

/* Once a writer's events are damaged, what it did from then on is not known. */
static void note_damage(struct report *report, const struct exptrace_record *record)
{
	uint64_t end_ns = report->end_ns;

	report->end_ns = record->ns;
	forget(report);
	add_time(report, FLAW_NONE, record->ns);
	report->view.start_ns = record->ns;
	report->end_ns = end_ns;
	report->flaw = FLAW_DAMAGED;
}

static void take_switch(struct report *report, const struct event_role *role,
			const struct exptrace_record *record)
{
	uint64_t waited = report_sched_event(report->sched, &report->view, role, record);

	if (waited != NOT_WOKEN)
		report_wakers_run(report->wakers, &report->view, role, record, waited);
}

/* State events are needed whatever is selected. */
static bool is_selected(struct report *report, const struct exptrace_record *record)
{
	return EXPTRACE_EVENT_IS_STATE(record->type) ||
	       what_has(&report->what, report->trace, record);
}

static void take_event(struct report *report, const struct exptrace_record *record)
{
	const struct event_role *role;

	/* one batch alone of a generation is not told of */
	if (record->generation != report->generation)
		return;
	if (exptrace_pending_error(report->trace) && !report->flaw)
		note_damage(report, record);
	if (report->flaw) {
		if (report->flaw == FLAW_INCOMPLETE)
			stretch(report, record->ns);
		return;
	}
	if (!is_selected(report, record))
		return;
	role = event_role_get(&report->roles, record->event);
	switch (role->kind) {
	case ROLE_NOTHING:
		break;
	case ROLE_WAKEUP:
		report_wakers_event(report->wakers, &report->view, role, record);
		report_sched_event(report->sched, &report->view, role, record);
		break;
	case ROLE_WAKING:
		report_wakers_event(report->wakers, &report->view, role, record);
		break;
	case ROLE_CURRENT:
		report_sched_event(report->sched, &report->view, role, record);
		break;
	case ROLE_SWITCH:
		take_switch(report, role, record);
		break;
	case ROLE_MARKER_BEGIN:
	case ROLE_MARKER_END:
		report_regions_event(report->regions, &report->view, role, record);
		break;
	case ROLE_TIMER_ENTRY:
	case ROLE_TIMER_EXIT:
	case ROLE_HRTIMER_ENTRY:
	case ROLE_HRTIMER_EXIT:
	case ROLE_WORK_START:
	case ROLE_WORK_END:
		report_functions_event(report->functions, &report->view, role, record);
		break;
	default:
		report_spans_event(report->spans, &report->view, role, record);
	}
}

/* Returns whether each word that was given means something. */
static bool check_what(struct report *report)
{
	report->refused |= what_check_trace(&report->what, report->trace, true) != EXIT_OK;
	return !report->refused;
}

/* Returns how the trace ends, or what is wrong with it; 0 as well if a word is refused. */
static int take_events(struct report *report)
{
	const struct exptrace_record *record;
	int ret = 0;

	while (!interrupted && (ret = exptrace_next_event(report->trace, &record)) == 1) {
		if (!check_what(report))
			return 0;
		take_event(report, record);
	}
	return ret;
}

/* Goes on behind damage. Returns whether there was any. */
static bool report_walk(struct report *report)
{
	bool damaged = false, more = true;
	int ret;

	while (more && (ret = take_events(report)) < 0 && ret != -EAGAIN) {
		damaged = true;
		more = go_on(report->trace, ret);
	}
	if (report->begun && !report->flaw)
		forget(report);
	end_generation(report);
	return damaged;
}

/* Who has an id, as of the threads' last change. */
struct id {
	uint64_t changes;	/* and 1; 0: it was not asked for */
	uint64_t thread;
};

uint64_t report_thread(const struct report_view *view, uint64_t pid)
{
	uint64_t changes = exptrace_comm_changes(view->trace) + 1;
	struct id *id = pids_get(view->ids, pid);
	int64_t thread;

	if (!id)
		return UINT64_MAX;
	if (id->changes != changes) {
		thread = exptrace_thread(view->trace, (int64_t)pid);
		if (thread < 0)
			out_of_memory("telling threads apart");
		*id = (struct id) { changes, (uint64_t)thread };
	}
	return id->thread;
}

/* Where the trace does not say: they have been the same for long. */
static const char *softirq_name(uint64_t number)
{
	static const char *const names[] = {
		"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED",
		"HRTIMER", "RCU",
	};

	return number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}

const char *report_name(const struct exptrace_trace *trace, enum event_role_kind kind,
			uint64_t number)
{
	const char *name;

	switch (kind) {
	case ROLE_IRQ_ENTRY:
		return exptrace_name(trace, EXPTRACE_KIND_IRQ, number);
	case ROLE_SYS_ENTER:
		return exptrace_name(trace, EXPTRACE_KIND_SYSCALL, number);
	default:
		name = exptrace_name(trace, EXPTRACE_KIND_SOFTIRQ, number);
		return name ? name : softirq_name(number);
	}
}

void report_json_name(struct output *output, const char *key, const char *name)
{
	if (!name)
		return;
	output_text(output, key);
	output_json_string(output, name, strlen(name));
}

void report_json_number(struct output *output, const char *key, uint64_t value)
{
	output_text(output, key);
	output_number(output, value, 0, ' ');
}

void *report_reach(void *array, size_t i, size_t *room, size_t size)
{
	if (array_reach(&array, i, room, size))
		out_of_memory("adding up times");
	return array;
}

static void print_flaw(const struct report *report, enum flaw flaw, const char *why)
{
	const struct flaw_sum *sum = &report->sums[flaw];

	if (sum->generations)
		printf("Left out:    %" PRIu64 " generations, %.6f s: %s\n", sum->generations,
		       sum->ns / NSEC_PER_SEC, why);
}

static void print_head(const struct report *report)
{
	const char *filter = exptrace_property(report->view.trace, "filter");
	const struct exptrace_account *account = exptrace_account(report->trace);

	printf("Covered:     %" PRIu64 " of %" PRIu64 " generations, %.6f s\n",
	       report->sums[FLAW_NONE].generations, account->generations,
	       report->view.covered_ns / NSEC_PER_SEC);
	print_flaw(report, FLAW_LOST, "they lost events");
	print_flaw(report, FLAW_INCOMPLETE, "a part is missing");
	print_flaw(report, FLAW_CLOCK, "their clock was found to be unstable");
	print_flaw(report, FLAW_DAMAGED, "from damage on");
	if (report->lost)
		printf("Lost:        %" PRIu64 " events\n", report->lost);
	if (account->missing)
		printf("Missing:     %" PRIu64 " generations between the others\n", account->missing);
	if (account->damaged_bytes)
		printf("Damaged:     %" PRIu64 " bytes\n", account->damaged_bytes);
	if (account->unread)
		printf("Not read:    %" PRIu64 " events that the ledger counts\n", account->unread);
	print_gaps(report->trace);
	if (filter)
		print_line("Filter:", filter);
}

static void print_text(struct report *report)
{
	print_head(report);
	if (!report->sums[FLAW_NONE].ns) {
		printf("\nNothing can be told of what is left out\n");
		return;
	}
	report_sched_print(report->sched, &report->view);
	report_wakers_print(report->wakers, &report->view);
	report_spans_print(report->spans, &report->view);
	report_functions_print(report->functions, &report->view);
	report_regions_print(report->regions, &report->view);
}

/* As note_reading() tells it in words. */
static void json_account(const struct exptrace_trace *trace, const struct exptrace_account *account,
			 struct output *output)
{
	uint64_t borrower, lender;

	report_json_number(output, ",\"without_beginning\":", account->partial);
	report_json_number(output, ",\"without_end\":", account->cut_off);
	report_json_number(output, ",\"without_clock\":", account->without_clock);
	if (exptrace_borrowed(trace, &borrower, &lender))
		report_json_number(output, ",\"schema_from_generation\":", lender);
	report_json_number(output, ",\"damages\":", account->damages);
	report_json_number(output, ",\"damaged_bytes\":", account->damaged_bytes);
	report_json_number(output, ",\"skipped_batches\":", account->skipped);
	report_json_number(output, ",\"events_not_read\":", account->unread);
	report_json_number(output, ",\"missing_tasks\":", account->missing_tasks);
	report_json_number(output, ",\"missing_names\":", account->missing_names);
	report_json_number(output, ",\"unknown_sites\":", account->unknown_sites);
	report_json_number(output, ",\"unknown_stacks\":", account->unknown_stacks);
	report_json_number(output, ",\"set_backs\":", account->set_backs);
	report_json_number(output, ",\"other_boots\":", account->other_boots);
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

	report_json_number(output, "{\"generations\":", account->generations);
	for (i = 0; i < FLAW_CLOCK; i++)
		report_json_number(output, keys[i], report->sums[i].generations);
	report_json_number(output, ",\"missing\":", account->missing);
	report_json_number(output, ",\"lost\":", report->lost);
	report_json_number(output, ",\"covered_ns\":", (uint64_t)report->view.covered_ns);
	report_json_name(output, ",\"filter\":", exptrace_property(report->view.trace, "filter"));
	report_json_number(output, keys[FLAW_CLOCK], report->sums[FLAW_CLOCK].generations);
	report_json_number(output, ",\"gaps\":", times->gaps);
	report_json_number(output, ",\"gap_ns\":", times->gap_ns);
	report_json_number(output, ",\"suspended_ns\":", times->suspended_ns);
	json_account(report->trace, account, output);
	report_sched_json(report->sched, &report->view, output);
	report_wakers_json(report->wakers, &report->view, output);
	report_spans_json(report->spans, &report->view, output);
	report_functions_json(report->functions, output);
	report_regions_json(report->regions, output);
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
	bool damaged = report_walk(report);
	bool known;
	int err;

	/* without an event, it is time now */
	if (!check_what(report))
		return EXIT_PROBLEM;
	/* of a trace without a generation, JSON has that there is none */
	known = report->begun || (report->json && exptrace_version(report->trace));
	err = known ? report_print(report) : 0;
	note_interrupted();
	note_names(report->trace);
	note_reading(report->trace);
	if (err)
		return write_problem(NULL, err);
	return damaged ? EXIT_PROBLEM : EXIT_OK;
}

static void report_init(struct report *report)
{
	report->view.trace = report->trace;
	report->view.ids = need_memory(calloc(1, sizeof(*report->view.ids)),
				       "beginning the report");
	report->view.ids->size = sizeof(struct id);
	exptrace_on_generation(report->trace, begin_generation, report);
	report->sched = report_sched_new();
	report->wakers = report_wakers_new();
	report->spans = report_spans_new();
	report->functions = report_functions_new();
	report->regions = report_regions_new();
}

static void report_uninit(struct report *report)
{
	exptrace_close(report->trace);
	if (report->view.ids)
		pids_uninit(report->view.ids);
	free(report->view.ids);
	cpus_uninit(&report->view.online);
	report_sched_free(report->sched);
	report_wakers_free(report->wakers);
	report_spans_free(report->spans);
	report_functions_free(report->functions);
	report_regions_free(report->regions);
	event_roles_uninit(&report->roles);
	what_uninit(&report->what);
}

enum { OPT_JSON = 256 };

static const struct option options[] = {
	{ "events",	required_argument,	NULL, 'e' },
	{ "lines",	required_argument,	NULL, 'n' },
	{ "json",	no_argument,		NULL, OPT_JSON },
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
	struct report report = { .view.lines = LINES_DEFAULT, .flaw = FLAW_INCOMPLETE };
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
	.synopsis = "[-e WHAT] [-n N] [--json] FILE|-",
	.help =
	"  -e, --events WHAT  only by these: events, groups, experiments, a group's events\n"
	"                     ('sched:sched_*'), system calls (syscalls:openat); +a,-b\n"
	"  -n, --lines N      most lines of a table (default 20)\n"
	"      --json         one JSON object, with all lines\n"
	"\n"
	"Generations that lost events are left out: what happened there is not known.\n"
	"Times are CLOCK_MONOTONIC, as those of dump.\n",
	.run = run_report,
};
