// SPDX-License-Identifier: GPL-2.0-only
/*
 * UTF-8 in JSON: valid text is unchanged, the output is always valid, and no byte is lost.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmd/json.h"
#include "../cmd/utf8.h"
#include "run.h"
#include "tap.h"

/* The output of json_bytes(); the caller frees it. */
static char *json(const char *bytes, size_t n)
{
	static struct output output;
	int fd = memory_file(NULL, 0);
	size_t room = 8 * n + 3;
	char *text = calloc(1, room);

	output_init(&output, fd);
	json_bytes(&output, bytes, n);
	if (!text || output_flush(&output) || pread(fd, text, room, 0) < 0)
		abort();
	close(fd);
	return text;
}

static bool becomes(const char *bytes, size_t n, const char *want)
{
	char *got = json(bytes, n);
	bool same = !strcmp(got, want);

	if (!same)
		printf("# %s, want %s\n", got, want);
	free(got);
	return same;
}

#define BECOMES(bytes, want)	becomes(bytes, sizeof(bytes) - 1, "\"" want "\"")

/* Encodes a character, surrogates included, independently of utf8.c. */
static size_t encode(uint32_t code, uint8_t *bytes)
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4, i;
	static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (i = n - 1; i; i--, code >>= 6)
		bytes[i] = (uint8_t)(0x80 | (code & 0x3f));
	bytes[0] = (uint8_t)(first[n] | code);
	return n;
}

static bool is_surrogate(uint32_t code)
{
	return code >= 0xd800 && code <= 0xdfff;
}

static void test_characters(void)
{
	unsigned int wrong = 0;
	uint8_t bytes[4];
	uint32_t code;

	for (code = 0; code < 0x120000; code++) {
		size_t n = encode(code, bytes), got = utf8_length(bytes, n);
		bool good = code < 0x110000 && !is_surrogate(code);

		wrong += got != (good ? n : 0) || (good && utf8_code(bytes, n) != code);
		wrong += n > 1 && utf8_length(bytes, n - 1);
	}
	is(wrong, 0, "exactly the characters are valid: no surrogates, no truncated ones");
}

/* All pairs of a first and a second byte, with valid bytes after them. */
static void test_pairs(void)
{
	unsigned int known = 0;
	uint8_t bytes[4] = { 0, 0, 0x80, 0x80 };
	uint32_t pair;

	for (pair = 0; pair < 0x10000; pair++) {
		size_t n;

		bytes[0] = (uint8_t)(pair >> 8);
		bytes[1] = (uint8_t)pair;
		n = utf8_length(bytes, sizeof(bytes));
		known += n > 1;
		/* overlong forms would be encoded differently */
		if (n > 1) {
			uint8_t again[4];

			known -= encode(utf8_code(bytes, n), again) != n || memcmp(again, bytes, n);
		}
	}
	/* C2-DF; E0; E1-EC, EE, EF; ED; F0; F1-F3; F4 */
	is(known, 30 * 64 + 32 + 14 * 64 + 32 + 48 + 3 * 64 + 16,
	   "no other pair of first bytes is valid");
}

static void test_json(void)
{
	ok(BECOMES("Gr\xc3\xbc\xc3\x9f" "e \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
		   "Gr\xc3\xbc\xc3\x9f" "e \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80"),
	   "UTF-8 stays as it is");
	ok(BECOMES("q\"uo\\te", "q\\\"uo\\\\te"), "quotes and backslashes are escaped");
	ok(BECOMES("\0\x1b\x7f\xc2\x80\xc2\x9b\xc2\x9f",
		   "\\u0000\\u001b\\u007f\\u0080\\u009b\\u009f"),
		   "control characters are escaped, C1 included");
	ok(BECOMES("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f",
		   "\\u2028\\u2029\\u202e\\u2066\\u061c\\u200f"),
	   "line separators and direction marks are escaped");
	ok(BECOMES("\xff\xfe\x80" "bad\xc3", "\\ufffdff\\ufffdfe\\ufffd80bad\\ufffdc3"),
	   "invalid bytes become U+FFFD and hexadecimal digits");
	ok(BECOMES("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
		   "\\ufffdc0\\ufffdaf\\ufffded\\ufffda0\\ufffd80\\ufffdf4\\ufffd90\\ufffd80\\ufffd80"),
	   "overlong forms, surrogates and too large characters are invalid bytes");
	ok(BECOMES("\xef\xbf\xbd" "ff", "\\ufffdef\\ufffdbf\\ufffdbdff"),
	   "U+FFFD itself is treated as invalid, so that the output is unambiguous");
}

/* The character lies at every offset, so also across the places where the text is split. */
static void test_pieces(void)
{
	static const char character[] = "\xf0\x9f\x98\x80";
	char text[1200];
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i + 4 < sizeof(text); i++) {
		char *got;

		memset(text, 'x', sizeof(text));
		memcpy(text + i, character, 4);
		got = json(text, sizeof(text));
		wrong += strlen(got) != sizeof(text) + 2 || memcmp(got + 1, text, sizeof(text));
		free(got);
	}
	is(wrong, 0, "a long text is not split within a character");
	memset(text, 0xff, sizeof(text));
	for (i = 0; i < 100; i++) {
		char *got = json(text, sizeof(text));

		wrong += strlen(got) != 8 * sizeof(text) + 2;
		free(got);
	}
	is(wrong, 0, "a long text of invalid bytes fits into the buffer");
}

int main(void)
{
	test_characters();
	test_pairs();
	test_json();
	test_pieces();
	return tap_end();
}
