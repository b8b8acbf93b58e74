// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grammar of selections: malformed words, meaning of words, unknown words.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libexptrace.h>

#include "tap.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#ifdef __SANITIZE_ADDRESS__
#define SECONDS		20
#else
#define SECONDS		2
#endif

#define MIB		(1 << 20)

static int parse(const char *text, size_t len, struct exptrace_selection **selection)
{
	return exptrace_selection_parse(text, len, selection, NULL);
}

static struct exptrace_selection *parse_sound(const char *text)
{
	struct exptrace_selection *selection;

	if (parse(text, strlen(text), &selection)) {
		printf("# '%s' is malformed\n", text);
		abort();
	}
	return selection;
}

static void test_malformed(void)
{
	static const struct {
		const char *text;
		size_t offset, length;
		const char *problem;
	} cases[] = {
		{ "+", 0, 1, "is a sign without a name" },
		{ "sched, -,irq", 7, 1, "is a sign without a name" },
		{ "tp:sched:sched_switch", 0, 21, "reserved" },
		{ "sched,-fn:kfree", 6, 9, "reserved" },
		{ "tp:", 0, 3, "reserved" },
		{ "a [b", 2, 2, "has a '[' without ']'" },
		{ "[]", 0, 2, "has a '[' without ']'" },
		{ "[!]", 0, 3, "has a '[' without ']'" },
		{ "[a\\]", 0, 4, "has a '[' without ']'" },
		/* a separator ends a word even within brackets */
		{ "[a,b]", 0, 2, "has a '[' without ']'" },
		{ "sched:[a", 0, 8, "has a '[' without ']'" },
		{ "a,b\\", 2, 2, "ends with '\\'" },
	};
	struct exptrace_selection_error error;
	struct exptrace_selection *selection;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		selection = (void *)&error;
		ok(exptrace_selection_parse(cases[i].text, strlen(cases[i].text), &selection,
					    &error) == -EINVAL && !selection &&
		   error.offset == cases[i].offset && error.length == cases[i].length &&
		   strstr(error.problem, cases[i].problem),
		   "'%s' is malformed, and the error gives place and reason", cases[i].text);
	}
}

static void test_lengths(void)
{
	static char text[8192];
	struct exptrace_selection *selection;
	int longest, longer;

	memset(text, 'x', sizeof(text));
	longest = parse(text, 4096, &selection);
	exptrace_selection_free(selection);
	longer = parse(text, 4097, &selection);
	ok(!longest && longer == -EINVAL, "a word has at most 4096 bytes");
}

static void test_empty(void)
{
	static const char *const texts[] = { "", ",", " ,\t\n,, " };
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		struct exptrace_selection *selection = parse_sound(texts[i]);

		ok(!exptrace_selection_words(selection) &&
		   exptrace_selection_means(selection, "e", "g", "n", true) &&
		   !exptrace_selection_means(selection, "e", "g", "n", false),
		   "a text without a word changes nothing (%zu)", i);
		exptrace_selection_free(selection);
	}
}

