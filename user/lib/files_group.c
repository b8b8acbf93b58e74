// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which runs of several files belong to one generation, and the order of generations.
 *
 * A generation is identified by its boot, its number and its opening Sync. Runs without an opening
 * Sync belong to a generation of their number that began before them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files_group.h"

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Order in which runs of one generation are beside each other, its beginnings first. */
static int compare_runs(const void *pa, const void *pb)
{
	const struct files_run *a = *(const struct files_run *const *)pa;
	const struct files_run *b = *(const struct files_run *const *)pb;
	int order = compare(a->generation, b->generation);

	if (!order)
		order = compare(!a->begins, !b->begins);
	if (!order)
		order = compare(a->ticks, b->ticks);
	if (!order)
		order = compare(a->boot, b->boot);
	if (!order)
		order = compare(a->first_ns, b->first_ns);
	if (!order)
		order = compare(a->first_wall_ns, b->first_wall_ns);
	if (!order)
		order = compare(a->member, b->member);
	return order ? order : compare(a->offset, b->offset);
}

static int compare_planned(const void *pa, const void *pb)
{
	const struct files_group *a = pa, *b = pb;
	int order = compare(a->rank, b->rank);

	if (!order)
		order = compare(a->base->boot, b->base->boot);
	if (!order)
		order = compare(a->when, b->when);
	if (!order)
		order = compare(a->base->first_ns, b->base->first_ns);
	if (!order)
		order = compare(a->base->generation, b->base->generation);
	if (!order)
		order = compare(a->base->member, b->base->member);
	return order ? order : compare(a->base->offset, b->base->offset);
}

/* Runs without properties are of the boot of their neighbours in the file. */
static void spread_boots(struct files_runs *runs)
{
	size_t i;

	for (i = runs->n; i-- > 1;)
		if (!runs->list[i - 1].boot && runs->list[i - 1].member == runs->list[i].member)
			runs->list[i - 1].boot = runs->list[i].boot;
	for (i = 1; i < runs->n; i++)
		if (!runs->list[i].boot && runs->list[i - 1].member == runs->list[i].member)
			runs->list[i].boot = runs->list[i - 1].boot;
}

/*
 * In an unknown boot, order is by CLOCK_REALTIME, which may be set. Within a file it must not go
 * back.
 */
static void sort_wall_times(struct files_runs *runs)
{
	size_t i;

	for (i = 1; i < runs->n; i++) {
		const struct files_run *before = &runs->list[i - 1];
		struct files_run *run = &runs->list[i];

		if (!run->boot && before->member == run->member &&
		    before->first_ns != FILES_NO_NS && run->first_wall_ns < before->first_wall_ns)
			run->first_wall_ns = before->first_wall_ns;
	}
}

/* Prefers a complete run, then the longest, then the first one. */
static bool is_better(const struct files_run *a, const struct files_run *b)
{
	if (files_run_is_complete(a) != files_run_is_complete(b))
		return files_run_is_complete(a);
	if (files_run_is_damaged(a) != files_run_is_damaged(b))
		return files_run_is_damaged(b);
	return a->end - a->offset > b->end - b->offset;
}

/* Can the run, which lacks its beginning, be of the generation that @base begins? */
static bool can_continue(const struct files_run *base, const struct files_run *rest)
{
	if (base->generation != rest->generation || !files_same_boot(base, rest) || !base->begins ||
	    base->first_ns == FILES_NO_NS || rest->ticks < base->first_ticks)
		return false;
	if (rest->first_ns != FILES_NO_NS && rest->first_ns < base->first_ns)
		return false;
	if (!files_run_is_complete(base))
		return true;
	return rest->ticks <= base->last_ticks &&
	       (rest->first_ns == FILES_NO_NS || rest->last_ns <= base->last_ns);
}

/*
 * Finds the generation that the run belongs to: the latest that it can continue. If generations of
 * several boots are possible, it stays alone, since nothing tells which is right.
 */
static struct files_group *find_beginning(struct files_groups *groups, size_t begin,
				      const struct files_run *rest)
{
	struct files_group *found = NULL;
	size_t i;

	for (i = begin; i < groups->n; i++) {
		struct files_group *planned = &groups->list[i];

		if (!can_continue(planned->base, rest))
			continue;
		if (found && found->base->boot != planned->base->boot)
			return NULL;
		if (!found || found->base->first_ns < planned->base->first_ns)
			found = planned;
	}
	return found;
}

/* Are both the end of the same generation, whose beginning no file has? */
static bool is_same_rest(const struct files_run *a, const struct files_run *b)
{
	return !a->begins && !b->begins && a->generation == b->generation && files_same_boot(a, b) &&
	       (a->last_ns == b->last_ns || a->first_ns == FILES_NO_NS ||
		b->first_ns == FILES_NO_NS || !a->ends || !b->ends);
}

