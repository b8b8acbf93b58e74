// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of system calls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "syscall.h"

/* By number; made from <asm/unistd_64.h> when the library is built. */
static const char *const x86_64_names[] = {
#include "syscall_names.h"
	NULL
};

#define NAMES	(sizeof(x86_64_names) / sizeof(x86_64_names[0]))

const char *syscall_name(const char *machine, uint64_t nr)
{
	if (!machine || strcmp(machine, "x86_64") || nr >= NAMES)
		return NULL;
	return x86_64_names[nr];
}

/* A number in decimal digits. */
static int parse_number(const char *text, size_t len)
{
	char *end;
	long nr;

	if (!len || *text < '0' || *text > '9')
		return -ENOENT;
	nr = strtol(text, &end, 10);
	return end == text + len && nr < EXPTRACE_MAX_SYSCALLS ? (int)nr : -ENOENT;
}

API int exptrace_syscall_number(const char *machine, const char *name, size_t len)
{
	unsigned int nr;

	for (nr = 0; nr < NAMES; nr++) {
		const char *known = syscall_name(machine, nr);

		if (known && strlen(known) == len && !memcmp(known, name, len))
			return (int)nr;
	}
	return parse_number(name, len);
}
