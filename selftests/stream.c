// SPDX-License-Identifier: GPL-2.0-only
/* A strict decoder of the stream (see stream.h). It shares no code with libexptrace: one checks the other. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

struct cursor {
	const uint8_t *p, *end;
	bool bad;
	uint64_t object[64];	/* what addresses in the batch are near to */
	uint64_t user_address, user_code;
};

static int fail(struct stream *s, const char *format, ...)
{
	va_list args;

	if (s->error[0])
		return -1;
	va_start(args, format);
	vsnprintf(s->error, sizeof(s->error), format, args);
	va_end(args);
	return -1;
}

static void *grow(void *array, size_t nr, size_t size)
{
	/* Powers of two: only then is there anything to do. */
	if (nr & (nr - 1))
		return array;
	array = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!array)
		abort();
	return array;
}

static uint8_t byte(struct cursor *c)
{
	if (c->p >= c->end) {
		c->bad = true;
		return 0;
	}
	return *c->p++;
}

static uint64_t number(struct cursor *c)
{
	uint64_t value = 0;
	int shift;

	for (shift = 0; shift < 70; shift += 7) {
		uint8_t b = byte(c);

		if (c->bad || (shift == 63 && b > 1))
			break;
		value |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

static uint64_t zigzag(uint64_t v)
{
	return (v >> 1) ^ -(v & 1);
}

/* A string, NUL-terminated by the copy; the caller frees it. NULL if it is bad. */
static char *string(struct cursor *c)
{
	uint64_t len = number(c);
	char *copy;

	if (c->bad || len > EXPTRACE_STRING_MAX || len > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return NULL;
	}
	copy = malloc(len + 1);
	if (!copy)
		abort();
	memcpy(copy, c->p, len);
	copy[len] = '\0';
	c->p += len;
	return copy;
}

static void name(struct cursor *c, char out[STREAM_NAME])
{
	char *s = string(c);

	if (!s || !s[0] || strlen(s) >= STREAM_NAME)
		c->bad = true;
	else
		strcpy(out, s);
	free(s);
}

int stream_batch_at(const uint8_t *data, size_t size, struct stream_batch *b)
{
	struct cursor c = { .p = data, .end = data + size };
	uint64_t length = 0;
	uint8_t type = byte(&c);
	int i;

	if (c.bad)
		return 0;
	if (type == EXPTRACE_WIRE_END_OF_GENERATION)
		return 2;
	if (type != EXPTRACE_WIRE_EVENT_BATCH && type != EXPTRACE_WIRE_EXP_BATCH)
		return -1;
	b->experiment = type == EXPTRACE_WIRE_EXP_BATCH ? byte(&c) : 0;
	b->generation = number(&c);
	b->m = number(&c);
	b->time = number(&c);
	/* The length takes 10 bytes, whatever it is. */
	for (i = 0; i < 10; i++) {
		uint8_t l = byte(&c);

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

/* Where the generation before ended before this one began, ticks may go back. */
static void begin_clock(struct stream *s, struct stream_generation *g)
{
	g->gap = s->nr_generations > 1 && g[-1].closed && g[-1].close.mono < g->open.mono;
	if (g->gap)
		memset(s->last_time, 0, sizeof(s->last_time));
}

static const struct stream_sync *sync_before(const struct stream_generation *g) { return &g->syncs[g->nr_syncs - 2]; }

static int parse_sync(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };
	struct stream_sync sync;
	uint64_t sec;

	if (byte(&c) != EXPTRACE_WIRE_FREQUENCY)
		c.bad = true;
	sync.frequency = number(&c);
	if (byte(&c) != EXPTRACE_WIRE_CLOCK_SNAPSHOT)
		c.bad = true;
	sync.time = b->time + number(&c);
	sync.mono = number(&c);
	sec = number(&c);
	sync.wall = sec * 1000000000 + number(&c);
	if (c.bad || c.p != c.end || !sync.frequency || !sync.mono)
		return fail(s, "generation %llu: bad Sync", (unsigned long long)g->number);
	if (g->nr_syncs == STREAM_SYNCS)
		return fail(s, "generation %llu: more than %d Syncs", (unsigned long long)g->number, STREAM_SYNCS);
	g->syncs[g->nr_syncs++] = sync;
	if (g->batches == 1) {
		g->whole = true;
		g->open = sync;
		begin_clock(s, g);
		return 0;
	}
	if (g->nr_syncs > 1 && (sync.time <= sync_before(g)->time || sync.mono <= sync_before(g)->mono ||
				sync.frequency != sync_before(g)->frequency))
		return fail(s, "generation %llu: its Syncs do not agree", (unsigned long long)g->number);
	g->closed = true;
	g->close = sync;
	return 0;
}

static void parse_schema_event(struct stream *s, struct cursor *c)
{
	struct stream_type t, *old;
	uint64_t experiment = number(c), type = number(c), ntypes = number(c), nargs, i;

	memset(&t, 0, sizeof(t));
	name(c, t.group);
	name(c, t.name);
	nargs = number(c);
	if (c->bad || experiment >= STREAM_EXPERIMENTS || type < EXPTRACE_EVENT_STATE_FIRST || !ntypes ||
	    type + ntypes > 256 || nargs > STREAM_ARGS) {
		c->bad = true;
		return;
	}
	t.first = type;
	t.ntypes = ntypes;
	t.nargs = nargs;
	for (i = 0; i < nargs; i++) {
		t.kind[i] = number(c);
		name(c, t.arg[i]);
	}
	for (i = type; i < type + ntypes; i++) {
		old = &s->types[experiment][i];
		if (EXPTRACE_EVENT_IS_GO(i) || (old->nargs && memcmp(old, &t, sizeof(t))))
			c->bad = true;
		*old = t;
	}
}

static int parse_schema(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };
	char experiment[STREAM_NAME];
	uint64_t id;

	while (!c.bad && c.p < c.end) {
		switch (byte(&c)) {
		case EXPTRACE_WIRE_SCHEMA_EXPERIMENT:
			id = number(&c);
			if (id >= STREAM_EXPERIMENTS || number(&c) > 2)
				c.bad = true;
			else
				g->experiments |= 1U << id;
			name(&c, experiment);
			break;
		case EXPTRACE_WIRE_SCHEMA_EVENT:
			parse_schema_event(s, &c);
			break;
		default:
			c.bad = true;
		}
	}
	g->schema = true;
	return c.bad ? fail(s, "generation %llu: bad schema", (unsigned long long)g->number) : 0;
}

static void parse_string_entry(struct stream *s, struct cursor *c)
{
	uint64_t id;

	if (byte(c) != EXPTRACE_WIRE_STRING)
		c->bad = true;
	id = number(c);
	if (!id || id >= STREAM_IDS || s->strings[id])
		c->bad = true;
	if (!c->bad)
		s->strings[id] = string(c);
}

/* The string of a frame, "" for 0. */
static const char *frame_string(struct stream *s, struct cursor *c)
{
	uint64_t id = number(c);

	if (!id)
		return "";
	if (id >= STREAM_IDS || !s->strings[id]) {
		c->bad = true;
		return "";
	}
	return s->strings[id];
}

static char *join(char *text, const char *line)
{
	char *joined;

	if (asprintf(&joined, "%s%s\n", text ? text : "", line) < 0)
		abort();
	free(text);
	return joined;
}

static void parse_frame(struct stream *s, struct cursor *c, struct stream_place *place)
{
	uint64_t address = s->text_base + zigzag(number(c)), offset;
	const char *function = frame_string(s, c), *module = frame_string(s, c);
	char *symbol = NULL;

	offset = number(c);
	if ((!function[0] && (module[0] || offset)) ||
	    (function[0] && asprintf(&symbol, module[0] ? "%s+0x%llx [%s]" : "%s+0x%llx", function,
				     (unsigned long long)offset, module) < 0))
		c->bad = true;
	place->all = join(place->all, symbol ? symbol : "?");
	if (place->frames++) {
		free(symbol);
		return;
	}
	place->address = address;
	place->symbol = symbol;
}

static void parse_stack(struct stream *s, struct stream_generation *g, struct cursor *c)
{
	struct stream_place *place;
	uint64_t id, n;
	uint8_t entry;

	entry = byte(c);
	if (entry != EXPTRACE_WIRE_STACK && entry != EXPTRACE_WIRE_STACK_CUT)
		c->bad = true;
	id = number(c);
	n = number(c);
	if (!id || id >= STREAM_IDS || !n || n > 128 || s->places[id].there)
		c->bad = true;
	if (c->bad)
		return;
	place = &s->places[id];
	place->there = true;
	while (n-- && !c->bad)
		parse_frame(s, c, place);
	if (entry == EXPTRACE_WIRE_STACK_CUT)
		place->all = join(place->all, STREAM_CUT_OFF);
	g->places++;
}

static int parse_places(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };

	if (!s->strings) {
		s->strings = calloc(STREAM_IDS, sizeof(*s->strings));
		s->places = calloc(STREAM_IDS, sizeof(*s->places));
	}
	if (b->data[0] == EXPTRACE_WIRE_STRINGS && g->places)
		c.bad = true;
	while (!c.bad && c.p < c.end) {
		if (b->data[0] == EXPTRACE_WIRE_STRINGS)
			parse_string_entry(s, &c);
		else
			parse_stack(s, g, &c);
	}
	return c.bad ? fail(s, "generation %llu: bad strings or stacks", (unsigned long long)g->number) : 0;
}

static void forget_places(struct stream *s)
{
	int id;

	for (id = 0; s->strings && id < STREAM_IDS; id++) {
		free(s->strings[id]);
		free(s->places[id].symbol);
		free(s->places[id].all);
	}
	free(s->strings);
	free(s->places);
	s->strings = NULL;
	s->places = NULL;
}

static int resolve_arg(struct stream *s, const struct stream_generation *g, struct stream_arg *arg)
{
	const struct stream_place *place = s->places ? &s->places[arg->value] : NULL;

	if (!arg->value)
		return 0;
	if (!place || !place->there)
		return fail(s, "generation %llu: there is no place %llu", (unsigned long long)g->number,
			    (unsigned long long)arg->value);
	arg->value = place->address;
	if (place->symbol)
		arg->string = strdup(place->symbol);
	return 0;
}

/* Gives the generation's events the places in the code that they name. */
static int resolve_places(struct stream *s, const struct stream_generation *g)
{
	size_t e;
	int i;

	for (e = g->first_event; e < s->nr_events; e++) {
		const struct stream_place *place = s->places ? &s->places[s->events[e].stack % STREAM_IDS] : NULL;
		const struct stream_type *t = &s->types[s->events[e].experiment][s->events[e].type];

		for (i = 0; i < t->nargs; i++)
			if (t->kind[i] == EXPTRACE_KIND_SITE && resolve_arg(s, g, &s->events[e].arg[i]))
				return -1;
		if (!s->events[e].stack)
			continue;
		if (!place || !place->there)
			return fail(s, "generation %llu: there is no stack %llu", (unsigned long long)g->number,
				    (unsigned long long)s->events[e].stack);
		s->events[e].frames = strdup(place->all);
	}
	return 0;
}

static int parse_properties(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };

	while (!c.bad && c.p < c.end) {
		char *key, *value;

		if (byte(&c) != EXPTRACE_WIRE_PROPERTY)
			c.bad = true;
		key = string(&c);
		value = string(&c);
		if (!c.bad && !strcmp(key, "text_base"))
			s->text_base = strtoull(value, NULL, 16);
		if (!c.bad && !strcmp(key, "data_base"))
			s->data_base = strtoull(value, NULL, 16);
		if (!c.bad && !strcmp(key, "addresses"))
			s->raw_addresses = !strcmp(value, "raw");
		if (!c.bad && !strcmp(key, "online"))
			snprintf(s->online, sizeof(s->online), "%s", value);
		if (!c.bad && !strcmp(key, "unknown_sites"))
			g->unknown_sites = strtoull(value, NULL, 10);
		if (!c.bad && !strcmp(key, "unknown_stacks"))
			g->unknown_stacks = strtoull(value, NULL, 10);
		if (!c.bad && !strcmp(key, "batch_size"))
			s->batch_size = strtoull(value, NULL, 10);
		if (!c.bad && !strcmp(key, "clock"))
			g->mono = !strcmp(value, "mono");
		if (!c.bad && !strcmp(key, "clock_unstable"))
			g->clock_unstable = strtoull(value, NULL, 10);
		if (!c.bad && !strcmp(key, "missing_syncs"))
			g->missing_syncs = strtoull(value, NULL, 10);
		if (!c.bad && !strcmp(key, "boottime_offset"))
			g->boottime_offset = strtoull(value, NULL, 10);
		if (!c.bad && !strcmp(key, "unrecorded_frees"))
			snprintf(g->unrecorded_frees, sizeof(g->unrecorded_frees), "%s", value);
		if (!c.bad && !strcmp(key, "known_switches")) {
			g->limits++;
			snprintf(g->known_switches, sizeof(g->known_switches), "%s", value);
		}
		if (!c.bad && !strcmp(key, "missing_tasks"))
			g->missing_tasks = strtoull(value, NULL, 10);
		if (!c.bad && !strcmp(key, "missing_changes"))
			g->missing_changes = strtoull(value, NULL, 10);
		free(key);
		free(value);
	}
	g->properties = true;
	return c.bad ? fail(s, "generation %llu: bad properties", (unsigned long long)g->number) : 0;
}

