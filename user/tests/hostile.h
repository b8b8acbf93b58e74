/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces made to be slow, or to take much memory, of any size.
 */
#ifndef EXPTRACE_TEST_HOSTILE_H
#define EXPTRACE_TEST_HOSTILE_H

#include "writer.h"

struct hostile {
	const char *name;	/* "many ..." */
	void (*write)(struct writer *w, size_t size);	/* behind the header, up to @size bytes */
};

/* Ends with an element without a name. */
extern const struct hostile hostiles[];

/* The whole trace of about @size bytes. */
void hostile_write(const struct hostile *hostile, struct writer *w, size_t size);

#endif /* EXPTRACE_TEST_HOSTILE_H */
