// SPDX-License-Identifier: GPL-2.0-only
/* The tables of a generation: Syncs, schema, strings and stacks, properties, ledger. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_parse.h"

/* Ticks may go back if the previous generation ended before this one began. */
static void begin_clock(struct stream *s, struct stream_generation *g)
{
	g->gap = s->nr_generations > 1 && g[-1].closed && g[-1].close.mono < g->open.mono;
	if (g->gap)
		memset(s->last_time, 0, sizeof(s->last_time));
}

static const struct stream_sync *sync_before(const struct stream_generation *g) { return &g->syncs[g->nr_syncs - 2]; }

int stream_parse_sync(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };
	struct stream_sync sync;
	uint64_t sec;

	if (cursor_byte(&c) != EXPTRACE_WIRE_FREQUENCY)
		c.bad = true;
	sync.frequency = cursor_number(&c);
	if (cursor_byte(&c) != EXPTRACE_WIRE_CLOCK_SNAPSHOT)
		c.bad = true;
	sync.time = b->time + cursor_number(&c);
	sync.mono = cursor_number(&c);
	sec = cursor_number(&c);
	sync.wall = sec * 1000000000 + cursor_number(&c);
	if (c.bad || c.p != c.end || !sync.frequency || !sync.mono)
		return stream_fail(s, "generation %llu: bad Sync", (unsigned long long)g->number);
	if (g->nr_syncs == STREAM_SYNCS)
		return stream_fail(s, "generation %llu: more than %d Syncs", (unsigned long long)g->number, STREAM_SYNCS);
	g->syncs[g->nr_syncs++] = sync;
	if (g->batches == 1) {
		g->whole = true;
		g->open = sync;
		begin_clock(s, g);
		return 0;
	}
	if (g->nr_syncs > 1 && (sync.time <= sync_before(g)->time || sync.mono <= sync_before(g)->mono ||
				sync.frequency != sync_before(g)->frequency))
		return stream_fail(s, "generation %llu: its Syncs do not agree", (unsigned long long)g->number);
	g->closed = true;
	g->close = sync;
	return 0;
}

static void parse_schema_event(struct stream *s, struct cursor *c)
{
	struct stream_type t, *old;
	uint64_t experiment = cursor_number(c), type = cursor_number(c), ntypes = cursor_number(c), nargs, i;

	memset(&t, 0, sizeof(t));
	cursor_name(c, t.group);
	cursor_name(c, t.name);
	nargs = cursor_number(c);
	if (c->bad || experiment >= STREAM_EXPERIMENTS || type < EXPTRACE_EVENT_STATE_FIRST || !ntypes ||
	    type + ntypes > 256 || nargs > STREAM_ARGS) {
		c->bad = true;
		return;
	}
	t.first = type;
	t.ntypes = ntypes;
	t.nargs = nargs;
	for (i = 0; i < nargs; i++) {
		t.kind[i] = cursor_number(c);
		cursor_name(c, t.arg[i]);
	}
	for (i = type; i < type + ntypes; i++) {
		old = &s->types[experiment][i];
		if (EXPTRACE_EVENT_IS_GO(i) || (old->nargs && memcmp(old, &t, sizeof(t))))
			c->bad = true;
		*old = t;
	}
}

int stream_parse_schema(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };
	char experiment[STREAM_NAME];
	uint64_t id;

	while (!c.bad && c.p < c.end) {
		switch (cursor_byte(&c)) {
		case EXPTRACE_WIRE_SCHEMA_EXPERIMENT:
			id = cursor_number(&c);
			if (id >= STREAM_EXPERIMENTS || cursor_number(&c) > 2)
				c.bad = true;
			else
				g->experiments |= 1U << id;
			cursor_name(&c, experiment);
			break;
		case EXPTRACE_WIRE_SCHEMA_EVENT:
			parse_schema_event(s, &c);
			break;
		default:
			c.bad = true;
		}
	}
	g->schema = true;
	return c.bad ? stream_fail(s, "generation %llu: bad schema", (unsigned long long)g->number) : 0;
}

static void parse_string_entry(struct stream *s, struct cursor *c)
{
	uint64_t id;

	if (cursor_byte(c) != EXPTRACE_WIRE_STRING)
		c->bad = true;
	id = cursor_number(c);
	if (!id || id >= STREAM_IDS || s->strings[id])
		c->bad = true;
	if (!c->bad)
		s->strings[id] = cursor_string(c);
}

/* The string of a frame, "" for id 0. */
static const char *frame_string(struct stream *s, struct cursor *c)
{
	uint64_t id = cursor_number(c);

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
	uint64_t address = s->text_base + unzigzag(cursor_number(c)), offset;
	const char *function = frame_string(s, c), *module = frame_string(s, c);
	char *symbol = NULL;

	offset = cursor_number(c);
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

	entry = cursor_byte(c);
	if (entry != EXPTRACE_WIRE_STACK && entry != EXPTRACE_WIRE_STACK_CUT)
		c->bad = true;
	id = cursor_number(c);
	n = cursor_number(c);
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

int stream_parse_places(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
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
	return c.bad ? stream_fail(s, "generation %llu: bad strings or stacks", (unsigned long long)g->number) : 0;
}

void stream_forget_places(struct stream *s)
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
		return stream_fail(s, "generation %llu: there is no place %llu", (unsigned long long)g->number,
			    (unsigned long long)arg->value);
	arg->value = place->address;
	if (place->symbol)
		arg->string = strdup(place->symbol);
	return 0;
}

int stream_resolve_places(struct stream *s, const struct stream_generation *g)
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
			return stream_fail(s, "generation %llu: there is no stack %llu", (unsigned long long)g->number,
				    (unsigned long long)s->events[e].stack);
		s->events[e].frames = strdup(place->all);
	}
	return 0;
}

int stream_parse_properties(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };

	while (!c.bad && c.p < c.end) {
		char *key, *value;

		if (cursor_byte(&c) != EXPTRACE_WIRE_PROPERTY)
			c.bad = true;
		key = cursor_string(&c);
		value = cursor_string(&c);
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
	return c.bad ? stream_fail(s, "generation %llu: bad properties", (unsigned long long)g->number) : 0;
}

static void parse_ledger_entry(struct stream_generation *g, struct cursor *c)
{
	uint64_t experiment = cursor_number(c), cpu = cursor_number(c), n, sum;
	struct stream_count *count;

	if (c->bad || experiment >= STREAM_EXPERIMENTS || cpu >= STREAM_CPUS) {
		c->bad = true;
		return;
	}
	count = &g->count[experiment][cpu];
	if (count->entry)
		c->bad = true;
	count->entry = true;
	count->attempted = cursor_number(c);
	sum = count->recorded = cursor_number(c);
	for (n = cursor_number(c); n && !c->bad; n--) {
		uint64_t reason = cursor_number(c);

		if (reason >= EXPTRACE_NR_LOST || count->lost[reason]) {
			c->bad = true;
			return;
		}
		sum += count->lost[reason] = cursor_number(c);
	}
	if (!count->attempted || sum != count->attempted)
		c->bad = true;
}

int stream_parse_ledger(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
{
	struct cursor c = { .p = b->data + 1, .end = b->data + b->size };

	while (!c.bad && c.p < c.end) {
		if (cursor_byte(&c) != EXPTRACE_WIRE_LEDGER_ENTRY)
			c.bad = true;
		parse_ledger_entry(g, &c);
	}
	g->ledger = true;
	return c.bad ? stream_fail(s, "generation %llu: bad ledger", (unsigned long long)g->number) : 0;
}
