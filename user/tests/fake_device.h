/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replaces the library's device by a recorder without a kernel, which records as fast as it is
 * read, and logs some of its calls.
 */
#ifndef EXPTRACE_TEST_FAKE_DEVICE_H
#define EXPTRACE_TEST_FAKE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "writer.h"

/* A descriptor; gets a letter for each call: s: stop; f: set filter; c: set system calls. */
extern int fake_calls;

/* How often exptrace_selection_offer_device() succeeds before it fails; below 0: always. */
extern int fake_offers;

/* The name of its event. */
extern const char *fake_event;

/* The bytes of a recording or snapshot, followed by its end; NULL: generations without end. */
extern const struct writer *fake_trace;

/* How many of these bytes, behind the header, a read returns at a time; 0: all. */
extern size_t fake_step;

/* The pool can be mapped. */
extern bool fake_pool;

/* One take gets all batches up to the end of the generation. */
extern bool fake_together;

/* The pool is mapped now. */
extern bool fake_mapped;

/* A batch or the end of a generation is taken now. */
extern bool fake_holds;

/* A negative errno that the next take returns, once; 0: none. */
extern int fake_take_error;

/* Batches taken from the pool, and given back, since the recording began. */
extern unsigned int fake_taken, fake_given;

#endif /* EXPTRACE_TEST_FAKE_DEVICE_H */
