/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces of any size that are made to be slow to read, or to take much memory.
 */
#ifndef EXPTRACE_TEST_HOSTILE_H
#define EXPTRACE_TEST_HOSTILE_H

#include "writer.h"

struct hostile {
	const char *name;	/* completes "many ..." */
	void (*write)(struct writer *w, size_t size);	/* appends to the header, up to about @size bytes */
};

/* Ends with an element without a name. */
extern const struct hostile hostiles[];

/* Writes the whole trace, of about @size bytes. */
void hostile_write(const struct hostile *hostile, struct writer *w, size_t size);

#endif /* EXPTRACE_TEST_HOSTILE_H */
