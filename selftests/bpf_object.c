// SPDX-License-Identifier: GPL-2.0-only
/* Find and load the BPF programs of the tests. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf_object.h"

static int warnings_only(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

struct bpf_object *bpf_object_beside(const char *name)
{
	char program[PATH_MAX], path[PATH_MAX];
	struct bpf_object *object;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int err;

	if (n < 0)
		return NULL;
	program[n] = '\0';
	*strrchr(program, '/') = '\0';
	if (snprintf(path, sizeof(path), "%s/%s", program, name) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	libbpf_set_print(warnings_only);
	object = bpf_object__open(path);
	if (!object || !bpf_object__load(object))
		return object;
	err = errno;
	bpf_object__close(object);
	errno = err;
	return NULL;
}
