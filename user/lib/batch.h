/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parsing a batch that lies in memory: the only parser of the header in the library.
 */
#ifndef EXPTRACE_LIB_BATCH_H
#define EXPTRACE_LIB_BATCH_H

#include <stdbool.h>

#include <exptrace/wire.h>
#include <libexptrace.h>

static inline bool batch_begins(uint8_t byte)
{
	return byte == EXPTRACE_WIRE_EVENT_BATCH || byte == EXPTRACE_WIRE_EXP_BATCH;
}

/*
 * Decodes the header of the batch at @pos, whose first byte batch_begins(). Returns where the data
 * begin, or NULL if the header is bad or cut off at @end. A length that is too large is stored as
 * EXPTRACE_BATCH_MAX + 1.
 */
const uint8_t *batch_parse_header(struct exptrace_batch *batch, const uint8_t *pos,
				  const uint8_t *end);

/* Decodes a whole batch: 1; 0 if it is cut off at @end; -EBADMSG if there is none. */
int batch_parse(struct exptrace_batch *batch, const uint8_t *pos, const uint8_t *end);

/* What a batch holds, by its header and the first byte of its data. */
enum exptrace_batch_kind batch_kind(const struct exptrace_batch *batch);

#endif /* EXPTRACE_LIB_BATCH_H */
