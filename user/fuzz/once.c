// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzz target once on each file of a directory, without libFuzzer, so that any compiler can
 * test the corpus for regressions.
 *
 * Usage: once_TARGET DIRECTORY
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

/* Uses an exact allocation, so that a sanitizer notices reads beyond the end. */
static void run_file(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	uint8_t *data;

	if (fd < 0 || fstat(fd, &stat))
		abort();
	data = malloc((size_t)stat.st_size);
	if (!data || read(fd, data, (size_t)stat.st_size) != stat.st_size)
		abort();
	close(fd);
	LLVMFuzzerTestOneInput(data, (size_t)stat.st_size);
	free(data);
}

int main(int argc, char **argv)
{
	/* targets capture standard output */
	int out = dup(STDOUT_FILENO);
	DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	unsigned int n = 0;

	if (!directory) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	LLVMFuzzerInitialize(&argc, &argv);
	while ((entry = readdir(directory)))
		if (*entry->d_name != '.') {
			fuzz_say("%s", entry->d_name);
			run_file(dirfd(directory), entry->d_name);
			n++;
		}
	closedir(directory);
	dprintf(out, "%s - the corpus of fuzzing, %u inputs: %s\n", n ? "ok" : "not ok", n,
		strrchr(argv[0], '_') + 1);
	return !n;
}
