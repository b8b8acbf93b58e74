/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several files that are read as one trace: which bytes of which file, in which order.
 *
 * When they are opened, each file is walked once (files_walk.c), which finds its runs: the batches
 * of one generation, one after the other in one file. They are grouped into generations, in order
 * (files_group.c). Those that are there twice are left out, and those that continue each other are
 * joined (files_plan.c, files_join.c). The result is a list of extents, which a source delivers
 * (source_files.c).
 *
 * Sections: a stream of joined files is in sections. Where a section ends, framing and the search
 * behind damage find an end, as at the end of a file, and then go on with the next section. So no
 * batch and no damage reaches from one file into another that does not continue it. A section that
 * restarts is of another recording: its generation numbers have nothing to do with earlier ones.
 */
#ifndef EXPTRACE_LIB_FILES_H
#define EXPTRACE_LIB_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source.h"

#define FILES_NO_NS	UINT64_MAX	/* a time that is unknown */

struct files_member {
	char *path;
	dev_t dev;
	ino_t ino;
	uint64_t file_size;	/* bytes in the file when it was walked */
	/* offsets in its stream */
	uint64_t size;		/* end of what can be delivered */
	uint64_t torn;		/* begin of an incomplete batch at its end; @size if there is none */
	int version;		/* of the format */
	bool leading_mark;	/* it begins with the end mark of another file's last generation */
	uint32_t first_run, nruns;
};

/* Bytes of a member, from @first to @end. They begin at @offset in the joined stream. */
struct files_extent {
	uint64_t offset, first, end;
	uint64_t generation;	/* the first one; 0: unknown */
	uint32_t member;
	bool section;		/* a section begins */
	bool restart;		/* and it is of another recording */
};

struct files_note {
	char *path;
	char *text;
};

struct files {
	unsigned int users;	/* atomic: sources and the trace */
	struct files_member *members;
	size_t nmembers, members_room;
	struct files_extent *extents;
	size_t nextents, extents_room;
	struct files_note *notes;	/* about files that are not read, or not wholly */
	size_t nnotes, notes_room;
};

/* The batches of one generation that follow each other in one file. */
struct files_run {
	uint32_t member;
	uint32_t boot;		/* 0: unknown */
	uint64_t generation;
	uint64_t offset;
	uint64_t end;		/* of its last whole batch or its end mark */
	uint64_t tail;		/* of the damage behind it; @end if there is none */
	uint64_t ticks;		/* of its first batch */
	/* the first Sync and the last one; FILES_NO_NS: there is none */
	uint64_t first_ns, last_ns;
	uint64_t first_ticks, last_ticks, first_wall_ns;
	bool begins, ends;
	bool syncs_only;
};

/* What files_walk() finds in all files, and a name for each boot. */
struct files_runs {
	struct files_run *list;
	size_t n, room;
	char **boots;		/* [0] is unused */
	size_t nboots, boots_room;
};

static inline bool files_run_is_damaged(const struct files_run *run)
{
	return run->tail != run->end;
}

static inline bool files_run_is_complete(const struct files_run *run)
{
	return run->begins && run->ends && !files_run_is_damaged(run);
}

/*
 * Opens the files, and the traces in the directories, and plans how to read them. Returns 0 or a
 * negative errno, with a message for exptrace_error(NULL).
 */
int files_open(const char *const *paths, size_t n, struct files **files);

/* Drops a reference; frees at the last one. NULL is allowed. */
void files_put(struct files *files);

/* Is there more than one recording in it? Returns false for NULL. */
bool files_have_restart(const struct files *files);

/* Opens a member that was walked before. Returns 0, -ESTALE if it changed, or a negative errno. */
int files_open_member(const struct files *files, uint32_t member, struct source **source);

/* Adds a note about a file. Returns 0 or -ENOMEM. */
__attribute__((format(printf, 3, 4)))
int files_note(struct files *files, const char *path, const char *format, ...);

/*
 * Finds the runs of a member that has just been opened. Returns 1, 0 if it is not a trace that can
 * be read (with the reason in @why, at most @size bytes), or a negative errno.
 */
int files_walk(struct files *files, struct files_runs *runs, uint32_t member,
	       struct source *source, char *why, size_t size);

/* Turns the runs into extents. Returns 0 or a negative errno. */
int files_plan(struct files *files, struct files_runs *runs);

/* Appends bytes of a member to the plan. Returns 0 or -ENOMEM. */
int files_add_extent(struct files *files, const struct files_extent *extent);

/*
 * Appends the batches of a generation that lies in several runs, the first of which begins it if
 * any does. A batch that is there more than once is taken once. Returns 0 or a negative errno.
 */
int files_join(struct files *files, const struct files_run *const *runs, size_t n, bool section,
	       bool restart);

/* A source of the whole plan, which takes a reference. Returns 0 or -ENOMEM. */
int source_open_files(struct files *files, struct source **source);

#endif /* EXPTRACE_LIB_FILES_H */
