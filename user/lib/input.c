// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bytes of a trace, read from a file, pipe or device into chunks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Makes room for @n bytes from pos on in one chunk. */
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

static int input_read(struct input *input)
{
	size_t room = (size_t)(input->current->data + INPUT_CHUNK - input->end);
	uint8_t *to = input->current->data + (INPUT_CHUNK - room);
	ssize_t n;

	do
		n = read(input->fd, to, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
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
	return 0;
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
	if (input->own_fd)
		close(input->fd);
}
