/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What somebody may have meant who has misspelt a word of a selection.
 */
#ifndef EXPTRACE_SUGGEST_H
#define EXPTRACE_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* Longer words, and names, are not looked at. */
#define SUGGEST_MAX	64

struct suggestion {
	const char *word;
	size_t len;
	size_t distance;	/* of the best one, or one more than is near enough */
	char best[2 * SUGGEST_MAX];	/* "": none */
};

void suggest_init(struct suggestion *suggestion, const char *word, size_t len);

/* An event that there is, and all that has a name there; @experiment may be NULL. */
void suggest_event(struct suggestion *suggestion, const char *experiment, const char *group,
		   const char *name);

/* A system call that there is. */
void suggest_syscall(struct suggestion *suggestion, const char *name);

#endif /* EXPTRACE_SUGGEST_H */
