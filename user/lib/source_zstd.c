// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A stream that may be compressed: frames of zstd, whose contents make up the stream.
 *
 * A frame that says that it has at most 4 MiB, as all that this library writes, is delivered only
 * when it is whole and its checksum is right. Larger ones, which the zstd command makes, are
 * decoded in pieces. Sizes in a file are never trusted: memory is bounded by constants.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "source.h"
#include "zstd_frame.h"
#include "zstd_map.h"

/* Compressed bytes of a frame of ZSTD_CONTENT_MAX: ZSTD_compressBound() of it, and empty blocks */
#define INPUT_MAX	(ZSTD_CONTENT_MAX + ZSTD_CONTENT_MAX / 4)
#define READ_SIZE	(128 * 1024)
/* What the zstd command accepts without --long; needs as much memory */
#define WINDOW_LOG_MAX	27
/* Behind a frame whose header is bad: bytes that false beginnings of a frame may cost */
#define SEARCH_BUDGET	(64 * 1024 * 1024)

enum stage {
	STAGE_NEW,		/* nothing read yet */
	STAGE_PLAIN,		/* not compressed */
	STAGE_BETWEEN,		/* a frame or the end follows */
	STAGE_SKIPPING,		/* in a skippable frame */
	STAGE_INSIDE,		/* in a frame that is decoded in pieces */
	STAGE_LOST,		/* looking for the next frame */
	STAGE_END,
};

struct zstd_source {
	struct source source;
	struct source *raw;
	enum stage stage;
	ZSTD_DCtx *context;
	uint64_t skip;		/* bytes left of a skippable frame */
	uint64_t budget;

	/* compressed bytes */
	uint8_t *in;
	size_t in_pos, in_size, in_room;
	uint64_t at;		/* of in[in_pos] in the file */
	uint64_t frame_at;	/* of the current frame */
	bool raw_end;

	/* decoded bytes */
	uint8_t *out;
	size_t out_pos, out_size;
	uint64_t offset;	/* of out[out_size] in the stream */

	struct zstd_map map;
	struct source *side;	/* a clone with a position of its own, for read_at() */
};

static struct zstd_source *zstd_of(struct source *source)
{
	return (struct zstd_source *)source;
}

static size_t in_available(const struct zstd_source *zstd)
{
	return zstd->in_size - zstd->in_pos;
}

static const uint8_t *in_bytes(const struct zstd_source *zstd)
{
	return zstd->in + zstd->in_pos;
}

static void in_consume(struct zstd_source *zstd, size_t n)
{
	zstd->in_pos += n;
	zstd->at += n;
}

static int in_make_room(struct zstd_source *zstd, size_t n)
{
	size_t have = in_available(zstd), room = zstd->in_room ? zstd->in_room : READ_SIZE;
	uint8_t *in;

	if (zstd->in_pos)
		memmove(zstd->in, in_bytes(zstd), have);
	zstd->in_pos = 0;
	zstd->in_size = have;
	if (zstd->in_room >= n)
		return 0;
	while (room < n)
		room *= 2;
	in = realloc(zstd->in, room);
	if (!in)
		return -ENOMEM;
	zstd->in = in;
	zstd->in_room = room;
	return 0;
}

/* Reads until @n bytes are available, or the file ends. Returns 0 or a negative errno. */
static int in_fill(struct zstd_source *zstd, size_t n)
{
	struct source *raw = zstd->raw;

	while (in_available(zstd) < n && !zstd->raw_end) {
		ssize_t ret = in_make_room(zstd, n > READ_SIZE ? n : READ_SIZE);

		if (!ret) {
			raw->on_wait = zstd->source.on_wait;
			raw->on_wait_arg = zstd->source.on_wait_arg;
			ret = raw->ops->read(raw, zstd->in + zstd->in_size,
					     zstd->in_room - zstd->in_size);
			zstd->raw_end = ret == 0;
		}
		if (ret < 0)
			return (int)ret;
		zstd->in_size += (size_t)ret;
	}
	return 0;
}

