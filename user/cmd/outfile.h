/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that record, snapshot and cut write: it takes its name when it is worth it.
 *
 * Until then it is FILE.XXXXXX (six random characters) beside the older FILE, which stays as
 * it is. Others may have put something of that name into a directory that all can write to:
 * a file of theirs is replaced, not written; a link or pipe of theirs is refused.
 * What is no regular file is written in place.
 */
#ifndef EXPTRACE_OUTFILE_H
#define EXPTRACE_OUTFILE_H

#include <stdbool.h>
#include <sys/stat.h>

struct outfile {
	const char *name;	/* as the user knows it */
	char *path;		/* the same with links followed; NULL: standard output */
	char *temporary;	/* its name until it takes its place; NULL: it has it */
	bool in_place;		/* it is no regular file, and open */
	bool is_trap;		/* somebody else has put it there */
	int fd;			/* -1: not open */
};

/*
 * Finds out what @name ("-": standard output) is, and opens what is no regular file: a pipe
 * waits here for its reader. Creates and changes nothing. Returns an exit code; problems
 * are reported, in all functions. In any case outfile_uninit() is to follow.
 */
int outfile_find(struct outfile *file, const char *name);

/*
 * Creates the file under its temporary name, with @mode, or less if an older FILE has less. Of
 * root's, under sudo(8), it is given to who called that.
 */
int outfile_create(struct outfile *file, mode_t mode);

/* Whether a file of its name is there, which is not the one that is written. */
bool outfile_has_older(const struct outfile *file);

/* Replaces the older FILE; that is kept as FILE.old, in place of an older one, if @keep. */
int outfile_place(struct outfile *file, bool keep);

/* The name under which it can be found now. */
const char *outfile_present_name(const struct outfile *file);

/* Standard output stays open. Returns 0 or a negative errno. */
int outfile_close(struct outfile *file);

/* Closes it and, as long as it has not taken its place, removes it. */
void outfile_discard(struct outfile *file);

void outfile_uninit(struct outfile *file);

#endif /* EXPTRACE_OUTFILE_H */
