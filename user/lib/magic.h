/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recognizes files that are not traces, for a better error message.
 */
#ifndef EXPTRACE_LIB_MAGIC_H
#define EXPTRACE_LIB_MAGIC_H

#include <stddef.h>
#include <stdint.h>

/* Returns "an ELF file" or similar for the first @n bytes of a file; NULL if unknown. */
const char *magic_name(const uint8_t *bytes, size_t n);

#endif /* EXPTRACE_LIB_MAGIC_H */
