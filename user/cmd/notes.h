/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages about damage and gaps in a trace, the same for all subcommands that read one.
 */
#ifndef EXPTRACE_NOTES_H
#define EXPTRACE_NOTES_H

#include "cmd.h"

#define RECOVER_TEXT	2048

/*
 * Resumes behind the damage that caused the error @err. Returns what exptrace_resync() does, or
 * @err if no resync is possible. @text: out: the damage, its position, and what is lost.
 */
int recover(struct exptrace_trace *trace, int err, char text[RECOVER_TEXT]);

/* recover(), with the text on stderr. Returns whether more can be read. */
bool go_on(struct exptrace_trace *trace, int err);

/*
 * Calls read(@arg), and again after each damage, which go_on() reports. read() reads until the
 * end and returns 0, or a negative errno of the trace. Returns whether there was damage.
 */
bool read_all(struct exptrace_trace *trace, int (*read)(void *arg), void *arg);

/* Notes on stderr: what could not be read, or was not known to the recorder. */
void note_empty(void);
void note_reading(const struct exptrace_trace *trace);

/* Notes after a signal that the output is incomplete. */
void note_interrupted(void);

/* Notes what the recorder did not record. */
void note_recording(const struct exptrace_trace *trace);

#endif /* EXPTRACE_NOTES_H */
