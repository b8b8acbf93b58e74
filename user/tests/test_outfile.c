// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output replaces an older file only when complete, and does not follow other users' links.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmd/cmd.h"
#include "../cmd/outfile.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

#define SOMEBODY	65534

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static bool has(const char *path, const char *text)
{
	char bytes[64] = "";
	int fd = open(path, O_RDONLY);
	bool same = fd >= 0 && read(fd, bytes, sizeof(bytes) - 1) >= 0 && !strcmp(bytes, text);

	close(fd);
	return same;
}

static struct stat status_of(const char *path)
{
	struct stat stat = { 0 };

	lstat(path, &stat);
	return stat;
}

static unsigned int files;

static int count_file(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
	(void)path;
	(void)stat;
	(void)at;
	files += kind != FTW_D;
	return 0;
}

static unsigned int count_files(void)
{
	files = 0;
	nftw(".", count_file, 4, FTW_PHYS);
	return files;
}

static int remove_file(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
	(void)stat;
	(void)kind;
	return at->level ? remove(path) : 0;
}

static void remove_files(void)
{
	nftw(".", remove_file, 4, FTW_DEPTH | FTW_PHYS);
}

/* Creates the new file for "f" and writes the text to it. */
static bool begin_file(struct outfile *file, mode_t mode, const char *text)
{
	return !outfile_find(file, "f") && !outfile_create(file, mode) &&
	       write(file->fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool replace_file(const char *text, mode_t mode, bool keep)
{
	struct outfile file;
	bool done = begin_file(&file, mode, text) && !outfile_place(&file, keep) &&
		    !outfile_close(&file);

	outfile_uninit(&file);
	return done;
}

static void test_place(void)
{
	struct outfile file;

	write_file("f", "old");
	ok(begin_file(&file, 0600, "new") && has("f", "old") && outfile_has_older(&file) &&
	   !strncmp(outfile_present_name(&file), "f.", 2) && has(outfile_present_name(&file), "new"),
	   "an older file stays until the new one takes its place");
	ok(!outfile_place(&file, true) && has("f", "new") && has("f.old", "old") &&
	   !strcmp(outfile_present_name(&file), "f") && count_files() == 2,
	   "the older file is then kept");
	ok(write(file.fd, "er", 2) == 2 && has("f", "newer"), "the new file can still be written");
	outfile_uninit(&file);
	ok(replace_file("3", 0600, true) && has("f", "3") && has("f.old", "newer") && count_files() == 2,
	   "only one older file is kept");
	ok(replace_file("4", 0600, false) && has("f", "4") && has("f.old", "newer") && count_files() == 2,
	   "no older file is kept if the caller wants none");
	ok(begin_file(&file, 0600, "5"), "another file is created");
	outfile_discard(&file);
	ok(has("f", "4") && count_files() == 2, "a discarded file leaves nothing behind");
	outfile_uninit(&file);
	remove_files();
	ok(replace_file("1", 0600, true) && has("f", "1") && count_files() == 1,
	   "an older file is not needed");
	remove_files();
}

static void test_no_room_for_old(void)
{
	struct outfile file;

	write_file("f", "old");
	mkdir("f.old", 0700);
	ok(begin_file(&file, 0600, "new") && outfile_place(&file, true) && has("f", "old") &&
	   has(outfile_present_name(&file), "new"),
	   "if the older file cannot be renamed, the new one keeps its temporary name");
	outfile_uninit(&file);
	remove_files();
}

static void test_mode(void)
{
	umask(022);
	ok(replace_file("1", 0666, false) && (status_of("f").st_mode & 0777) == 0644,
	   "a new file gets the permissions that the umask allows");
	chmod("f", 0600);
	ok(replace_file("2", 0666, false) && (status_of("f").st_mode & 0777) == 0600,
	   "a new file gets no more permissions than the older one");
	remove_files();
}

static void test_kinds(void)
{
	struct outfile file;

	write_file("there", "old");
	ok(!symlink("there", "f") && replace_file("new", 0600, true) && S_ISLNK(status_of("f").st_mode) &&
	   has("there", "new") && has("there.old", "old"), "symbolic links are followed and kept");
	remove_files();
	ok(!symlink("f", "f") && outfile_find(&file, "f"), "a link to itself is an error");
	outfile_uninit(&file);
	remove_files();
	ok(!symlink("none", "f") && replace_file("new", 0600, true) && has("none", "new"),
	   "the target of a link may be missing");
	remove_files();
	mkdir("f", 0700);
	ok(outfile_find(&file, "f"), "a directory is an error");
	outfile_uninit(&file);
	remove_files();
	ok(!outfile_find(&file, "/dev/null") && file.in_place && !outfile_create(&file, 0600) &&
	   !outfile_place(&file, true) && !outfile_has_older(&file),
	   "a device is written in place");
	outfile_uninit(&file);
	ok(outfile_find(&file, "no/f") || outfile_create(&file, 0600),
	   "a missing directory is an error");
	outfile_uninit(&file);
}

/* Files of other users in a world-writable directory; only root can create these here. */
static void test_traps(void)
{
	struct outfile file;

	chmod(".", 01777);
	write_file("victim", "precious");
	ok(!symlink("victim", "f") && !lchown("f", SOMEBODY, SOMEBODY) &&
	   outfile_find(&file, "f") && file.is_trap,
	   "another user's link in a world-writable directory is an error");
	outfile_uninit(&file);
	unlink("f");
	ok(!mkfifo("f", 0666) && !lchown("f", SOMEBODY, SOMEBODY) && outfile_find(&file, "f") &&
	   file.is_trap, "another user's pipe is an error");
	outfile_uninit(&file);
	unlink("f");
	ok(!link("victim", "f") && !chown("f", SOMEBODY, SOMEBODY) && replace_file("new", 0600, true) &&
	   status_of("f").st_uid == 0 && has("victim", "precious") &&
	   status_of("victim").st_uid == SOMEBODY,
	   "another user's file is replaced, not written to");
	remove_files();

	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	write_file("victim", "precious");
	link("victim", "f");
	ok(replace_file("new", 0600, false) && status_of("f").st_uid == SOMEBODY &&
	   status_of("f").st_gid == SOMEBODY && (status_of("f").st_mode & 0777) == 0600 &&
	   status_of("victim").st_uid == 0,
	   "under sudo only the new file gets the caller as owner");
	unlink("f");
	ok(!symlink("there", "f") && !lchown("f", SOMEBODY, SOMEBODY) && replace_file("new", 0600, false) &&
	   has("there", "new"), "under sudo the caller's links are followed");
	remove_files();
	setenv("SUDO_UID", "4294967295", 1);
	ok(replace_file("new", 0600, false) && status_of("f").st_uid == 0,
	   "an invalid SUDO_UID is ignored");
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	remove_files();
	chmod(".", 0700);
}

static void test_cut(void)
{
	const char *words[] = { "-o", "f", "in", NULL };
	struct writer w = { 0 };
	int fd;

	sample_trace(&w, 2);
	fd = open("in", O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, w.data, w.size) != (ssize_t)w.size)
		abort();
	close(fd);
	write_file("f", "old");
	ok(run_words(&command_cut, words) == EXIT_OK && status_of("f").st_size == (off_t)w.size &&
	   count_files() == 2, "cut replaces an older file and leaves no other file");
	unlink("f");
	link("in", "f");
	ok(run_words(&command_cut, words) == EXIT_PROBLEM && run_printed(": the trace itself") &&
	   status_of("in").st_size == (off_t)w.size,
	   "cut does not replace the trace that it reads");
	remove_files();
	w_free(&w);
}

int main(void)
{
	char directory[] = "/tmp/exptrace-test.XXXXXX";

	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	if (!mkdtemp(directory) || chdir(directory))
		abort();
	test_place();
	test_no_room_for_old();
	test_mode();
	test_kinds();
	if (getuid())
		printf("ok - other users' links, pipes and files are not written to # SKIP needs root\n");
	else
		test_traps();
	test_cut();
	rmdir(directory);
	return tap_end();
}
