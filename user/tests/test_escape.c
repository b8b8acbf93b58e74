// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text from a trace or from the command line cannot control the terminal. The trace has control
 * bytes in every string of the format.
 */
#include <stdio.h>
#include <string.h>

#include "../cmd/text.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

/* ESC, BEL, CSI as a byte and in UTF-8, DEL, an override, a line separator, harmless UTF-8. */
#define EVIL	"\x1b[1m\a\x9b" "2\xc2\x9b\x7f\xe2\x80\xae\xe2\x80\xa8\r\n\t\x01\xc3\xa9"
/* The part that fits into a thread's name. */
#define EVIL_COMM	"\x1b[1m\a\x9b\xc2\x9b\x7f\xe2\x80\xae\r\n"
#define FREQUENCY	1000000000ULL
#define START		1000
#define OWN_EXPERIMENT	7
#define OWN		200

static uint64_t now;

static void put_event(struct writer *w, unsigned int type)
{
	w_event(w, type, 10);
	now += 10;
}

static void begin_batch(struct writer *w, int experiment, uint64_t m)
{
	w_begin(w, experiment, 1, m, now);
}

static void begin_table(struct writer *w, unsigned int type)
{
	begin_batch(w, STANDARD_BATCH, EXPTRACE_M_NONE);
	w_byte(w, type);
}

static void pair_events(struct writer *w, const char *entry, const char *exit, unsigned int type,
			unsigned int kind, const char *arg)
{
	w_schema_event(w, 0, type, 1, EVIL, entry, 2);
	w_schema_arg(w, kind, arg);
	w_schema_arg(w, EXPTRACE_KIND_SITE, "function");
	w_schema_event(w, 0, type + 1, 1, EVIL, exit, 2);
	w_schema_arg(w, kind, arg);
	w_schema_arg(w, EXPTRACE_KIND_INT, "ret");
}

/* The trace's own types begin at OWN; the others are those of w_schema(). */
enum { IRQ = OWN + 1, SOFTIRQ = IRQ + 2, CALL = SOFTIRQ + 2, TIMER = CALL + 2, MARKER = TIMER + 2 };

static void put_schema(struct writer *w)
{
	w_schema(w, 1, now);
	begin_table(w, EXPTRACE_WIRE_SCHEMA);
	w_byte(w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);
	w_number(w, OWN_EXPERIMENT);
	w_number(w, 1);
	w_string(w, EVIL);
	w_schema_event(w, OWN_EXPERIMENT, OWN, 1, EVIL, EVIL, 2);
	w_schema_arg(w, EXPTRACE_KIND_STRING, EVIL);
	w_schema_arg(w, EXPTRACE_KIND_PID, EVIL "pid");
	pair_events(w, "irq_handler_entry", "irq_handler_exit", IRQ, EXPTRACE_KIND_IRQ, "irq");
	pair_events(w, "softirq_entry", "softirq_exit", SOFTIRQ, EXPTRACE_KIND_SOFTIRQ, "vec");
	pair_events(w, "sys_enter", "sys_exit", CALL, EXPTRACE_KIND_SYSCALL, "nr");
	pair_events(w, "timer_expire_entry", "timer_expire_exit", TIMER, EXPTRACE_KIND_UINT,
		    "timer");
	w_schema_event(w, 0, MARKER, 1, EVIL, "marker_begin", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_schema_event(w, 0, MARKER + 1, 1, EVIL, "marker_end", 1);
	w_schema_arg(w, EXPTRACE_KIND_STRING, "name");
	w_end(w);
}

static void put_properties(struct writer *w)
{
	static const char *const keys[] = {
		"release", "version", "machine", "nodename", "boot_id", "clock", "addresses",
		"mode", "filter", "unrecorded_frees", "cpus", "batch_size", EVIL,
	};
	size_t i;

	begin_table(w, EXPTRACE_WIRE_PROPERTIES);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, keys[i]);
		w_string(w, EVIL);
	}
	w_end(w);
}

