// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of system calls.
 */
#include <errno.h>
#include <string.h>

#include <exptrace/wire.h>
#include <libexptrace.h>

#include "api.h"
#include "error.h"
#include "syscall.h"

/* Indexed by number; generated from <asm/unistd_64.h> etc. when the library is built. */
static const char *const native_names[] = {
#include "syscall_names_64.h"
	NULL
};

static const char *const compat_names[] = {
#include "syscall_names_32.h"
	NULL
};

static const char *const x32_names[] = {
#include "syscall_names_x32.h"
	NULL
};

#define NAMES(list)	{ list, sizeof(list) / sizeof((list)[0]) }

/* The tables of x86_64 */
static const struct {
	const char *const *list;
	uint64_t n;
} tables[EXPTRACE_NR_SYSCALL_TABLES] = {
	[EXPTRACE_SYSCALLS_NATIVE]	= NAMES(native_names),
	[EXPTRACE_SYSCALLS_COMPAT]	= NAMES(compat_names),
	[EXPTRACE_SYSCALLS_X32]		= NAMES(x32_names),
};

API enum exptrace_syscall_table exptrace_syscall_split(uint64_t number, uint64_t *nr)
{
	*nr = number & ~(uint64_t)(EXPTRACE_SYSCALL_COMPAT | EXPTRACE_SYSCALL_X32);
	if (number & EXPTRACE_SYSCALL_X32)
		return EXPTRACE_SYSCALLS_X32;
	return number & EXPTRACE_SYSCALL_COMPAT ? EXPTRACE_SYSCALLS_COMPAT : EXPTRACE_SYSCALLS_NATIVE;
}

static const char *name_in(const char *machine, enum exptrace_syscall_table table, uint64_t nr)
{
	if (!machine || strcmp(machine, "x86_64") || nr >= tables[table].n)
		return NULL;
	return tables[table].list[nr];
}

API const char *exptrace_syscall_name(const char *machine, uint64_t number)
{
	uint64_t nr;
	enum exptrace_syscall_table table = exptrace_syscall_split(number, &nr);

	return name_in(machine, table, nr);
}

/* Parses a decimal number, which is not terminated. */
static int parse_number(const char *text, size_t len)
{
	int nr = 0;
	size_t i;

	for (i = 0; i < len && nr < EXPTRACE_MAX_SYSCALLS; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -ENOENT;
		nr = 10 * nr + (text[i] - '0');
	}
	return len && nr < EXPTRACE_MAX_SYSCALLS ? nr : -ENOENT;
}

API int exptrace_syscall_number_in(const char *machine, enum exptrace_syscall_table table,
				   const char *name, size_t len)
{
	unsigned int i;
	int nr;

	for (i = 0; i < tables[table].n; i++) {
		const char *known = name_in(machine, table, i);

		if (known && strlen(known) == len && !memcmp(known, name, len))
			return (int)i;
	}
	nr = parse_number(name, len);
	if (nr < 0 || (table != EXPTRACE_SYSCALLS_NATIVE && nr < SYSCALLS_COMMON))
		return error_refused(-ENOENT, "there is no such system call", name, len);
	return nr;
}

API int exptrace_syscall_number(const char *machine, const char *name, size_t len)
{
	return exptrace_syscall_number_in(machine, EXPTRACE_SYSCALLS_NATIVE, name, len);
}
