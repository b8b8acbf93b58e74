// SPDX-License-Identifier: GPL-2.0-only
/*
 * A strict decoder of the stream (see stream.h): framing and the order of batches. It shares no code with libexptrace, so that
 * each checks the other.
 */
#include <stdlib.h>
#include <string.h>

#include "stream_parse.h"

int stream_batch_at(const uint8_t *data, size_t size, struct stream_batch *b)
{
	struct cursor c = { .p = data, .end = data + size };
	uint64_t length = 0;
	uint8_t type = cursor_byte(&c);
	int i;

	if (c.bad)
		return 0;
	if (type == EXPTRACE_WIRE_END_OF_GENERATION)
		return 2;
	if (type != EXPTRACE_WIRE_EVENT_BATCH && type != EXPTRACE_WIRE_EXP_BATCH)
		return -1;
	b->experiment = type == EXPTRACE_WIRE_EXP_BATCH ? cursor_byte(&c) : 0;
	b->generation = cursor_number(&c);
	b->m = cursor_number(&c);
	b->time = cursor_number(&c);
	/* The length takes 10 bytes, whatever it is. */
	for (i = 0; i < 10; i++) {
		uint8_t l = cursor_byte(&c);

		if (!c.bad && !(l & 0x80) != (i == 9))
			return -1;
		length |= i < 9 ? (uint64_t)(l & 0x7f) << (7 * i) : 0;
	}
	if (c.bad)
		return size < EXPTRACE_BATCH_HEADER_MAX ? 0 : -1;
	b->data = c.p;
	b->size = length;
	b->total = (c.p - data) + length;
	if (b->total > EXPTRACE_BATCH_MAX || !length)
		return -1;
	if (type == EXPTRACE_WIRE_EXP_BATCH && !b->experiment)
		return -1;
	return b->total <= size;
}

static struct stream_generation *last_generation(struct stream *s)
{
	return s->nr_generations ? &s->generations[s->nr_generations - 1] : NULL;
}

static int end_generation(struct stream *s, struct stream_generation *g)
{
	int experiment, cpu;

	if (!g || g->ended)
		return stream_fail(s, "an end of generation where none is open");
	g->ended = true;
	if (stream_resolve_places(s, g))
		return -1;
	stream_forget_places(s);
	if (!g->whole)
		return 0;
	if (!g->closed || !g->schema || !g->properties)
		return stream_fail(s, "generation %llu has no %s", (unsigned long long)g->number,
			    !g->closed ? "closing Sync" : !g->schema ? "schema" : "properties");
	for (experiment = 0; experiment < STREAM_EXPERIMENTS; experiment++) {
		for (cpu = 0; cpu < STREAM_CPUS; cpu++) {
			struct stream_count *n = &g->count[experiment][cpu];

			if (n->decoded != n->recorded)
				return stream_fail(s, "generation %llu, experiment %d, cpu %d: %llu recorded, %llu decoded",
					    (unsigned long long)g->number, experiment, cpu,
					    (unsigned long long)n->recorded, (unsigned long long)n->decoded);
		}
	}
	return 0;
}

/* Find the batch's generation, or begin it. */
static struct stream_generation *enter_generation(struct stream *s, const struct stream_batch *b)
{
	struct stream_generation *g = last_generation(s);

	if (g && !g->ended) {
		if (g->number == b->generation)
			return g;
		stream_fail(s, "generation %llu begins before %llu has ended", (unsigned long long)b->generation,
		     (unsigned long long)g->number);
		return NULL;
	}
	if (g && b->generation != g->number + 1 && !(s->flight && b->generation > g->number)) {
		stream_fail(s, "generation %llu follows %llu", (unsigned long long)b->generation, (unsigned long long)g->number);
		return NULL;
	}
	if (g && b->data[0] != EXPTRACE_WIRE_SYNC) {
		stream_fail(s, "generation %llu has no opening Sync", (unsigned long long)b->generation);
		return NULL;
	}
	s->generations = stream_grow(s->generations, s->nr_generations, sizeof(*g));
	g = &s->generations[s->nr_generations++];
	memset(g, 0, sizeof(*g));
	g->number = b->generation;
	g->first_event = s->nr_events;
	return g;
}