static void parse_ledger_entry(struct stream_generation *g, struct cursor *c)
{
	uint64_t experiment = number(c), cpu = number(c), n, sum;
	struct stream_count *count;

	if (c->bad || experiment >= STREAM_EXPERIMENTS || cpu >= STREAM_CPUS) {
		c->bad = true;
		return;
	}
	count = &g->count[experiment][cpu];
	if (count->entry)
		c->bad = true;
	count->entry = true;
	count->attempted = number(c);
	sum = count->recorded = number(c);
	for (n = number(c); n && !c->bad; n--) {
		uint64_t reason = number(c);

		if (reason >= EXPTRACE_NR_LOST || count->lost[reason]) {
			c->bad = true;
			return;
		}
		sum += count->lost[reason] = number(c);
	}
	if (!count->attempted || sum != count->attempted)
		c->bad = true;
}

static int parse_ledger(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };

	while (!c.bad && c.p < c.end) {
		if (byte(&c) != EXPTRACE_WIRE_LEDGER_ENTRY)
			c.bad = true;
		parse_ledger_entry(g, &c);
	}
	g->ledger = true;
	return c.bad ? fail(s, "generation %llu: bad ledger", (unsigned long long)g->number) : 0;
}

/*
 * Two bytes: bit 15 says whether three more follow, the bits from 15 on, which are else those of the last object with
 * the same bits 9 to 14. If the fifth is 0xff, a number follows, the bits beyond 31.
 */
