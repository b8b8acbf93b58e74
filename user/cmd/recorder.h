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
 * The reader of a pipe may stop reading. A write that blocks does not delay the end of the
 * recording. After that end the recorder goes on trying to write the rest, and gives up
 * when the pipe has accepted nothing for RECORDER_PATIENCE seconds, or when another signal
 * comes.
 */
#define RECORDER_PATIENCE	5

struct recorder {
	struct exptrace_device *device;
	int signals;		/* a signalfd */
	bool flight;		/* copy nothing before the recording ends */
	bool interrupted;	/* by a signal */
	bool impatient;		/* another signal came after the recording's end */
	struct target target;
	struct outfile file;
	struct stream stream;

	uint64_t deadline;	/* of the recording: CLOCK_MONOTONIC in ms; 0: none */
	int (*end)(void *arg);	/* ends the recording; reports problems, returns an exit code */
	void *end_arg;
	bool ended;		/* @end was called, */
	int end_result;		/* and returned this */
	bool may_place;		/* the file may replace an older one */
	bool misplaced;		/* that failed */

	/* when a write last made progress, or the recording ended, and stream.taken then */
	uint64_t progress_ms;
	uint64_t taken;
};

/* Block the signals that recorder_run() waits for. Returns 0 or a negative errno. */
int recorder_init(struct recorder *recorder);
void recorder_uninit(struct recorder *recorder);

/* Prepare to copy to @file, which must be open. */
void recorder_begin(struct recorder *recorder);

/*
 * Copy until a signal, the end of the target, @ms milliseconds (0: no limit) or an error; then
 * end the recording and copy the rest. The file gets its name when its first generation is
 * complete. Returns the exit code of ending the recording.
 */
int recorder_run(struct recorder *recorder, uint64_t ms);

/* End the recording and copy the rest. Returns the same. */
int recorder_finish(struct recorder *recorder);

/* Wait for the end of the target. A signal is passed on to it as SIGTERM. */
void recorder_wait(struct recorder *recorder);

#endif /* EXPTRACE_RECORDER_H */
