// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selections of events: groups, names, experiments, signs, system calls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libexptrace.h>

#include "tap.h"

static struct exptrace_selection *parse(const char *what)
{
	struct exptrace_selection *selection;

	if (exptrace_selection_parse(what, strlen(what), &selection, NULL))
		abort();
	return selection;
}

static bool is_selected(const char *what, const char *experiment, const char *group,
			const char *name, bool now)
{
	struct exptrace_selection *selection = parse(what);
	bool meant = exptrace_selection_means(selection, experiment, group, name, now);

	exptrace_selection_free(selection);
	return meant;
}

static int select_calls(const char *what, const char *machine, bool now,
			struct exptrace_syscall_tables *calls)
{
	struct exptrace_selection *selection = parse(what);
	int err = exptrace_selection_syscalls(selection, machine, now, calls);

	exptrace_selection_free(selection);
	return err;
}

/* Which of kmalloc, kfree, sched_switch are on after the selection: "m", "f", "s". */
static const char *selected_events(const char *what, const char *now)
{
	static char set[4];
	char *p = set;

	if (is_selected(what, "allocfree", "alloc", "kmalloc", strchr(now, 'm')))
		*p++ = 'm';
	if (is_selected(what, "allocfree", "alloc", "kfree", strchr(now, 'f')))
		*p++ = 'f';
	if (is_selected(what, NULL, "sched", "sched_switch", strchr(now, 's')))
		*p++ = 's';
	*p = 0;
	return set;
}

/* Which of the system calls 1, 2 and 900 are selected: "1", "2", "9". */
static const char *selected_calls(const char *what, bool now, const char *before)
{
	struct exptrace_syscall_tables calls = { 0 };
	uint64_t *wanted = (uint64_t *)calls.wanted[EXPTRACE_SYSCALLS_NATIVE];
	static char set[4];
	char *p = set;

	if (!*before)
		memset(calls.wanted, 0xff, sizeof(calls.wanted));
	else
		wanted[0] = 1ULL << (*before - '0');
	if (select_calls(what, "none", now, &calls))
		return "error";
	if (wanted[0] & 1ULL << 1)
		*p++ = '1';
	if (wanted[0] & 1ULL << 2)
		*p++ = '2';
	if (wanted[900 / 64] & 1ULL << 900 % 64)
		*p++ = '9';
	*p = 0;
	return set;
}

/*
 * The tables in which exactly this call is selected: "n" for native, "c" for 32-bit, "x" for x32.
 */
static const char *selected_tables(const char *what, const char *machine, unsigned int native,
				   unsigned int compat, unsigned int x32)
{
	const unsigned int nr[EXPTRACE_NR_SYSCALL_TABLES] = { native, compat, x32 };
	struct exptrace_syscall_tables calls = { 0 };
	static char set[EXPTRACE_NR_SYSCALL_TABLES + 1];
	char *p = set;
	int i;

	if (select_calls(what, machine, false, &calls))
		return "error";
	for (i = 0; i < EXPTRACE_NR_SYSCALL_TABLES; i++) {
		const uint64_t *wanted = (const uint64_t *)calls.wanted[i];
		uint64_t all = 0;
		size_t j;

		for (j = 0; j < EXPTRACE_MAX_SYSCALLS / 64; j++)
			all |= wanted[j] & (j == nr[i] / 64 ? ~(1ULL << nr[i] % 64) : ~0ULL);
		if (all)
			return "others";
		if (wanted[nr[i] / 64] >> nr[i] % 64 & 1)
			*p++ = "ncx"[i];
	}
	*p = 0;
	return set;
}

static void test_tables(void)
{
	bool known = exptrace_syscall_number("x86_64", "openat", strlen("openat")) == 257;
	const char *skip = known ? "" : " # SKIP not known here";

	ok(!known || !strcmp(selected_tables("syscalls:openat", "x86_64", 257, 295, 257), "ncx"),
	   "a name selects the call in all of the machine's tables%s", skip);
	ok(!known || !strcmp(selected_tables("syscalls:execveat", "x86_64", 322, 358, 545), "ncx"),
	   "a call may have a different number in each table%s", skip);
	ok(!known || !strcmp(selected_tables("syscalls:mmap2", "x86_64", 0, 192, 0), "c"),
	   "a call that only 32-bit programs have is found%s", skip);
	ok(!strcmp(selected_tables("syscalls:11", "x86_64", 11, 11, 11), "n"),
	   "a number selects the native call");
	ok(!strcmp(selected_tables("syscalls:463", "none", 463, 463, 463), "ncx"),
	   "a number that all tables share selects the call in all of them");
}

