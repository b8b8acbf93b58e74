/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suggest a name for a misspelt word of a selection.
 */
#ifndef EXPTRACE_SUGGEST_H
#define EXPTRACE_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* Longer words and names are ignored. */
#define SUGGEST_MAX	64

struct suggestion {
	const char *word;
	size_t len;
	size_t distance;	/* of @best; without one, the first distance that is too far */
	char best[2 * SUGGEST_MAX];	/* "": none */
};

void suggest_init(struct suggestion *suggestion, const char *word, size_t len);

/* Consider an existing event, its group and its experiment (NULL: none). */
void suggest_event(struct suggestion *suggestion, const char *experiment, const char *group,
		   const char *name);

/* Consider an existing system call. */
void suggest_syscall(struct suggestion *suggestion, const char *name);

#endif /* EXPTRACE_SUGGEST_H */
