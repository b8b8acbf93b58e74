/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file that is no trace looks like, by its first bytes.
 */
#ifndef EXPTRACE_LIB_MAGIC_H
#define EXPTRACE_LIB_MAGIC_H

#include <stddef.h>
#include <stdint.h>

/* "an ELF file" and the like; NULL if the @n bytes look like nothing that is known. */
const char *magic_name(const uint8_t *bytes, size_t n);

#endif /* EXPTRACE_LIB_MAGIC_H */