static void test_meaning(void)
{
	static const struct {
		const char *text, *experiment, *group, *name;
		bool meant;
	} cases[] = {
		{ "sched_switch", "standard", "sched", "sched_switch", true },
		{ "sched", "standard", "sched", "sched_switch", true },
		{ "standard", "standard", "sched", "sched_switch", true },
		{ "all", "standard", "sched", "sched_switch", true },
		{ "al*", "standard", "sched", "sched_switch", false },
		{ "none", "standard", "sched", "sched_switch", false },
		{ "Sched", "standard", "sched", "sched_switch", false },
		{ "sched_switc", "standard", "sched", "sched_switch", false },
		{ "sched_switchx", "standard", "sched", "sched_switch", false },
		/* an event and a group of the same name: both */
		{ "marker", "standard", "marker", "marker_begin", true },
		{ "marker", "standard", "marker", "marker", true },
		{ "marker:marker", "standard", "marker", "marker", true },
		{ "marker:marker", "standard", "marker", "marker_begin", false },
		/* events of a group or of an experiment */
		{ "sched:sched_switch", "standard", "sched", "sched_switch", true },
		{ "irq:sched_switch", "standard", "sched", "sched_switch", false },
		{ "standard:sched_switch", "standard", "sched", "sched_switch", true },
		{ "allocfree:kfree", "allocfree", "alloc", "kfree", true },
		{ "allocfree:kfree", NULL, "alloc", "kfree", false },
		{ "sched:sched", "standard", "sched", "sched_switch", false },
		{ "sched:", "standard", "sched", "sched_switch", false },
		{ ":sched_switch", "standard", "sched", "sched_switch", false },
		{ ":", "standard", "sched", "sched_switch", false },
		{ "a:b:c", "e", "a", "b:c", true },
		{ "a\\:b", "e", "g", "a:b", true },
		{ "a\\:b", "e", "a", "b", false },
		{ "[:]b", "e", "g", ":b", true },
		/* patterns match events and groups, not experiments */
		{ "sched:*", "standard", "sched", "task_rename", true },
		{ "sched:*", "standard", "sched_more", "sched_waking", false },
		{ "sched_*", "standard", "sched", "sched_switch", true },
		{ "sched_*", "standard", "sched", "task_rename", false },
		{ "sched*", "standard", "sched", "task_rename", true },
		{ "*:sched*", "standard", "sched", "task_rename", false },
		{ "*_more", "standard", "irq_more", "softirq_raise", true },
		{ "st*", "standard", "sched", "sched_switch", false },
		{ "st*:sched_switch", "standard", "sched", "sched_switch", false },
		{ "*", NULL, "g", "n", true },
		{ "*:*", NULL, "g", "n", true },
		{ "**", NULL, "g", "n", true },
		{ "?free", "allocfree", "alloc", "kfree", true },
		{ "?free", "allocfree", "alloc", "free", false },
		{ "k*e", "allocfree", "alloc", "kfree", true },
		{ "k*e", "allocfree", "alloc", "kfree_rcu", false },
		{ "k*e*", "allocfree", "alloc", "kfree_rcu", true },
		{ "[i-k]free", "allocfree", "alloc", "kfree", true },
		{ "[k-i]free", "allocfree", "alloc", "kfree", false },
		{ "[!a-c]free", "allocfree", "alloc", "kfree", true },
		{ "[^k]free", "allocfree", "alloc", "kfree", false },
		{ "[]k]free", "allocfree", "alloc", "kfree", true },
		{ "[a\\]k]free", "allocfree", "alloc", "kfree", true },
		{ "[k-]free", "allocfree", "alloc", "-free", true },
		{ "[\\a-\\k]free", "allocfree", "alloc", "kfree", true },
		{ "k[f]*[!x]", "allocfree", "alloc", "kfree", true },
		/* \ removes the meaning of the next character */
		{ "\\*", "e", "g", "*", true },
		{ "\\*", "e", "g", "n", false },
		{ "a\\,b", "e", "g", "a,b", true },
		{ "a\\ b\\\\", "e", "g", "a b\\", true },
		{ "\\all", "e", "g", "all", true },
		{ "\\all", "e", "g", "n", false },
		{ "\\tp:x", "e", "tp", "x", true },
		{ "\\-x", "e", "g", "-x", true },
		{ "--x", "e", "g", "x", true },
		{ "+-x", "e", "g", "-x", true },
		/* an event may have an empty name, but a word is never empty */
		{ "g:", "e", "g", "", true },
		/* a system call selects the events of system calls, and the group */
		{ "syscalls:openat", "standard", "syscalls", "sys_exit", true },
		{ "syscalls:open*", "standard", "syscalls", "sys_exit", true },
		{ "syscalls:openat", "standard", "syscalls_more", "sys_enter_args", false },
		{ "syscalls:sys_enter", "standard", "syscalls", "sys_enter", true },
		{ "syscalls:sys_enter", "standard", "syscalls", "sys_exit", false },
		{ "syscalls:sys_*", "standard", "syscalls", "sys_exit", true },
		{ "syscalls:*", "standard", "syscalls", "sys_exit", true },
		{ "-syscalls:*", "standard", "syscalls", "sys_exit", false },
		{ "-syscalls:read", "standard", "syscalls", "sys_exit", true },
		{ "syscalls:read,-syscalls:read", "standard", "syscalls", "sys_exit", true },
		/* the last word decides */
		{ "sched:*,-*_switch", "standard", "sched", "sched_switch", false },
		{ "-*,+sched", "standard", "sched", "sched_switch", true },
		{ "-*,+sched", "standard", "irq", "softirq_entry", false },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		struct exptrace_selection *selection = parse_sound(cases[i].text);
		bool meant = exptrace_selection_means(selection, cases[i].experiment,
						      cases[i].group, cases[i].name, true);

		ok(meant == cases[i].meant, "'%s' means %s:%s%s", cases[i].text, cases[i].group,
		   cases[i].name, cases[i].meant ? "" : " not");
		exptrace_selection_free(selection);
	}
}