static uint64_t object(const struct stream *s, struct cursor *c)
{
	uint64_t low = byte(c), high, *last, v;

	low |= byte(c) << 8;
	last = &c->object[low >> 9 & 63];
	if (low >> 15) {
		high = byte(c);
		high |= byte(c) << 8;
		v = byte(c);
		if (v == 0xff) {
			v = number(c);
			if (v < 0xff || v >> 33)
				c->bad = true;	/* it has a short form, or too many bits */
		}
		high |= v << 16;
		if (high == *last)
			c->bad = true;	/* near, and not written so */
		*last = high;
	}
	v = *last << 15 | (low & 0x7fff);
	return s->data_base + (v << 3 | v >> 61);
}

static uint64_t parse_arg(const struct stream *s, struct cursor *c, uint8_t kind)
{
	uint64_t v;

	if (kind == EXPTRACE_KIND_DATA_ADDRESS)
		return object(s, c);
	if (kind == EXPTRACE_KIND_USER_ADDRESS)
		return c->user_address += zigzag(number(c));
	if (kind == EXPTRACE_KIND_USER_CODE)
		return c->user_code += zigzag(number(c));
	if (kind == EXPTRACE_KIND_SITE) {
		v = byte(c);
		return v | byte(c) << 8;
	}
	v = number(c);
	switch (kind) {
	case EXPTRACE_KIND_INT:
		return zigzag(v);
	default:
		return v;
	}
}

