/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of exptrace record: events, command, copying, messages.
 */
#ifndef EXPTRACE_RECORDER_H
#define EXPTRACE_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <libexptrace.h>

/* explain.c: what went wrong and what to do about it; return EXIT_PROBLEM. */
int explain_open(int err);
int explain_start(int err);
int explain_write(int err, const char *path, uint64_t written);

/* selection.c: which events were on before. */
struct selection {
	struct exptrace_event *events;
	size_t n;
};

/*
 * Switches on the events that @what names, the others off, and remembers what
 * was on. Returns an exit code; problems are reported, and nothing is changed.
 */
int selection_set(struct selection *selection, struct exptrace_device *device, const char *what);

/* Puts back what was on, and frees. */
void selection_restore(struct selection *selection, struct exptrace_device *device);

/* target.c: the command that is recorded. */
struct target {
	pid_t pid;		/* 0: there is none */
	bool done;
	int exit_code;		/* as a shell has it */
};

/*
 * Starts the command; if @to_stderr, what it prints goes there, as standard output
 * is the trace's. Returns 0, or its exit code where it cannot be run (reported).
 */
int target_start(struct target *target, char **argv, bool to_stderr);

/* Notices its end, if it has come. */
void target_reap(struct target *target);

/* Waits for its end; first asks it to end if @terminate. */
void target_wait(struct target *target, bool terminate);

/* recorder.c: copies the device to a file. */
struct recorder {
	struct exptrace_device *device;
	int fd;			/* to be written */
	int signals;		/* a signalfd */
	bool ended;		/* the device's end was read */
	bool interrupted;
	uint64_t bytes;
	int read_error;		/* negative errnos */
	int write_error;
	char *buffer;
};

/* Blocks the signals that recorder_run() waits for. 0 or a negative errno. */
int recorder_init(struct recorder *recorder);
void recorder_uninit(struct recorder *recorder);

/* Copies until a signal, the target's end, @ms milliseconds (0: no limit) or an error. */
void recorder_run(struct recorder *recorder, struct target *target, uint64_t ms);

/* Copies to the end of the recording, which was stopped. */
void recorder_drain(struct recorder *recorder);

#endif /* EXPTRACE_RECORDER_H */
