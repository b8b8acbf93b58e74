// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffered text output, for millions of lines per second.
 */
#include <errno.h>
#include <unistd.h>

#include "output.h"

void output_init(struct output *output, int fd)
{
	output->fd = fd;
	output->error = 0;
	output->pos = output->buffer;
}

int output_flush(struct output *output)
{
	const char *done = output->buffer;

	while (!output->error && done < output->pos) {
		ssize_t n = write(output->fd, done, (size_t)(output->pos - done));

		if (n >= 0)
			done += n;
		else if (errno != EINTR)
			output->error = -errno;
	}
	output->pos = output->buffer;
	return output->error;
}

void output_bytes(struct output *output, const char *bytes, size_t n)
{
	while (n) {
		size_t part = n < OUTPUT_RESERVE ? n : OUTPUT_RESERVE;

		output->pos = text_bytes(output_room(output, output->pos), bytes, part);
		bytes += part;
		n -= part;
	}
}

void output_number(struct output *output, uint64_t number, unsigned int width, char fill)
{
	output->pos = text_padded(output_room(output, output->pos), number, width, fill);
}

void output_signed(struct output *output, int64_t number)
{
	output->pos = text_signed(output_room(output, output->pos), number);
}

void output_hex(struct output *output, uint64_t number, unsigned int width)
{
	output->pos = text_hex(output_room(output, output->pos), number, width);
}

void output_foreign(struct output *output, const char *bytes, size_t n)
{
	const size_t most = OUTPUT_RESERVE / TEXT_FOREIGN(1);

	while (n) {
		size_t part = text_part(bytes, n, most);

		output->pos = text_foreign(output_room(output, output->pos), bytes, part);
		bytes += part;
		n -= part;
	}
}