static void put_name(struct writer *w, unsigned int kind, unsigned int number)
{
	put_event(w, EXPTRACE_EVENT_NAME);
	w_number(w, kind);
	w_number(w, number);
	w_string(w, EVIL);
}

static void put_statedump(struct writer *w)
{
	begin_batch(w, STANDARD_BATCH, EXPTRACE_M_NONE);
	put_event(w, EXPTRACE_EVENT_TASK);
	w_number(w, 100);
	w_number(w, 100);
	w_string(w, EVIL_COMM);
	w_bytes(w, "\1\0\xf0\1\1\5", 6);
	put_name(w, EXPTRACE_KIND_IRQ, 9);
	put_name(w, EXPTRACE_KIND_SOFTIRQ, 9);
	put_name(w, EXPTRACE_KIND_SYSCALL, 9);
	w_end(w);
}

/* Writes the beginning and the end. */
static void put_span(struct writer *w, unsigned int type, unsigned int number)
{
	put_event(w, type);
	w_number(w, number);
	w_site(w, 1);
	put_event(w, type + 1);
	w_number(w, number);
	w_signed(w, 0);
}

static void put_standard(struct writer *w)
{
	begin_batch(w, STANDARD_BATCH, SAMPLE_M(0, TASK));
	put_event(w, EXPTRACE_EVENT_CURRENT);
	w_number(w, 100);
	put_event(w, EXPTRACE_EVENT_STACK);
	w_number(w, 2);
	put_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_S);
	w_number(w, 0);
	put_event(w, EXPTRACE_EVENT_SCHED_WAKING);
	w_number(w, 100);
	w_number(w, 0);
	put_event(w, EXPTRACE_EVENT_SCHED_WAKEUP);
	w_number(w, 100);
	w_number(w, 0);
	put_event(w, EXPTRACE_EVENT_SCHED_SWITCH + EXPTRACE_TASK_R);
	w_number(w, 100);
	put_event(w, EXPTRACE_EVENT_TASK_RENAME);
	w_number(w, 100);
	w_string(w, EVIL_COMM "2");
	put_span(w, IRQ, 9);
	put_span(w, SOFTIRQ, 9);
	put_span(w, CALL, 9);
	put_span(w, TIMER, 9);
	put_event(w, MARKER);
	w_string(w, EVIL);
	put_event(w, MARKER + 1);
	w_string(w, EVIL);
	w_end(w);
}

static void other_experiments(struct writer *w)
{
	begin_batch(w, OWN_EXPERIMENT, SAMPLE_M(0, TASK));
	put_event(w, OWN);
	w_string(w, EVIL);
	w_number(w, 100);
	w_end(w);
	begin_batch(w, EXPTRACE_EXPERIMENT_ALLOCFREE, SAMPLE_M(0, TASK));
	put_event(w, EXPTRACE_EVENT_KMALLOC);
	w_object(w, 0x1000);
	w_number(w, 8);
	w_number(w, 0);
	w_site(w, 1);
	w_end(w);
}

