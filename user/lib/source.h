/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the bytes of a stream come from.
 *
 * A source delivers a stream once, in order. Most can also be read at any offset. Offsets count
 * bytes of the stream from its beginning, whatever the source does to get them.
 */
#ifndef EXPTRACE_LIB_SOURCE_H
#define EXPTRACE_LIB_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* See exptrace_on_wait(). */
typedef bool source_wait_fn(void *arg);

#define SOURCE_PROBLEM	160

struct source;

/* See source_ops.next_section. */
struct source_section {
	uint64_t generation;	/* the first one; 0: unknown */
	bool restart;		/* of another recording */
};

struct source_ops {
	/*
	 * Reads up to @room bytes at the current position. Returns their number, 0 at the end, or a
	 * negative errno; -EAGAIN: there is nothing yet; -EBADMSG: bytes are missing here, and the
	 * next call goes on behind them; -ENODATA: the source is cut off, and the next call returns
	 * 0. After the last two, @problem and @hole are set.
	 */
	ssize_t (*read)(struct source *source, uint8_t *to, size_t room);
	/* Sets the position. Returns 0 or a negative errno. NULL: the stream can be read only once. */
	int (*seek)(struct source *source, uint64_t offset);
	/*
	 * Reads up to @n bytes at @offset, fewer only at the end, and leaves the position alone.
	 * Returns their number or a negative errno. NULL exactly if @seek is.
	 */
	ssize_t (*read_at)(struct source *source, uint64_t offset, uint8_t *to, size_t n);
	/*
	 * Makes a source of the same stream that another thread may use. Returns 0 or a negative
	 * errno. NULL exactly if @seek is.
	 */
	int (*clone)(const struct source *source, struct source **clone);
	void (*destroy)(struct source *source);
	/*
	 * For a stream in sections (files.h), at each of whose ends @read returns 0: goes on with
	 * the next one. Returns false at the end of the stream. NULL: there is one section.
	 */
	bool (*next_section)(struct source *source, struct source_section *section);
	/*
	 * Returns the path of the file that an offset which was read lies in, and turns it into the
	 * offset in that file's stream. NULL: the stream is one file's.
	 */
	const char *(*where)(const struct source *source, uint64_t *offset);
};

struct source {
	const struct source_ops *ops;
	source_wait_fn *on_wait;	/* NULL: read(2) waits */
	void *on_wait_arg;
	char problem[SOURCE_PROBLEM];	/* why bytes are missing */
	uint64_t hole;			/* how many; 0: unknown */
};

static inline bool source_can_seek(const struct source *source)
{
	return source->ops->seek;
}

static inline void source_destroy(struct source *source)
{
	if (source)
		source->ops->destroy(source);
}

/*
 * A file, pipe, socket or device, from its present position on. A regular file is read with
 * pread(2). @own: close @fd at the end. Returns 0 or -ENOMEM.
 */
int source_open_fd(int fd, bool own, struct source **source);

/* Bytes in memory, which the caller still owns. Returns 0 or -ENOMEM. */
int source_open_memory(const uint8_t *bytes, size_t n, struct source **source);

/*
 * The stream in @raw, which may be compressed: the first read finds out. Owns @raw, also after an
 * error. Returns 0 or -ENOMEM.
 */
int source_open_zstd(struct source *raw, struct source **source);

#endif /* EXPTRACE_LIB_SOURCE_H */
