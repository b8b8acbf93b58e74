// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Selections: words such as "sched,-sched_wakeup" that say which events are meant.
 */
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

static void want_all(struct exptrace_syscalls *calls)
{
	memset(calls->wanted, 0xff, sizeof(calls->wanted));
}

/* The first one that is asked for is the only one, if there were none (@now). */
static void want_call(struct exptrace_syscalls *calls, unsigned int nr, bool minus, bool now)
{
	if (!minus && !now)
		memset(calls->wanted, 0, sizeof(calls->wanted));
	if (minus)
		calls->wanted[nr / 64] &= ~(1ULL << nr % 64);
	else
		calls->wanted[nr / 64] |= 1ULL << nr % 64;
}

API int exptrace_select_syscalls(const char *what, const char *machine, bool now,
				 struct exptrace_syscalls *calls)
{
	const char *word, *name;
	bool first = true;
	size_t len;

	while ((word = next_word(&what, &len))) {
		bool sign = has_sign(word), minus = *word == '-';
		int nr;

		if (first && !sign) {
			now = false;
			want_all(calls);
		}
		first = false;
		len -= sign;
		name = exptrace_select_syscall(word + sign, &len);
		if (name) {
			nr = exptrace_syscall_number(machine, name, len);
			if (nr < 0)
				return nr;
			want_call(calls, (unsigned int)nr, minus, now);
			now |= !minus;
		} else if (exptrace_select_is(word + sign, len, "standard", SYSCALLS, NULL)) {
			want_all(calls);
			now = !minus;
		}
	}
	return 0;
}