static int parse_batch(struct stream *s, const struct stream_batch *b)
{
	struct stream_generation *g = enter_generation(s, b);
	uint8_t what = b->experiment ? 0 : b->data[0];

	if (!g)
		return -1;
	g->batches++;
	if (g->closed && what != EXPTRACE_WIRE_SYNC)
		return stream_fail(s, "generation %llu goes on after a Sync that is not its first", (unsigned long long)g->number);
	if (b->experiment >= STREAM_EXPERIMENTS || (b->m != EXPTRACE_M_NONE && b->m >= 4 * STREAM_CPUS))
		return stream_fail(s, "experiment %u or m %llu cannot be", b->experiment, (unsigned long long)b->m);
	if (what && what < EXPTRACE_EVENT_STATE_FIRST && b->m != EXPTRACE_M_NONE)
		return stream_fail(s, "a table of a writer that is bound to a CPU");
	if (g->ledger && what != EXPTRACE_WIRE_LEDGER && what != EXPTRACE_WIRE_SYNC)
		return stream_fail(s, "generation %llu: the ledger is not the last table", (unsigned long long)g->number);
	switch (what) {
	case EXPTRACE_WIRE_SYNC:
		return stream_parse_sync(s, g, b);
	case EXPTRACE_WIRE_SCHEMA:
		return stream_parse_schema(s, g, b);
	case EXPTRACE_WIRE_LEDGER:
		return stream_parse_ledger(s, g, b);
	case EXPTRACE_WIRE_PROPERTIES:
		return stream_parse_properties(s, g, b);
	case EXPTRACE_WIRE_STRINGS:
	case EXPTRACE_WIRE_STACKS:
		return stream_parse_places(s, g, b);
	}
	if (b->experiment && b->data[0] == EXPTRACE_CONTENT_DATA)
		return 0;
	if (b->experiment && b->data[0] != EXPTRACE_CONTENT_EVENTS)
		return stream_fail(s, "experiment %u: unknown content %u", b->experiment, b->data[0]);
	if (g->whole && !g->schema)
		return stream_fail(s, "generation %llu: events before the schema", (unsigned long long)g->number);
	if (g->whole && !(g->experiments & 1U << b->experiment))
		return stream_fail(s, "generation %llu: events of experiment %u, which its schema lacks",
			    (unsigned long long)g->number, b->experiment);
	return stream_parse_events(s, g, b);
}

int stream_parse_batches(struct stream *s, const void *data, size_t size)
{
	const uint8_t *p = data, *end = p + size;
	struct stream_batch b;
	int kind = 0;

	while (p < end && (kind = stream_batch_at(p, end - p, &b)) > 0) {
		if (kind == 2) {
			if (end_generation(s, last_generation(s)))
				return -1;
			p++;
			continue;
		}
		if (parse_batch(s, &b))
			return -1;
		p += b.total;
	}
	if (p < end && kind < 0)
		return stream_fail(s, "no batch at byte %zu", (size_t)(p - (const uint8_t *)data));
	s->cut = end - p;
	return 0;
}

int stream_parse(struct stream *s, const void *data, size_t size)
{
	static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC, old[EXPTRACE_HEADER_SIZE] = "exptrace v1";

	if (size < sizeof(header) || (memcmp(data, header, sizeof(header)) && memcmp(data, old, sizeof(old))))
		return stream_fail(s, "no header of a version that is known");
	return stream_parse_batches(s, (const char *)data + sizeof(header), size - sizeof(header));
}

void stream_free(struct stream *s)
{
	size_t i;

	for (i = 0; i < s->nr_events; i++)
		stream_free_strings(&s->events[i]);
	free(s->events);
	stream_forget_places(s);
	free(s->generations);
	memset(s, 0, sizeof(*s));
}