static int prepare(struct zstd_source *zstd)
{
	if (zstd->context)
		return 0;
	zstd->context = ZSTD_createDCtx();
	zstd->out = malloc(ZSTD_CONTENT_MAX);
	if (!zstd->context || !zstd->out)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	return 0;
}

/*
 * Reports that the stream lacks @hole bytes of the current frame, 0: an unknown number. Returns
 * -EBADMSG.
 */
static int report_hole(struct zstd_source *zstd, uint64_t hole, const char *what)
{
	snprintf(zstd->source.problem, sizeof(zstd->source.problem),
		 "the compressed frame at byte %" PRIu64 " of the file is damaged (%s)",
		 zstd->frame_at, what);
	zstd->source.hole = hole;
	zstd->offset += hole;
	return -EBADMSG;
}

static int report_end(struct zstd_source *zstd)
{
	snprintf(zstd->source.problem, sizeof(zstd->source.problem),
		 "the compressed file is cut off in the frame at byte %" PRIu64, zstd->frame_at);
	zstd->source.hole = 0;
	zstd->stage = STAGE_END;
	return -ENODATA;
}

static void drop_decoded(struct zstd_source *zstd)
{
	zstd->out_pos = zstd->out_size = 0;
}

/* Goes on at the next beginning of a frame, which has to be searched for. */
static int lose_frame(struct zstd_source *zstd, uint64_t hole, const char *what)
{
	zstd->stage = STAGE_LOST;
	zstd->budget = SEARCH_BUDGET;
	drop_decoded(zstd);
	in_consume(zstd, in_available(zstd) ? 1 : 0);
	return report_hole(zstd, hole, what);
}

/*
 * Reads a whole frame with at most ZSTD_CONTENT_MAX, and no more than that: a pipe may have nothing
 * behind it yet. Returns its size; 0: the file ends in it; -EBADMSG: its blocks are bad; or another
 * negative errno. @walked: out: bytes that it seems to have
 */
static ssize_t read_frame(struct zstd_source *zstd, const struct zstd_header *header,
			  size_t *walked)
{
	struct zstd_block block = { 0 };
	int err;

	for (*walked = header->size; !block.last; *walked += block.size) {
		err = in_fill(zstd, *walked + ZSTD_BLOCK_HEADER);
		if (err)
			return err;
		if (in_available(zstd) < *walked + ZSTD_BLOCK_HEADER)
			return 0;
		if (!zstd_parse_block(in_bytes(zstd) + *walked, &block) ||
		    *walked + block.size > INPUT_MAX)
			return -EBADMSG;
	}
	*walked += header->has_checksum ? ZSTD_CHECKSUM_SIZE : 0;
	err = in_fill(zstd, *walked);
	if (err)
		return err;
	return in_available(zstd) < *walked ? 0 : (ssize_t)*walked;
}

/* Decodes the frame of @size bytes. Returns whether it is sound. */
static bool decode_frame(struct zstd_source *zstd, size_t size, uint64_t content, const char **what)
{
	size_t n = ZSTD_decompressDCtx(zstd->context, zstd->out, ZSTD_CONTENT_MAX, in_bytes(zstd), size);

	*what = ZSTD_isError(n) ? ZSTD_getErrorName(n) : "its size";
	if (ZSTD_isError(n) || n != content)
		return false;
	zstd->out_pos = 0;
	zstd->out_size = n;
	zstd->offset += n;
	return true;
}

/* Does a sound frame begin here? Returns 1, 0, or a negative errno. */
static int is_frame(struct zstd_source *zstd)
{
	struct zstd_header header;
	size_t walked, cost;
	const char *what;
	ssize_t size;
	int err = in_fill(zstd, ZSTD_HEADER_MAX);

	if (err || !zstd_parse_header(in_bytes(zstd), in_available(zstd), &header) ||
	    header.kind != ZSTD_KIND_FRAME || !header.has_content ||
	    header.content > ZSTD_CONTENT_MAX || !zstd->budget)
		return err;
	size = read_frame(zstd, &header, &walked);
	if (size < 0 && size != -EBADMSG)
		return (int)size;
	cost = walked + (size > 0 ? (size_t)header.content : 0);
	zstd->budget -= cost < zstd->budget ? cost : zstd->budget;
	if (size <= 0 || !decode_frame(zstd, (size_t)size, header.content, &what))
		return 0;
	in_consume(zstd, (size_t)size);
	return 1;
}

