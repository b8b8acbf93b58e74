/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compresses traces in the test itself, to check the library's reader against.
 */
#ifndef EXPTRACE_TEST_FRAMES_H
#define EXPTRACE_TEST_FRAMES_H

#include "writer.h"

/* Appends a frame of @n bytes, with content size and checksum. */
void w_frame_of(struct writer *w, const uint8_t *bytes, size_t n);

/* The same without the size of its content, as the zstd command writes it in a pipe. */
void w_stream_frame(struct writer *w, const uint8_t *bytes, size_t n, int level);

/* Appends a skippable frame of @n bytes. */
void w_skippable(struct writer *w, size_t n);

/* Appends the trace @plain: a frame for the header and one per generation. */
void w_compressed(struct writer *w, const struct writer *plain);

/* The size of the generation at @offset of @plain, with its end mark. */
size_t generation_size(const struct writer *plain, size_t offset);

#endif /* EXPTRACE_TEST_FRAMES_H */
