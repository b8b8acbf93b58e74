/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies the device to a file while it records.
 */
#ifndef EXPTRACE_RECORDER_H
#define EXPTRACE_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <libexptrace.h>

#include "outfile.h"
#include "stream.h"
#include "target.h"

/*
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
