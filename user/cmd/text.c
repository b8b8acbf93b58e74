// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers and foreign bytes as text, written where they belong.
 *
 * How long a number is comes out first, so that its digits are written once, two at a time.
 */
#include "text.h"

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
 * Not inline: where the compiler knows the most that is copied, it takes an instruction
 * for it (rep movs) which is slow for few bytes.
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

char *text_foreign(char *pos, const char *bytes, size_t n)
{
	for (; n--; bytes++) {
		unsigned char c = (unsigned char)*bytes;

		if (c >= ' ' && c < 0x7f && c != '\\') {
			*pos++ = (char)c;
			continue;
		}
		*pos++ = '\\';
		*pos++ = 'x';
		*pos++ = hex_digits[c >> 4];
		*pos++ = hex_digits[c & 15];
	}
	return pos;
}
