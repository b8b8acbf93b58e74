// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Planning how to read several files: which run of each generation is read, or which are joined,
 * and where sections begin.
 */
#include <errno.h>
#include <stdlib.h>

#include <exptrace/wire.h>

#include "files_group.h"

struct planner {
	struct files *files;
	struct files_groups groups;
	uint64_t last_generation;	/* of what was planned so far; 0: nothing */
	uint32_t last_boot;
	const struct files_run *last;
	bool last_open;		/* it lacks its end mark, or what follows it is damaged */
	bool damaged;		/* something in the current section is */
};

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
	return run == &planner->groups.runs->list[planner->files->members[run->member].first_run];
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

static bool needs_join(const struct files_group *planned, const struct files_run *const *runs)
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
static int collect_parts(struct planner *planner, const struct files_group *planned,
			 const struct files_run **parts, size_t *n)
{
	const struct files_run *const *runs = planner->groups.sorted + planned->first;
	const struct files_run *base = planned->base;
	size_t i;
	int err = 0;

	parts[0] = base;
	*n = 1;
	for (i = 0; i < planned->n && !err; i++) {
		const struct files_run *run = runs[i];

		if (run == base || files_same_opening(run, base))
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

static int plan_join(struct planner *planner, const struct files_group *planned)
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
static int note_unread_damage(struct planner *planner, const struct files_group *planned)
{
	size_t i;
	int err = 0;

	for (i = 0; i < planned->n && !err; i++) {
		const struct files_run *run = planner->groups.sorted[planned->first + i];

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

	for (i = 0; i < planner->groups.n && !err; i++) {
		const struct files_group *planned = &planner->groups.list[i];

		if (planner->last && is_first_run(planner, planned->base) &&
		    !restarts(planner, planned->base))
			err = plan_leading_mark(planner, planned->base->member);
		if (err)
			break;
		if (needs_join(planned, planner->groups.sorted + planned->first)) {
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
	struct planner planner = { .files = files };
	int err = files_group(runs, &planner.groups);

	if (!err)
		err = plan_generations(&planner);
	files_groups_uninit(&planner.groups);
	return err;
}
