// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump -e and report -e: which events the words select, and which words are refused.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#define FREQUENCY	1000000000ULL
#define COMPAT		(1U << 31)

/* An experiment that is not in the catalogue, with names that only a trace can have. */
enum { TESTS = 2, TESTS_OWN = 64, TESTS_ODD, TESTS_HOSTILE };

/* System call numbers of x86_64 and of its 32-bit programs. */
enum { READ = 0, CLOSE = 3, OPENAT = 257, READ_32 = 3, MMAP2_32 = 192, OPENAT_32 = 295 };

static void write_experiment(struct writer *w, unsigned int id, const char *name)
{
	w_byte(w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);
	w_number(w, id);
	w_number(w, 1);
	w_string(w, name);
}

static void write_call(struct writer *w, unsigned int type, const char *name, unsigned int nargs)
{
	w_schema_event(w, 0, type, 1, "syscalls", name, nargs);
	w_schema_arg(w, EXPTRACE_KIND_SYSCALL, "nr");
	if (nargs > 1)
		w_schema_arg(w, EXPTRACE_KIND_INT, "ret");
	if (nargs > 2)
		w_schema_arg(w, EXPTRACE_KIND_UINT, "duration");
}

static void write_schema(struct writer *w, bool with_tests)
{
	w_begin(w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 1000);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	write_experiment(w, 0, "standard");
	w_schema_event(w, 0, EXPTRACE_EVENT_CURRENT, 1, "state", "current", 1);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_event(w, 0, EXPTRACE_EVENT_SCHED_WAKEUP, 1, "sched", "sched_wakeup", 2);
	w_schema_arg(w, EXPTRACE_KIND_PID, "pid");
	w_schema_arg(w, EXPTRACE_KIND_CPU, "target_cpu");
	write_call(w, EXPTRACE_EVENT_SYS_ENTER, "sys_enter", 1);
	write_call(w, EXPTRACE_EVENT_SYS_EXIT, "sys_exit", 2);
	write_call(w, EXPTRACE_EVENT_SYS_CALL, "sys_call", 3);
	if (with_tests) {
		write_experiment(w, TESTS, "tests");
		w_schema_event(w, TESTS, TESTS_OWN, 1, "own", "own_event", 0);
		w_schema_event(w, TESTS, TESTS_ODD, 1, "own", "odd:a,b", 0);
		w_schema_event(w, TESTS, TESTS_HOSTILE, 1, "own", "esc\033[31m", 0);
	}
	w_end(w);
}

static void write_machine(struct writer *w, const char *machine)
{
	w_begin(w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 1000);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	w_byte(w, EXPTRACE_WIRE_PROPERTY);
	w_string(w, "machine");
	w_string(w, machine);
	w_end(w);
}

static void write_calls(struct writer *w, const uint32_t *numbers, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		w_event(w, EXPTRACE_EVENT_SYS_ENTER, 10);
		w_number(w, numbers[i]);
		w_event(w, EXPTRACE_EVENT_SYS_EXIT, 10);
		w_number(w, numbers[i]);
		w_number(w, 0);
	}
	for (i = 0; i < n; i++) {
		w_event(w, EXPTRACE_EVENT_SYS_CALL, 10);
		w_number(w, numbers[i]);
		w_number(w, 0);
		w_number(w, 5);
	}
}

static void write_standard(struct writer *w)
{
	static const uint32_t numbers[] = {
		READ, CLOSE, OPENAT, COMPAT | READ_32, COMPAT | MMAP2_32, COMPAT | OPENAT_32,
	};

	w_begin(w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), 2000);
	w_event(w, EXPTRACE_EVENT_CURRENT, 1);
	w_number(w, 7);
	w_event(w, EXPTRACE_EVENT_SCHED_WAKEUP, 1);
	w_number(w, 9);
	w_number(w, 0);
	write_calls(w, numbers, COUNT(numbers));
	w_end(w);
}

static void write_tests(struct writer *w)
{
	w_begin(w, TESTS, 1, SAMPLE_M(0, TASK), 4000);
	w_event(w, TESTS_OWN, 1);
	w_event(w, TESTS_ODD, 1);
	w_event(w, TESTS_HOSTILE, 1);
	w_end(w);
}

