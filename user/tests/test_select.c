// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selections: groups, names, experiments, signs.
 */
#include <string.h>

#include <libexptrace.h>

#include "tap.h"

/* Which of kmalloc, kfree, sched_switch the selection leaves on: a letter each. */
static const char *chosen(const char *what, const char *now)
{
	static char set[4];
	char *p = set;

	if (exptrace_select(what, "allocfree", "alloc", "kmalloc", strchr(now, 'm')))
		*p++ = 'm';
	if (exptrace_select(what, "allocfree", "alloc", "kfree", strchr(now, 'f')))
		*p++ = 'f';
	if (exptrace_select(what, NULL, "sched", "sched_switch", strchr(now, 's')))
		*p++ = 's';
	*p = 0;
	return set;
}

int main(void)
{
	const char *words = " kfree,,+alloc -x\n";
	const char *word;
	size_t len;

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
	word = exptrace_select_next(&words, &len);
	ok(word && len == 5 && !memcmp(word, "kfree", 5), "words are found between separators");
	word = exptrace_select_next(&words, &len);
	ok(word && len == 5 && !memcmp(word, "alloc", 5), "without their sign");
	word = exptrace_select_next(&words, &len);
	ok(word && len == 1 && !exptrace_select_next(&words, &len), "up to the end");
	return tap_end();
}
