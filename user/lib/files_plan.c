// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Planning how to read several files: order, duplicates, and generations in several parts.
 *
 * A generation is identified by its boot, its number and its opening Sync. Runs without an opening
 * Sync belong to a generation of their number that began before them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/wire.h>

#include "../common/array.h"
#include "files.h"

/* A generation, and its runs: places in planner.sorted */
struct planned {
	size_t first, n;
	uint64_t rank;		/* of its boot: when that was first seen, by CLOCK_REALTIME */
	uint64_t when;		/* the order in the boot */
	const struct files_run *base;	/* the run that represents it */
};

struct planner {
	struct files *files;
	struct files_runs *runs;
	const struct files_run **sorted;	/* runs by generation */
	struct planned *list;
	size_t n;
	uint64_t *ranks;	/* of boots */
	uint64_t last_generation;	/* of what was planned so far; 0: nothing */
	uint32_t last_boot;
	const struct files_run *last;
	bool last_open;		/* it lacks its end mark, or what follows it is damaged */
	bool damaged;		/* something in the current section is */
};

static bool is_same_boot(const struct files_run *a, const struct files_run *b)
{
	return !a->boot || !b->boot || a->boot == b->boot;
}

static bool is_same_opening(const struct files_run *a, const struct files_run *b)
{
	if (!a->begins || !b->begins || a->generation != b->generation || a->ticks != b->ticks)
		return false;
	/* the contents of a Sync may be damaged */
	return a->boot && b->boot ? a->boot == b->boot :
	       a->first_ns == b->first_ns && a->first_wall_ns == b->first_wall_ns;
}

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
	const struct planned *a = pa, *b = pb;
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
	if (base->generation != rest->generation || !is_same_boot(base, rest) || !base->begins ||
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
static struct planned *find_beginning(struct planner *planner, size_t begin,
				      const struct files_run *rest)
{
	struct planned *found = NULL;
	size_t i;

	for (i = begin; i < planner->n; i++) {
		struct planned *planned = &planner->list[i];

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
	return !a->begins && !b->begins && a->generation == b->generation && is_same_boot(a, b) &&
	       (a->last_ns == b->last_ns || a->first_ns == FILES_NO_NS ||
		b->first_ns == FILES_NO_NS || !a->ends || !b->ends);
}

/* The order in the boot: by CLOCK_MONOTONIC; in an unknown boot, by CLOCK_REALTIME. */
static uint64_t when(const struct planner *planner, const struct files_run *run)
{
	const struct files_run *end = planner->runs->list + planner->runs->n, *next;

	for (next = run; next < end && next->member == run->member; next++)
		if (next->first_ns != FILES_NO_NS)
			return run->boot ? next->first_ns : next->first_wall_ns;
	return UINT64_MAX;
}

/* Finds the generation that the run is another copy of. */
static struct planned *find_copy(struct planner *planner, size_t begin,
				 const struct files_run *run)
{
	size_t i;

	/* runs are in the order of their ticks */
	for (i = planner->n; i-- > begin && planner->list[i].base->ticks == run->ticks;)
		if (is_same_opening(planner->list[i].base, run))
			return &planner->list[i];
	return NULL;
}

/* Finds the generation of a run among those of its number, from @begin on. NULL: a new one. */
static struct planned *find_generation(struct planner *planner, size_t begin,
				       const struct files_run *run)
{
	struct planned *found = run->begins ? find_copy(planner, begin, run) : NULL;
	struct planned *last = planner->n > begin ? &planner->list[planner->n - 1] : NULL;

	if (!run->begins || (run->syncs_only && !found))
		found = find_beginning(planner, begin, run);
	if (!found && last && is_same_rest(last->base, run))
		found = last;
	return found;
}

/* Sorts the runs into generations. */
static void group_runs(struct planner *planner, size_t *of)
{
	size_t i, begin = 0;

	for (i = 0; i < planner->runs->n; i++) {
		const struct files_run *run = planner->sorted[i];
		struct planned *found;

		if (i && planner->sorted[i - 1]->generation != run->generation)
			begin = planner->n;
		found = find_generation(planner, begin, run);
		if (!found) {
			found = &planner->list[planner->n++];
			*found = (struct planned) { .base = run };
		} else if (is_same_opening(run, found->base) ||
			   (!run->begins && !found->base->begins)) {
			if (is_better(run, found->base))
				found->base = run;
		}
		found->n++;
		of[i] = (size_t)(found - planner->list);
	}
}

/* Puts the runs of each generation beside each other. */
static int gather_runs(struct planner *planner, const size_t *of)
{
	const struct files_run **gathered = calloc(planner->runs->n, sizeof(*gathered));
	size_t i, at = 0;

	if (!gathered)
		return -ENOMEM;
	for (i = 0; i < planner->n; i++) {
		planner->list[i].first = at;
		at += planner->list[i].n;
		planner->list[i].n = 0;
	}
	for (i = 0; i < planner->runs->n; i++) {
		struct planned *planned = &planner->list[of[i]];

		gathered[planned->first + planned->n++] = planner->sorted[i];
	}
	free(planner->sorted);
	planner->sorted = gathered;
	return 0;
}

static void rank_generations(struct planner *planner)
{
	size_t i;

	memset(planner->ranks, 0xff, (planner->runs->nboots + 1) * sizeof(*planner->ranks));
	for (i = 0; i < planner->runs->n; i++) {
		const struct files_run *run = &planner->runs->list[i];

		if (run->first_ns != FILES_NO_NS && run->first_wall_ns < planner->ranks[run->boot])
			planner->ranks[run->boot] = run->first_wall_ns;
	}
	for (i = 0; i < planner->n; i++) {
		struct planned *planned = &planner->list[i];

		planned->rank = planner->ranks[planned->base->boot];
		planned->when = when(planner, planned->base);
	}
	qsort(planner->list, planner->n, sizeof(*planner->list), compare_planned);
}

/* Is the generation of another recording than what was planned before it? */
static bool restarts(const struct planner *planner, const struct files_run *base)
{
	return planner->last && (base->boot != planner->last_boot ||
				 base->generation <= planner->last_generation);
}

static void planned_until(struct planner *planner, const struct files_run *base,
			  const struct files_run *last, bool is_open)
{
	planner->last_generation = base->generation;
	planner->last_boot = base->boot;
	planner->last = last;
	planner->last_open = is_open;
}

static bool is_first_run(const struct planner *planner, const struct files_run *run)
{
	return run == &planner->runs->list[planner->files->members[run->member].first_run];
}

/* Where the run's bytes begin: at the file's beginning if what precedes it there is damaged. */
static uint64_t run_begin(const struct planner *planner, const struct files_run *run)
{
	const struct files_member *member = &planner->files->members[run->member];

	if (!is_first_run(planner, run))
		return run->offset;
	return (uint64_t)EXPTRACE_HEADER_SIZE + member->leading_mark;
}

/* Takes a run as it is, with the damage behind it, as in a trace of one file. */
static int plan_run(struct planner *planner, const struct files_run *run)
{
	const struct files_run *last = planner->last;
	bool restart = restarts(planner, run);
	bool goes_on = last && last + 1 == run && last->member == run->member;
	struct files_extent extent = {
		.first = run_begin(planner, run),
		.end = run->tail,
		.generation = run->generation,
		.member = run->member,
		.restart = restart,
	};

	extent.section = restart || extent.first != run->offset ||
			 ((planner->last_open || planner->damaged) && !goes_on);
	if (extent.section)
		planner->damaged = false;
	if (extent.first != run->offset || files_run_is_damaged(run))
		planner->damaged = true;
	planned_until(planner, run, run, !run->ends || files_run_is_damaged(run));
	return files_add_extent(planner->files, &extent);
}

static bool needs_join(const struct planned *planned, const struct files_run *const *runs)
{
	size_t i;

	if (files_run_is_complete(planned->base))
		return false;
	for (i = 0; i < planned->n; i++)
		if (!runs[i]->begins || runs[i]->syncs_only)
			return planned->n > 1;
	return false;
}

/* Collects what can be joined: the base and what continues it. Names what can't. */
static int collect_parts(struct planner *planner, const struct planned *planned,
			 const struct files_run **parts, size_t *n)
{
	const struct files_run *const *runs = planner->sorted + planned->first;
	const struct files_run *base = planned->base;
	size_t i;
	int err = 0;

	parts[0] = base;
	*n = 1;
	for (i = 0; i < planned->n && !err; i++) {
		const struct files_run *run = runs[i];

		if (run == base || is_same_opening(run, base))
			continue;
		if (files_run_is_damaged(base) || files_run_is_damaged(run))
			err = files_note(planner->files, planner->files->members[run->member].path,
					 "a part of generation %llu from offset %llu on is left out: another part of it is damaged",
					 (unsigned long long)run->generation,
					 (unsigned long long)run->offset);
		else
			parts[(*n)++] = run;
	}
	return err;
}

static int plan_join(struct planner *planner, const struct planned *planned)
{
	const struct files_run **parts = calloc(planned->n, sizeof(*parts));
	const struct files_run *base = planned->base;
	bool restart = restarts(planner, base), ends = false, section;
	size_t n, i;
	int err;

	if (!parts)
		return -ENOMEM;
	err = collect_parts(planner, planned, parts, &n);
	if (!err && n == 1) {
		err = plan_run(planner, base);
	} else if (!err) {
		section = restart || planner->last_open || planner->damaged;
		planner->damaged = planner->damaged && !section;
		err = files_join(planner->files, parts, n, section, restart);
		for (i = 0; i < n; i++)
			ends = ends || parts[i]->ends;
		planned_until(planner, base, parts[n - 1], !ends);
	}
	free(parts);
	return err;
}

/* Damage in a file that was not chosen is not seen when reading. */
static int note_unread_damage(struct planner *planner, const struct planned *planned)
{
	size_t i;
	int err = 0;

	for (i = 0; i < planned->n && !err; i++) {
		const struct files_run *run = planner->sorted[planned->first + i];

		if (run != planned->base && files_run_is_damaged(run))
			err = files_note(planner->files, planner->files->members[run->member].path,
					 "damaged from offset %llu to %llu; generation %llu is read from %s",
					 (unsigned long long)run->end, (unsigned long long)run->tail,
					 (unsigned long long)run->generation,
					 planner->files->members[planned->base->member].path);
	}
	return err;
}

/*
 * The incomplete batch at the end of a file is left out, unless nothing follows: then it is what a
 * trace of one file would end with.
 */
static int plan_torn(struct planner *planner)
{
	struct files *files = planner->files;
	struct files_extent *last = files->nextents ? &files->extents[files->nextents - 1] : NULL;
	size_t i;
	int err = 0;

	for (i = 0; i < files->nmembers && !err; i++) {
		const struct files_member *member = &files->members[i];

		if (member->torn == member->size)
			continue;
		if (last && last->member == i && last->end == member->torn)
			last->end = member->size;
		else
			err = files_note(files, member->path,
					 "cut off in a batch at offset %llu: %llu bytes are left out",
					 (unsigned long long)member->torn,
					 (unsigned long long)(member->size - member->torn));
	}
	return err;
}

/* Names the files that have no generation although they are more than a header. */
static int note_unreadable(struct planner *planner)
{
	struct files *files = planner->files;
	size_t i;
	int err = 0;

	for (i = 0; i < files->nmembers && !err; i++) {
		const struct files_member *member = &files->members[i];

		if (!member->nruns && member->torn > (uint64_t)EXPTRACE_HEADER_SIZE +
						      member->leading_mark)
			err = files_note(files, member->path, "no generation in it can be read");
	}
	return err;
}

/* The header of the stream is that of a file of the lowest version. */
static int plan_header(struct planner *planner)
{
	struct files_extent extent = { .end = EXPTRACE_HEADER_SIZE, .section = true };
	const struct files *files = planner->files;
	uint32_t i;

	for (i = 1; i < files->nmembers; i++)
		if (files->members[i].version < files->members[extent.member].version)
			extent.member = i;
	return files_add_extent(planner->files, &extent);
}

/* Takes the end mark of the last generation if it is at the beginning of that file. */
static int plan_leading_mark(struct planner *planner, uint32_t number)
{
	const struct files_member *member = &planner->files->members[number];
	struct files_extent mark = {
		.first = EXPTRACE_HEADER_SIZE, .end = EXPTRACE_HEADER_SIZE + 1,
		.generation = planner->last_generation, .member = number,
	};

	if (!member->leading_mark || !planner->last_open || files_run_is_damaged(planner->last))
		return 0;
	planner->last_open = false;
	return files_add_extent(planner->files, &mark);
}

/* The same for a file that has nothing else, and which is then the last one. */
static int plan_lone_mark(struct planner *planner)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < planner->files->nmembers && planner->last && !err; i++)
		if (!planner->files->members[i].nruns)
			err = plan_leading_mark(planner, i);
	return err;
}