/*
 * Goes to the next beginning of a sound frame among the available bytes, and decodes that frame.
 * Returns 1; 0: there is none, and less than a magic number is left; or a negative errno.
 */
static int find_frame(struct zstd_source *zstd)
{
	while (in_available(zstd) >= ZSTD_MAGIC_SIZE) {
		size_t n = in_available(zstd) - ZSTD_MAGIC_SIZE + 1;
		const uint8_t *next = memchr(in_bytes(zstd), ZSTD_FRAME_MAGIC & 0xff, n);
		int ret = 0;

		in_consume(zstd, next ? (size_t)(next - in_bytes(zstd)) : n);
		if (next && zstd_kind_of(next) == ZSTD_KIND_FRAME)
			ret = is_frame(zstd);
		if (ret)
			return ret;
		in_consume(zstd, next ? 1 : 0);
	}
	return 0;
}


/* The file ends in a frame, unless another one follows: then this one has a bad size. */
static int unfinished_frame(struct zstd_source *zstd, uint64_t content)
{
	size_t in_pos = zstd->in_pos;
	uint64_t at = zstd->at;
	int ret;

	zstd->budget = SEARCH_BUDGET;
	in_consume(zstd, 1);
	ret = find_frame(zstd);
	if (ret == 1)
		return report_hole(zstd, content, "its size");
	zstd->in_pos = in_pos;
	zstd->at = at;
	drop_decoded(zstd);
	return ret ? ret : report_end(zstd);
}

static int whole_frame(struct zstd_source *zstd, const struct zstd_header *header)
{
	size_t walked;
	ssize_t size = read_frame(zstd, header, &walked);
	const char *what;
	bool good;

	if (size == 0)
		return unfinished_frame(zstd, header->content);
	if (size == -EBADMSG)
		return lose_frame(zstd, header->content, "a block's header");
	if (size < 0)
		return (int)size;
	/* a pipe is never sought in */
	if (source_can_seek(zstd->raw) && zstd_map_add(&zstd->map, zstd->offset, zstd->at))
		return -ENOMEM;
	good = decode_frame(zstd, (size_t)size, header->content, &what);
	in_consume(zstd, (size_t)size);
	if (good)
		return 0;
	drop_decoded(zstd);
	return report_hole(zstd, header->content, what);
}

/* Begins the next frame. Returns 0 or a negative errno. */
static int next_frame(struct zstd_source *zstd)
{
	struct zstd_header header;
	int err = in_fill(zstd, ZSTD_HEADER_MAX);

	if (err)
		return err;
	if (!in_available(zstd)) {
		zstd->stage = STAGE_END;
		return 0;
	}
	zstd->frame_at = zstd->at;
	if (!zstd_parse_header(in_bytes(zstd), in_available(zstd), &header))
		return report_end(zstd);
	if (header.kind == ZSTD_KIND_NONE)
		return lose_frame(zstd, 0, "no frame begins there");
	if (header.kind == ZSTD_KIND_SKIPPABLE) {
		zstd->skip = header.size;
		zstd->stage = STAGE_SKIPPING;
		return 0;
	}
	if (header.has_content && header.content <= ZSTD_CONTENT_MAX)
		return whole_frame(zstd, &header);
	ZSTD_DCtx_reset(zstd->context, ZSTD_reset_session_only);
	zstd->stage = STAGE_INSIDE;
	return 0;
}

static int skip_frame(struct zstd_source *zstd)
{
	size_t n = in_available(zstd);
	int err = 0;

	if (n > zstd->skip)
		n = (size_t)zstd->skip;
	in_consume(zstd, n);
	zstd->skip -= n;
	if (!zstd->skip) {
		zstd->stage = STAGE_BETWEEN;
	} else if (zstd->raw_end) {
		return report_end(zstd);
	} else {
		err = in_fill(zstd, 1);
	}
	return err;
}