static void parse_args(const struct stream *s, struct cursor *c, const struct stream_type *t, uint8_t type,
		       struct stream_event *e)
{
	int i = 0;

	if (t->ntypes > 1)
		e->arg[i++].value = type - t->first;
	for (; i < t->nargs; i++) {
		if (t->kind[i] == EXPTRACE_KIND_STRING || t->kind[i] >= 128)
			e->arg[i].string = string(c);
		else
			e->arg[i].value = parse_arg(s, c, t->kind[i]);
	}
}

/* What an event's type says about the batches in which it may stand. */
static bool belongs(const struct stream_event *e, bool first)
{
	bool bound = e->m != EXPTRACE_M_NONE;

	if (!e->experiment && e->type == EXPTRACE_EVENT_TASK)
		return !bound;
	if (!e->experiment && e->type == EXPTRACE_EVENT_NAME && !bound)
		return true;
	if (e->type == EXPTRACE_EVENT_CURRENT)
		return bound && (e->m & 3) == EXPTRACE_CONTEXT_TASK;
	return bound && !(first && (e->m & 3) == EXPTRACE_CONTEXT_TASK);
}

static void free_strings(struct stream_event *e)
{
	int a;

	for (a = 0; a < STREAM_ARGS; a++)
		free(e->arg[a].string);
	free(e->frames);
}

