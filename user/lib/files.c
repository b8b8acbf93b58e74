// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Several files that are read as one trace: finding and opening them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/array.h"
#include "../common/index.h"
#include "api.h"
#include "error.h"
#include "header.h"
#include "trace.h"

#define WHY_SIZE	256

/* While opening */
struct opening {
	struct files *files;
	struct files_runs runs;
	struct index known;	/* (device, inode) of the members */
};

/* The only place where a member becomes a source, compressed or not. Owns @fd, also on failure. */
static int member_source(int fd, struct source **source)
{
	struct source *raw;
	int err = source_open_fd(fd, true, &raw);

	if (err)
		close(fd);
	return err ? err : source_open_zstd(raw, source);
}

int files_note(struct files *files, const char *path, const char *format, ...)
{
	struct files_note note = { .path = strdup(path) };
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&note.text, format, args);
	va_end(args);
	if (n >= 0 && note.path && !array_reach(&files->notes, files->nnotes, &files->notes_room,
						 sizeof(*files->notes))) {
		files->notes[files->nnotes++] = note;
		return 0;
	}
	free(note.path);
	if (n >= 0)
		free(note.text);
	return -ENOMEM;
}

int files_add_extent(struct files *files, const struct files_extent *extent)
{
	struct files_extent *last = files->nextents ? &files->extents[files->nextents - 1] : NULL;
	uint64_t offset = last ? last->offset + (last->end - last->first) : 0;

	if (last && !extent->section && last->member == extent->member &&
	    last->end == extent->first) {
		last->end = extent->end;
		return 0;
	}
	if (array_reach(&files->extents, files->nextents, &files->extents_room,
			sizeof(*files->extents)))
		return -ENOMEM;
	files->extents[files->nextents] = *extent;
	files->extents[files->nextents++].offset = offset;
	return 0;
}

void files_put(struct files *files)
{
	size_t i;

	if (!files || __atomic_sub_fetch(&files->users, 1, __ATOMIC_ACQ_REL))
		return;
	for (i = 0; i < files->nmembers; i++)
		free(files->members[i].path);
	for (i = 0; i < files->nnotes; i++) {
		free(files->notes[i].path);
		free(files->notes[i].text);
	}
	free(files->members);
	free(files->extents);
	free(files->notes);
	free(files);
}

bool files_have_restart(const struct files *files)
{
	size_t i;

	for (i = 0; files && i < files->nextents; i++)
		if (files->extents[i].restart)
			return true;
	return false;
}

/* Opens without waiting for the writer of a pipe. Returns a descriptor or a negative errno. */
static int open_file(const char *path, struct stat *stat)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, stat))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int files_open_member(const struct files *files, uint32_t number, struct source **source)
{
	const struct files_member *member = &files->members[number];
	struct stat stat;
	int fd = open_file(member->path, &stat);

	if (fd < 0)
		return fd;
	/* it may have grown */
	if (stat.st_dev != member->dev || stat.st_ino != member->ino ||
	    (uint64_t)stat.st_size < member->file_size) {
		close(fd);
		return -ESTALE;
	}
	return member_source(fd, source);
}

static int add_member(struct files *files, const char *path, const struct stat *stat)
{
	struct files_member *member;

	if (array_reach(&files->members, files->nmembers, &files->members_room,
			sizeof(*files->members)))
		return -ENOMEM;
	member = &files->members[files->nmembers];
	*member = (struct files_member) {
		.path = strdup(path),
		.dev = stat->st_dev,
		.ino = stat->st_ino,
		.file_size = (uint64_t)stat->st_size,
	};
	if (!member->path)
		return -ENOMEM;
	files->nmembers++;
	return 0;
}

static void drop_member(struct files *files)
{
	free(files->members[--files->nmembers].path);
}

/* Is the file a member already? Returns 1, 0 or -ENOMEM. */
static int is_known(struct opening *opening, const struct stat *stat)
{
	uint32_t n = opening->known.n;
	int64_t i = index_get(&opening->known, (uint64_t)stat->st_dev, (uint64_t)stat->st_ino);

	return i < 0 ? -ENOMEM : i < n;
}

/* Notes why a file is not read. Closes it. */
static int skip_file(struct opening *opening, int fd, const char *path, const char *why)
{
	close(fd);
	return files_note(opening->files, path, "skipped: %s", why);
}

