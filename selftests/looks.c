// SPDX-License-Identifier: GPL-2.0-only
/* What an observer counts during chaos, and the snapshots that are compared with it. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "looks.h"
#include "support.h"

/* The observer's counts at some time, and when reading them began and ended (CLOCK_MONOTONIC). */
struct look {
	uint64_t before, after;
	struct observation seen;
};

struct observer *observer;	/* NULL: nobody observes */
static struct look looks[LOOKS];
size_t nr_looks;		/* those before are there to stay */

int look(void)
{
	struct look *new = &looks[nr_looks];
	int err;

	if (nr_looks == LOOKS)
		return -ENOSPC;
	new->before = now_ns();
	err = observer_read(observer, &new->seen);
	new->after = now_ns();
	if (!err)
		__atomic_store_n(&nr_looks, nr_looks + 1, __ATOMIC_RELEASE);
	return err;
}

void describe_shot(struct shot *shot, const struct stream *stream)
{
	const struct stream_generation *gens = stream->generations;
	size_t n = stream->nr_generations, g;

	*shot = (struct shot){};
	if (n < 3)
		return;
	shot->second_opens = gens[1].open.mono;
	shot->first_closes = gens[0].close.mono;
	shot->last_opens = gens[n - 1].open.mono;
	shot->last_but_one_closes = gens[n - 2].close.mono;
	for (g = 1; g < n - 1; g++)
		attempts_add(&shot->attempts, &gens[g]);
	shot->done = true;
}

/*
 * The last look that ended before @time, and the first that began after it; NULL if there is none.
 */
static const struct look *look_before(uint64_t time)
{
	size_t i = __atomic_load_n(&nr_looks, __ATOMIC_ACQUIRE);

	while (i && looks[i - 1].after > time)
		i--;
	return i ? &looks[i - 1] : NULL;
}

static const struct look *look_after(uint64_t time)
{
	size_t n = __atomic_load_n(&nr_looks, __ATOMIC_ACQUIRE), i = 0;

	while (i < n && looks[i].before < time)
		i++;
	return i < n ? &looks[i] : NULL;
}

/* False if the shot has no times, or no looks lie around and between them. */
static bool find_edges(struct edges *edges, const struct shot *shot)
{
	const struct look *before_start = look_before(shot->second_opens);
	const struct look *after_start = look_after(shot->first_closes);
	const struct look *before_stop = look_before(shot->last_opens);
	const struct look *after_stop = look_after(shot->last_but_one_closes);

	if (!shot->done || !before_start || !after_start || !before_stop || !after_stop || after_start >= before_stop)
		return false;
	*edges = (struct edges){ before_start->seen, after_start->seen, before_stop->seen, after_stop->seen };
	return true;
}

unsigned int comparable(const struct shot *shots)
{
	struct edges edges;
	unsigned int i, n = 0;

	for (i = 0; i < SHOTS; i++)
		n += find_edges(&edges, &shots[i]);
	return n;
}

int differences_of_shots(const struct shot *shots)
{
	struct edges edges;
	bool verbose = true;
	int i, n = 0;

	for (i = SHOTS - 1; i >= 0; i--) {
		if (!find_edges(&edges, &shots[i]))
			continue;
		n += attempts_differ(&shots[i].attempts, &edges, verbose);
		verbose = false;
	}
	return n;
}