/* Decodes a piece of a large frame. */
static int next_piece(struct zstd_source *zstd)
{
	ZSTD_outBuffer out = { zstd->out, ZSTD_CONTENT_MAX, 0 };
	ZSTD_inBuffer in;
	int err = in_fill(zstd, 1);
	size_t ret;

	if (err)
		return err;
	if (!in_available(zstd))
		return report_end(zstd);
	in = (ZSTD_inBuffer) { in_bytes(zstd), in_available(zstd), 0 };
	ret = ZSTD_decompressStream(zstd->context, &out, &in);
	if (ZSTD_isError(ret))
		return lose_frame(zstd, 0, ZSTD_getErrorName(ret));
	in_consume(zstd, in.pos);
	zstd->out_pos = 0;
	zstd->out_size = out.pos;
	zstd->offset += out.pos;
	if (!ret)
		zstd->stage = STAGE_BETWEEN;
	return 0;
}

/* Looks for the next frame, behind one whose size is not known. */
static int search_frame(struct zstd_source *zstd)
{
	int ret = in_fill(zstd, ZSTD_MAGIC_SIZE);

	if (!ret)
		ret = find_frame(zstd);
	if (ret == 1)
		zstd->stage = STAGE_BETWEEN;
	else if (!ret && zstd->raw_end)
		zstd->stage = STAGE_END;
	return ret < 0 ? ret : 0;
}

static int first_bytes(struct zstd_source *zstd)
{
	int err = in_fill(zstd, ZSTD_MAGIC_SIZE);

	if (err)
		return err;
	zstd->stage = STAGE_PLAIN;
	if (in_available(zstd) >= ZSTD_MAGIC_SIZE && zstd_kind_of(in_bytes(zstd))) {
		err = prepare(zstd);
		zstd->stage = err ? STAGE_NEW : STAGE_BETWEEN;
	}
	return err;
}

static ssize_t take_bytes(const uint8_t *bytes, size_t n, uint8_t *to, size_t room)
{
	if (n > room)
		n = room;
	memcpy(to, bytes, n);
	return (ssize_t)n;
}

static ssize_t plain_read(struct zstd_source *zstd, uint8_t *to, size_t room)
{
	struct source *raw = zstd->raw;
	ssize_t n = in_available(zstd) ? take_bytes(in_bytes(zstd), in_available(zstd), to, room) : 0;

	if (n) {
		in_consume(zstd, (size_t)n);
		return n;
	}
	raw->on_wait = zstd->source.on_wait;
	raw->on_wait_arg = zstd->source.on_wait_arg;
	return raw->ops->read(raw, to, room);
}

static int zstd_step(struct zstd_source *zstd)
{
	switch (zstd->stage) {
	case STAGE_NEW:
		return first_bytes(zstd);
	case STAGE_BETWEEN:
		return next_frame(zstd);
	case STAGE_SKIPPING:
		return skip_frame(zstd);
	case STAGE_INSIDE:
		return next_piece(zstd);
	case STAGE_LOST:
		return search_frame(zstd);
	default:
		return 0;
	}
}

static ssize_t zstd_read(struct source *source, uint8_t *to, size_t room)
{
	struct zstd_source *zstd = zstd_of(source);
	ssize_t n;
	int err;

	while (zstd->out_pos == zstd->out_size && zstd->stage != STAGE_PLAIN) {
		if (zstd->stage == STAGE_END)
			return 0;
		err = zstd_step(zstd);
		if (err)
			return err;
	}
	if (zstd->stage == STAGE_PLAIN)
		return plain_read(zstd, to, room);
	n = take_bytes(zstd->out + zstd->out_pos, zstd->out_size - zstd->out_pos, to, room);
	zstd->out_pos += (size_t)n;
	return n;
}

/* Reads on from the frame at @place. */
static int go_to(struct zstd_source *zstd, const struct zstd_place *place)
{
	int err = zstd->raw->ops->seek(zstd->raw, place->at);

	zstd->in_pos = zstd->in_size = 0;
	zstd->out_pos = zstd->out_size = 0;
	zstd->raw_end = false;
	zstd->at = place->at;
	zstd->offset = place->offset;
	if (zstd->stage > STAGE_PLAIN)
		zstd->stage = STAGE_BETWEEN;
	return err;
}

