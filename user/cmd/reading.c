// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the subcommands that read a trace share: opening it, and notes about it as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"
#include "interrupt.h"

#define NOTES_SHOWN	100

static bool flush_before_waiting(void *arg)
{
	(void)arg;
	flush_stdout();
	return !interrupted;
}

/* Notes what a trace of several files leaves out. */
static void note_files(const struct exptrace_trace *trace)
{
	const char *note, *path;
	size_t i;

	for (i = 0; i < NOTES_SHOWN && (note = exptrace_open_note(trace, i, &path)); i++) {
		message_trace(path);
		trace_note("%s", note);
	}
	if (exptrace_open_note(trace, i, &path))
		problem("note: more files are skipped or not read wholly");
}

static bool is_directory(const char *path)
{
	struct stat file;

	return !stat(path, &file) && S_ISDIR(file.st_mode);
}

int open_trace(const struct command *command, int argc, char **argv,
	       struct exptrace_trace **trace)
{
	size_t n = (size_t)(argc - optind);
	/* messages about several files name the one that they are about */
	const char *name = n == 1 ? argv[optind] : NULL;
	int err;

	if (!n)
		return usage_error(command, "no FILE is given (- is standard input)");
	message_trace(name);
	err = exptrace_open_files((const char *const *)argv + optind, n, trace);
	if (err == -ENOMEM)
		out_of_memory("opening it");
	if (err && n == 1 && !is_directory(argv[optind]))
		return trace_problem("cannot open: %s", strerror(-err));
	/* the message has the path */
	if (err)
		return problem("%s", exptrace_error(NULL));
	note_files(*trace);
	message_trace(name);
	exptrace_on_wait(*trace, flush_before_waiting, NULL);
	return EXIT_OK;
}

void print_line(const char *title, const char *value)
{
	printf("%-12s ", title);
	print_name(value, 0);
	putchar('\n');
}

void print_gaps(const struct exptrace_trace *trace)
{
	const struct exptrace_times *times = exptrace_times(trace);

	if (times->gaps)
		printf("Gaps:        %llu between generations, %.6f s; suspended: %.6f s\n",
		       (unsigned long long)times->gaps, (double)times->gap_ns / 1e9,
		       (double)times->suspended_ns / 1e9);
}

void note_times(const struct exptrace_trace *trace)
{
	const struct exptrace_times *times = exptrace_times(trace);

	if (times->gaps)
		trace_note("%llu times nothing was recorded between two generations, for %.6f s in "
			"all, and for %.6f s in suspend", (unsigned long long)times->gaps,
			(double)times->gap_ns / 1e9, (double)times->suspended_ns / 1e9);
	if (times->unstable)
		trace_note("the clock of %llu generations was found to be unstable: their times "
			"are uncertain", (unsigned long long)times->unstable);
}

void note_names(const struct exptrace_trace *trace)
{
	uint64_t n = exptrace_nameless(trace);

	if (n)
		trace_note("changes of threads were lost in %llu generations: no name in them is "
			"certain", (unsigned long long)n);
}

void note_borrowed(const struct exptrace_trace *trace)
{
	uint64_t borrower, lender;

	if (exptrace_borrowed(trace, &borrower, &lender))
		trace_note("generation %llu lacks its beginning, which an earlier reader took; "
			"it is read by the schema of generation %llu",
			(unsigned long long)borrower, (unsigned long long)lender);
}
