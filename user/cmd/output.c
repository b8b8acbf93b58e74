// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffered text output, made for millions of lines a second.
 */
#include <errno.h>
#include <unistd.h>

#include "output.h"

static const char digits[] = "0123456789abcdef";

void output_init(struct output *output, int fd)
{
	output->fd = fd;
	output->error = 0;
	output->used = 0;
}

int output_flush(struct output *output)
{
	size_t done = 0;

	while (!output->error && done < output->used) {
		ssize_t n = write(output->fd, output->buffer + done, output->used - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			output->error = -errno;
	}
	output->used = 0;
	return output->error;
}

void output_bytes(struct output *output, const char *bytes, size_t n)
{
	while (n) {
		size_t part = n < OUTPUT_RESERVE ? n : OUTPUT_RESERVE;

		output_reserve(output);
		memcpy(output->buffer + output->used, bytes, part);
		output->used += part;
		bytes += part;
		n -= part;
	}
}

void output_number(struct output *output, uint64_t number, unsigned int width, char fill)
{
	char text[24];
	unsigned int i = sizeof(text);

	do
		text[--i] = (char)('0' + number % 10);
	while (number /= 10);
	while (i && sizeof(text) - i < width)
		text[--i] = fill;
	output_bytes(output, text + i, sizeof(text) - i);
}

void output_signed(struct output *output, int64_t number)
{
	if (number < 0)
		output_char(output, '-');
	output_number(output, number < 0 ? -(uint64_t)number : (uint64_t)number, 0, ' ');
}

void output_hex(struct output *output, uint64_t number, unsigned int width)
{
	char text[16];
	unsigned int i = sizeof(text);

	do
		text[--i] = digits[number & 15];
	while (number >>= 4);
	while (i && sizeof(text) - i < width)
		text[--i] = '0';
	output_bytes(output, text + i, sizeof(text) - i);
}

void output_spaces(struct output *output, size_t n)
{
	while (n--)
		output_char(output, ' ');
}

void output_foreign(struct output *output, const char *bytes, size_t n)
{
	for (; n--; bytes++) {
		unsigned char c = (unsigned char)*bytes;

		if (c >= ' ' && c < 0x7f && c != '\\') {
			output_char(output, (char)c);
			continue;
		}
		output_bytes(output, "\\x", 2);
		output_char(output, digits[c >> 4]);
		output_char(output, digits[c & 15]);
	}
}

void output_json_string(struct output *output, const char *bytes, size_t n)
{
	output_char(output, '"');
	for (; n--; bytes++) {
		unsigned char c = (unsigned char)*bytes;

		if (c == '"' || c == '\\')
			output_char(output, '\\');
		if (c >= ' ' && c < 0x7f) {
			output_char(output, (char)c);
			continue;
		}
		output_bytes(output, "\\u00", 4);
		output_char(output, digits[c >> 4]);
		output_char(output, digits[c & 15]);
	}
	output_char(output, '"');
}
