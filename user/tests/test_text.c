// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text: numbers match printf() at every length, and the buffer loses nothing.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmd/output.h"
#include "run.h"
#include "tap.h"

static unsigned int wrong;

/* Compares the text up to @end with the output of printf(). */
__attribute__((format(printf, 3, 4)))
static void expect_text(const char *text, const char *end, const char *format, ...)
{
	char want[64];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	if (n != end - text || memcmp(text, want, (size_t)n)) {
		printf("# %.*s, want %s\n", (int)(end - text), text, want);
		wrong++;
	}
}

static void compare_number(uint64_t number)
{
	char text[64];

	expect_text(text, text_number(text, number), "%" PRIu64, number);
	expect_text(text, text_signed(text, (int64_t)number), "%" PRId64, (int64_t)number);
	expect_text(text, text_padded(text, number, 6, ' '), "%6" PRIu64, number);
	expect_text(text, text_padded(text, number, 9, '0'), "%09" PRIu64, number);
	expect_text(text, text_cpu(text, number), "%03" PRIu64, number);
	expect_text(text, text_hex(text, number, 0), "%" PRIx64, number);
	expect_text(text, text_hex(text, number, 16), "%016" PRIx64, number);
	number %= 1000000000;
	expect_text(text, text_nine(text, (uint32_t)number), "%09" PRIu64, number);
}

static void test_numbers(void)
{
	uint64_t number = 1, state = 0x9e3779b97f4a7c15ULL;
	unsigned int i;

	for (i = 0; i <= 20; i++, number *= i < 20 ? 10 : 0) {
		compare_number(number - 1);
		compare_number(number);
		compare_number(number + 1);
	}
	for (i = 0; i < 64; i++) {
		compare_number((1ULL << i) - 1);
		compare_number(1ULL << i);
		compare_number(-(1ULL << i));
	}
	for (i = 0; i < 200000; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		compare_number(state >> state % 64);
	}
	is(wrong, 0, "numbers of all lengths are written as by printf()");
}

static void test_foreign(void)
{
	char text[64];
	unsigned int i;

	wrong = 0;
	for (i = 0; i < 256; i++) {
		char c = (char)i;

		expect_text(text, text_foreign(text, &c, 1), i < 32 || i > 126 || i == '\\' ? "\\x%02x" : "%c",
			    i);
	}
	is(wrong, 0, "unprintable bytes and the backslash are escaped as \\xNN");
}

struct utf8_case {
	const char *bytes, *want;
};

static const struct utf8_case utf8_cases[] = {
	{ "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac" },
	{ "\xf0\x9f\x90\x9b", "\xf0\x9f\x90\x9b" },
	{ "\xc2\x9b" "31m", "\\xc2\\x9b" "31m" },			/* CSI */
	{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },			/* right-to-left override */
	{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },			/* left-to-right isolate */
	{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },			/* line separator */
	{ "\xc0\x9b", "\\xc0\\x9b" },				/* overlong */
	{ "\xe0\x80\x9b", "\\xe0\\x80\\x9b" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },			/* a surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },		/* beyond U+10FFFF */
	{ "\xc3", "\\xc3" },
	{ "\xc3" "a", "\\xc3" "a" },
	{ "\x9b", "\\x9b" },
	{ "\x1b[1m\\", "\\x1b[1m\\x5c" },
};

static void test_utf8(void)
{
	char text[64];
	size_t i;

	wrong = 0;
	text_utf8 = true;
	for (i = 0; i < sizeof(utf8_cases) / sizeof(utf8_cases[0]); i++) {
		const struct utf8_case *c = &utf8_cases[i];

		expect_text(text, text_foreign(text, c->bytes, strlen(c->bytes)), "%s", c->want);
	}
	text_utf8 = false;
	is(wrong, 0, "printable UTF-8 characters are left unchanged, others are escaped");
	is(text_columns("caf\xc3\xa9", 5), 4, "a UTF-8 character takes one column");
	is(text_part("ab\xc3\xa9", 4, 3), 2, "text is not cut off within a UTF-8 character");
}

/* Pieces of all lengths, which cross the buffer's end at all offsets. */
static void test_buffer(void)
{
	size_t n, at = 0, size = 3 * OUTPUT_RESERVE;
	char *want = malloc(4 * OUTPUT_SIZE + 2 * size), *got, *piece = malloc(size);
	int fd = memory_file(NULL, 0);
	static struct output output;

	if (!want || !piece)
		abort();
	for (n = 0; n < size; n++)
		piece[n] = (char)('a' + n % 26);
	output_init(&output, fd);
	for (n = 0; at < 4 * OUTPUT_SIZE; n = (n + 997) % size) {
		memcpy(want + at, piece, n);
		at += n;
		if (n % 2)
			output_bytes(&output, piece, n);
		else
			output_foreign(&output, piece, n);
		want[at++] = '\n';
		output_char(&output, '\n');
	}
	got = malloc(at + 1);
	ok(!output_flush(&output) && got && pread(fd, got, at + 1, 0) == (ssize_t)at &&
	   !memcmp(got, want, at), "the buffer writes everything, in order");
	free(got);
	free(piece);
	free(want);
	close(fd);
}

int main(void)
{
	test_numbers();
	test_foreign();
	test_utf8();
	test_buffer();
	return tap_end();
}