/* A trace of one generation, with or without events. */
static struct writer events_trace(const char *machine, bool events)
{
	struct writer w = { 0 };

	w_header(&w);
	w_sync(&w, 1, 1000, FREQUENCY, 1000);
	if (machine)
		write_machine(&w, machine);
	write_schema(&w, true);
	if (events) {
		write_standard(&w);
		write_tests(&w);
	}
	w_sync(&w, 1, 5000, FREQUENCY, 5000);
	w_end_of_generation(&w);
	return w;
}

static int run_events(const struct command *command, const char *what, const struct writer *w)
{
	int fd = memory_file(w->data, w->size), ret;
	const char *words[4] = { "-e", what };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	words[2] = path;
	ret = run_words(command, words);
	close(fd);
	return ret;
}

static unsigned int count(const char *text)
{
	const char *pos = run_output;
	unsigned int n = 0;

	while ((pos = strstr(pos, text))) {
		pos += strlen(text);
		n++;
	}
	return n;
}

static bool knows_calls(void)
{
	return exptrace_syscall_number("x86_64", "openat", strlen("openat")) == OPENAT;
}

/* How many events of each kind a selection shows. */
static void test_selected(const struct writer *w)
{
	static const struct {
		const char *what;
		bool names_calls;
		unsigned int wakeups, own, enters, exits, calls;
	} cases[] = {
		{ "all", false, 1, 3, 6, 6, 6 },
		{ "*", false, 1, 3, 6, 6, 6 },
		{ "sched", false, 1, 0, 0, 0, 0 },
		{ "sched_*", false, 1, 0, 0, 0, 0 },
		{ "sched:sched_wakeup", false, 1, 0, 0, 0, 0 },
		{ "-sched:*", false, 0, 3, 6, 6, 6 },
		{ "tests", false, 0, 3, 0, 0, 0 },
		{ "own:o*", false, 0, 2, 0, 0, 0 },
		{ "tests:own_event", false, 0, 1, 0, 0, 0 },
		{ "odd\\:a\\,b", false, 0, 1, 0, 0, 0 },
		{ "own:odd:a\\,b", false, 0, 1, 0, 0, 0 },
		{ "*_e[!x]*", false, 0, 1, 6, 0, 0 },
		{ "syscalls:sys_exit", false, 0, 0, 0, 6, 0 },
		{ "syscalls:*", false, 0, 0, 6, 6, 6 },
		/* a number selects the native call */
		{ "syscalls:3", false, 0, 0, 1, 1, 1 },
		{ "sched,syscalls:3", false, 1, 0, 1, 1, 1 },
		{ "syscalls:openat", true, 0, 0, 2, 2, 2 },
		{ "syscalls:mmap2", true, 0, 0, 1, 1, 1 },
		{ "syscalls:open*,syscalls:r[e]ad", true, 0, 0, 4, 4, 4 },
		{ "-syscalls:read", true, 1, 3, 4, 4, 4 },
		{ "syscalls,-syscalls:read", true, 0, 0, 4, 4, 4 },
		{ "syscalls:openat,-sys_call", true, 0, 0, 2, 2, 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		bool skip = cases[i].names_calls && !knows_calls();

		ok(skip || (run_events(&command_dump, cases[i].what, w) == EXIT_OK &&
			    count(" sched_wakeup: ") == cases[i].wakeups &&
			    count(" own_event:") + count(" odd:a,b:") +
			    count(" esc\\x1b[31m:") == cases[i].own &&
			    count(" sys_enter: ") == cases[i].enters &&
			    count(" sys_exit: ") == cases[i].exits &&
			    count(" sys_call: ") == cases[i].calls),
		   "dump -e '%s' shows exactly the selected events%s", cases[i].what,
		   skip ? " # SKIP calls are not known here" : "");
	}
}

/* Words that both commands refuse, the exit code, and a part of the message. */
static void test_refused(const struct writer *w)
{
	static const struct {
		const char *what;
		int code;
		const char *message;
	} cases[] = {
		{ "nonsense", EXIT_PROBLEM,
		  "exptrace: --events nonsense: there is no event, group or experiment 'nonsense'" },
		{ "sched,shced", EXIT_PROBLEM, "'shced'; did you mean 'sched'?" },
		{ "-shced", EXIT_PROBLEM, "'shced'; did you mean 'sched'?" },
		{ "SCHED_WAKEUP", EXIT_PROBLEM, "did you mean 'sched_wakeup'?" },
		{ "ALL", EXIT_PROBLEM, "did you mean 'all'?" },
		{ "none", EXIT_PROBLEM, "'none'" },
		{ "own:sched_wakeup", EXIT_PROBLEM, "did you mean 'sched:sched_wakeup'?" },
		{ "own:own_evnet", EXIT_PROBLEM, "did you mean 'own:own_event'?" },
		{ "esc[[]31m", EXIT_PROBLEM, "'esc[[]31m'" },
		{ "esc33[31]m", EXIT_PROBLEM, "did you mean 'esc\\x1b[31m'?" },
		{ "x*", EXIT_PROBLEM, "'x*' in the trace's first generation" },
		{ "sched:x*", EXIT_PROBLEM, "'sched:x*'" },
		{ "sched_wakeup:stack", EXIT_PROBLEM, "'sched_wakeup:stack'" },
		{ "exptrace.trace", EXIT_PROBLEM, "'exptrace.trace'" },
		{ "a\033\200b]", EXIT_PROBLEM, "'a\\x1b\\x80b]'" },
		{ "syscalls:nonsense", EXIT_PROBLEM, "there is no system call 'nonsense'" },
		{ "sched,syscalls:nonsense", EXIT_PROBLEM, "there is no system call 'nonsense'" },
		{ "-syscalls:nonsense", EXIT_PROBLEM, "there is no system call 'nonsense'" },
		{ "syscalls:", EXIT_PROBLEM, "there is no system call ''" },
		{ "syscalls:-1", EXIT_PROBLEM, "there is no system call '-1'" },
		{ "syscalls:1024", EXIT_PROBLEM, "there is no system call '1024'; its number will do" },
		{ "syscalls:x*y", EXIT_PROBLEM, "there is no system call 'x*y'" },
		{ "", EXIT_USAGE, "--events '' names no events" },
		{ " ,", EXIT_USAGE, "--events ' ,' names no events" },
		{ "-", EXIT_USAGE, "'-' is a sign without a name" },
		{ "sched,[", EXIT_USAGE, "'[' has a '[' without ']'" },
		{ "tp:sched:sched_switch", EXIT_USAGE, "reserved for later versions" },
		{ "-fn:vfs_read", EXIT_USAGE, "reserved for later versions" },
	};
	const struct command *commands[] = { &command_dump, &command_report };
	size_t i, j;

	for (i = 0; i < COUNT(cases); i++)
		for (j = 0; j < COUNT(commands); j++) {
			int code = run_events(commands[j], cases[i].what, w);
			unsigned int lines = 1;

			if (code == EXIT_USAGE)
				lines += strchr(commands[j]->synopsis, '\n') ? 2 : 1;
			/* one message, with the synopsis after a usage error, and no event */
			ok(code == cases[i].code && run_printed(cases[i].message) &&
			   count("\n") == lines && !strchr(run_output, '\033'),
			   "%s -e refuses word %zu: %s", commands[j]->name, i, cases[i].message);
		}
}

static void test_suggested_call(const struct writer *w)
{
	const char *skip = knows_calls() ? "" : " # SKIP calls are not known here";

	ok(*skip || (run_events(&command_dump, "syscalls:opneat", w) == EXIT_PROBLEM &&
		     run_printed("system call 'opneat'; did you mean 'syscalls:openat'?")),
	   "a similar name is suggested for a misspelt system call%s", skip);
}

static void test_noted(const struct writer *w)
{
	ok(run_events(&command_dump, "sched,kfree", w) == EXIT_OK &&
	   run_printed("exptrace: --events sched,kfree: note: the trace's recorder did not have 'kfree'") &&
	   count(" sched_wakeup: ") == 1,
	   "an event that exptrace knows but the trace lacks is noted");
	ok(run_events(&command_dump, "sched,current", w) == EXIT_OK &&
	   run_printed("exptrace: --events sched,current: note: 'current' is state, which --all shows"),
	   "a word that selects hidden state events is noted");
	ok(run_events(&command_report, "sched,current", w) == EXIT_OK && !count("which --all"),
	   "report has no note about state events");
}

/* The tables of report have the selected calls only. */
static void test_report(const struct writer *w)
{
	const char *skip = knows_calls() ? "" : " # SKIP calls are not known here";

	ok(*skip || (run_events(&command_report, "syscalls:openat", w) == EXIT_OK &&
		     count("openat") == 2 && !count("read") && !count("close") && !count("mmap2")),
	   "report -e shows a single system call, of native and 32-bit programs%s", skip);
	ok(*skip || (run_events(&command_report, "-syscalls:read", w) == EXIT_OK &&
		     count("openat") == 2 && !count("read") && count("close") == 1),
	   "report -e can leave out one system call%s", skip);
	ok(run_events(&command_report, "sched:*", w) == EXIT_OK && !count("openat"),
	   "report -e can leave out all system calls");
}

/* Words are checked even if the trace has no events. */
static void test_without_events(void)
{
	struct writer w = events_trace("x86_64", false);

	ok(run_events(&command_dump, "nonsense", &w) == EXIT_PROBLEM && run_printed("'nonsense'"),
	   "an unknown word is refused if the trace has no events");
	ok(run_events(&command_dump, "own_event", &w) == EXIT_OK && !*run_output,
	   "a word that the schema knows is accepted if the trace has no events");
	w.size = EXPTRACE_HEADER_SIZE;
	ok(run_events(&command_dump, "nonsense", &w) == EXIT_PROBLEM && run_printed("'nonsense'"),
	   "an unknown word is refused if the trace is only a header");
	w_free(&w);
}

static void test_without_machine(void)
{
	struct writer w = events_trace(NULL, true);

	ok(run_events(&command_dump, "syscalls:openat", &w) == EXIT_PROBLEM &&
	   run_printed("for the trace does not tell its machine; its number will do"),
	   "names of system calls are refused if the trace does not name its machine");
	ok(run_events(&command_dump, "syscalls:257", &w) == EXIT_OK && count(" sys_enter: ") == 1,
	   "numbers of system calls are accepted if the trace does not name its machine");
	w_free(&w);
}

/* With -n 0, dump reads as much as it needs to check the words. */
static void test_no_lines(const struct writer *w)
{
	int fd = memory_file(w->data, w->size);
	const char *words[6] = { "-n", "0", "-e", "own_event" };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	words[4] = path;
	ok(run_words(&command_dump, words) == EXIT_OK && !count("own_event"),
	   "dump -n 0 prints nothing, and accepts known words");
	words[3] = "nonsense";
	ok(run_words(&command_dump, words) == EXIT_PROBLEM && run_printed("'nonsense'"),
	   "dump -n 0 refuses unknown words");
	close(fd);
}

/* The pipe has a whole trace, which must not be printed before the words are checked. */
static void test_pipe(const struct writer *w)
{
	const char *const words[] = { "-e", "nonsense", "-", NULL };
	int ends[2], input = dup(STDIN_FILENO), ret;

	if (pipe(ends) || write(ends[1], w->data, w->size) != (ssize_t)w->size)
		abort();
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	ret = run_words(&command_dump, words);
	dup2(input, STDIN_FILENO);
	close(input);
	close(ends[0]);
	ok(ret == EXIT_PROBLEM && count("\n") == 1 && run_printed("'nonsense'"),
	   "an unknown word is refused before anything from a pipe is shown");
}

int main(void)
{
	struct writer w = events_trace("x86_64", true);

	test_selected(&w);
	test_refused(&w);
	test_suggested_call(&w);
	test_noted(&w);
	test_report(&w);
	test_without_events();
	test_without_machine();
	test_no_lines(&w);
	test_pipe(&w);
	w_free(&w);
	return tap_end();
}