/* Drops decoded bytes before @offset. Returns 0 or a negative errno. */
static int skip_to(struct zstd_source *zstd, uint64_t offset)
{
	while (zstd->offset < offset && zstd->stage != STAGE_END) {
		int err = zstd_step(zstd);

		if (err) {
			drop_decoded(zstd);
			return err;
		}
	}
	/* behind the end there is nothing */
	zstd->out_pos = zstd->out_size;
	if (offset < zstd->offset)
		zstd->out_pos -= (size_t)(zstd->offset - offset);
	return 0;
}

static int zstd_seek(struct source *source, uint64_t offset)
{
	struct zstd_source *zstd = zstd_of(source);
	struct zstd_place place = { 0 };
	int err = 0;

	if (zstd->stage == STAGE_NEW)
		err = first_bytes(zstd);
	if (!err && zstd->stage == STAGE_PLAIN)
		place = (struct zstd_place) { offset, offset };
	else if (!err)
		err = zstd_map_find(&zstd->map, zstd->raw, offset, &place);
	if (!err)
		err = go_to(zstd, &place);
	return err || zstd->stage == STAGE_PLAIN ? err : skip_to(zstd, offset);
}

static int zstd_clone(const struct source *source, struct source **clone)
{
	const struct zstd_source *zstd = (const struct zstd_source *)source;
	struct source *raw;
	int err = zstd->raw->ops->clone(zstd->raw, &raw);

	return err ? err : source_open_zstd(raw, clone);
}

/* Is @offset in what was decoded last? */
static bool is_decoded(const struct zstd_source *zstd, uint64_t offset)
{
	return zstd->stage > STAGE_PLAIN && offset <= zstd->offset &&
	       zstd->offset - offset <= zstd->out_size;
}

static ssize_t side_read_at(struct zstd_source *side, uint64_t offset, uint8_t *to, size_t n)
{
	size_t done = 0;
	int err = 0;

	if (is_decoded(side, offset))
		side->out_pos = side->out_size - (size_t)(side->offset - offset);
	else
		err = zstd_seek(&side->source, offset);
	while (!err && done < n) {
		ssize_t ret = zstd_read(&side->source, to + done, n - done);

		if (ret <= 0)
			return ret < 0 && ret != -ENODATA ? ret : (ssize_t)done;
		done += (size_t)ret;
	}
	return err && err != -ENODATA ? err : (ssize_t)done;
}

static ssize_t zstd_read_at(struct source *source, uint64_t offset, uint8_t *to, size_t n)
{
	struct zstd_source *zstd = zstd_of(source);
	int err = 0;

	if (zstd->stage == STAGE_NEW)
		err = first_bytes(zstd);
	if (!err && zstd->stage == STAGE_PLAIN)
		return zstd->raw->ops->read_at(zstd->raw, offset, to, n);
	if (!err && !zstd->side)
		err = zstd_clone(source, &zstd->side);
	return err ? err : side_read_at(zstd_of(zstd->side), offset, to, n);
}

static void zstd_destroy(struct source *source)
{
	struct zstd_source *zstd = zstd_of(source);

	source_destroy(zstd->side);
	source_destroy(zstd->raw);
	ZSTD_freeDCtx(zstd->context);
	zstd_map_uninit(&zstd->map);
	free(zstd->in);
	free(zstd->out);
	free(zstd);
}

static const struct source_ops zstd_file_ops = {
	.read = zstd_read,
	.seek = zstd_seek,
	.read_at = zstd_read_at,
	.clone = zstd_clone,
	.destroy = zstd_destroy,
};

static const struct source_ops zstd_pipe_ops = {
	.read = zstd_read,
	.destroy = zstd_destroy,
};

int source_open_zstd(struct source *raw, struct source **source)
{
	struct zstd_source *zstd = calloc(1, sizeof(*zstd));

	if (!zstd) {
		source_destroy(raw);
		return -ENOMEM;
	}
	zstd->source.ops = source_can_seek(raw) ? &zstd_file_ops : &zstd_pipe_ops;
	zstd->raw = raw;
	*source = &zstd->source;
	return 0;
}
