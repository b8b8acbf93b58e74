/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a trace does not have: said alike by all subcommands that read one.
 */
#ifndef EXPTRACE_NOTES_H
#define EXPTRACE_NOTES_H

#include "cmd.h"

#define RECOVER_TEXT	512

/*
 * After the error @err, goes on behind the damage: as exptrace_resync(), or @err where that
 * makes no sense. In @text: what is wrong, where, and what is lost by it.
 */
int recover(struct exptrace_trace *trace, int err, char text[RECOVER_TEXT]);

/* That, with the text on stderr: can more be read? */
bool go_on(struct exptrace_trace *trace, int err);

/*
 * Calls read(@arg) until the trace ends, and again behind each damage, which go_on() reports. read()
 * returns 0 at the end, or a negative errno of the trace. Returns whether there was damage.
 */
bool read_all(struct exptrace_trace *trace, int (*read)(void *arg), void *arg);

/* Notes on stderr: what is in the trace and could not be read, or what the recorder could not tell. */
void note_empty(void);
void note_reading(const struct exptrace_trace *trace);

/* After a signal: that what is shown is not all. */
void note_interrupted(void);

/* What the recorder did not record. */
void note_recording(const struct exptrace_trace *trace);

#endif /* EXPTRACE_NOTES_H */