/* Adds an open regular file. @named: by the user, not found in a directory */
static int add_open_file(struct opening *opening, int fd, const char *path,
			 const struct stat *stat, bool named)
{
	struct files *files = opening->files;
	char why[WHY_SIZE] = "";
	struct source *source;
	int ret = is_known(opening, stat);

	if (ret > 0)
		return skip_file(opening, fd, path, "the same file is given twice");
	if (!ret && !stat->st_size)
		return skip_file(opening, fd, path, "it is empty");
	if (!ret)
		ret = add_member(files, path, stat);
	if (ret) {
		close(fd);
		return ret;
	}
	ret = member_source(fd, &source);
	if (!ret)
		ret = files_walk(files, &opening->runs, (uint32_t)files->nmembers - 1, source, why,
				 sizeof(why));
	if (ret > 0)
		return 0;
	if (ret == -ENOMEM)
		return ret;
	opening->runs.n = files->members[files->nmembers - 1].first_run;
	drop_member(files);
	if (!named || stat->st_size < EXPTRACE_HEADER_SIZE)
		return files_note(files, path, "skipped: %s", ret ? strerror(-ret) : why);
	return ret ? error_failed(ret, "cannot read", path, strlen(path)) :
		     error_refused(-EBADMSG, "not a trace that this version can read", path,
				   strlen(path));
}

static int add_directory(struct opening *opening, const char *path);

/* Adds a file or a directory that the user has named. */
static int add_named(struct opening *opening, const char *path)
{
	struct stat stat;
	int fd = strcmp(path, "-") ? open_file(path, &stat) : -ESPIPE;

	if (fd == -ESPIPE)
		return error_refused(fd, "standard input can only be read alone", NULL, 0);
	if (fd < 0)
		return error_failed(fd, "cannot open", path, strlen(path));
	if (S_ISREG(stat.st_mode))
		return add_open_file(opening, fd, path, &stat, true);
	close(fd);
	if (S_ISDIR(stat.st_mode))
		return add_directory(opening, path);
	return error_refused(-ESPIPE, "not a file or directory; a pipe or device can only be read alone",
			     path, strlen(path));
}

/* Adds what a directory has. Others than regular files are none of our business. */
static int add_found(struct opening *opening, const char *path)
{
	struct stat stat;
	int fd;

	if (lstat(path, &stat) || !(S_ISREG(stat.st_mode) || S_ISLNK(stat.st_mode)))
		return 0;
	fd = open_file(path, &stat);
	if (fd < 0)
		return files_note(opening->files, path, "skipped: cannot open: %s", strerror(-fd));
	if (S_ISREG(stat.st_mode))
		return add_open_file(opening, fd, path, &stat, false);
	close(fd);
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int add_directory(struct opening *opening, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_visible, versionsort), i, err = 0;

	if (n < 0)
		return error_failed(-errno, "cannot read", path, strlen(path));
	for (i = 0; i < n; i++) {
		const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
		char *name = NULL;

		if (!err && asprintf(&name, "%s%s%s", path, slash, entries[i]->d_name) < 0)
			err = -ENOMEM;
		else if (!err)
			err = add_found(opening, name);
		free(name);
		free(entries[i]);
	}
	free(entries);
	return err;
}

static void opening_uninit(struct opening *opening)
{
	size_t i;

	for (i = 1; i < opening->runs.nboots; i++)
		free(opening->runs.boots[i]);
	free(opening->runs.boots);
	free(opening->runs.list);
	index_uninit(&opening->known);
}

static int open_all(struct opening *opening, const char *const *paths, size_t n)
{
	size_t i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = add_named(opening, paths[i]);
	if (!err && !opening->files->nmembers)
		err = n == 1 ? error_refused(-ENODATA, "there is no trace in it", paths[0],
					     strlen(paths[0])) :
			       error_refused(-ENODATA, "there is no trace in the files", NULL, 0);
	if (!err) {
		err = files_plan(opening->files, &opening->runs);
		if (err == -ESTALE)
			error_refused(err, "a file changed while it was opened", NULL, 0);
		else if (err && err != -ENOMEM)
			error_failed(err, "cannot read a file again", NULL, 0);
	}
	return err;
}

int files_open(const char *const *paths, size_t n, struct files **files)
{
	struct opening opening = { .files = calloc(1, sizeof(**files)) };
	int err = -ENOMEM;

	if (opening.files) {
		opening.files->users = 1;
		err = open_all(&opening, paths, n);
	}
	if (err == -ENOMEM)
		error_failed(err, "cannot read a trace", NULL, 0);
	opening_uninit(&opening);
	if (err)
		files_put(opening.files);
	else
		*files = opening.files;
	return err;
}
