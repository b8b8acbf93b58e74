/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that record, snapshot and cut write. It gets its name FILE when its content is
 * worth it.
 *
 * Until then it is FILE.XXXXXX (six random characters) in the same directory, and an older
 * FILE stays as it is. In a directory that everyone can write to, another user may have
 * created FILE: a file is replaced, not written to; a link or pipe is refused. Anything but
 * a regular file is written in place.
 */
#ifndef EXPTRACE_OUTFILE_H
#define EXPTRACE_OUTFILE_H

#include <stdbool.h>
#include <sys/stat.h>

struct outfile {
	const char *name;	/* as the user gave it */
	char *path;		/* the same with links followed; NULL: standard output */
	char *temporary;	/* FILE.XXXXXX; NULL: the file has its name */
	bool in_place;		/* not a regular file; it is open */
	bool is_trap;		/* another user put it there */
	int fd;			/* -1: not open */
};

/*
 * Find out what @name ("-": standard output) is, and open it if it is not a regular file;
 * for a pipe, this waits for its reader. Creates and changes nothing. Returns an exit code
 * and reports problems, as all functions here do. Call outfile_uninit() in any case.
 */
int outfile_find(struct outfile *file, const char *name);

/*
 * Create the file under its temporary name, with @mode, or with less if an older FILE has
 * less. Under sudo(8), the file will belong to the user who called it.
 */
int outfile_create(struct outfile *file, mode_t mode);

/* Is there an older FILE? */
bool outfile_has_older(const struct outfile *file);

/* Give the file its name. With @keep, an older FILE becomes FILE.old, replacing that. */
int outfile_place(struct outfile *file, bool keep);

/* The file's present name, for messages */
const char *outfile_present_name(const struct outfile *file);

/* Close the file, but not standard output. Returns 0 or a negative errno. */
int outfile_close(struct outfile *file);

/* Close the file, and remove it if it still has its temporary name. */
void outfile_discard(struct outfile *file);

void outfile_uninit(struct outfile *file);

#endif /* EXPTRACE_OUTFILE_H */