/* The order in the boot: by CLOCK_MONOTONIC; in an unknown boot, by CLOCK_REALTIME. */
static uint64_t when(const struct files_groups *groups, const struct files_run *run)
{
	const struct files_run *end = groups->runs->list + groups->runs->n, *next;

	for (next = run; next < end && next->member == run->member; next++)
		if (next->first_ns != FILES_NO_NS)
			return run->boot ? next->first_ns : next->first_wall_ns;
	return UINT64_MAX;
}

/* Finds the generation that the run is another copy of. */
static struct files_group *find_copy(struct files_groups *groups, size_t begin,
				 const struct files_run *run)
{
	size_t i;

	/* runs are in the order of their ticks */
	for (i = groups->n; i-- > begin && groups->list[i].base->ticks == run->ticks;)
		if (files_same_opening(groups->list[i].base, run))
			return &groups->list[i];
	return NULL;
}

/* Finds the generation of a run among those of its number, from @begin on. NULL: a new one. */
static struct files_group *find_generation(struct files_groups *groups, size_t begin,
				       const struct files_run *run)
{
	struct files_group *found = run->begins ? find_copy(groups, begin, run) : NULL;
	struct files_group *last = groups->n > begin ? &groups->list[groups->n - 1] : NULL;

	if (!run->begins || (run->syncs_only && !found))
		found = find_beginning(groups, begin, run);
	if (!found && last && is_same_rest(last->base, run))
		found = last;
	return found;
}

/* Sorts the runs into generations. */
static void group_runs(struct files_groups *groups, size_t *of)
{
	size_t i, begin = 0;

	for (i = 0; i < groups->runs->n; i++) {
		const struct files_run *run = groups->sorted[i];
		struct files_group *found;

		if (i && groups->sorted[i - 1]->generation != run->generation)
			begin = groups->n;
		found = find_generation(groups, begin, run);
		if (!found) {
			found = &groups->list[groups->n++];
			*found = (struct files_group) { .base = run };
		} else if (files_same_opening(run, found->base) ||
			   (!run->begins && !found->base->begins)) {
			if (is_better(run, found->base))
				found->base = run;
		}
		found->n++;
		of[i] = (size_t)(found - groups->list);
	}
}

/* Puts the runs of each generation beside each other. */
static int gather_runs(struct files_groups *groups, const size_t *of)
{
	const struct files_run **gathered = calloc(groups->runs->n, sizeof(*gathered));
	size_t i, at = 0;

	if (!gathered)
		return -ENOMEM;
	for (i = 0; i < groups->n; i++) {
		groups->list[i].first = at;
		at += groups->list[i].n;
		groups->list[i].n = 0;
	}
	for (i = 0; i < groups->runs->n; i++) {
		struct files_group *planned = &groups->list[of[i]];

		gathered[planned->first + planned->n++] = groups->sorted[i];
	}
	free(groups->sorted);
	groups->sorted = gathered;
	return 0;
}

static void rank_generations(struct files_groups *groups, uint64_t *ranks)
{
	size_t i;

	memset(ranks, 0xff, (groups->runs->nboots + 1) * sizeof(*ranks));
	for (i = 0; i < groups->runs->n; i++) {
		const struct files_run *run = &groups->runs->list[i];

		if (run->first_ns != FILES_NO_NS && run->first_wall_ns < ranks[run->boot])
			ranks[run->boot] = run->first_wall_ns;
	}
	for (i = 0; i < groups->n; i++) {
		struct files_group *planned = &groups->list[i];

		planned->rank = ranks[planned->base->boot];
		planned->when = when(groups, planned->base);
	}
	qsort(groups->list, groups->n, sizeof(*groups->list), compare_planned);
}

static int sort_runs(struct files_groups *groups, size_t *of, uint64_t *ranks)
{
	struct files_runs *runs = groups->runs;
	size_t i;
	int err;

	spread_boots(runs);
	sort_wall_times(runs);
	for (i = 0; i < runs->n; i++)
		groups->sorted[i] = &runs->list[i];
	qsort(groups->sorted, runs->n, sizeof(*groups->sorted), compare_runs);
	group_runs(groups, of);
	err = gather_runs(groups, of);
	if (!err)
		rank_generations(groups, ranks);
	return err;
}

int files_group(struct files_runs *runs, struct files_groups *groups)
{
	size_t *of = calloc(runs->n + 1, sizeof(*of));
	uint64_t *ranks = calloc(runs->nboots + 1, sizeof(*ranks));
	int err = -ENOMEM;

	*groups = (struct files_groups) { .runs = runs };
	groups->sorted = calloc(runs->n + 1, sizeof(*groups->sorted));
	groups->list = calloc(runs->n + 1, sizeof(*groups->list));
	if (of && ranks && groups->sorted && groups->list)
		err = sort_runs(groups, of, ranks);
	free(of);
	free(ranks);
	return err;
}

void files_groups_uninit(struct files_groups *groups)
{
	free(groups->sorted);
	free(groups->list);
}
