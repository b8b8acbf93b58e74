// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that record, snapshot and cut write. It gets its name when its content is worth it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cmd.h"
#include "outfile.h"

#define LINKS_MAX	40	/* the kernel's limit */
#define TRIES_MAX	100
#define RANDOM		6	/* characters */
#define OLD_SUFFIX	".old"

static int cannot_write(const struct outfile *file, int err)
{
	if (file->is_trap)
		return problem("%s: cannot write: it is a link, or no regular file, of another user, "
			       "in a directory that everyone can write to", file->name);
	return write_problem(file->name, err);
}

/* Get the id of the user or group who called sudo(8), from the environment. */
static bool sudo_id(const char *variable, uint32_t *id)
{
	const char *text = secure_getenv(variable);
	uint64_t number;

	if (getuid() || !text || !parse_number(text, 0, UINT32_MAX - 1, &number))
		return false;
	*id = (uint32_t)number;
	return true;
}

/* Returns the directory of @path, allocated. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/*
 * Could another user have put it there to trick us? That is so in a directory that everyone
 * can write to, if it belongs neither to us nor to the directory's owner. (The kernel can
 * protect links and pipes in the same way, but does not do so everywhere.)
 */
static bool is_trap(const char *path, uid_t owner)
{
	char *directory = directory_of(path);
	struct stat stat_;
	uint32_t caller;
	bool trap;

	trap = !directory || stat(directory, &stat_) ||
	       (stat_.st_mode & S_IWOTH && owner != stat_.st_uid && owner != geteuid() &&
		!(sudo_id("SUDO_UID", &caller) && owner == caller));
	free(directory);
	return trap;
}

/* Returns the target of the link @fd at @path, allocated. NULL: failed, errno is set. */
static char *link_target(int fd, const char *path)
{
	char target[PATH_MAX], *directory, *joined = NULL;
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = 0;
	if (*target == '/')
		return strdup(target);
	directory = directory_of(path);
	if (!directory || asprintf(&joined, "%s/%s", directory, target) < 0)
		joined = NULL;
	free(directory);
	return joined;
}

/*
 * What is at the path? Returns 1 and @stat; 0: nothing; or a negative errno. The links in
 * /proc/self/fd (/dev/stdout is one) may lead to files without a name: they are not
 * followed by name.
 */
static int look_at_path(struct outfile *file, int *fd, struct stat *stat)
{
	struct statfs fs;

	*fd = open(file->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(*fd, stat) || (S_ISLNK(stat->st_mode) && fstatfs(*fd, &fs)))
		return -errno;
	if (S_ISLNK(stat->st_mode) && fs.f_type == PROC_SUPER_MAGIC)
		return fstatat(AT_FDCWD, file->path, stat, 0) ? -errno : 1;
	file->is_trap = !S_ISREG(stat->st_mode) && is_trap(file->path, stat->st_uid);
	return file->is_trap ? -EACCES : 1;
}

/*
 * Follow links, so that a link to a file stays a link. Returns what look_at_path() returns
 * for their target. A link's owner is checked, and its target read, by the same descriptor.
 */
static int follow_links(struct outfile *file, struct stat *stat)
{
	int i, fd, ret;

	for (i = 0; i < LINKS_MAX; i++) {
		char *target = NULL;

		ret = look_at_path(file, &fd, stat);
		if (ret == 1 && S_ISLNK(stat->st_mode)) {
			target = link_target(fd, file->path);
			ret = target ? 1 : -errno;
		}
		if (fd >= 0)
			close(fd);
		if (!target)
			return ret;
		free(file->path);
		file->path = target;
	}
	return -ELOOP;
}

/* Check that it was not replaced since @was. */
static int open_in_place(struct outfile *file, const struct stat *was)
{
	struct stat is;
	int err;

	file->fd = open(file->path, O_WRONLY | O_CLOEXEC);
	if (file->fd < 0)
		return -errno;
	file->in_place = true;
	err = fstat(file->fd, &is) ? -errno : 0;
	if (!err && (is.st_dev != was->st_dev || is.st_ino != was->st_ino))
		err = -EACCES;
	return err;
}

static bool is_descriptor(const char *path)
{
	struct statfs fs;
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool is = fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;

	if (fd >= 0)
		close(fd);
	return is;
}

int outfile_find(struct outfile *file, const char *name)
{
	struct stat stat;
	int ret;

	*file = (struct outfile) { .name = name, .fd = -1 };
	if (!strcmp(name, "-")) {
		file->name = "standard output";
		file->fd = STDOUT_FILENO;
		file->in_place = true;
		return EXIT_OK;
	}
	if (!*name)	/* a temporary file could be created, but not renamed */
		return problem("'': cannot write: %s", strerror(ENOENT));
	file->path = strdup(name);
	ret = file->path ? follow_links(file, &stat) : -ENOMEM;
	if (ret == 1 && (!S_ISREG(stat.st_mode) || is_descriptor(file->path)))
		ret = open_in_place(file, &stat);
	else if (ret == 1)
		/* respect a read-only file, though it could be replaced */
		ret = faccessat(AT_FDCWD, file->path, W_OK, AT_EACCESS) ? -errno : 0;
	return ret ? cannot_write(file, ret) : EXIT_OK;
}

