// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers of every length, padded, too long, too large and cut off.
 */
#include "../lib/varint.h"
#include "tap.h"
#include "writer.h"

/* Whether a number of @bits bits is read back, without a byte behind it. */
static bool is_read_back(unsigned int bits)
{
	uint64_t value = bits == 64 ? UINT64_MAX : (1ULL << bits) - 1, got = 0;
	struct writer w = { 0 };
	const uint8_t *end;
	size_t size;
	bool fine;

	w_number(&w, value);
	size = w.size;
	w_byte(&w, 0xff);
	end = varint_get(w.data, w.data + w.size, &got);
	fine = got == value && end == w.data + size && size == (bits + 6) / 7;
	end = varint_get(w.data, w.data + size, &got);
	fine = fine && got == value && end == w.data + size;
	fine = fine && !varint_get(w.data, w.data + size - 1, &got);
	w_free(&w);
	return fine;
}

/* Numbers of all lengths, with all kinds of bytes up to and behind their end. */
static bool ways_agree(void)
{
	uint64_t state = 0x9e3779b97f4a7c15ULL, fast, slow;
	unsigned int i, byte, wrong = 0;
	const uint8_t *to, *want;
	uint8_t bytes[16];

	for (i = 0; i < 1000000; i++) {
		for (byte = 0; byte < sizeof(bytes); byte++) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			bytes[byte] = (uint8_t)(state >> 56) | (byte < i % 11 ? 0x80 : 0);
		}
		fast = slow = 0;
		to = varint_get(bytes, bytes + sizeof(bytes), &fast);
		want = varint_get_long(bytes, bytes + sizeof(bytes), &slow);
		wrong += to != want || (want && fast != slow);
	}
	return !wrong;
}

static bool is_refused(const uint8_t *bytes, size_t n)
{
	uint64_t value;

	return !varint_get(bytes, bytes + n, &value);
}

int main(void)
{
	static const uint8_t padded[] = { 0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0 };
	static const uint8_t eleven[] = { 0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					  0x80, 0 };
	static const uint8_t large[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };
	uint64_t value = 0;
	unsigned int bits;
	bool fine = true;

	for (bits = 1; bits <= 64; bits++)
		fine = fine && is_read_back(bits);
	ok(fine, "numbers of 1 to 10 bytes are read, and refused if cut off");
	ok(ways_agree(), "the fast and the simple way of reading a number agree");
	ok(varint_get(padded, padded + 10, &value) == padded + 10 && value == 5,
	   "a number padded to 10 bytes is read");
	ok(is_refused(eleven, sizeof(eleven)), "a number of 11 bytes is refused");
	ok(is_refused(large, sizeof(large)), "a number beyond 2^64 - 1 is refused");
	ok(is_refused(padded, 0), "a number of no bytes is refused");
	ok(varint_zigzag(0) == 0 && varint_zigzag(1) == -1 && varint_zigzag(2) == 1 &&
	   varint_zigzag(UINT64_MAX) == INT64_MIN && varint_zigzag(UINT64_MAX - 1) == INT64_MAX,
	   "signed numbers reach from INT64_MIN to INT64_MAX");
	is(varint_rol64(0x8000000000000001ULL, 3), 12, "addresses are rotated, not shifted");
	return tap_end();
}
