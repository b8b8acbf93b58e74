/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which frame of a compressed file contains an offset of the stream.
 *
 * The map grows as frames are passed or searched for. A search reads headers only.
 */
#ifndef EXPTRACE_LIB_ZSTD_MAP_H
#define EXPTRACE_LIB_ZSTD_MAP_H

#include <stddef.h>
#include <stdint.h>

struct source;

struct zstd_place {
	uint64_t offset;	/* of the frame's content in the stream */
	uint64_t at;		/* of the frame in the file */
};

struct zstd_map {
	struct zstd_place *places;	/* in order */
	size_t n, room;
};

/* A frame begins there. Places that are not behind the last one are ignored. Returns 0 or -ENOMEM. */
int zstd_map_add(struct zstd_map *map, uint64_t offset, uint64_t at);

/*
 * Finds the frame that contains @offset of the stream in the file @raw, or the last one before it
 * that is whole. Returns 0 or a negative errno; -ESPIPE: a frame before it does not tell its size.
 */
int zstd_map_find(struct zstd_map *map, struct source *raw, uint64_t offset,
		  struct zstd_place *place);

void zstd_map_uninit(struct zstd_map *map);

#endif /* EXPTRACE_LIB_ZSTD_MAP_H */
