// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes synthetic traces, sound or not, by docs/wire-format.md alone.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "writer.h"

void w_free(struct writer *w)
{
	free(w->data);
	*w = (struct writer) { 0 };
}

void w_bytes(struct writer *w, const void *bytes, size_t n)
{
	if (!n)
		return;
	if (w->size + n > w->room) {
		w->room = 2 * (w->size + n);
		w->data = realloc(w->data, w->room);
		if (!w->data)
			abort();
	}
	memcpy(w->data + w->size, bytes, n);
	w->size += n;
}

void w_byte(struct writer *w, unsigned int byte)
{
	uint8_t b = (uint8_t)byte;

	w_bytes(w, &b, 1);
}

void w_number(struct writer *w, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		w_byte(w, (unsigned int)(number & 0x7f) | 0x80);
	w_byte(w, (unsigned int)number);
}

void w_signed(struct writer *w, int64_t number)
{
	w_number(w, (uint64_t)number << 1 ^ (uint64_t)(number >> 63));
}

void w_object(struct writer *w, uint64_t value)
{
	uint64_t low = value & 0x7fff, page = value >> 15, *last = &w->pages[low >> 9];
	bool is_near = *last == page, is_short = page < 0xff0000;

	*last = page;
	w_byte(w, low & 0xff);
	w_byte(w, low >> 8 | (is_near ? 0 : 0x80));
	if (is_near)
		return;
	w_byte(w, page & 0xff);
	w_byte(w, page >> 8 & 0xff);
	w_byte(w, is_short ? page >> 16 : 0xff);
	if (!is_short)
		w_number(w, page >> 16);
}

void w_site(struct writer *w, unsigned int site)
{
	w_byte(w, site & 0xff);
	w_byte(w, site >> 8);
}

void w_string(struct writer *w, const char *string)
{
	w_number(w, strlen(string));
	w_bytes(w, string, strlen(string));
}

void w_header_of(struct writer *w, unsigned int version)
{
	char header[EXPTRACE_HEADER_SIZE] = "exptrace v";

	header[10] = (char)('0' + version);
	w_bytes(w, header, sizeof(header));
}

void w_header(struct writer *w)
{
	w_header_of(w, 2);
}

void w_end_of_generation(struct writer *w)
{
	w_byte(w, EXPTRACE_WIRE_END_OF_GENERATION);
}

void w_begin(struct writer *w, int experiment, uint64_t gen, uint64_t m, uint64_t time)
{
	static const uint8_t length[EXPTRACE_VARINT_MAX];

	w_byte(w, experiment < 0 ? EXPTRACE_WIRE_EVENT_BATCH : EXPTRACE_WIRE_EXP_BATCH);
	if (experiment >= 0)
		w_byte(w, (unsigned int)experiment);
	w_number(w, gen);
	w_number(w, m);
	w_number(w, time);
	w_bytes(w, length, sizeof(length));
	w->batch = w->size;
	memset(w->pages, 0, sizeof(w->pages));
	if (experiment >= 0)
		w_byte(w, EXPTRACE_CONTENT_EVENTS);
}

void w_end(struct writer *w)
{
	uint64_t length = w->size - w->batch;
	uint8_t *at = w->data + w->batch - EXPTRACE_VARINT_MAX;
	int i;

	for (i = 0; i < EXPTRACE_VARINT_MAX; i++, length >>= 7)
		at[i] = (uint8_t)((length & 0x7f) | (i < EXPTRACE_VARINT_MAX - 1 ? 0x80 : 0));
}

void w_event(struct writer *w, unsigned int type, uint64_t delta)
{
	w_byte(w, type);
	w_number(w, delta);
}

uint64_t w_wall_s = 1700000000;

void w_sync(struct writer *w, uint64_t gen, uint64_t ticks, uint64_t frequency, uint64_t mono)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, ticks - 1);
	w_byte(w, EXPTRACE_WIRE_SYNC);
	w_byte(w, EXPTRACE_WIRE_FREQUENCY);
	w_number(w, frequency);
	w_byte(w, EXPTRACE_WIRE_CLOCK_SNAPSHOT);
	w_number(w, 1);
	w_number(w, mono);
	w_number(w, w_wall_s);
	w_number(w, 5);
	w_end(w);
}

