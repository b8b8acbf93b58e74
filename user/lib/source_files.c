// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Several files as one source: delivers the extents of a plan, section by section.
 *
 * Only a few files are open at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

#define OPEN_MAX	4

struct opened {
	struct source *source;	/* NULL: unused */
	uint32_t member;
	uint64_t used;		/* when it was read last */
	uint64_t position;	/* where its read() goes on */
};

/* Bytes that are read and dropped rather than skipped by seeking, which may cost a whole frame */
#define SKIP_MAX	4096

struct files_source {
	struct source source;
	struct files *files;
	struct opened opened[OPEN_MAX];
	uint64_t reads;
	size_t extent;		/* the position: in this extent, or at its end */
	uint64_t offset;
};

static struct files_source *files_of(struct source *source)
{
	return (struct files_source *)source;
}

static uint64_t extent_end(const struct files_extent *extent)
{
	return extent->offset + (extent->end - extent->first);
}

/* Returns the last of the extents up to @last that begins at or before @offset. */
static size_t find_extent(const struct files *files, size_t last, uint64_t offset)
{
	size_t low = 0, high = last + 1;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (files->extents[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Returns the member's place among the open ones, or that of the one to be replaced. */
static struct opened *find_opened(struct files_source *at, uint32_t member)
{
	struct opened *oldest = at->opened, *opened;

	for (opened = at->opened; opened < at->opened + OPEN_MAX; opened++) {
		if (opened->source && opened->member == member)
			return opened;
		if (opened->used < oldest->used)
			oldest = opened;
	}
	return oldest;
}

static int get_member(struct files_source *at, uint32_t member, struct opened **found)
{
	struct opened *opened = find_opened(at, member);
	int err;

	if (!opened->source || opened->member != member) {
		source_destroy(opened->source);
		*opened = (struct opened) { .member = member };
		err = files_open_member(at->files, member, &opened->source);
		if (err) {
			opened->source = NULL;
			return err;
		}
	}
	opened->used = ++at->reads;
	*found = opened;
	return 0;
}

/* Goes to a position of a member. Returns 0 or a negative errno. */
static int go_to(struct opened *opened, uint64_t position)
{
	struct source *source = opened->source;
	uint8_t dropped[SKIP_MAX];
	int err;

	while (opened->position < position && position - opened->position <= SKIP_MAX) {
		ssize_t n = source->ops->read(source, dropped, position - opened->position);

		if (n <= 0)
			break;
		opened->position += (uint64_t)n;
	}
	if (opened->position == position)
		return 0;
	err = source->ops->seek(source, position);
	opened->position = err ? UINT64_MAX : position;
	return err;
}

/* It had these bytes when it was walked. */
static ssize_t without_end(ssize_t n)
{
	return n && n != -ENODATA ? n : -ESTALE;
}

/*
 * Reads bytes at the current position, which is in @extent. Returns their number, -EBADMSG where
 * the member lacks bytes, or another negative errno.
 */
static ssize_t read_on(struct files_source *at, const struct files_extent *extent, uint8_t *to,
		       size_t room)
{
	uint64_t left = extent_end(extent) - at->offset, skipped;
	struct opened *opened;
	ssize_t n = get_member(at, extent->member, &opened);

	if (!n)
		n = go_to(opened, extent->first + (at->offset - extent->offset));
	if (n)
		return n;
	n = opened->source->ops->read(opened->source, to, room < left ? room : (size_t)left);
	skipped = n > 0 ? (uint64_t)n : 0;
	if (n == -EBADMSG) {
		skipped = opened->source->hole;
		memcpy(at->source.problem, opened->source->problem, sizeof(at->source.problem));
		at->source.hole = skipped < left ? skipped : left;
	}
	opened->position += skipped;
	at->offset += skipped < left ? skipped : left;
	return without_end(n);
}

/* Reads bytes of one extent at any offset. Returns their number or a negative errno. */
static ssize_t read_extent(struct files_source *at, const struct files_extent *extent,
			   uint64_t offset, uint8_t *to, size_t n)
{
	uint64_t left = extent_end(extent) - offset;
	struct opened *opened;
	ssize_t ret = get_member(at, extent->member, &opened);

	if (ret)
		return ret;
	return without_end(opened->source->ops->read_at(opened->source,
							extent->first + (offset - extent->offset),
							to, n < left ? n : (size_t)left));
}

static ssize_t files_read(struct source *source, uint8_t *to, size_t room)
{
	struct files_source *at = files_of(source);
	const struct files *files = at->files;

	while (at->offset == extent_end(&files->extents[at->extent])) {
		if (at->extent + 1 == files->nextents || files->extents[at->extent + 1].section)
			return 0;
		at->extent++;
	}
	return read_on(at, &files->extents[at->extent], to, room);
}

static int files_seek(struct source *source, uint64_t offset)
{
	struct files_source *at = files_of(source);
	const struct files *files = at->files;
	uint64_t end = extent_end(&files->extents[files->nextents - 1]);

	at->offset = offset < end ? offset : end;
	at->extent = find_extent(files, files->nextents - 1, at->offset);
	return 0;
}

static ssize_t files_read_at(struct source *source, uint64_t offset, uint8_t *to, size_t n)
{
	struct files_source *at = files_of(source);
	const struct files *files = at->files;
	size_t i = find_extent(files, files->nextents - 1, offset), done = 0;

	while (done < n) {
		ssize_t ret;

		if (offset + done == extent_end(&files->extents[i]) && ++i == files->nextents)
			break;
		if (offset + done > extent_end(&files->extents[i]))
			break;
		ret = read_extent(at, &files->extents[i], offset + done, to + done, n - done);
		if (ret < 0)
			return ret;
		done += (size_t)ret;
	}
	return (ssize_t)done;
}

static int files_clone(const struct source *source, struct source **clone)
{
	return source_open_files(((const struct files_source *)source)->files, clone);
}

static void files_destroy(struct source *source)
{
	struct files_source *at = files_of(source);
	size_t i;

	for (i = 0; i < OPEN_MAX; i++)
		source_destroy(at->opened[i].source);
	files_put(at->files);
	free(at);
}

static bool files_next_section(struct source *source, struct source_section *section)
{
	struct files_source *at = files_of(source);
	const struct files_extent *extent = &at->files->extents[at->extent];

	if (at->offset != extent_end(extent) || at->extent + 1 == at->files->nextents)
		return false;
	extent = &at->files->extents[++at->extent];
	*section = (struct source_section) {
		.generation = extent->generation, .restart = extent->restart,
	};
	return true;
}

/* An offset at the end of the current section belongs to it, not to the next one. */
static const char *files_where(const struct source *source, uint64_t *offset)
{
	const struct files_source *at = (const struct files_source *)source;
	const struct files_extent *extent;

	extent = &at->files->extents[find_extent(at->files, at->extent, *offset)];
	*offset = extent->first + (*offset - extent->offset);
	return at->files->members[extent->member].path;
}

static const struct source_ops files_ops = {
	.read = files_read,
	.seek = files_seek,
	.read_at = files_read_at,
	.clone = files_clone,
	.destroy = files_destroy,
	.next_section = files_next_section,
	.where = files_where,
};

int source_open_files(struct files *files, struct source **source)
{
	struct files_source *at = calloc(1, sizeof(*at));

	if (!at)
		return -ENOMEM;
	at->source.ops = &files_ops;
	at->files = files;
	__atomic_add_fetch(&files->users, 1, __ATOMIC_RELAXED);
	*source = &at->source;
	return 0;
}
