// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compresses traces in the test itself.
 */
#include <stdlib.h>

#include <libexptrace.h>
#include <zstd.h>

#include "frames.h"

/* Compresses with a new context. @known: the frame has the size of its content. */
static void add_frame(struct writer *w, const uint8_t *bytes, size_t n, int level, bool known)
{
	size_t room = ZSTD_compressBound(n), size;
	ZSTD_CCtx *context = ZSTD_createCCtx();
	uint8_t *frame = malloc(room);

	if (!context || !frame)
		abort();
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, known);
	size = ZSTD_compress2(context, frame, room, bytes, n);
	if (ZSTD_isError(size))
		abort();
	w_bytes(w, frame, size);
	free(frame);
	ZSTD_freeCCtx(context);
}

void w_frame_of(struct writer *w, const uint8_t *bytes, size_t n)
{
	add_frame(w, bytes, n, 3, true);
}

void w_stream_frame(struct writer *w, const uint8_t *bytes, size_t n, int level)
{
	add_frame(w, bytes, n, level, false);
}

static void w_little(struct writer *w, uint32_t number)
{
	int i;

	for (i = 0; i < 4; i++, number >>= 8)
		w_byte(w, number & 0xff);
}

void w_skippable(struct writer *w, size_t n)
{
	w_little(w, 0x184d2a53);
	w_little(w, (uint32_t)n);
	while (n--)
		w_byte(w, 0xb5);
}

size_t generation_size(const struct writer *plain, size_t offset)
{
	enum exptrace_batch_kind kind = EXPTRACE_BATCH_OTHER;
	size_t at = offset;

	while (at < plain->size && kind != EXPTRACE_BATCH_END) {
		int n = exptrace_piece(plain->data + at, plain->size - at, &kind, NULL);

		if (n <= 0)
			return plain->size - offset;
		at += (size_t)n;
	}
	return at - offset;
}

void w_compressed(struct writer *w, const struct writer *plain)
{
	size_t at = EXPTRACE_HEADER_SIZE, n;

	w_frame_of(w, plain->data, at);
	for (; at < plain->size; at += n) {
		n = generation_size(plain, at);
		w_frame_of(w, plain->data + at, n);
	}
}
