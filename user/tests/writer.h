/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes synthetic traces, sound or not, by docs/wire-format.md alone.
 */
#ifndef EXPTRACE_TEST_WRITER_H
#define EXPTRACE_TEST_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include <exptrace/events.h>
#include <exptrace/wire.h>

#define STANDARD_BATCH	(-1)	/* a batch of wire type 1 */

struct writer {
	uint8_t *data;
	size_t size, room;
	size_t batch;		/* offset of the open batch's data */
	uint64_t pages[EXPTRACE_OBJECT_PAGES];	/* last page numbers of objects in it */
};

void w_free(struct writer *w);
void w_byte(struct writer *w, unsigned int byte);
void w_bytes(struct writer *w, const void *bytes, size_t n);
void w_number(struct writer *w, uint64_t number);
void w_signed(struct writer *w, int64_t number);
/* A null pointer on the wire, relative to data_base as set by w_properties(). */
#define W_NULL		(0x778000000000 >> 3)

/* @value: the address as on the wire */
void w_object(struct writer *w, uint64_t value);
void w_site(struct writer *w, unsigned int site);
void w_string(struct writer *w, const char *string);

void w_header(struct writer *w);
void w_header_of(struct writer *w, unsigned int version);
void w_end_of_generation(struct writer *w);

/* @experiment: STANDARD_BATCH, or the experiment of a batch of wire type 49 */
void w_begin(struct writer *w, int experiment, uint64_t gen, uint64_t m, uint64_t time);
void w_end(struct writer *w);

/* Begins an event; the caller adds its arguments. */
void w_event(struct writer *w, unsigned int type, uint64_t delta);

/* CLOCK_REALTIME in seconds, in Syncs */
extern uint64_t w_wall_s;

/* Whole batches. */
void w_sync(struct writer *w, uint64_t gen, uint64_t ticks, uint64_t frequency, uint64_t mono);
void w_schema(struct writer *w, uint64_t gen, uint64_t time);
/* @mode: "stream", "flight", or NULL to leave it out */
void w_properties(struct writer *w, uint64_t gen, uint64_t time, const char *mode);
/* A table of one property. */
void w_property(struct writer *w, uint64_t gen, uint64_t time, const char *key, const char *value);

/* Parts of a schema and of a ledger. */
void w_schema_event(struct writer *w, unsigned int experiment, unsigned int type,
		    unsigned int ntypes, const char *group, const char *name, unsigned int nargs);
void w_schema_arg(struct writer *w, unsigned int kind, const char *name);
void w_ledger_entry(struct writer *w, unsigned int experiment, unsigned int cpu,
		    uint64_t attempted, uint64_t recorded, unsigned int reason, uint64_t lost);

/* Parts of the tables of strings and stacks; a frame's address is relative to text_base. */
void w_string_entry(struct writer *w, uint64_t id, const char *string);
void w_stack(struct writer *w, uint64_t id, uint64_t nframes);
void w_stack_cut_off(struct writer *w, uint64_t id, uint64_t nframes);
void w_frame(struct writer *w, int64_t address, uint64_t function, uint64_t module,
	     uint64_t offset);

#endif /* EXPTRACE_TEST_WRITER_H */