static void forget_event(struct stream *s)
{
	free_strings(&s->events[--s->nr_events]);
	s->forgotten++;
}

static int parse_events(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + !!b->experiment, .end = b->data + b->size };
	bool bound = b->m != EXPTRACE_M_NONE;
	uint64_t time = b->time;
	int64_t pid = -1;
	uint64_t stack = 0;
	bool first = true;

	for (; c.p < c.end; first = false) {
		const struct stream_type *t = &s->types[b->experiment][*c.p];
		struct stream_event *e;
		uint64_t delta;
		uint8_t type = byte(&c);

		if (!t->nargs)
			return fail(s, "event type %u of experiment %u is not in the schema", type, b->experiment);
		s->events = grow(s->events, s->nr_events, sizeof(*e));
		e = &s->events[s->nr_events++];
		*e = (struct stream_event){ b->generation, b->m, 0, -1, b->experiment, t->first, g->batches, {}, 0, NULL };
		delta = number(&c);
		time += delta;
		e->time = time;
		parse_args(s, &c, t, type, e);
		if (c.bad || !delta)
			return fail(s, "generation %llu, m %llu: a damaged %s", (unsigned long long)b->generation,
				    (unsigned long long)b->m, t->name);
		if (!belongs(e, first))
			return fail(s, "generation %llu, m %llu: %s in a batch where it can't be",
				    (unsigned long long)b->generation, (unsigned long long)b->m, t->name);
		/* Who runs, as far as the batch has said it. */
		if (type == EXPTRACE_EVENT_CURRENT)
			pid = e->arg[0].value;
		e->pid = pid;
		e->stack = stack;
		stack = type == EXPTRACE_EVENT_STACK ? e->arg[0].value : 0;
		if (stack && e->stack)
			return fail(s, "generation %llu, m %llu: two stacks for an event", (unsigned long long)b->generation,
				    (unsigned long long)b->m);
		if (!e->experiment && e->type == EXPTRACE_EVENT_SCHED_SWITCH && (b->m & 3) == EXPTRACE_CONTEXT_TASK)
			pid = e->arg[1].value;
		if (bound && time < s->last_time[b->experiment][b->m])
			return fail(s, "m %llu: time runs backwards", (unsigned long long)b->m);
		if (bound)
			s->last_time[b->experiment][b->m] = time;
		if (!EXPTRACE_EVENT_IS_STATE(type))
			g->count[b->experiment][b->m >> 2].decoded++;
		g->tasks += !b->experiment && type == EXPTRACE_EVENT_TASK;
		if (s->forget)
			forget_event(s);
	}
	return 0;
}

