// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Recognizes files that are not traces, for a better error message.
 */
#include <stdbool.h>
#include <string.h>

#include "magic.h"

static const struct magic {
	const char *bytes;
	size_t n;
	const char *name;
} magics[] = {
	{ "\x7f" "ELF",			4, "an ELF file" },
	{ "PERFILE2",			8, "perf data" },
	{ "\x17\x08\x44tracing",	10, "trace-cmd data" },
	{ "\xc1\x1f\xfc\xc1",		4, "CTF data, as written by LTTng" },
	{ "\x1f\x8b",			2, "gzip data" },
	{ "\x28\xb5\x2f\xfd",		4, "zstd data" },
	{ "\xfd" "7zXZ",		5, "xz data" },
};

static bool is_text(const uint8_t *bytes, size_t n)
{
	while (n--) {
		bool printable = *bytes >= ' ' && *bytes < 0x7f;

		if (!printable && *bytes != '\n' && *bytes != '\t' && *bytes != '\r')
			return false;
		bytes++;
	}
	return true;
}

const char *magic_name(const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (n >= magics[i].n && !memcmp(bytes, magics[i].bytes, magics[i].n))
			return magics[i].name;
	return is_text(bytes, n) ? "text" : NULL;
}