static void test_states(void)
{
	static const struct {
		const char *word;
		enum exptrace_word_state state;
	} cases[] = {
		{ "own", EXPTRACE_WORD_FOUND },
		{ "of_own", EXPTRACE_WORD_FOUND },
		{ "tests", EXPTRACE_WORD_FOUND },
		{ "own:of_*", EXPTRACE_WORD_FOUND },
		{ "-own", EXPTRACE_WORD_FOUND },
		{ "all", EXPTRACE_WORD_FOUND },
		{ "*", EXPTRACE_WORD_FOUND },
		{ "sched_switch", EXPTRACE_WORD_ABSENT },
		{ "irq", EXPTRACE_WORD_ABSENT },
		{ "allocfree:k*", EXPTRACE_WORD_ABSENT },
		{ "syscalls:sys_enter", EXPTRACE_WORD_ABSENT },
		{ "irq:sched_switch", EXPTRACE_WORD_UNKNOWN },
		{ "own:sched_switch", EXPTRACE_WORD_UNKNOWN },
		{ "none", EXPTRACE_WORD_UNKNOWN },
		{ "x*y", EXPTRACE_WORD_UNKNOWN },
		{ "own:", EXPTRACE_WORD_UNKNOWN },
		{ "syscalls:7", EXPTRACE_WORD_FOUND },
		{ "-syscalls:1023", EXPTRACE_WORD_FOUND },
		{ "syscalls:1024", EXPTRACE_WORD_UNKNOWN_SYSCALL },
		{ "syscalls:99999999999999999999", EXPTRACE_WORD_UNKNOWN_SYSCALL },
		{ "syscalls:-1", EXPTRACE_WORD_UNKNOWN_SYSCALL },
		{ "syscalls:+1", EXPTRACE_WORD_UNKNOWN_SYSCALL },
		{ "syscalls:0x10", EXPTRACE_WORD_UNKNOWN_SYSCALL },
		{ "syscalls:", EXPTRACE_WORD_UNKNOWN_SYSCALL },
		{ "syscalls:nonsense", EXPTRACE_WORD_UNKNOWN_SYSCALL },
		{ "syscalls:x*y", EXPTRACE_WORD_UNKNOWN_SYSCALL },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		struct exptrace_selection *selection = parse_sound(cases[i].word);
		struct exptrace_syscall_tables calls = { 0 };

		exptrace_selection_offer(selection, "tests", "own", "of_own");
		exptrace_selection_offer(selection, NULL, NULL, NULL);
		exptrace_selection_syscalls(selection, "x86_64", true, &calls);
		is(exptrace_selection_word_state(selection, 0), cases[i].state,
		   "the state of '%s' is known", cases[i].word);
		exptrace_selection_free(selection);
	}
}

static bool is_wanted(const struct exptrace_syscall_tables *calls, unsigned int table, unsigned int nr)
{
	return calls->wanted[table][nr / 64] >> nr % 64 & 1;
}

