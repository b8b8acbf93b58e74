// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a trace to standard output in which each event has a text, and its bytes in hexadecimal.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sample.h"

#define EXPERIMENT	9
#define TYPE		200
#define KIND_STRING	150
#define TEXTS		3000
#define TEXT_MAX	24

static const struct sample_faults none;

static void write_schema(struct writer *w)
{
	w_begin(w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, sample_start(1));
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	w_byte(w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);
	w_number(w, EXPERIMENT);
	w_number(w, 1);
	w_string(w, "texts");
	w_schema_event(w, EXPERIMENT, TYPE, 1, "texts", "text", 2);
	w_schema_arg(w, KIND_STRING, "text");
	w_schema_arg(w, KIND_STRING, "digits");
	w_end(w);
}

static unsigned int draw(unsigned int below)
{
	static uint64_t state = 0x9e3779b97f4a7c15ULL;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(state >> 33) % below;
}

/* Bytes that begin, continue and end UTF-8 characters, invalid bytes, and control characters. */
static uint8_t draw_byte(void)
{
	static const uint8_t bytes[] = {
		0, 0x1b, '"', '\\', 'a', 0x7f, 0x80, 0x8f, 0x90, 0x9b, 0x9f, 0xa0, 0xa8, 0xae, 0xbd,
		0xbf, 0xc0, 0xc2, 0xc3, 0xe0, 0xe2, 0xe6, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
	};

	return draw(4) ? bytes[draw(sizeof(bytes))] : (uint8_t)draw(256);
}

static void write_text(struct writer *w)
{
	char digits[2 * TEXT_MAX + 1] = "";
	unsigned int i, n = draw(TEXT_MAX + 1);
	uint8_t text[TEXT_MAX];

	for (i = 0; i < n; i++) {
		text[i] = draw_byte();
		sprintf(digits + 2 * i, "%02x", text[i]);
	}
	w_event(w, TYPE, 1);
	w_number(w, n);
	w_bytes(w, text, n);
	w_string(w, digits);
}

int main(void)
{
	struct writer w = { 0 };
	unsigned int i;
	int failed;

	w_header(&w);
	sample_opening(&w, 1, &none);
	write_schema(&w);
	for (i = 0; i < TEXTS; i++) {
		if (i % 100 == 0)
			w_begin(&w, EXPERIMENT, 1, SAMPLE_M(0, TASK), sample_start(1) + 10 + i);
		write_text(&w);
		if (i % 100 == 99)
			w_end(&w);
	}
	sample_closing(&w, 1, &none);
	failed = write(STDOUT_FILENO, w.data, w.size) != (ssize_t)w.size;
	w_free(&w);
	return failed;
}
