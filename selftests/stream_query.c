// SPDX-License-Identifier: GPL-2.0-only
/* Queries on a decoded stream: times, losses, counts, events in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

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

static void describe_loss(struct stream *s, int experiment, int cpu, int reason, uint64_t lost)
{
	size_t n = strlen(s->error);

	if (lost)
		snprintf(s->error + n, sizeof(s->error) - n, ", of experiment %d on CPU %d for reason %d: %llu", experiment, cpu,
			 reason, (unsigned long long)lost);
}

void stream_describe_losses(struct stream *s)
{
	int experiment, cpu, reason;
	size_t g;

	strcpy(s->error, "lost");
	for (g = 0; g < s->nr_generations; g++)
		for (experiment = 0; experiment < STREAM_EXPERIMENTS; experiment++)
			for (cpu = 0; cpu < STREAM_CPUS; cpu++)
				for (reason = 0; reason < EXPTRACE_NR_LOST; reason++)
					describe_loss(s, experiment, cpu, reason,
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