static bool selects_sys_enter(const char *what, bool now)
{
	return is_selected(what, "standard", "syscalls", "sys_enter", now);
}

static void test_syscalls(void)
{
	int nr = exptrace_syscall_number("x86_64", "openat", strlen("openat"));

	ok(!strcmp(selected_calls("syscalls:1", true, ""), "1"),
	   "a single system call deselects all others");
	ok(!strcmp(selected_calls("syscalls:1,syscalls:2", false, ""), "12"),
	   "several system calls are joined");
	ok(!strcmp(selected_calls("+syscalls:2", true, "1"), "12"),
	   "a plus sign adds to the selected calls");
	ok(!strcmp(selected_calls("+syscalls:2", false, ""), "2"),
	   "a plus sign selects the only call if none was selected");
	ok(!strcmp(selected_calls("-syscalls:1", true, ""), "29"),
	   "a minus sign deselects one call");
	ok(!strcmp(selected_calls("+syscalls", true, "1"), "129"), "the group selects all calls");
	ok(!strcmp(selected_calls("sched", true, "1"), "129"),
	   "a selection without calls selects all calls again");
	ok(!strcmp(selected_calls("syscalls:no_such_call", true, ""), "error"),
	   "unknown names of calls are refused");
	ok(!strcmp(selected_calls("syscalls:1024", true, ""), "error"),
	   "numbers beyond the last call are refused");
	ok(selects_sys_enter("syscalls:1", false), "selecting a system call enables the group");
	ok(selects_sys_enter("-syscalls:1", true), "deselecting a call leaves the group enabled");
	ok(!selects_sys_enter("-syscalls:1", false),
	   "deselecting a call leaves the group disabled");
	ok(nr == 257 || nr == -ENOENT, "names come from the machine's table (openat: %d)", nr);
}

/* The words without their signs, each followed by "|". */
static const char *words_in(const char *what)
{
	struct exptrace_selection *selection = parse(what);
	static char text[256];
	size_t i, len, n = 0;

	text[0] = 0;
	for (i = 0; i < exptrace_selection_words(selection); i++) {
		const char *word = exptrace_selection_word(selection, i, &len);

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s|", (int)len, word);
	}
	exptrace_selection_free(selection);
	return text;
}

int main(void)
{
	ok(!strcmp(selected_events("kmalloc", "fs"), "m"),
	   "a single name disables all other events");
	ok(!strcmp(selected_events("sched,alloc", ""), "mfs"), "groups are joined");
	ok(!strcmp(selected_events("allocfree", ""), "mf"),
	   "an experiment's name selects its events");
	ok(!strcmp(selected_events("+alloc,-kfree", "s"), "ms"), "signs add and remove events");
	ok(!strcmp(selected_events("-sched", "mfs"), "mf"),
	   "if the first word has a sign, other events keep their state");
	ok(!strcmp(selected_events("alloc,-kfree", "s"), "m"),
	   "if the first word has no sign, all other events are disabled");
	ok(!strcmp(selected_events("-kfree +kfree", "f"), "f"), "the last word decides");
	ok(!strcmp(selected_events("all,-sched", ""), "mf"), "'all' selects every event");
	ok(!strcmp(selected_events("", "f"), "f"), "an empty selection changes nothing");
	ok(!strcmp(selected_events("kmal,kmallocx", ""), ""), "a part of a name selects nothing");
	ok(!strcmp(words_in(" kfree,,+alloc -x\n\t,"), "kfree|alloc|x|"),
	   "words are split at separators, and their signs are removed");
	test_syscalls();
	test_tables();
	return tap_end();
}
