/* SPDX-License-Identifier: GPL-2.0-only */
/* The debugfs file "state", parsed. */
#ifndef EXPTRACE_SELFTEST_STATE_H
#define EXPTRACE_SELFTEST_STATE_H

#include <sys/mman.h>

#include "fixture.h"

#define MOST_LISTED	32
#define STATE		"/sys/kernel/debug/exptrace/state"

/* A line of the list of generations. */
struct listed {
	unsigned long long gen, recording, events;
	char state[16];
	unsigned int begun, batches, pushed, reserved;
};

/* The contents of the file. */
struct state {
	char text[32768];
	struct listed list[MOST_LISTED];
	int nr;
};

/* The number after "name " at the beginning of a line, or -1. */
static inline long long state_number(const struct state *s, const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(s->text, line);
	return at ? strtoll(at + strlen(line), NULL, 10) : -1;
}

static inline bool parse_listed(const char *line, struct listed *g)
{
	return sscanf(line, "list generation %llu: recording %llu state %15s begun %u batches %u pushed %u events %llu reserved %u",
		      &g->gen, &g->recording, g->state, &g->begun, &g->batches, &g->pushed, &g->events,
		      &g->reserved) == 8;
}

/* Returns -1 if a line cannot be parsed. */
static inline int state_read(struct state *s)
{
	const char *line;

	s->nr = 0;
	s->text[0] = '\n';
	read_file(STATE, s->text + 1, sizeof(s->text) - 1);
	for (line = s->text; (line = strstr(line, "\nlist ")); line++)
		if (s->nr == MOST_LISTED || !parse_listed(line + 1, &s->list[s->nr++]))
			return -1;
	return 0;
}

/* Read the lists and INFO at one moment: true if nothing changed hands in between. */
static inline bool state_and_info(int fd, struct state *s, struct exptrace_info *info)
{
	struct exptrace_info after;

	*info = device_info(fd);
	if (state_read(s))
		return false;
	after = device_info(fd);
	return info->batches_full == after.batches_full && info->generation == after.generation;
}

static inline unsigned int batches_listed(const struct state *s)
{
	unsigned int sum = 0;
	int i;

	for (i = 0; i < s->nr; i++)
		sum += s->list[i].batches;
	return sum;
}

static inline bool is_listed(const struct state *s, int i, unsigned long long gen, const char *state, bool begun)
{
	return i < s->nr && s->list[i].gen == gen && !strcmp(s->list[i].state, state) && s->list[i].begun == begun;
}

/*
 * Number of events decoded in a generation. Its statedump has none, because it belongs to no CPU.
 */
static inline uint64_t events_of(const struct stream *stream, uint64_t generation)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < stream->nr_events; i++) {
		const struct stream_event *e = &stream->events[i];

		sum += e->generation == generation && !EXPTRACE_EVENT_IS_STATE(e->type) && e->m != EXPTRACE_M_NONE;
	}
	return sum;
}

/* Do the events and the batches taken of a generation match its line in the list? */
static inline bool is_as_listed(const struct stream *stream, size_t i, unsigned int batches, const struct listed *l)
{
	const struct stream_generation *g = &stream->generations[i];

	if (g->number == l->gen && batches == l->batches && events_of(stream, l->gen) == l->events)
		return true;
	printf("# generation %llu: %u batches and %llu events taken, listed %llu: %u and %llu\n",
	       (unsigned long long)g->number, batches, (unsigned long long)events_of(stream, g->number), l->gen,
	       l->batches, l->events);
	return false;
}

/* Take all that is in the mapped pool, and count the batches of each generation. */
static inline int take_and_parse(int fd, struct stream *stream, unsigned int *batches)
{
	static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;
	size_t size = device_info(fd).pool_size;
	struct exptrace_batch_ref ref;
	uint8_t *pool;
	int err;

	pool = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (pool == MAP_FAILED)
		return -errno;
	while (!(err = device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref)) && ref.kind != EXPTRACE_REF_END) {
		if (ref.kind == EXPTRACE_REF_BATCH)
			err = stream_parse_batches(stream, pool + ref.offset, ref.length);
		else
			err = stream_parse_batches(stream, &mark, 1);
		if (err)
			break;
		batches[stream->nr_generations - 1] += ref.kind == EXPTRACE_REF_BATCH;
	}
	munmap(pool, size);
	return err;
}

#endif