static void put_symbols(struct writer *w)
{
	begin_table(w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(w, 1, EVIL);
	w_end(w);
	begin_table(w, EXPTRACE_WIRE_STACKS);
	w_stack(w, 1, 1);
	w_frame(w, 1, 1, 1, 0);
	w_stack(w, 2, 1);
	w_frame(w, 1, 1, 1, 7);
	w_end(w);
}

/* @lost: the ledger has a lost event, so that report leaves the generation out. */
static void write_trace(struct writer *w, unsigned int lost)
{
	now = START;
	w_header(w);
	w_sync(w, 1, now, FREQUENCY, now);
	put_schema(w);
	put_properties(w);
	put_statedump(w);
	put_standard(w);
	other_experiments(w);
	put_symbols(w);
	begin_table(w, EXPTRACE_WIRE_LEDGER);
	w_ledger_entry(w, OWN_EXPERIMENT, 0, 1 + lost, 1, 0, lost);
	w_end(w);
	now += 1000;
	w_sync(w, 1, now, FREQUENCY, now);
	w_end_of_generation(w);
	/* damage, so that it is reported */
	w_bytes(w, EVIL, sizeof(EVIL) - 1);
}

/* The length of the harmless UTF-8 character at @c, or 0. */
static size_t harmless_length(const unsigned char *c)
{
	static const char *const evils[] = { "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae" };
	size_t size = *c >= 0xf0 ? 4 : *c >= 0xe0 ? 3 : 2, i;

	if (*c < 0xc2 || *c > 0xf4 || (*c == 0xc2 && c[1] < 0xa0))
		return 0;
	for (i = 1; i < size; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	for (i = 0; i < sizeof(evils) / sizeof(evils[0]); i++)
		if (!memcmp(c, evils[i], 3))
			return 0;
	return size;
}

/* The first terminal control sequence in the last output, or NULL. */
static const char *find_command(void)
{
	const char *c = run_output, *end = run_output + run_size;

	while (c < end) {
		unsigned char byte = (unsigned char)*c;
		size_t size = byte < 0x80 ? 1 : harmless_length((const unsigned char *)c);

		/* a stack frame is indented */
		if (byte == '\t' && c > run_output && c[-1] != '\n')
			return c;
		if (!size || byte == 0x7f || (byte < ' ' && byte != '\n' && byte != '\t'))
			return c;
		c += size;
	}
	return NULL;
}

static void expect_no_command(const char *what)
{
	const char *at = find_command();

	ok(!at && run_size, "no command to the terminal: %s, %s", what, text_utf8 ? "UTF-8" : "ASCII");
	if (at)
		printf("# byte %02x behind '%.*s'\n", (unsigned char)*at,
		       (int)(at - run_output < 30 ? at - run_output : 30),
		       at - (at - run_output < 30 ? at - run_output : 30));
}

static const struct {
	const char *what;
	const struct command *command;
	const char *option;
} runs[] = {
	{ "check", &command_check, NULL },
	{ "stat", &command_stat, NULL },
	{ "report", &command_report, NULL },
	{ "report --json", &command_report, "--json" },
	{ "dump", &command_dump, NULL },
	{ "dump --all", &command_dump, "--all" },
	{ "dump --json", &command_dump, "--json" },
	{ "cut", &command_cut, "--output=/dev/null" },
};

static void test_commands(void)
{
	struct writer w = { 0 };
	unsigned int lost;
	size_t i;

	for (lost = 0; lost < 2; lost++) {
		write_trace(&w, lost);
		for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
			run_trace(runs[i].command, runs[i].option, &w);
			expect_no_command(runs[i].what);
		}
		w_free(&w);
	}
}

/* Command line arguments, which may be names of files. */
static void test_messages(void)
{
	static const struct {
		const char *what;
		const char *words[4];
	} cases[] = {
		{ "a file", { "/nowhere/" EVIL } },
		{ "a number", { "-n", EVIL, "-" } },
		{ "an option", { "--" EVIL, "-" } },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_words(&command_dump, cases[i].words);
		expect_no_command(cases[i].what);
	}
}

/* No text is left out. */
static void test_shown(void)
{
	struct writer w = { 0 };

	text_utf8 = true;
	write_trace(&w, 0);
	run_trace(&command_dump, "--all", &w);
	ok(run_printed("\\x1b[1m\\x07\\x9b2\\xc2\\x9b\\x7f\\xe2\\x80\\xae\\xe2\\x80\\xa8\\x0d\\x0a\\x09"
		       "\\x01\xc3\xa9"),
	   "bytes that are not text are shown as \\xNN, and UTF-8 is unchanged");
	text_utf8 = false;
	run_trace(&command_dump, "--all", &w);
	ok(run_printed("\\x01\\xc3\\xa9"), "UTF-8 is escaped if the terminal has none");
	w_free(&w);
}

int main(void)
{
	for (int utf8 = 0; utf8 < 2; utf8++) {
		text_utf8 = utf8;
		test_commands();
		test_messages();
	}
	test_shown();
	return tap_end();
}
