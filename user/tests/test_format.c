// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of text with extreme times, names, numbers and strings.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

#define SECOND	1000000000ULL
#define UNKNOWN	UINT64_MAX
#define HIGH	(1ULL << 40)	/* a pid */

/* A generation whose ticks are nanoseconds. */
static void begin_generation(struct writer *w, uint64_t gen)
{
	w_sync(w, gen, gen, SECOND, gen);
	w_schema(w, gen, gen);
}

/* A switch between two threads with any ids. */
static void put_switch(struct writer *w, uint64_t gen, uint64_t m, uint64_t time, uint64_t prev,
		       uint64_t next)
{
	w_begin(w, STANDARD_BATCH, gen, m, time - 2);
	w_event(w, EXPTRACE_EVENT_CURRENT, 1);
	w_number(w, prev);
	w_event(w, EXPTRACE_EVENT_SCHED_SWITCH, 1);
	w_number(w, next);
	w_end(w);
}

static void put_name(struct writer *w, uint64_t gen, uint64_t time, uint64_t pid, const char *comm)
{
	w_begin(w, STANDARD_BATCH, gen, SAMPLE_M(0, TASK), time - 1);
	w_event(w, EXPTRACE_EVENT_TASK_RENAME, 1);
	w_number(w, pid);
	w_string(w, comm);
	w_end(w);
}

static void test_times(void)
{
	struct writer w = { 0 };

	w_header(&w);
	begin_generation(&w, 1);
	put_switch(&w, 1, SAMPLE_M(0, TASK), SECOND - 1, UNKNOWN, 0);
	put_switch(&w, 1, SAMPLE_M(0, TASK), SECOND, 0, 0);
	put_switch(&w, 1, SAMPLE_M(0, TASK), 2 * SECOND - 1, 0, 0);
	put_switch(&w, 1, SAMPLE_M(0, TASK), 123456789 * SECOND + 987654321, 0, 0);
	put_switch(&w, 1, SAMPLE_M(0, TASK), UINT64_MAX, 0, 0);
	w_end_of_generation(&w);
	begin_generation(&w, 2);
	put_switch(&w, 2, SAMPLE_M(0, TASK), SECOND + 5, UNKNOWN, 0);
	w_end_of_generation(&w);
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK &&
	   run_printed("           <...>-?       [000] .      0.999999999: sched_switch: prev_comm=<...>"
		       " prev_pid=? prev_state=R ==> next_comm=<idle> next_pid=0\n"
		       "          <idle>-0       [000] .      1.000000000: sched_switch:") &&
	   run_printed(" .      1.999999999: "), "times are carried over to the next second");
	ok(run_printed(" . 123456789.987654321: ") && run_printed(" . 18446744073.709551615: "),
	   "seconds of more than six digits are shown");
	ok(run_printed(".709551615: sched_switch: prev_comm=<idle> prev_pid=0 prev_state=R ==> "
		       "next_comm=<idle> next_pid=0\n"
		       "           <...>-?       [000] .      1.000000005: "),
	   "a time earlier than the one before it is shown unchanged");
	run_trace(&command_dump, "--raw-time", &w);
	ok(run_printed(" .        999999999: ") && run_printed(" . 18446744073709551615: "),
	   "ticks of any size are shown");
	w_free(&w);
}

static void test_names(void)
{
	struct writer w = { 0 };

	w_header(&w);
	begin_generation(&w, 1);
	put_name(&w, 1, 100, 5, "make");
	put_switch(&w, 1, SAMPLE_M(0, TASK), 200, 5, 6);
	put_name(&w, 1, 300, 5, "a\nb\xc3\xa9 of 16 bytes");
	put_switch(&w, 1, SAMPLE_M(0, TASK), 400, 5, 5);
	put_name(&w, 1, 500, 5, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\x10\x11\x12\x13\x14\x15\x16"
		 "\x17 is cut off");
	put_switch(&w, 1, SAMPLE_M(0, TASK), 600, 5, 7);
	w_end_of_generation(&w);
	run_trace(&command_dump, NULL, &w);
	ok(run_printed("            make-5       [000] .      0.000000200: sched_switch: prev_comm=make "
		       "prev_pid=5 prev_state=R ==> next_comm=<...> next_pid=6\n") &&
	   run_printed("\na\\x0ab\\xc3\\xa9 of 16 bytes-5       [000] .      0.000000400: sched_switch: "
		       "prev_comm=a\\x0ab\\xc3\\xa9 of 16 bytes prev_pid=5 prev_state=R ==> "
		       "next_comm=a\\x0ab\\xc3\\xa9 of 16 bytes next_pid=5\n"),
	   "a thread's new name replaces its old one in every column");
	ok(run_printed("\n\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0a\\x0b\\x0c\\x0d\\x0e\\x0f"
		       "\\x10\\x11\\x12\\x13\\x14\\x15\\x16\\x17-5       [000] .      0.000000600: "),
	   "a name longer than its column is shown in full");
	w_free(&w);
}

/* Programs choose their names, and a trace may come from an untrusted source. */
static void test_foreign(void)
{
	static const struct command *const commands[] = {
		&command_dump, &command_stat, &command_report,
	};
	const char *shown = "\\x1b[2J\\x1b[31mred";
	unsigned int i, bad = 0;
	struct writer w = { 0 };

	w_header(&w);
	w_sync(&w, 1, 1, SECOND, 1);
	w_properties(&w, 1, 1, "\x1b[2J\x1b[31mred");
	w_schema(&w, 1, 1);
	put_name(&w, 1, 100, 5, "\x1b[2J\x1b[31mred");
	put_switch(&w, 1, SAMPLE_M(0, TASK), 200, 5, 6);
	put_switch(&w, 1, SAMPLE_M(0, TASK), 300, 6, 5);
	put_switch(&w, 1, SAMPLE_M(0, TASK), 400, 5, 6);
	w_sync(&w, 1, 500, SECOND, 500);
	w_end_of_generation(&w);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		run_trace(commands[i], NULL, &w);
		bad += !run_printed(shown) || strchr(run_output, '\x1b');
	}
	ok(!bad, "text from the trace is printed with control bytes escaped");
	run_trace(&command_stat, NULL, &w);
	ok(run_printed("Mode:        \\x1b[2J\\x1b[31mred\n") &&
	   run_printed("\n         5  \\x1b[2J\\x1b[31mred  "),
	   "escaped text is printed in its usual place");
	w_free(&w);
}

