/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The frames of a compressed file, as RFC 8878 describes them: magic numbers and sizes.
 */
#ifndef EXPTRACE_LIB_ZSTD_FRAME_H
#define EXPTRACE_LIB_ZSTD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZSTD_FRAME_MAGIC	0xfd2fb528
#define ZSTD_SKIPPABLE_MAGIC	0x184d2a50	/* and the next 15 numbers */
#define ZSTD_SKIPPABLE_HEADER	8
#define ZSTD_MAGIC_SIZE		4
#define ZSTD_HEADER_MAX		18
#define ZSTD_BLOCK_HEADER	3
#define ZSTD_CHECKSUM_SIZE	4

/* The most content of a frame that is written; frames with more are decoded in pieces. */
#define ZSTD_CONTENT_MAX	(4 * 1024 * 1024)

enum zstd_kind {
	ZSTD_KIND_NONE,		/* not a frame */
	ZSTD_KIND_SKIPPABLE,
	ZSTD_KIND_FRAME,
};

/* What a frame's header says. */
struct zstd_header {
	enum zstd_kind kind;
	size_t size;		/* of the header; skippable: of the whole frame, at most 4 GiB + 7 */
	bool has_content;	/* the header has */
	uint64_t content;	/* the size of the content */
	bool has_checksum;
};

/* What a block's header says. */
struct zstd_block {
	size_t size;		/* with the header */
	bool last;
};

static inline uint32_t zstd_load(const uint8_t *bytes, unsigned int n)
{
	uint32_t number = 0;

	while (n--)
		number = number << 8 | bytes[n];
	return number;
}

/* By the first four bytes. */
static inline enum zstd_kind zstd_kind_of(const uint8_t *bytes)
{
	uint32_t magic = zstd_load(bytes, ZSTD_MAGIC_SIZE);

	if (magic == ZSTD_FRAME_MAGIC)
		return ZSTD_KIND_FRAME;
	return (magic & ~15U) == ZSTD_SKIPPABLE_MAGIC ? ZSTD_KIND_SKIPPABLE : ZSTD_KIND_NONE;
}

/*
 * Parses the header of a frame. Returns false if @n bytes are too few; ZSTD_HEADER_MAX are always
 * enough.
 */
bool zstd_parse_header(const uint8_t *bytes, size_t n, struct zstd_header *header);

/* Parses the header of a block, ZSTD_BLOCK_HEADER bytes. Returns false if it is bad. */
bool zstd_parse_block(const uint8_t *bytes, struct zstd_block *block);

#endif /* EXPTRACE_LIB_ZSTD_FRAME_H */
