// SPDX-License-Identifier: GPL-2.0-only
/* The events of a batch. */
#include <stdlib.h>
#include <string.h>

#include "stream_parse.h"

/*
 * Two bytes. Bit 15 says whether three more follow: bits 15 and up, which otherwise equal those of
 * the last object with the same bits 9 to 14. If the fifth byte is 0xff, a number follows, the bits
 * from 31 on.
 */
static uint64_t object(const struct stream *s, struct cursor *c)
{
	uint64_t low = cursor_byte(c), high, *last, v;

	low |= cursor_byte(c) << 8;
	last = &c->object[low >> 9 & 63];
	if (low >> 15) {
		high = cursor_byte(c);
		high |= cursor_byte(c) << 8;
		v = cursor_byte(c);
		if (v == 0xff) {
			v = cursor_number(c);
			if (v < 0xff || v >> 33)
				c->bad = true;	/* there is a short form, or it has too many bits */
		}
		high |= v << 16;
		if (high == *last)
			c->bad = true;	/* there is a short form */
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
		return c->user_address += unzigzag(cursor_number(c));
	if (kind == EXPTRACE_KIND_USER_CODE)
		return c->user_code += unzigzag(cursor_number(c));
	if (kind == EXPTRACE_KIND_SITE) {
		v = cursor_byte(c);
		return v | cursor_byte(c) << 8;
	}
	v = cursor_number(c);
	switch (kind) {
	case EXPTRACE_KIND_INT:
		return unzigzag(v);
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
			e->arg[i].string = cursor_string(c);
		else
			e->arg[i].value = parse_arg(s, c, t->kind[i]);
	}
}

/* May this event stand in a batch of this kind? */
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

void stream_free_strings(struct stream_event *e)
{
	int a;

	for (a = 0; a < STREAM_ARGS; a++)
		free(e->arg[a].string);
	free(e->frames);
}

static void forget_event(struct stream *s)
{
	stream_free_strings(&s->events[--s->nr_events]);
	s->forgotten++;
}

int stream_parse_events(struct stream *s, struct stream_generation *g, const struct stream_batch *b)
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
		uint8_t type = cursor_byte(&c);

		if (!t->nargs)
			return stream_fail(s, "event type %u of experiment %u is not in the schema", type, b->experiment);
		s->events = stream_grow(s->events, s->nr_events, sizeof(*e));
		e = &s->events[s->nr_events++];
		*e = (struct stream_event){ b->generation, b->m, 0, -1, b->experiment, t->first, g->batches, {}, 0, NULL };
		delta = cursor_number(&c);
		time += delta;
		e->time = time;
		parse_args(s, &c, t, type, e);
		if (c.bad || !delta)
			return stream_fail(s, "generation %llu, m %llu: a damaged %s", (unsigned long long)b->generation,
				    (unsigned long long)b->m, t->name);
		if (!belongs(e, first))
			return stream_fail(s, "generation %llu, m %llu: %s in a batch where it can't be",
				    (unsigned long long)b->generation, (unsigned long long)b->m, t->name);
		/* The running thread, as far as the batch has named it. */
		if (type == EXPTRACE_EVENT_CURRENT)
			pid = e->arg[0].value;
		e->pid = pid;
		e->stack = stack;
		stack = type == EXPTRACE_EVENT_STACK ? e->arg[0].value : 0;
		if (stack && e->stack)
			return stream_fail(s, "generation %llu, m %llu: two stacks for an event", (unsigned long long)b->generation,
				    (unsigned long long)b->m);
		if (!e->experiment && e->type == EXPTRACE_EVENT_SCHED_SWITCH && (b->m & 3) == EXPTRACE_CONTEXT_TASK)
			pid = e->arg[1].value;
		if (bound && time < s->last_time[b->experiment][b->m])
			return stream_fail(s, "m %llu: time runs backwards", (unsigned long long)b->m);
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
