/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands of exptrace, and what they share: messages, options, opening a trace.
 */
#ifndef EXPTRACE_CMD_H
#define EXPTRACE_CMD_H

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <libexptrace.h>

#include "output.h"

/* Exit codes */
#define EXIT_OK			0
#define EXIT_PROBLEM		1
#define EXIT_USAGE		2

struct command {
	const char *name;
	const char *purpose;	/* one line */
	const char *synopsis;	/* without the name */
	const char *help;	/* the options, one per line, and remarks */
	int (*run)(int argc, char **argv);	/* argv[0]: the name; returns an exit code */
};

extern const struct command command_record;
extern const struct command command_start;
extern const struct command command_stop;
extern const struct command command_advance;
extern const struct command command_snapshot;
extern const struct command command_trigger;
extern const struct command command_mark;
extern const struct command command_info;
extern const struct command command_dump;
extern const struct command command_stat;
extern const struct command command_report;
extern const struct command command_check;
extern const struct command command_cut;
extern const struct command command_list;

/* Print a part of a message to stderr, with control bytes escaped: names may have them. */
__attribute__((format(printf, 1, 0)))
void put_message(const char *format, va_list args);

/* Print a name to stderr, with control bytes escaped: a module may name its events anything. */
void message_name(const char *name);

/* Print the message "exptrace: ..."; returns EXIT_PROBLEM. */
__attribute__((format(printf, 1, 2)))
int problem(const char *format, ...);

/* Set the trace that messages name from now on: the operand; NULL: none. */
void message_trace(const char *path);

/* Print "exptrace: FILE: ..." about that trace; returns EXIT_PROBLEM. */
__attribute__((format(printf, 1, 2)))
int trace_problem(const char *format, ...);

/* Print "exptrace: FILE: note: ...", for something that is not a failure. */
__attribute__((format(printf, 1, 2)))
void trace_note(const char *format, ...);

/*
 * Print "exptrace: FILE: cannot write: ..."; returns EXIT_PROBLEM. @name: NULL for standard output;
 * @err: a negative errno.
 */
int write_problem(const char *name, int err);

/*
 * Open closed standard files, in a way that using them fails, so that no other file gets their
 * descriptors.
 */
void open_standard_files(void);

/* Flush stdout. Returns 0, or the negative errno of its first failure since the start. */
int flush_stdout(void);

/* Flush and close stdout. Returns @code, or EXIT_PROBLEM if that fails (reported). */
int finish(int code);

/* Flush all output, print "exptrace: FILE: out of memory while ...", and exit. */
_Noreturn void out_of_memory(const char *doing);

/* Returns @memory; exits like out_of_memory() if it is NULL. */
void *need_memory(void *memory, const char *doing);

/* Resize @memory to @n elements of @size bytes. Exits if out of memory. */
void *grow_memory(void *memory, size_t n, size_t size, const char *doing);

/* Like array_reach(): make room for element @i of *@array. Exits if out of memory. */
void reach_new_memory(void *array, size_t i, size_t *room, size_t size, const char *doing);
static inline void reach_memory(void *array, size_t i, size_t *room, size_t size, const char *doing)
{
	if (i >= *room)
		reach_new_memory(array, i, room, size, doing);
}

/* Set the output that out_of_memory() flushes besides stdout; NULL: none. */
void message_pending(struct output *output);

/* Print "exptrace: ..." and the synopsis; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3)))
int usage_error(const struct command *command, const char *format, ...);

/* The same for the option that next_option() has just returned: its value is not @wanted. */
int bad_value(const struct command *command, char **argv, const char *wanted);

/* Returns true if no operand is left; prints a usage error otherwise. */
bool no_operand(const struct command *command, int argc, char **argv);

void print_help(const struct command *command);

/*
 * getopt_long() for a subcommand. Shows the help for --help. Returns -1 at the end of the
 * options, OPTION_HELP_SHOWN, or OPTION_BAD (reported).
 */
#define OPTION_HELP_SHOWN	(-2)
#define OPTION_BAD		(-3)
int next_option(const struct command *command, int argc, char **argv, const char *letters,
		const struct option *options);

/* Parse a decimal integer from @min to @max. Returns false if @text is anything else. */
bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/*
 * Parse digits, optionally followed by a point and more digits, in any locale. Returns a
 * pointer to what follows; NULL if there are no digits.
 */
const char *parse_decimal(const char *text, double *value);

/* Parse seconds with decimals, at least a millisecond, into milliseconds. */
bool parse_seconds(const char *text, uint64_t *ms);

/*
 * Open the trace that the remaining operands name: a file, several, or a directory. Before the library waits for input,
 * stdout is flushed. After a signal (interrupt.h) it does not wait: the trace's functions
 * return -EAGAIN. Returns an exit code; reports problems.
 */
int open_trace(const struct command *command, int argc, char **argv,
	       struct exptrace_trace **trace);

/* Print text from the trace with control bytes escaped, padded to @width columns. */
void print_foreign(const char *text, size_t len, size_t width);

/* The same for a terminated string. The column of a thread's name is COMM_WIDTH wide. */
#define COMM_WIDTH	16
void print_name(const char *name, size_t width);

/* Print a line "TITLE: ..." with the escaped @value. */
void print_line(const char *title, const char *value);

/* Print a line "Gaps: ..." if exptrace_times() reports any. */
void print_gaps(const struct exptrace_trace *trace);

/* Print notes about gaps and unstable clocks in what was read, if there are any. */
void note_times(const struct exptrace_trace *trace);

/* Print a note if there are generations in which no name of a thread is certain. */
void note_names(const struct exptrace_trace *trace);

/* Print a note if the first generation was decoded with another one's schema. */
void note_borrowed(const struct exptrace_trace *trace);

#endif /* EXPTRACE_CMD_H */