void w_schema_event(struct writer *w, unsigned int experiment, unsigned int type,
		    unsigned int ntypes, const char *group, const char *name, unsigned int nargs)
{
	w_byte(w, EXPTRACE_WIRE_SCHEMA_EVENT);
	w_number(w, experiment);
	w_number(w, type);
	w_number(w, ntypes);
	w_string(w, group);
	w_string(w, name);
	w_number(w, nargs);
}

void w_schema_arg(struct writer *w, unsigned int kind, const char *name)
{
	w_number(w, kind);
	w_string(w, name);
}

/* Only what the samples need of the catalogue: test_damage.c expects most bytes to matter. */
#define WRITER_EVENTS(X, A)						\
	EXPTRACE_STATE_EVENTS(X, A)					\
	EXPTRACE_SCHED_EVENTS(X, A)					\
	EXPTRACE_ALLOCFREE_EVENTS(X, A)

#define COUNT_ARG(kind, name)	+ 1
#define WRITE_ARG(kind, name)	w_schema_arg(w, EXPTRACE_KIND_##kind, name);

/* Args expands one macro only, so the arguments are counted in a pass of its own. */
#define ENUM_COUNT(EXPERIMENT, NAME, type, ntypes, group, name, args) \
	NARGS_##NAME = 0 args,
enum { WRITER_EVENTS(ENUM_COUNT, COUNT_ARG) };

#define WRITE_EVENT(EXPERIMENT, NAME, type, ntypes, group, name, args)	\
	w_schema_event(w, EXPTRACE_EXPERIMENT_##EXPERIMENT, type, ntypes, group, name,	\
		       NARGS_##NAME);					\
	args

#define WRITE_EXPERIMENT(ID, id, version, name)				\
	w_byte(w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);			\
	w_number(w, id);						\
	w_number(w, version);						\
	w_string(w, name);

void w_schema(struct writer *w, uint64_t gen, uint64_t time)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	EXPTRACE_EXPERIMENTS(WRITE_EXPERIMENT)
	WRITER_EVENTS(WRITE_EVENT, WRITE_ARG)
	w_end(w);
}

static void put_property(struct writer *w, const char *key, const char *value)
{
	w_byte(w, EXPTRACE_WIRE_PROPERTY);
	w_string(w, key);
	w_string(w, value);
}

void w_properties(struct writer *w, uint64_t gen, uint64_t time, const char *mode)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	put_property(w, "release", "6.1.0-test");
	put_property(w, "text_base", "0xffffffff81000000");
	put_property(w, "data_base", "0xffff888000000000");
	put_property(w, "addresses", "raw");
	if (mode)
		put_property(w, "mode", mode);
	w_end(w);
}

void w_property(struct writer *w, uint64_t gen, uint64_t time, const char *key, const char *value)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	put_property(w, key, value);
	w_end(w);
}

void w_ledger_entry(struct writer *w, unsigned int experiment, unsigned int cpu,
		    uint64_t attempted, uint64_t recorded, unsigned int reason, uint64_t lost)
{
	w_byte(w, EXPTRACE_WIRE_LEDGER_ENTRY);
	w_number(w, experiment);
	w_number(w, cpu);
	w_number(w, attempted);
	w_number(w, recorded);
	w_number(w, lost ? 1 : 0);
	if (lost) {
		w_number(w, reason);
		w_number(w, lost);
	}
}

void w_string_entry(struct writer *w, uint64_t id, const char *string)
{
	w_byte(w, EXPTRACE_WIRE_STRING);
	w_number(w, id);
	w_string(w, string);
}

void w_stack(struct writer *w, uint64_t id, uint64_t nframes)
{
	w_byte(w, EXPTRACE_WIRE_STACK);
	w_number(w, id);
	w_number(w, nframes);
}

void w_stack_cut_off(struct writer *w, uint64_t id, uint64_t nframes)
{
	w_byte(w, EXPTRACE_WIRE_STACK_CUT);
	w_number(w, id);
	w_number(w, nframes);
}

void w_frame(struct writer *w, int64_t address, uint64_t function, uint64_t module,
	     uint64_t offset)
{
	w_signed(w, address);
	w_number(w, function);
	w_number(w, module);
	w_number(w, offset);
}
