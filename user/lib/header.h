/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header of a stream: which version of the wire format follows.
 */
#ifndef EXPTRACE_LIB_HEADER_H
#define EXPTRACE_LIB_HEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <exptrace/wire.h>

/* All versions begin with this; a digit and zeros follow. */
#define HEADER_PREFIX	"exptrace v"

/* Returns the version in a complete header, or -1 if it is not a header. */
static inline int header_version(const uint8_t *header)
{
	static const uint8_t zeros[EXPTRACE_HEADER_SIZE - sizeof(HEADER_PREFIX)];
	uint8_t digit = header[sizeof(HEADER_PREFIX) - 1];

	if (memcmp(header, HEADER_PREFIX, strlen(HEADER_PREFIX)) || digit < '1' || digit > '9' ||
	    memcmp(header + sizeof(HEADER_PREFIX), zeros, sizeof(zeros)))
		return -1;
	return digit - '0';
}

/* Can this library read that version? */
static inline bool header_is_known(int version)
{
	return version >= 1 && version <= EXPTRACE_WIRE_VERSION;
}

#endif /* EXPTRACE_LIB_HEADER_H */
