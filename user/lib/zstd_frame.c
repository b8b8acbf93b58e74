// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The frames of a compressed file. libzstd tells the size of a frame only to who has all of its
 * bytes; to find the next frame, the headers are enough.
 */
#include "zstd_frame.h"

/* The descriptor is the byte behind the magic number. */
#define DESCRIPTOR_SIZE	(ZSTD_MAGIC_SIZE + 1)
#define CONTENT_SHIFT	6
#define SINGLE_SEGMENT	0x20
#define CHECKSUM	0x04
#define DICTIONARY_MASK	0x03
/* A content size of two bytes counts from here. */
#define CONTENT_BASE	256

#define BLOCK_LAST	1
#define BLOCK_TYPE(n)	((n) >> 1 & 3)
#define BLOCK_SIZE(n)	((n) >> 3)
#define BLOCK_RLE	1
#define BLOCK_RESERVED	3

static bool parse_skippable(const uint8_t *bytes, size_t n, struct zstd_header *header)
{
	if (n < ZSTD_SKIPPABLE_HEADER)
		return false;
	header->size = ZSTD_SKIPPABLE_HEADER +
		       (size_t)zstd_load(bytes + ZSTD_MAGIC_SIZE, ZSTD_SKIPPABLE_HEADER - ZSTD_MAGIC_SIZE);
	return true;
}

static uint64_t parse_content(const uint8_t *bytes, size_t size)
{
	if (size == 8)
		return zstd_load(bytes, 4) | (uint64_t)zstd_load(bytes + 4, 4) << 32;
	return zstd_load(bytes, (unsigned int)size) + (size == 2 ? CONTENT_BASE : 0);
}

bool zstd_parse_header(const uint8_t *bytes, size_t n, struct zstd_header *header)
{
	static const uint8_t dictionary_size[] = { 0, 1, 2, 4 };
	static const uint8_t content_size[] = { 0, 2, 4, 8 };
	size_t content, before;
	uint8_t descriptor;

	*header = (struct zstd_header) { 0 };
	if (n < ZSTD_MAGIC_SIZE)
		return false;
	header->kind = zstd_kind_of(bytes);
	if (header->kind == ZSTD_KIND_NONE)
		return true;
	if (header->kind == ZSTD_KIND_SKIPPABLE)
		return parse_skippable(bytes, n, header);
	if (n < DESCRIPTOR_SIZE)
		return false;
	descriptor = bytes[ZSTD_MAGIC_SIZE];
	content = content_size[descriptor >> CONTENT_SHIFT];
	if (!content && descriptor & SINGLE_SEGMENT)
		content = 1;
	before = DESCRIPTOR_SIZE + !(descriptor & SINGLE_SEGMENT) +
		 dictionary_size[descriptor & DICTIONARY_MASK];
	if (n < before + content)
		return false;
	header->size = before + content;
	header->has_checksum = descriptor & CHECKSUM;
	header->has_content = content;
	header->content = content ? parse_content(bytes + before, content) : 0;
	return true;
}

bool zstd_parse_block(const uint8_t *bytes, struct zstd_block *block)
{
	uint32_t number = zstd_load(bytes, ZSTD_BLOCK_HEADER);

	block->last = number & BLOCK_LAST;
	block->size = ZSTD_BLOCK_HEADER +
		      (BLOCK_TYPE(number) == BLOCK_RLE ? 1 : BLOCK_SIZE(number));
	return BLOCK_TYPE(number) != BLOCK_RESERVED;
}
