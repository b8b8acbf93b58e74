// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which frame of a compressed file contains an offset of the stream.
 */
#include <errno.h>
#include <stdlib.h>

#include "../common/array.h"
#include "source.h"
#include "zstd_frame.h"
#include "zstd_map.h"

int zstd_map_add(struct zstd_map *map, uint64_t offset, uint64_t at)
{
	const struct zstd_place *last = map->n ? &map->places[map->n - 1] : NULL;

	if (last && (offset < last->offset || at <= last->at))
		return 0;
	if (array_reach(&map->places, map->n, &map->room, sizeof(*map->places)))
		return -ENOMEM;
	map->places[map->n++] = (struct zstd_place) { offset, at };
	return 0;
}

/* The last known place at or before the offset. */
static struct zstd_place known_place(const struct zstd_map *map, uint64_t offset)
{
	size_t low = 0, high = map->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->places[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? map->places[low - 1] : (struct zstd_place) { 0 };
}

/* Returns the offset in the file behind the frame at @at; 0: it is not whole or bad. */
static int64_t frame_end(struct source *raw, uint64_t at, const struct zstd_header *header)
{
	struct zstd_block block = { .last = header->kind == ZSTD_KIND_SKIPPABLE };
	uint8_t bytes[ZSTD_BLOCK_HEADER];
	ssize_t n;

	at += header->size;
	while (!block.last) {
		n = raw->ops->read_at(raw, at, bytes, sizeof(bytes));
		if (n < 0)
			return n;
		if ((size_t)n < sizeof(bytes) || !zstd_parse_block(bytes, &block))
			return 0;
		at += block.size;
	}
	at += header->has_checksum ? ZSTD_CHECKSUM_SIZE : 0;
	/* is its last byte there? */
	n = raw->ops->read_at(raw, at - 1, bytes, 1);
	return n < 0 ? n : n ? (int64_t)at : 0;
}

int zstd_map_find(struct zstd_map *map, struct source *raw, uint64_t offset,
		  struct zstd_place *place)
{
	struct zstd_place here = known_place(map, offset);
	uint8_t bytes[ZSTD_HEADER_MAX];
	struct zstd_header header;
	int64_t end;
	ssize_t n;
	int err;

	*place = here;
	for (;;) {
		n = raw->ops->read_at(raw, here.at, bytes, sizeof(bytes));
		if (n < 0)
			return (int)n;
		if (!zstd_parse_header(bytes, (size_t)n, &header) ||
		    header.kind == ZSTD_KIND_NONE)
			return 0;
		if (header.kind == ZSTD_KIND_FRAME) {
			*place = here;
			if (header.has_content && offset < here.offset + header.content)
				return 0;
			if (!header.has_content)
				return offset == here.offset ? 0 : -ESPIPE;
			if (header.content > UINT64_MAX - here.offset)
				return -EOVERFLOW;
		}
		end = frame_end(raw, here.at, &header);
		if (end <= 0)
			return (int)end;
		here.at = (uint64_t)end;
		here.offset += header.content;
		err = zstd_map_add(map, here.offset, here.at);
		if (err)
			return err;
	}
}

void zstd_map_uninit(struct zstd_map *map)
{
	free(map->places);
}
