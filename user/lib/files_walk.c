// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Walking a file: which generations it has, where, and when they were recorded.
 *
 * Framing and the search behind damage are those of reading, so that the plan fits what will be
 * read. Of the tables, only Syncs and, until the boot is known, properties are decoded.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "header.h"
#include "trace.h"

struct walk {
	struct files *files;
	struct files_runs *runs;
	struct files_member *member;
	uint32_t number;		/* of the member */
	struct files_run *run;		/* the current one, or NULL */
};

static struct table table_of(const struct exptrace_batch *batch)
{
	return (struct table) { .pos = batch->data + 1, .end = batch->data + batch->length };
}

/* Returns the number of the boot, or a negative errno. */
static int64_t find_boot(struct files_runs *runs, const char *name)
{
	size_t i;

	/* mostly the last one */
	for (i = runs->nboots; i-- > 1;)
		if (!strcmp(runs->boots[i], name))
			return (int64_t)i;
	if (!runs->nboots)
		runs->nboots = 1;
	if (array_reach(&runs->boots, runs->nboots, &runs->boots_room, sizeof(*runs->boots)))
		return -ENOMEM;
	runs->boots[runs->nboots] = strdup(name);
	return runs->boots[runs->nboots] ? (int64_t)runs->nboots++ : -ENOMEM;
}

static int take_properties(struct walk *walk, const struct exptrace_batch *batch)
{
	struct properties properties = { 0 };
	struct table table = table_of(batch);
	const char *name;
	int64_t boot = 0;
	int err = properties_read(&properties, &table);

	name = err ? NULL : properties_get(&properties, "boot_id");
	if (name && *name)
		boot = find_boot(walk->runs, name);
	properties_uninit(&properties);
	if (err || boot < 0)
		return -ENOMEM;
	walk->run->boot = (uint32_t)boot;
	return 0;
}

static int take_sync(struct files_run *run, const struct exptrace_batch *batch)
{
	struct table table = table_of(batch);
	struct clock clock = { 0 };
	int err = clock_read(&clock, &table, batch->time);

	if (!err && clock.nsyncs) {
		const struct exptrace_sync *sync = &clock.syncs[clock.nsyncs - 1];

		if (run->first_ns == FILES_NO_NS) {
			run->first_ns = sync->mono_ns;
			run->first_ticks = sync->ticks;
			run->first_wall_ns = sync->wall_s * 1000000000 + sync->wall_ns;
		}
		run->last_ns = sync->mono_ns;
		run->last_ticks = sync->ticks;
	}
	clock_uninit(&clock);
	return err;
}

static int begin_run(struct walk *walk, const struct exptrace_batch *batch)
{
	struct files_runs *runs = walk->runs;

	if (array_reach(&runs->list, runs->n, &runs->room, sizeof(*runs->list)))
		return -ENOMEM;
	walk->run = &runs->list[runs->n++];
	walk->member->nruns++;
	*walk->run = (struct files_run) {
		.member = walk->number,
		.generation = batch->generation,
		.offset = batch->offset,
		.ticks = batch->time,
		.first_ns = FILES_NO_NS,
		.last_ns = FILES_NO_NS,
		.begins = batch->kind == EXPTRACE_BATCH_SYNC,
		.syncs_only = true,
	};
	return 0;
}

static int take_batch(struct walk *walk, const struct exptrace_batch *batch)
{
	struct files_run *run;
	int err = 0;

	if (!walk->run)
		err = begin_run(walk, batch);
	if (err)
		return err;
	run = walk->run;
	run->end = run->tail = batch->offset + batch->size;
	if (batch->kind == EXPTRACE_BATCH_END) {
		run->ends = true;
		/* what looked like the beginning were the last batches */
		run->begins = run->begins && !run->syncs_only;
		walk->run = NULL;
		return 0;
	}
	if (batch->kind == EXPTRACE_BATCH_SYNC)
		return take_sync(run, batch);
	run->syncs_only = false;
	return batch->kind == EXPTRACE_BATCH_PROPERTIES && !run->boot ?
	       take_properties(walk, batch) : 0;
}

