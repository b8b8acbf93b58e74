// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selections: groups, names, experiments, signs.
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

static bool is_meant(const char *what, const char *experiment, const char *group,
		     const char *name, bool now)
{
	struct exptrace_selection *selection = parse(what);
	bool meant = exptrace_selection_means(selection, experiment, group, name, now);

	exptrace_selection_free(selection);
	return meant;
}

static int choose_calls(const char *what, const char *machine, bool now,
			struct exptrace_syscall_tables *calls)
{
	struct exptrace_selection *selection = parse(what);
	int err = exptrace_selection_syscalls(selection, machine, now, calls);

	exptrace_selection_free(selection);
	return err;
}

/* Which of kmalloc, kfree, sched_switch the selection leaves on: a letter each. */
static const char *chosen(const char *what, const char *now)
{
	static char set[4];
	char *p = set;

	if (is_meant(what, "allocfree", "alloc", "kmalloc", strchr(now, 'm')))
		*p++ = 'm';
	if (is_meant(what, "allocfree", "alloc", "kfree", strchr(now, 'f')))
		*p++ = 'f';
	if (is_meant(what, NULL, "sched", "sched_switch", strchr(now, 's')))
		*p++ = 's';
	*p = 0;
	return set;
}

/* Which of the system calls 1, 2 and 900 are wanted: a digit each. */
static const char *calls_of(const char *what, bool now, const char *before)
{
	struct exptrace_syscall_tables calls = { 0 };
	uint64_t *wanted = (uint64_t *)calls.wanted[EXPTRACE_SYSCALLS_NATIVE];
	static char set[4];
	char *p = set;

	if (!*before)
		memset(calls.wanted, 0xff, sizeof(calls.wanted));
	else
		wanted[0] = 1ULL << (*before - '0');
	if (choose_calls(what, "none", now, &calls))
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

/* In which tables the call is wanted, and nothing else: "nc", for the machine's own and 32-bit. */
static const char *tables_of(const char *what, const char *machine, unsigned int native,
			     unsigned int compat, unsigned int x32)
{
	const unsigned int nr[EXPTRACE_NR_SYSCALL_TABLES] = { native, compat, x32 };
	struct exptrace_syscall_tables calls = { 0 };
	static char set[EXPTRACE_NR_SYSCALL_TABLES + 1];
	char *p = set;
	int i;

	if (choose_calls(what, machine, false, &calls))
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

	ok(!known || !strcmp(tables_of("syscalls:openat", "x86_64", 257, 295, 257), "ncx"),
	   "a name means the call in all tables of the machine%s", skip);
	ok(!known || !strcmp(tables_of("syscalls:execveat", "x86_64", 322, 358, 545), "ncx"),
	   "by the number in each of them%s", skip);
	ok(!known || !strcmp(tables_of("syscalls:mmap2", "x86_64", 0, 192, 0), "c"),
	   "one that only 32-bit programs have is found%s", skip);
	ok(!strcmp(tables_of("syscalls:11", "x86_64", 11, 11, 11), "n"),
	   "a number is that of the machine's own programs");
	ok(!strcmp(tables_of("syscalls:463", "none", 463, 463, 463), "ncx"),
	   "or of all, where all have the same");
}

static bool means_sys_enter(const char *what, bool now)
{
	return is_meant(what, "standard", "syscalls", "sys_enter", now);
}

static void test_syscalls(void)
{
	int nr = exptrace_syscall_number("x86_64", "openat", strlen("openat"));

	ok(!strcmp(calls_of("syscalls:1", true, ""), "1"), "a system call alone leaves no other");
	ok(!strcmp(calls_of("syscalls:1,syscalls:2", false, ""), "12"), "the next one is added");
	ok(!strcmp(calls_of("+syscalls:2", true, "1"), "12"), "a sign adds to what is wanted");
	ok(!strcmp(calls_of("+syscalls:2", false, ""), "2"), "or is the only one if none was");
	ok(!strcmp(calls_of("-syscalls:1", true, ""), "29"), "one can be left out");
	ok(!strcmp(calls_of("+syscalls", true, "1"), "129"), "the group means all of them");
	ok(!strcmp(calls_of("sched", true, "1"), "129"), "another selection wants all again");
	ok(!strcmp(calls_of("syscalls:no_such_call", true, ""), "error"), "unknown names are refused");
	ok(!strcmp(calls_of("syscalls:1024", true, ""), "error"), "and numbers beyond the last");
	ok(means_sys_enter("syscalls:1", false), "a system call switches the group on");
	ok(means_sys_enter("-syscalls:1", true), "without one, the group stays on");
	ok(!means_sys_enter("-syscalls:1", false), "or off");
	ok(nr == 257 || nr == -ENOENT, "names are those of the machine's table (openat: %d)", nr);
}

/* The words without their signs, with | behind each. */
static const char *words_of(const char *what)
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
	ok(!strcmp(chosen("kmalloc", "fs"), "m"), "a name alone leaves nothing else on");
	ok(!strcmp(chosen("sched,alloc", ""), "mfs"), "groups are joined");
	ok(!strcmp(chosen("allocfree", ""), "mf"), "an experiment's name means its events");
	ok(!strcmp(chosen("+alloc,-kfree", "s"), "ms"), "signs change what is on");
	ok(!strcmp(chosen("-sched", "mfs"), "mf"), "a sign at first keeps the others");
	ok(!strcmp(chosen("alloc,-kfree", "s"), "m"), "no sign at first starts from nothing");
	ok(!strcmp(chosen("-kfree +kfree", "f"), "f"), "the last word decides");
	ok(!strcmp(chosen("all,-sched", ""), "mf"), "all means every event");
	ok(!strcmp(chosen("", "f"), "f"), "an empty selection changes nothing");
	ok(!strcmp(chosen("kmal,kmallocx", ""), ""), "parts of names mean nothing");
	ok(!strcmp(words_of(" kfree,,+alloc -x\n\t,"), "kfree|alloc|x|"),
	   "words are found between separators, without their sign");
	test_syscalls();
	test_tables();
	return tap_end();
}
