/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces of any size that are made to be slow to read, or to take much memory.
 */
#ifndef EXPTRACE_TEST_HOSTILE_H
#define EXPTRACE_TEST_HOSTILE_H

#include "writer.h"

struct hostile {
	const char *name;	/* "many ..." */
	void (*write)(struct writer *w, size_t size);	/* after the header, up to @size bytes */
};

/* The last element has no name. */
extern const struct hostile hostiles[];

/* The whole trace of about @size bytes. */
void hostile_write(const struct hostile *hostile, struct writer *w, size_t size);

#endif /* EXPTRACE_TEST_HOSTILE_H */