/* The bytes up to @end, behind the last run of the member, are damaged. */
static void mark_damage(struct walk *walk, uint64_t end)
{
	if (walk->member->nruns)
		walk->runs->list[walk->runs->n - 1].tail = end;
	walk->run = NULL;
}

static bool is_header(const struct input *input)
{
	return input_available(input) >= strlen(HEADER_PREFIX) &&
	       !memcmp(input->pos, HEADER_PREFIX, strlen(HEADER_PREFIX));
}

static int note_other_trace(struct walk *walk, uint64_t offset)
{
	walk->member->size = walk->member->torn = offset;
	return files_note(walk->files, walk->member->path,
			  "what follows from offset %llu on is another trace, and is not read",
			  (unsigned long long)offset);
}

/* Skips the end mark at the beginning of a file that was begun just before it. */
static bool skip_leading_mark(struct walk *walk, struct exptrace_trace *trace)
{
	struct input *input = &trace->input;

	if (input->offset != EXPTRACE_HEADER_SIZE || !input_available(input) ||
	    *input->pos != EXPTRACE_WIRE_END_OF_GENERATION)
		return false;
	input_consume(input, 1);
	trace->failed = 0;
	trace->adrift = false;
	walk->member->leading_mark = true;
	return true;
}

/* Goes on behind damage. Returns 1, 0 at the end of what can be read, or a negative errno. */
static int walk_on(struct walk *walk, struct exptrace_trace *trace, int err)
{
	struct exptrace_damage damage;
	uint64_t begin = trace->input.offset;
	bool unseen;	/* by who reads the plan */
	int ret;

	if (err != -EBADMSG && err != -ENODATA)
		return err;
	if (skip_leading_mark(walk, trace))
		return 1;
	if (is_header(&trace->input))
		return note_other_trace(walk, trace->input.offset);
	ret = resync_next(trace, &damage);
	if (ret < 0 && !damage.other_trace)
		return ret;
	walk->member->size = walk->member->torn = damage.end;
	/* unless a generation follows, which shows that a length is wrong, it is cut off there */
	if (!ret && err == -ENODATA) {
		walk->member->torn = begin;
		/* no bytes of an incomplete frame are delivered */
		unseen = trace->input.cut_off;
	} else {
		mark_damage(walk, damage.end);
		/* a frame of unknown size: reading ends before it */
		unseen = !ret && damage.end == damage.offset;
	}
	if (unseen)
		return files_note(walk->files, walk->member->path, "%s", trace->error);
	return ret < 0 ? note_other_trace(walk, damage.other_trace) : ret;
}

static int walk_all(struct walk *walk, struct exptrace_trace *trace)
{
	int ret;

	do {
		ret = framing_next(trace);
		if (ret == 1) {
			ret = take_batch(walk, &trace->batch);
			if (ret)
				return ret;
			walk->member->size = walk->member->torn = trace->input.offset;
			ret = 1;
		} else if (ret) {
			if (!trace->header_seen)
				return ret;
			ret = walk_on(walk, trace, ret);
		}
	} while (ret == 1);
	return ret;
}

int files_walk(struct files *files, struct files_runs *runs, uint32_t member,
	       struct source *source, char *why, size_t size)
{
	struct walk walk = {
		.files = files, .runs = runs, .member = &files->members[member], .number = member,
	};
	/* the tables of a trace are large, so it does not belong on the stack */
	struct exptrace_trace *trace = calloc(1, sizeof(*trace));
	int ret;

	if (!trace) {
		source_destroy(source);
		return -ENOMEM;
	}
	trace->mode = TRACE_MODE_FRAMES;
	trace->fd = -1;
	trace->input.source = source;
	walk.member->first_run = (uint32_t)runs->n;
	walk.member->size = walk.member->torn = EXPTRACE_HEADER_SIZE;
	ret = walk_all(&walk, trace);
	walk.member->version = trace->version;
	if (ret && ret != -ENOMEM)
		snprintf(why, size, "%s", trace->error ? trace->error : "cannot be read");
	else
		ret = ret ? ret : 1;
	exptrace_close(trace);
	return ret == -EBADMSG || ret == -ENODATA || ret == -EPROTO ? 0 : ret;
}
