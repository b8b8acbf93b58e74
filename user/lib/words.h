/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of a selection, as docs/exptrace.md has their grammar.
 */
#ifndef EXPTRACE_LIB_WORDS_H
#define EXPTRACE_LIB_WORDS_H

#include <libexptrace.h>

/* A longer word is no name and no pattern of one: names in a trace have 1024 bytes at most. */
#define WORD_MAX	4096

enum word_kind {
	WORD_ALL,
	WORD_NAME,	/* events, a group, an experiment */
	WORD_PAIR,	/* events of a group or of an experiment */
	WORD_CALL,	/* system calls */
};

/* A name, or a pattern of names; not terminated. */
struct word_part {
	const char *text;
	size_t len;
	bool plain;		/* a name */
};

struct word {
	struct word_part whole;	/* without the sign */
	struct word_part of;	/* of a pair: the group or the experiment */
	struct word_part name;	/* of all others than WORD_ALL: what is left of it */
	uint8_t kind;		/* enum word_kind */
	bool sign;
	bool minus;
	bool found;		/* something that it means was offered */
};

/*
 * Takes the next word from the @text, up to @end, and moves that on. Returns 1; 0: there is
 * none; -EINVAL: @error tells its length and what is wrong, and leaves its offset to the caller.
 */
int word_next(const char **text, const char *end, struct word *word,
	      struct exptrace_selection_error *error);

/* Whether a text that ends with a zero, or NULL, is as the part of a word. */
bool word_part_is(const struct word_part *part, const char *text);

/* Whether an event is meant, of which any may be NULL. Calls mean the events of all calls. */
bool word_means(const struct word *word, const char *experiment, const char *group,
		const char *name);

/* Whether an event of the catalogue is meant. */
bool word_is_in_catalogue(const struct word *word);

#endif /* EXPTRACE_LIB_WORDS_H */
