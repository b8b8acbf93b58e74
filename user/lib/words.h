/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of a selection; docs/exptrace.md has the grammar.
 */
#ifndef EXPTRACE_LIB_WORDS_H
#define EXPTRACE_LIB_WORDS_H

#include <libexptrace.h>

/* Maximum length of a word; names in a trace have at most 1024 bytes */
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
	struct word_part of;	/* in a pair: the group or the experiment */
	struct word_part name;	/* the rest; unused for WORD_ALL */
	uint8_t kind;		/* enum word_kind */
	bool sign;
	bool minus;
	bool found;		/* matches something that was offered */
};

/*
 * Parses the next word of *@text, up to @end, and advances *@text. Returns 1; 0: no more words;
 * -EINVAL: @error has its length and what is wrong; the caller fills in the offset.
 */
int word_next(const char **text, const char *end, struct word *word,
	      struct exptrace_selection_error *error);

/* Does the part of a word match a terminated text? NULL never matches. */
bool word_part_is(const struct word_part *part, const char *text);

/* Does the word match an event? Any name may be NULL. Calls match the events of all calls. */
bool word_means(const struct word *word, const char *experiment, const char *group,
		const char *name);

/* Does the word match an event of the catalogue? */
bool word_is_in_catalogue(const struct word *word);

#endif /* EXPTRACE_LIB_WORDS_H */