static int plan_generations(struct planner *planner)
{
	size_t i;
	int err = plan_header(planner);

	for (i = 0; i < planner->n && !err; i++) {
		const struct planned *planned = &planner->list[i];

		if (planner->last && is_first_run(planner, planned->base) &&
		    !restarts(planner, planned->base))
			err = plan_leading_mark(planner, planned->base->member);
		if (err)
			break;
		if (needs_join(planned, planner->sorted + planned->first)) {
			err = plan_join(planner, planned);
			continue;
		}
		err = note_unread_damage(planner, planned);
		if (!err)
			err = plan_run(planner, planned->base);
	}
	if (!err)
		err = plan_lone_mark(planner);
	if (!err)
		err = plan_torn(planner);
	return err ? err : note_unreadable(planner);
}

int files_plan(struct files *files, struct files_runs *runs)
{
	struct planner planner = { .files = files, .runs = runs };
	size_t *of = calloc(runs->n + 1, sizeof(*of));
	size_t i;
	int err = -ENOMEM;

	planner.sorted = calloc(runs->n + 1, sizeof(*planner.sorted));
	planner.list = calloc(runs->n + 1, sizeof(*planner.list));
	planner.ranks = calloc(runs->nboots + 1, sizeof(*planner.ranks));
	if (of && planner.sorted && planner.list && planner.ranks) {
		spread_boots(runs);
		sort_wall_times(runs);
		for (i = 0; i < runs->n; i++)
			planner.sorted[i] = &runs->list[i];
		qsort(planner.sorted, runs->n, sizeof(*planner.sorted), compare_runs);
		group_runs(&planner, of);
		err = gather_runs(&planner, of);
	}
	if (!err) {
		rank_generations(&planner);
		err = plan_generations(&planner);
	}
	free(of);
	free(planner.sorted);
	free(planner.list);
	free(planner.ranks);
	return err;
}