/* Create and open FILE.XXXXXX. */
static int create_beside(struct outfile *file, mode_t mode)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	unsigned char random[RANDOM];
	size_t len = strlen(file->path), i;
	int tries;

	file->temporary = malloc(len + RANDOM + 2);
	if (!file->temporary)
		return -ENOMEM;
	for (tries = 0; file->fd < 0 && tries < TRIES_MAX; tries++) {
		if (getrandom(random, RANDOM, 0) != RANDOM)
			return -errno;
		memcpy(file->temporary, file->path, len);
		file->temporary[len] = '.';
		for (i = 0; i < RANDOM; i++)
			file->temporary[len + 1 + i] = letters[random[i] % (sizeof(letters) - 1)];
		file->temporary[len + 1 + RANDOM] = 0;
		file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (file->fd < 0 && errno != EEXIST)
			break;
	}
	return file->fd < 0 ? -errno : 0;
}

/* The user who called sudo(8) wants to read the file without it. Safe, as we created it. */
static void give_to_caller(struct outfile *file)
{
	uint32_t uid, gid = UINT32_MAX;

	if (!sudo_id("SUDO_UID", &uid))
		return;
	sudo_id("SUDO_GID", &gid);
	if (fchown(file->fd, uid, gid))
		problem("%s: note: it belongs to root, it cannot be given to user %u: %s", file->name, uid,
			strerror(errno));
}

/* A link in /proc may lead to a regular file. Standard output is left as it is. */
static int empty_in_place(const struct outfile *file)
{
	struct stat stat;

	if (file->path && !fstat(file->fd, &stat) && S_ISREG(stat.st_mode) &&
	    ftruncate(file->fd, 0))
		return cannot_write(file, -errno);
	return EXIT_OK;
}

int outfile_create(struct outfile *file, mode_t mode)
{
	struct stat old;
	int err;

	if (file->in_place)
		return empty_in_place(file);
	if (!lstat(file->path, &old) && S_ISREG(old.st_mode) && !is_trap(file->path, old.st_uid))
		mode &= old.st_mode;
	err = create_beside(file, mode);
	if (err) {
		problem("%s: cannot write: cannot create a file beside it: %s", file->name,
			strerror(-err));
		free(file->temporary);
		file->temporary = NULL;
		return EXIT_PROBLEM;
	}
	give_to_caller(file);
	return EXIT_OK;
}

bool outfile_has_older(const struct outfile *file)
{
	struct stat stat;

	return file->temporary && !lstat(file->path, &stat);
}

/* Rename FILE to @old, if there is one. Returns false on failure (reported). */
static bool keep_older(const struct outfile *file, const char *old)
{
	if (!rename(file->path, old) || errno == ENOENT)
		return true;
	problem("%s: cannot rename it to %s: %s; the new one is in %s", file->path, old,
		strerror(errno), file->temporary);
	return false;
}

int outfile_place(struct outfile *file, bool keep)
{
	char *old = NULL;
	int err = 0;

	if (!file->temporary)
		return EXIT_OK;
	if (keep && asprintf(&old, "%s" OLD_SUFFIX, file->path) < 0)
		return problem("%s: out of memory; the new one is in %s", file->path, file->temporary);
	if (keep && !keep_older(file, old)) {
		free(old);
		return EXIT_PROBLEM;
	}
	if (rename(file->temporary, file->path)) {
		err = errno;
		if (keep)
			rename(old, file->path);
		problem("%s: cannot rename it to %s: %s", file->temporary, file->path, strerror(err));
	}
	free(old);
	if (err)
		return EXIT_PROBLEM;
	free(file->temporary);
	file->temporary = NULL;
	return EXIT_OK;
}

const char *outfile_present_name(const struct outfile *file)
{
	return file->temporary ? file->temporary : file->name;
}

int outfile_close(struct outfile *file)
{
	int err = 0;

	if (file->fd >= 0 && file->path && close(file->fd))
		err = -errno;
	file->fd = -1;
	return err;
}

void outfile_discard(struct outfile *file)
{
	outfile_close(file);
	if (file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	file->temporary = NULL;
}

void outfile_uninit(struct outfile *file)
{
	outfile_close(file);
	free(file->temporary);
	free(file->path);
	*file = (struct outfile) { .fd = -1 };
}
