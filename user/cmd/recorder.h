/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the subcommands that control the recorder: events, command, copying, messages.
 */
#ifndef EXPTRACE_RECORDER_H
#define EXPTRACE_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <libexptrace.h>

#include "filter.h"
#include "outfile.h"
#include "stream.h"
#include "what.h"

/* explain.c: what went wrong and what to do about it; return EXIT_PROBLEM. */
int explain_open(int err);
int explain_start(struct exptrace_device *device, const struct exptrace_start *start, int err);
int explain_control(int err, const char *what);
int explain_read(int err);
int explain_write(const struct stream *stream, const struct outfile *file);
int explain_stall(struct exptrace_device *device, const struct stream *stream,
		  const struct outfile *file, bool impatient);

/* Opens the device; an exit code, problems are reported. */
int open_device(int flags, struct exptrace_device **device);

/* settings.c: how to record: the options of record and start. */
struct settings {
	const char *what;	/* NULL: what is on already */
	const char *stacks;	/* of which events; NULL: as it is already */
	bool no_stacks;		/* of none */
	struct what events, stacked;	/* what and stacks, parsed */
	struct exptrace_start start;
	struct filter filter;
};

#define SETTINGS_LETTERS	"e:" FILTER_LETTERS
enum {
	OPT_POOL = 256, OPT_BATCH, OPT_PERIOD, OPT_DISCARD, OPT_FLIGHT, OPT_QUOTA, OPT_STACKS,
	FILTER_VALUES, OPT_OTHERS
};
#define SETTINGS_OPTIONS						\
	FILTER_OPTIONS,							\
	{ "events",	required_argument,	NULL, 'e' },		\
	{ "pool",	required_argument,	NULL, OPT_POOL },	\
	{ "batch",	required_argument,	NULL, OPT_BATCH },	\
	{ "period",	required_argument,	NULL, OPT_PERIOD },	\
	{ "stacks",	required_argument,	NULL, OPT_STACKS },	\
	{ "discard",	no_argument,		NULL, OPT_DISCARD },	\
	{ "flight",	no_argument,		NULL, OPT_FLIGHT },	\
	{ "quota",	required_argument,	NULL, OPT_QUOTA }
#define SETTINGS_HELP							\
	"      --stacks WHAT   with the kernel's stack: words as for -e\n"	\
	FILTER_HELP							\
	"      --flight        when the pool is full, give up the oldest instead of the newest\n" \
	"      --quota EXP=PERCENT[,...]  the most of the pool that an experiment may take\n" \
	"      --pool MIB      memory for what was not written yet\n"	\
	"      --batch KIB     4, 8, 16, 32 or 64\n"			\
	"      --period MS     milliseconds between generations; 0: only by size\n" \
	"      --discard       drop an earlier recording that nobody read\n"

/* Takes in an option with its value in optarg; false if that is bad. */
bool settings_option(struct settings *settings, int c);

/*
 * Parses what is to be recorded, when all options are known. Returns an exit code; problems are
 * reported.
 */
int settings_parse(const struct command *command, struct settings *settings);
void settings_uninit(struct settings *settings);

/* What its value is to be. */
const char *settings_wanted(int c);

/* EXP=PERCENT[,...] into @quota, by the experiment's name or number; false if it is not. */
bool parse_quota(const char *text, uint8_t *quota);

/* selection.c: which events were on before, and which system calls. */
struct selection {
	struct exptrace_event *events;
	size_t n;
	struct exptrace_syscall_tables calls;
};

/*
 * Loads what is on, unless that was done, and checks the words, if there are any. Returns
 * an exit code; problems are reported.
 */
int selection_check(struct selection *selection, struct exptrace_device *device,
		    const struct what *what);

/*
 * Switches on the events that @what names, the others off, and remembers what
 * was on. What of it this kernel lacks is noted, as long as any event is on. Returns
 * an exit code; problems are reported, and nothing is changed.
 */
int selection_set(struct selection *selection, struct exptrace_device *device,
		  const struct what *what);

/*
 * The same for the events that are to have stacks, none if @what was not given; after
 * selection_set(), or instead of it. Those of a word that cannot have them are noted, as long
 * as others of it can.
 */
int selection_set_stacks(struct selection *selection, struct exptrace_device *device,
			 const struct what *what);

/* Puts back what was on, and frees. */
void selection_restore(struct selection *selection, struct exptrace_device *device);

/* Frees; what is on stays so. */
void selection_forget(struct selection *selection);

/* target.c: the command that is recorded. */
struct target {
	pid_t pid;		/* 0: there is none */
	int go;			/* a pipe: it waits for a byte from it */
	int report;		/* a pipe: it tells why it cannot be run */
	bool done;
	int exit_code;		/* as a shell has it */
};

/*
 * Looks for the program as execvp() will: 0, or the exit code where it cannot be run
 * (reported). So a slip of the pen is found before anything is done for it.
 */
int target_find(char **argv);

/*
 * Makes the process, which waits; if @to_stderr, what the command prints goes there, as
 * standard output is the trace's. Returns an exit code; problems are reported.
 */
int target_prepare(struct target *target, char **argv, bool to_stderr);

/* Lets it run. Returns 0, or its exit code where it cannot be run (reported). */
int target_start(struct target *target, char **argv);

/* Ends one that was prepared and not started, if there is one. */
void target_abandon(struct target *target);

/* Notices its end, if it has come. */
void target_reap(struct target *target);

/* Waits for its end, whatever comes. */
void target_wait(struct target *target);

/*
 * recorder.c: copies the device to a file while it records.
 *
 * Where the file is none but a pipe, say, whoever reads it may have stopped. A write that
 * lasts does not keep a recording from its end. From then on the recorder tries to write the rest
 * until nothing was taken for RECORDER_PATIENCE seconds, or another signal comes.
 */
#define RECORDER_PATIENCE	5

struct recorder {
	struct exptrace_device *device;
	int signals;		/* a signalfd */
	bool flight;		/* nothing is copied before the end */
	bool interrupted;
	bool impatient;		/* by another signal, after the recording's end */
	struct target target;
	struct outfile file;
	struct stream stream;

	uint64_t deadline;	/* of the recording, in ms; 0: none */
	int (*end)(void *arg);	/* ends it; an exit code; problems are reported */
	void *end_arg;
	bool ended;		/* that was called */
	int end_result;
	bool may_place;		/* the file may take its place, */
	bool misplaced;		/* and could not */

	/* of what the file last took, or the recording's end */
	uint64_t progress_ms;
	uint64_t taken;
};

/* Blocks the signals that recorder_run() waits for. 0 or a negative errno. */
int recorder_init(struct recorder *recorder);
void recorder_uninit(struct recorder *recorder);

/* Prepares to copy to the file, which is open. */
void recorder_begin(struct recorder *recorder);

/*
 * Copies until a signal, the target's end, @ms milliseconds (0: no limit) or an error, then
 * ends the recording and copies the rest. The file takes its place with its first whole
 * generation. Returns an exit code: that of ending it.
 */
int recorder_run(struct recorder *recorder, uint64_t ms);

/* Ends the recording and copies the rest. */
int recorder_finish(struct recorder *recorder);

/* Waits for the target's end, which a signal asks for. */
void recorder_wait(struct recorder *recorder);

#endif /* EXPTRACE_RECORDER_H */