static void test_call_patterns(void)
{
	struct exptrace_syscall_tables calls = { 0 };
	struct exptrace_selection *selection = parse_sound("syscalls:open*,-syscalls:openat2");
	const char *skip = exptrace_syscall_number("x86_64", "openat", 6) == 257 ? "" :
			   " # SKIP not known here";
	bool known = !*skip;

	exptrace_selection_syscalls(selection, "x86_64", false, &calls);
	/* open, openat, openat2, read */
	ok(!known || (is_wanted(&calls, 0, 2) && is_wanted(&calls, 0, 257) && !is_wanted(&calls, 0, 437) &&
		      !is_wanted(&calls, 0, 0)),
		      "a pattern selects all calls whose names match%s", skip);
	ok(!known || (is_wanted(&calls, 1, 5) && is_wanted(&calls, 1, 295) && !is_wanted(&calls, 1, 437) &&
		      !is_wanted(&calls, 1, 3)),
		      "a pattern selects calls of 32-bit programs too%s", skip);
	exptrace_selection_free(selection);

	selection = parse_sound("syscalls:7,syscalls:nonsense,syscalls:8");
	memset(&calls, 0, sizeof(calls));
	calls.wanted[0][0] = 5;
	ok(exptrace_selection_syscalls(selection, "x86_64", false, &calls) == -ENOENT &&
	   calls.wanted[0][0] == 5 &&
	   exptrace_selection_word_state(selection, 0) == EXPTRACE_WORD_FOUND &&
	   exptrace_selection_word_state(selection, 1) == EXPTRACE_WORD_UNKNOWN_SYSCALL &&
	   exptrace_selection_word_state(selection, 2) == EXPTRACE_WORD_FOUND,
	   "an unknown call changes nothing, and its word is reported");
	exptrace_selection_free(selection);

	selection = parse_sound("syscalls:*");
	ok(!exptrace_selection_syscalls(selection, NULL, false, &calls) && is_wanted(&calls, 0, 1023),
	   "all calls include those without a name");
	exptrace_selection_free(selection);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* CPU seconds to parse and use a selection of @len bytes of repeated @piece. */
static double measure_time(const char *piece, size_t len, const char *name)
{
	size_t size = strlen(piece), i, left = len / size * size;
	struct exptrace_syscall_tables calls = { 0 };
	struct exptrace_selection *selection;
	char *text = malloc(len);
	double begin = now();

	if (!text)
		abort();
	for (i = 0; i < left; i++)
		text[i] = piece[i % size];
	if (parse(text, left, &selection) == 0) {
		exptrace_selection_offer(selection, "e", "g", name);
		exptrace_selection_means(selection, "e", "g", name, false);
		exptrace_selection_syscalls(selection, "x86_64", false, &calls);
		for (i = 0; i < exptrace_selection_words(selection); i++)
			exptrace_selection_word_state(selection, i);
		exptrace_selection_free(selection);
	}
	free(text);
	return now() - begin;
}

static void test_time(void)
{
	static const char *const pieces[] = {
		"a,", "+a:b ", "*?,", "syscalls:x,", "syscalls:x*,", "syscalls:9999,", ",", "[", "[a]", "\\",
	};
	static char stars[4096], name[1025];
	size_t i;

	memset(name, 'a', sizeof(name) - 1);
	for (i = 0; i < COUNT(pieces); i++) {
		double seconds = measure_time(pieces[i], MIB, name);

		ok(seconds < SECONDS,
		   "a MiB of '%s' is parsed and used in a short time", pieces[i]);
		printf("# %.3f s\n", seconds);
	}
	for (i = 0; i < sizeof(stars) - 1; i++)
		stars[i] = "*a"[i % 2];
	stars[sizeof(stars) - 3] = 'b';
	stars[sizeof(stars) - 2] = ',';
	ok(measure_time(stars, 10 * sizeof(stars), name) < SECONDS,
	   "a pattern of stars is matched with a long name in a short time");
}

/* Random bytes; sanitizers find reads beyond them. */
static void test_any_bytes(void)
{
	static const char bytes[] = "ab:*?[]!^-\\,+ \0s\377";
	unsigned int round, seed = 1;
	uint64_t sound = 0;

	for (round = 0; round < 20000; round++) {
		size_t len = round % 24, i;
		char *text = malloc(len ? len : 1);
		struct exptrace_selection_error error;
		struct exptrace_selection *selection;
		int ret;

		for (i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
		}
		ret = exptrace_selection_parse(text, len, &selection, &error);
		if (ret && error.offset + error.length > len)
			abort();
		free(text);
		if (ret)
			continue;
		sound++;
		exptrace_selection_offer(selection, "ab", "s", "aa:bb");
		for (i = 0; i < exptrace_selection_words(selection); i++)
			exptrace_selection_word_state(selection, i);
		exptrace_selection_free(selection);
	}
	ok(sound > 1000, "any bytes can be parsed (%" PRIu64 " of %u are sound)", sound, round);
}

/* Bytes after a call's name in memory are not part of it. */
static void test_number_ends(void)
{
	ok(exptrace_syscall_number("x86_64", "2579", 3) == 257 &&
	   exptrace_syscall_number_in(NULL, EXPTRACE_SYSCALLS_COMPAT, "4250", 3) == 425,
	   "a call's number ends with its text");
	ok(exptrace_syscall_number(NULL, "1023", 4) == 1023 &&
	   exptrace_syscall_number(NULL, "1024", 4) == -ENOENT &&
	   exptrace_syscall_number(NULL, "18446744073709551616", 20) == -ENOENT &&
	   exptrace_syscall_number(NULL, "-1", 2) == -ENOENT &&
	   exptrace_syscall_number(NULL, "7x", 2) == -ENOENT &&
	   exptrace_syscall_number(NULL, "", 0) == -ENOENT, "a call's number is at most 1023");
}

int main(void)
{
	test_number_ends();
	test_malformed();
	test_lengths();
	test_empty();
	test_meaning();
	test_states();
	test_call_patterns();
	test_time();
	test_any_bytes();
	return tap_end();
}
