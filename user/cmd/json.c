// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of a JSON object.
 */
#include "json.h"
#include "utf8.h"

/* Most characters for a byte of a JSON string: JSON_REPLACED and two digits. */
#define JSON_MAX	8
#define JSON_REPLACED	"\\ufffd"
#define REPLACEMENT	0xfffd

static char *put_escape(char *pos, uint32_t code)
{
	pos = text_put(pos, "\\u");
	return text_hex(pos, code, 4);
}

/* A byte that is not UTF-8 becomes U+FFFD and its digits. */
static char *put_raw(char *pos, uint8_t byte)
{
	pos = text_put(pos, JSON_REPLACED);
	return text_hex(pos, byte, 2);
}

/* The first character of @n bytes, if it is not ASCII; or the first byte, if it is not UTF-8. */
static char *put_beyond_ascii(char *pos, const uint8_t *bytes, size_t n, size_t *length)
{
	uint32_t code;

	*length = utf8_length(bytes, n);
	code = *length ? utf8_code(bytes, *length) : REPLACEMENT;
	if (code == REPLACEMENT) {	/* U+FFFD itself as well, so that the result is unambiguous */
		*length = 1;
		return put_raw(pos, *bytes);
	}
	return utf8_is_control(code) ? put_escape(pos, code) :
	       text_bytes(pos, (const char *)bytes, *length);
}

/* The first character of a JSON string; @length: out: its number of bytes. */
static char *put_json(char *pos, const uint8_t *bytes, size_t n, size_t *length)
{
	uint8_t c = *bytes;

	if (c >= 0x80)
		return put_beyond_ascii(pos, bytes, n, length);
	*length = 1;
	if (c < ' ' || c == 0x7f)
		return put_escape(pos, c);
	if (c == '"' || c == '\\')
		*pos++ = '\\';
	*pos++ = (char)c;
	return pos;
}

void json_bytes(struct output *output, const char *string, size_t n)
{
	const uint8_t *bytes = (const uint8_t *)string, *end = bytes + n, *stop;
	size_t most = OUTPUT_RESERVE / JSON_MAX - UTF8_MAX, length;
	char *pos;

	output_char(output, '"');
	while (bytes < end) {
		stop = (size_t)(end - bytes) > most ? bytes + most : end;
		pos = output_room(output, output->pos);
		for (; bytes < stop; bytes += length)
			pos = put_json(pos, bytes, (size_t)(end - bytes), &length);
		output->pos = pos;
	}
	output_char(output, '"');
}

void json_hex(struct output *output, uint64_t value)
{
	output_text(output, "\"0x");
	output_hex(output, value, 0);
	output_char(output, '"');
}

void json_key(struct output *output, const char *name)
{
	output_text(output, ",\"");
	output_text(output, name);
}