static void test_writers(void)
{
	struct writer w = { 0 };

	w_header(&w);
	begin_generation(&w, 1);
	put_switch(&w, 1, SAMPLE_M(0, TASK), 100, UNKNOWN, UINT64_MAX);
	put_switch(&w, 1, SAMPLE_M(0, TASK), 200, (1 << 22) + 5, INT64_MAX);
	put_name(&w, 1, 300, HIGH, "high");
	put_switch(&w, 1, SAMPLE_M(0, TASK), 400, HIGH, HIGH);
	put_switch(&w, 1, EXPTRACE_M_NONE, 500, 77, 78);
	put_switch(&w, 1, SAMPLE_M(1000, NMI), 600, 77, 78);
	put_switch(&w, 1, SAMPLE_M(UINT64_MAX / 4 - 1, SOFTIRQ), 700, 77, 78);
	w_end_of_generation(&w);
	run_trace(&command_dump, NULL, &w);
	ok(run_printed("           <...>-?       [000] .      0.000000100: sched_switch: prev_comm=<...> "
		       "prev_pid=? prev_state=R ==> next_comm=<...> next_pid=18446744073709551615\n") &&
	   run_printed("           <...>-4194309 [000] .      0.000000200: sched_switch: prev_comm=<...> "
		       "prev_pid=4194309 prev_state=R ==> next_comm=<...> "
		       "next_pid=9223372036854775807\n") &&
	   run_printed("            high-1099511627776 [000] .      0.000000400: sched_switch: "
		       "prev_comm=high prev_pid=1099511627776 prev_state=R ==> next_comm=high "
		       "next_pid=1099511627776\n"),
	   "impossible thread ids are shown unchanged");
	ok(run_printed("           <...>-?       [---] -      0.000000500: ") &&
	   run_printed(" [1000] n      0.000000600: ") &&
	   run_printed(" [4611686018427387902] s      0.000000700: "),
	   "CPUs of more than three digits, and events without a CPU, are shown");
	w_free(&w);
}

/* The escape sequence of @byte, @n times; the caller frees it. */
static char *escaped(unsigned int byte, size_t n)
{
	char *text = malloc(4 * n + 1), *pos = text;

	while (text && n--)
		pos += sprintf(pos, "\\x%02x", byte);
	return text;
}

/* Names and strings of the maximum length, in an event whose arguments can all have names. */
static void test_long(void)
{
	static char name[EXPTRACE_STRING_MAX + 1];
	struct writer w = { 0 };
	char *text, *part;

	memset(name, 0x80, EXPTRACE_STRING_MAX);
	w_header(&w);
	begin_generation(&w, 1);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 10);
	w_byte(&w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(&w, 0, 200, 1, "long", name, 4);
	w_schema_arg(&w, EXPTRACE_KIND_STRING, name);
	w_schema_arg(&w, EXPTRACE_KIND_IRQ, name);
	w_schema_arg(&w, EXPTRACE_KIND_STRING, "x");
	w_schema_arg(&w, EXPTRACE_KIND_DEVICE, "y");
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 20);
	w_event(&w, EXPTRACE_EVENT_NAME, 1);
	w_number(&w, EXPTRACE_KIND_IRQ);
	w_number(&w, 3);
	w_string(&w, name);
	w_event(&w, EXPTRACE_EVENT_NAME, 1);
	w_number(&w, EXPTRACE_KIND_STRING);
	w_number(&w, 0);
	w_string(&w, "string");
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(1, TASK), 99);
	w_event(&w, 200, 1);
	w_string(&w, name);
	w_number(&w, 3);
	w_string(&w, "");
	w_number(&w, UINT64_MAX);
	w_end(&w);
	w_end_of_generation(&w);
	text = escaped(0x80, EXPTRACE_STRING_MAX);
	part = malloc(5 * strlen(text) + 200);
	sprintf(part, "100: %s: %s=%s [string] %s=3 [%s] x= [string] y=17592186044415,1048575\n", text, text,
		text, text, text);
	run_trace(&command_dump, NULL, &w);
	ok(strstr(run_output, part), "names and strings of 1024 bytes are shown in full");
	free(part);
	free(text);
	w_free(&w);
}

/* So many lines that one begins at every distance from the buffer's end. */
static void test_columns(void)
{
	struct writer w = { 0 };
	unsigned int i, n = 0, bad = 0;
	const char *line;

	w_header(&w);
	begin_generation(&w, 1);
	for (i = 0; i < 1900; i++)
		put_switch(&w, 1, SAMPLE_M(7, TASK), 1000 + 2 * i, i % 11, i % 13);
	w_end_of_generation(&w);
	run_trace(&command_dump, NULL, &w);
	for (line = run_output; *line; line = strchr(line, '\n') + 1) {
		bad += strncmp(line + 24, " [007] .      0.00000", 21) != 0;
		n++;
	}
	ok(n == i && !bad, "the columns of all lines are aligned");
	w_free(&w);
}

int main(void)
{
	test_times();
	test_names();
	test_foreign();
	test_writers();
	test_long();
	test_columns();
	return tap_end();
}
