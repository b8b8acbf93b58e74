// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bytes of a trace: read from a source into chunks, or in memory already.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

struct chunk {
	struct chunk *next;
	uint8_t data[INPUT_CHUNK];
};

static struct chunk *chunk_get(struct input *input)
{
	struct chunk *chunk = input->spare;

	if (chunk)
		input->spare = chunk->next;
	else
		chunk = malloc(sizeof(*chunk));
	return chunk;
}

static void chunk_put(struct chunk **list, struct chunk *chunk)
{
	chunk->next = *list;
	*list = chunk;
}

/* Moves the unread bytes to the beginning of @chunk, which becomes the current one. */
static void input_move(struct input *input, struct chunk *chunk)
{
	size_t n = input_available(input);

	if (n)
		memmove(chunk->data, input->pos, n);
	input->current = chunk;
	input->pos = chunk->data;
	input->end = chunk->data + n;
}

/* Makes room for @n contiguous bytes from pos on. */
static int input_make_room(struct input *input, size_t n)
{
	struct chunk *old = input->current;
	struct chunk *chunk;

	if (old && (size_t)(old->data + INPUT_CHUNK - input->pos) >= n)
		return 0;
	if (old && !input->hold) {
		input_move(input, old);
		return 0;
	}
	chunk = chunk_get(input);
	if (!chunk)
		return -ENOMEM;
	input_move(input, chunk);
	if (old)
		chunk_put(&input->held, old);
	return 0;
}

static int keep_bytes(struct input *input, const uint8_t *bytes, size_t n)
{
	if (input->nkept + n > input->kept_room) {
		size_t room = 2 * (input->nkept + n);
		void *kept = realloc(input->kept, room);

		if (!kept)
			return -ENOMEM;
		input->kept = kept;
		input->kept_room = room;
	}
	memcpy(input->kept + input->nkept, bytes, n);
	input->nkept += n;
	return 0;
}

static void forget_kept(struct input *input)
{
	free(input->kept);
	input->kept = NULL;
	input->nkept = input->kept_room = input->replayed = 0;
}

void input_init_memory(struct input *input, const uint8_t *bytes, size_t n)
{
	/* never NULL, even without bytes */
	input->pos = n ? bytes : (const uint8_t *)"";
	input->end = input->pos + n;
	input->eof = true;
}

int input_keep(struct input *input)
{
	size_t n = input->current ? (size_t)(input->end - input->current->data) : 0;

	if (!input->source)
		return 0;
	if (!source_can_seek(input->source) && n && keep_bytes(input, input->current->data, n))
		return -ENOMEM;
	input->keep = true;
	return 0;
}

/* Drops what was read of a source. */
static void forget_chunk(struct input *input, uint64_t offset)
{
	input->pos = input->end = input->current ? input->current->data : NULL;
	input->offset = offset;
	input->eof = input->hole = input->cut_off = false;
}

void input_rewind(struct input *input)
{
	if (!input->keep) {
		input->pos -= input->offset;
		input->offset = 0;
		return;
	}
	input->keep = false;
	/* cannot fail where it worked before */
	if (source_can_seek(input->source))
		input->source->ops->seek(input->source, 0);
	forget_chunk(input, 0);
}

int input_seek(struct input *input, uint64_t offset)
{
	uint64_t size;
	int err;

	input_release(input);
	if (input->source) {
		if (!source_can_seek(input->source))
			return -ESPIPE;
		err = input->source->ops->seek(input->source, offset);
		if (!err)
			forget_chunk(input, offset);
		return err;
	}
	size = input->offset + input_available(input);
	if (offset > size)
		offset = size;
	input->pos = input->end - (size - offset);
	input->offset = offset;
	return 0;
}

ssize_t input_read_at(const struct input *input, uint64_t offset, uint8_t *to, size_t n)
{
	uint64_t size = input->offset + input_available(input);

	if (input->source)
		return input->source->ops->read_at(input->source, offset, to, n);
	if (offset >= size)
		return 0;
	if (n > size - offset)
		n = (size_t)(size - offset);
	memcpy(to, input->end - (size - offset), n);
	return (ssize_t)n;
}

int input_clone(const struct input *input, struct input *clone)
{
	*clone = (struct input) { 0 };
	if (input->source)
		return input->source->ops->clone(input->source, &clone->source);
	input_init_memory(clone, input->pos - input->offset, input->offset + input_available(input));
	return 0;
}

/* Reads kept bytes again. Returns their number. */
static size_t replay(struct input *input, uint8_t *to, size_t room)
{
	size_t n = input->nkept - input->replayed;

	if (n > room)
		n = room;
	memcpy(to, input->kept + input->replayed, n);
	input->replayed += n;
	if (input->replayed == input->nkept)
		forget_kept(input);
	return n;
}

static int input_read(struct input *input)
{
	size_t room = (size_t)(input->current->data + INPUT_CHUNK - input->end);
	uint8_t *to = input->current->data + (INPUT_CHUNK - room);
	ssize_t n;

	if (input->nkept && !input->keep) {
		input->end += replay(input, to, room);
		return 0;
	}
	n = input->hole ? -EBADMSG : input->source->ops->read(input->source, to, room);
	input->hole = n == -EBADMSG;
	input->eof = input->cut_off = n == -ENODATA;
	if (n < 0)
		return (int)n;
	if (input->keep && !source_can_seek(input->source) && keep_bytes(input, to, (size_t)n))
		return -ENOMEM;
	input->eof = n == 0;
	input->end += n;
	return 0;
}

int input_fill(struct input *input, size_t n)
{
	int err;

	while (input_available(input) < n && !input->eof) {
		err = input_make_room(input, n);
		if (!err)
			err = input_read(input);
		if (err)
			return err;
	}
	return input_available(input) < n && input->cut_off ? -ENODATA : 0;
}

void input_cross_hole(struct input *input)
{
	input_consume(input, input_available(input));
	input->offset += input->source->hole;
	input->hole = false;
}

void input_consume(struct input *input, size_t n)
{
	input->pos += n;
	input->offset += n;
}

static void chunks_free(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void input_release(struct input *input)
{
	while (input->held) {
		struct chunk *chunk = input->held;

		input->held = chunk->next;
		chunk_put(&input->spare, chunk);
	}
}

void input_uninit(struct input *input)
{
	chunks_free(input->held);
	chunks_free(input->spare);
	free(input->current);
	free(input->kept);
	source_destroy(input->source);
}