static int end_generation(struct stream *s, struct stream_generation *g)
{
	int experiment, cpu;

	if (!g || g->ended)
		return fail(s, "an end of generation where none is open");
	g->ended = true;
	if (resolve_places(s, g))
		return -1;
	forget_places(s);
	if (!g->whole)
		return 0;
	if (!g->closed || !g->schema || !g->properties)
		return fail(s, "generation %llu has no %s", (unsigned long long)g->number,
			    !g->closed ? "closing Sync" : !g->schema ? "schema" : "properties");
	for (experiment = 0; experiment < STREAM_EXPERIMENTS; experiment++) {
		for (cpu = 0; cpu < STREAM_CPUS; cpu++) {
			struct stream_count *n = &g->count[experiment][cpu];

			if (n->decoded != n->recorded)
				return fail(s, "generation %llu, experiment %d, cpu %d: %llu recorded, %llu decoded",
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
		fail(s, "generation %llu begins before %llu has ended", (unsigned long long)b->generation,
		     (unsigned long long)g->number);
		return NULL;
	}
	if (g && b->generation != g->number + 1 && !(s->flight && b->generation > g->number)) {
		fail(s, "generation %llu follows %llu", (unsigned long long)b->generation, (unsigned long long)g->number);
		return NULL;
	}
	if (g && b->data[0] != EXPTRACE_WIRE_SYNC) {
		fail(s, "generation %llu has no opening Sync", (unsigned long long)b->generation);
		return NULL;
	}
	s->generations = grow(s->generations, s->nr_generations, sizeof(*g));
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
		return fail(s, "generation %llu goes on after a Sync that is not its first", (unsigned long long)g->number);
	if (b->experiment >= STREAM_EXPERIMENTS || (b->m != EXPTRACE_M_NONE && b->m >= 4 * STREAM_CPUS))
		return fail(s, "experiment %u or m %llu cannot be", b->experiment, (unsigned long long)b->m);
	if (what && what < EXPTRACE_EVENT_STATE_FIRST && b->m != EXPTRACE_M_NONE)
		return fail(s, "a table of a writer that is bound to a CPU");
	if (g->ledger && what != EXPTRACE_WIRE_LEDGER && what != EXPTRACE_WIRE_SYNC)
		return fail(s, "generation %llu: the ledger is not the last table", (unsigned long long)g->number);
	switch (what) {
	case EXPTRACE_WIRE_SYNC:
		return parse_sync(s, g, b);
	case EXPTRACE_WIRE_SCHEMA:
		return parse_schema(s, g, b);
	case EXPTRACE_WIRE_LEDGER:
		return parse_ledger(s, g, b);
	case EXPTRACE_WIRE_PROPERTIES:
		return parse_properties(s, g, b);
	case EXPTRACE_WIRE_STRINGS:
	case EXPTRACE_WIRE_STACKS:
		return parse_places(s, g, b);
	}
	if (b->experiment && b->data[0] == EXPTRACE_CONTENT_DATA)
		return 0;
	if (b->experiment && b->data[0] != EXPTRACE_CONTENT_EVENTS)
		return fail(s, "experiment %u: unknown content %u", b->experiment, b->data[0]);
	if (g->whole && !g->schema)
		return fail(s, "generation %llu: events before the schema", (unsigned long long)g->number);
	if (g->whole && !(g->experiments & 1U << b->experiment))
		return fail(s, "generation %llu: events of experiment %u, which its schema lacks",
			    (unsigned long long)g->number, b->experiment);
	return parse_events(s, g, b);
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
		return fail(s, "no batch at byte %zu", (size_t)(p - (const uint8_t *)data));
	s->cut = end - p;
	return 0;
}

int stream_parse(struct stream *s, const void *data, size_t size)
{
	static const char header[EXPTRACE_HEADER_SIZE] = EXPTRACE_HEADER_MAGIC, old[EXPTRACE_HEADER_SIZE] = "exptrace v1";

	if (size < sizeof(header) || (memcmp(data, header, sizeof(header)) && memcmp(data, old, sizeof(old))))
		return fail(s, "no header of a version that is known");
	return stream_parse_batches(s, (const char *)data + sizeof(header), size - sizeof(header));
}

void stream_free(struct stream *s)
{
	size_t i;

	for (i = 0; i < s->nr_events; i++)
		free_strings(&s->events[i]);
	free(s->events);
	forget_places(s);
	free(s->generations);
	memset(s, 0, sizeof(*s));
}

double stream_ns(const struct stream_generation *g, uint64_t ticks)
{
	const struct stream_sync *from = &g->syncs[0];

	if (g->nr_syncs < 2)
		return (double)from->mono + (double)(int64_t)(ticks - from->time) * 1e9 / (double)from->frequency;
	while (from + 2 < &g->syncs[g->nr_syncs] && from[1].time <= ticks)
		from++;
	return (double)from->mono + (double)(int64_t)(ticks - from->time) * (double)(from[1].mono - from->mono) /
				    (double)(from[1].time - from->time);
}

uint64_t stream_lost_for(const struct stream *s, int experiment, int reason)
{
	uint64_t sum = 0;
	size_t g;
	int x, cpu;

	for (g = 0; g < s->nr_generations; g++)
		for (x = 0; x < STREAM_EXPERIMENTS; x++)
			for (cpu = 0; (experiment < 0 || x == experiment) && cpu < STREAM_CPUS; cpu++)
				sum += s->generations[g].count[x][cpu].lost[reason];
	return sum;
}

bool stream_all_whole(const struct stream *s)
{
	size_t g;

	for (g = 0; g < s->nr_generations; g++)
		if (!s->generations[g].whole || !s->generations[g].ended || !s->generations[g].ledger)
			return false;
	return s->nr_generations;
}

uint64_t stream_lost(const struct stream *s)
{
	uint64_t sum = 0;
	int reason;

	for (reason = 0; reason < EXPTRACE_NR_LOST; reason++)
		sum += stream_lost_for(s, -1, reason);
	return sum;
}

uint64_t stream_lost_needlessly(const struct stream *s)
{
	uint64_t nested = stream_lost_for(s, EXPTRACE_EXPERIMENT_STANDARD, EXPTRACE_LOST_NESTED);

	return stream_lost(s) - (access(REALTIME, F_OK) ? 0 : nested);
}

static void tell_loss(struct stream *s, int experiment, int cpu, int reason, uint64_t lost)
{
	size_t n = strlen(s->error);

	if (lost)
		snprintf(s->error + n, sizeof(s->error) - n, ", of experiment %d on CPU %d for reason %d: %llu", experiment, cpu,
			 reason, (unsigned long long)lost);
}

void stream_tell_losses(struct stream *s)
{
	int experiment, cpu, reason;
	size_t g;

	strcpy(s->error, "lost");
	for (g = 0; g < s->nr_generations; g++)
		for (experiment = 0; experiment < STREAM_EXPERIMENTS; experiment++)
			for (cpu = 0; cpu < STREAM_CPUS; cpu++)
				for (reason = 0; reason < EXPTRACE_NR_LOST; reason++)
					tell_loss(s, experiment, cpu, reason,
						  s->generations[g].count[experiment][cpu].lost[reason]);
}

uint64_t stream_attempted(const struct stream *s, int experiment)
{
	uint64_t sum = 0;
	size_t g;
	int cpu;

	for (g = 0; g < s->nr_generations; g++)
		for (cpu = 0; cpu < STREAM_CPUS; cpu++)
			sum += s->generations[g].count[experiment][cpu].attempted;
	return sum;
}

size_t stream_count(const struct stream *s, int experiment, int type, uint64_t generation)
{
	size_t i, n = 0;

	for (i = 0; i < s->nr_events; i++) {
		const struct stream_event *e = &s->events[i];

		n += e->experiment == experiment && e->type == type && (!generation || e->generation == generation);
	}
	return n;
}

static int by_time(const void *a, const void *b)
{
	const struct stream_event *x = *(const struct stream_event **)a, *y = *(const struct stream_event **)b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x > y) - (x < y);
}

const struct stream_event **stream_sorted(const struct stream *s, size_t *nr)
{
	const struct stream_event **sorted = malloc((s->nr_events + 1) * sizeof(*sorted));
	size_t i;

	if (!sorted)
		abort();
	for (i = 0; i < s->nr_events; i++)
		sorted[i] = &s->events[i];
	qsort(sorted, s->nr_events, sizeof(*sorted), by_time);
	*nr = s->nr_events;
	return sorted;
}
