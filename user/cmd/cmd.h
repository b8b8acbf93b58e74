/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands of exptrace, and what they share.
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
	const char *synopsis;	/* what follows the name */
	const char *help;	/* the options, a line each */
	int (*run)(int argc, char **argv);	/* argv[0] is the name */
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

/* Part of a message, on stderr by text_foreign(): it may have names of files and words in it. */
__attribute__((format(printf, 1, 0)))
void put_message(const char *format, va_list args);

/* A name on stderr, likewise: what modules call themselves and their events may be any bytes. */
void message_name(const char *name);

/* Prints "exptrace: ..." likewise; returns EXIT_PROBLEM. */
__attribute__((format(printf, 1, 2)))
int problem(const char *format, ...);

/* The trace that messages are about from here on: as the operand names it, or NULL. */
void message_trace(const char *path);

/* Prints "exptrace: FILE: ..." of that trace; returns EXIT_PROBLEM. */
__attribute__((format(printf, 1, 2)))
int trace_problem(const char *format, ...);

/* Prints "exptrace: FILE: note: ...", of what is no failure. */
__attribute__((format(printf, 1, 2)))
void trace_note(const char *format, ...);

/*
 * "exptrace: FILE: cannot write: ..."; returns EXIT_PROBLEM. @name: NULL is standard output;
 * @err: a negative errno.
 */
int write_problem(const char *name, int err);

/* Closed ones become such that neither can be used, and no other file gets their numbers. */
void open_standard_files(void);

/* Writes what is buffered of stdout. 0, or the negative errno of the first failure ever. */
int flush_stdout(void);

/* The exit code at the end: @code, or EXIT_PROBLEM if stdout fails, which is then told. */
int finish(int code);

/* Ends the program: "exptrace: FILE: out of memory while ..."; what was printed comes out. */
_Noreturn void out_of_memory(const char *doing);

/* Likewise, if @memory is NULL; returns it. */
void *need_memory(void *memory, const char *doing);

/* Gives @memory @n elements of @size bytes. Likewise. */
void *grow_memory(void *memory, size_t n, size_t size, const char *doing);

/* Like array_reach(): makes room for element @i of *@array. Likewise. */
void reach_new_memory(void *array, size_t i, size_t *room, size_t size, const char *doing);
static inline void reach_memory(void *array, size_t i, size_t *room, size_t size, const char *doing)
{
	if (i >= *room)
		reach_new_memory(array, i, room, size, doing);
}

/* What out_of_memory() writes beside stdout; NULL: nothing. */
void message_pending(struct output *output);

/* Prints "exptrace: ...", and how the command is used; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3)))
int usage_error(const struct command *command, const char *format, ...);

/* Likewise, of the option that next_option() has just found, whose value is not @wanted. */
int bad_value(const struct command *command, char **argv, const char *wanted);

/* Whether there is none; else that is a usage error. */
bool no_operand(const struct command *command, int argc, char **argv);

void print_help(const struct command *command);

/*
 * getopt_long() for a subcommand. --help is answered here: returns -1 at the
 * end, -2 after help, -3 after a bad option (which was reported).
 */
#define OPTION_HELP_SHOWN	(-2)
#define OPTION_BAD		(-3)
int next_option(const struct command *command, int argc, char **argv, const char *letters,
		const struct option *options);

/* Parses a whole number from @min to @max; false if it is not one. */
bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/*
 * Reads digits, and behind a point more of them, in any locale: what follows them; NULL if there
 * are none.
 */
const char *parse_decimal(const char *text, double *value);

/* Parses seconds with decimals, one millisecond at least, into milliseconds. */
bool parse_seconds(const char *text, uint64_t *ms);

/*
 * Opens the trace that is the only operand left. Before it is waited for, stdout is flushed; after a
 * signal (interrupt.h) it is not: the trace's functions return -EAGAIN. Returns an exit
 * code; reports.
 */
int open_trace(const struct command *command, int argc, char **argv,
	       struct exptrace_trace **trace);

/* Prints text of the trace by text_foreign(), filled up with blanks to @width, if it is shorter. */
void print_foreign(const char *text, size_t len, size_t width);

/* Likewise what ends with a zero; a thread's name has a column of COMM_WIDTH. */
#define COMM_WIDTH	16
void print_name(const char *name, size_t width);

/* Likewise a line, "TITLE: ..." with its @value. */
void print_line(const char *title, const char *value);

/* "Gaps: ..." with what exptrace_times() has of them, if there is any. */
void print_gaps(const struct exptrace_trace *trace);

/* What is to be known about the times of all that was read, on stderr. */
void note_times(const struct exptrace_trace *trace);

/* Where no name of a thread is certain, says so on stderr. */
void note_names(const struct exptrace_trace *trace);

/* If the first generation was read by another's schema, says so on stderr. */
void note_borrowed(const struct exptrace_trace *trace);

#endif /* EXPTRACE_CMD_H */
