// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Selections: words such as "sched,-sched_wakeup" that say which events are meant.
 */
#include <errno.h>
#include <string.h>

#include <libexptrace.h>

#include "api.h"

#define SEPARATORS	", \t\n"

/* The group that can be limited to some system calls, with their names behind a colon. */
#define SYSCALLS	"syscalls"
#define SYSCALLS_LEN	(sizeof(SYSCALLS) - 1)

/* The next word with its sign; NULL at the end. */
static const char *next_word(const char **what, size_t *len)
{
	const char *word = *what + strspn(*what, SEPARATORS);

	*len = strcspn(word, SEPARATORS);
	*what = word + *len;
	return *len ? word : NULL;
}

static bool has_sign(const char *word)
{
	return *word == '+' || *word == '-';
}

API const char *exptrace_select_next(const char **what, size_t *len)
{
	const char *word = next_word(what, len);

	if (word && has_sign(word)) {
		word++;
		--*len;
	}
	return word;
}

static bool is_name(const char *word, size_t len, const char *name)
{
	return name && strlen(name) == len && !memcmp(word, name, len);
}

API const char *exptrace_select_syscall(const char *word, size_t *len)
{
	if (*len <= SYSCALLS_LEN || memcmp(word, SYSCALLS ":", SYSCALLS_LEN + 1))
		return NULL;
	*len -= SYSCALLS_LEN + 1;
	return word + SYSCALLS_LEN + 1;
}

API bool exptrace_select_is(const char *word, size_t len, const char *experiment,
			    const char *group, const char *name)
{
	if (exptrace_select_syscall(word, &len))
		return is_name(SYSCALLS, SYSCALLS_LEN, group);
	return is_name(word, len, name) || is_name(word, len, group) ||
	       is_name(word, len, experiment) || is_name(word, len, "all");
}

API bool exptrace_select(const char *what, const char *experiment, const char *group,
			 const char *name, bool now)
{
	const char *word;
	bool first = true;
	size_t len;

	while ((word = next_word(&what, &len))) {
		bool sign = has_sign(word), minus = *word == '-';

		if (first && !sign)
			now = false;
		first = false;
		len -= sign;
		word += sign;
		if (!exptrace_select_is(word, len, experiment, group, name))
			continue;
		/* without one of the system calls, the events of the others stay */
		if (!minus || !exptrace_select_syscall(word, &len))
			now = !minus;
	}
	return now;
}

static void want_all(struct exptrace_syscall_tables *calls)
{
	memset(calls->wanted, 0xff, sizeof(calls->wanted));
}

/* In each table that has it. Returns false if none has. */
static bool mark_call(struct exptrace_syscall_tables *calls, const char *machine, const char *name,
		      size_t len, bool minus)
{
	bool found = false;
	int table, nr;

	for (table = 0; table < EXPTRACE_NR_SYSCALL_TABLES; table++) {
		nr = exptrace_syscall_number_in(machine, (enum exptrace_syscall_table)table, name,
						len);
		if (nr < 0)
			continue;
		found = true;
		if (minus)
			calls->wanted[table][nr / 64] &= ~(1ULL << nr % 64);
		else
			calls->wanted[table][nr / 64] |= 1ULL << nr % 64;
	}
	return found;
}

/* The first one that is asked for is the only one, if there were none (@now). */
static bool want_call(struct exptrace_syscall_tables *calls, const char *machine, const char *name,
		      size_t len, bool minus, bool now)
{
	if (!minus && !now)
		memset(calls->wanted, 0, sizeof(calls->wanted));
	return mark_call(calls, machine, name, len, minus);
}

API int exptrace_select_syscall_tables(const char *what, const char *machine, bool now,
				       struct exptrace_syscall_tables *calls)
{
	const char *word, *name;
	bool first = true;
	size_t len;

	while ((word = next_word(&what, &len))) {
		bool sign = has_sign(word), minus = *word == '-';

		if (first && !sign) {
			now = false;
			want_all(calls);
		}
		first = false;
		len -= sign;
		name = exptrace_select_syscall(word + sign, &len);
		if (name) {
			if (!want_call(calls, machine, name, len, minus, now))
				return -ENOENT;
			now |= !minus;
		} else if (exptrace_select_is(word + sign, len, "standard", SYSCALLS, NULL)) {
			want_all(calls);
			now = !minus;
		}
	}
	return 0;
}

API int exptrace_select_syscalls(const char *what, const char *machine, bool now,
				 struct exptrace_syscalls *calls)
{
	struct exptrace_syscall_tables tables = { 0 };
	void *native = tables.wanted[EXPTRACE_SYSCALLS_NATIVE];
	int err;

	memcpy(native, calls->wanted, sizeof(calls->wanted));
	err = exptrace_select_syscall_tables(what, machine, now, &tables);
	if (!err)
		memcpy(calls->wanted, native, sizeof(calls->wanted));
	return err;
}
