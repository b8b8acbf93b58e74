// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers and foreign bytes as text, written directly into a buffer.
 *
 * The length of a number is computed first, so that its digits are written in place, two at a time.
 */
#include <langinfo.h>
#include <locale.h>

#include <time.h>

#include "text.h"
#include "utf8.h"

const char text_pairs[] =
	"00010203040506070809"
	"10111213141516171819"
	"20212223242526272829"
	"30313233343536373839"
	"40414243444546474849"
	"50515253545556575859"
	"60616263646566676869"
	"70717273747576777879"
	"80818283848586878889"
	"90919293949596979899";

static const char hex_digits[] = "0123456789abcdef";

static const uint64_t powers[TEXT_NUMBER_MAX] = {
	1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL,
	100000000ULL, 1000000000ULL, 10000000000ULL, 100000000000ULL, 1000000000000ULL,
	10000000000000ULL, 100000000000000ULL, 1000000000000000ULL, 10000000000000000ULL,
	100000000000000000ULL, 1000000000000000000ULL, 10000000000000000000ULL,
};

/* 1233 / 2^12 is the logarithm of 2 to the base of 10, near enough for 64 bits. */
static unsigned int count_digits(uint64_t number)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(number | 1);
	unsigned int digits = bits * 1233 >> 12;

	return digits + ((number | 1) >= powers[digits]);
}

/* Writes the digits that end before @end. */
static void put_digits(char *end, uint64_t number)
{
	for (; number >= 100; number /= 100) {
		end -= 2;
		text_pair(end, number % 100);
	}
	if (number >= 10)
		text_pair(end - 2, (unsigned int)number);
	else
		end[-1] = (char)('0' + number);
}

/*
 * Not inline: if the compiler knows an upper bound of @n, it uses an instruction (rep movs) that
 * is slow for few bytes.
 */
char *text_bytes(char *pos, const char *bytes, size_t n)
{
	memcpy(pos, bytes, n);
	return pos + n;
}

char *text_number(char *pos, uint64_t number)
{
	pos += count_digits(number);
	put_digits(pos, number);
	return pos;
}

char *text_signed(char *pos, int64_t number)
{
	if (number >= 0)
		return text_number(pos, (uint64_t)number);
	*pos++ = '-';
	return text_number(pos, -(uint64_t)number);
}

char *text_padded(char *pos, uint64_t number, unsigned int width, char fill)
{
	unsigned int digits = count_digits(number);

	for (; width > digits; width--)
		*pos++ = fill;
	return text_number(pos, number);
}

char *text_nine(char *pos, uint32_t number)
{
	uint32_t high = number / 10000, low = number % 10000;

	*pos++ = (char)('0' + high / 10000);
	high %= 10000;
	pos = text_pair(pos, high / 100);
	pos = text_pair(pos, high % 100);
	pos = text_pair(pos, low / 100);
	return text_pair(pos, low % 100);
}

char *text_wall(char *pos, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	pos = text_padded(pos, (uint64_t)tm.tm_year + 1900, 4, '0');
	*pos++ = '-';
	pos = text_pair(pos, (unsigned int)tm.tm_mon + 1);
	*pos++ = '-';
	pos = text_pair(pos, (unsigned int)tm.tm_mday);
	*pos++ = 'T';
	pos = text_pair(pos, (unsigned int)tm.tm_hour);
	*pos++ = ':';
	pos = text_pair(pos, (unsigned int)tm.tm_min);
	*pos++ = ':';
	pos = text_pair(pos, (unsigned int)tm.tm_sec);
	*pos++ = '.';
	pos = text_nine(pos, (uint32_t)(ns % 1000000000));
	*pos++ = 'Z';
	return pos;
}

char *text_hex(char *pos, uint64_t number, unsigned int width)
{
	unsigned int digits = (67 - (unsigned int)__builtin_clzll(number | 1)) / 4;
	char *end;

	if (digits < width)
		digits = width;
	end = pos + digits;
	for (pos = end; digits--; number >>= 4)
		*--pos = hex_digits[number & 15];
	return end;
}

bool text_utf8;

void text_init(void)
{
	const char *locale = setlocale(LC_CTYPE, "");

	text_utf8 = locale && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* Characters that a terminal does not show, or that move or reorder other text. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{ 0x0080, 0x009f },	/* C1 control characters, equivalent to ESC sequences */
	{ 0x00ad, 0x00ad },
	{ 0x034f, 0x034f },
	{ 0x061c, 0x061c },	/* Arabic letter mark */
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },	/* zero width; left-to-right and right-to-left marks */
	{ 0x2028, 0x202e },	/* line separators, embeddings and overrides */
	{ 0x2060, 0x206f },	/* isolates, and others of zero width */
	{ 0x3164, 0x3164 },
	{ 0xe000, 0xf8ff },	/* private use */
	{ 0xfdd0, 0xfdef },
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, UINT32_MAX },	/* tags, private use, and non-characters */
};

static bool is_seen(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return false;
	return (c & 0xfffe) != 0xfffe;
}

/* The length of the character at @bytes, if it can be shown; else 0. */
static size_t get_character(const char *bytes, size_t n)
{
	const uint8_t *at = (const uint8_t *)bytes;
	size_t size = utf8_length(at, n);

	return size && is_seen(utf8_code(at, size)) ? size : 0;
}

static char *put_escaped(char *pos, unsigned char c)
{
	*pos++ = '\\';
	*pos++ = 'x';
	*pos++ = hex_digits[c >> 4];
	*pos++ = hex_digits[c & 15];
	return pos;
}

char *text_foreign(char *pos, const char *bytes, size_t n)
{
	while (n) {
		unsigned char c = (unsigned char)*bytes;
		size_t size = text_utf8 && c >= 0x80 ? get_character(bytes, n) : 0;

		if (c >= ' ' && c < 0x7f && c != '\\')
			*pos++ = (char)c;
		else if (size)
			pos = text_bytes(pos, bytes, size);
		else
			pos = put_escaped(pos, c);
		size += !size;
		bytes += size;
		n -= size;
	}
	return pos;
}

size_t text_part(const char *bytes, size_t n, size_t most)
{
	size_t part = most, i;

	if (n <= most)
		return n;
	/* do not split a character */
	for (i = 1; i < 4 && i < most; i++)
		if (utf8_length((const uint8_t *)bytes + most - i, n - most + i) > i)
			part = most - i;
	return part;
}

size_t text_columns(const char *text, size_t n)
{
	size_t columns = 0;

	while (n--)
		columns += (*text++ & 0xc0) != 0x80;
	return columns;
}
