/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stacks of a generation, of one frame or more, and the strings that name their frames.
 */
#ifndef EXPTRACE_LIB_STACKS_H
#define EXPTRACE_LIB_STACKS_H

#include <libexptrace.h>

#include "../common/index.h"
#include "table.h"

/* More than that are not believed; Go's stacks have 128 at most. */
#define STACKS_FRAMES_MAX	128

struct stack {
	size_t first;		/* of its frames */
	uint32_t n;
	bool cut_off;		/* there were more */
};

struct stacks {
	struct index string_index;	/* by id */
	char **strings;
	size_t strings_room;
	struct index stack_index;	/* by id */
	struct stack *list;
	size_t room;
	struct exptrace_frame *frames;
	size_t nframes, frames_room;
};

/* A new generation: nothing is known. */
void stacks_reset(struct stacks *stacks);

/* Take in a batch of strings, or of stacks. 0 or -ENOMEM; damage is noted in @table. */
int stacks_read_strings(struct stacks *stacks, struct table *table);
int stacks_read(struct stacks *stacks, struct table *table, uint64_t text_base);

/* The frames of a stack: how many, or -ENOENT. */
int stacks_find(const struct stacks *stacks, uint64_t id, const struct exptrace_frame **frames);

/* Had it more? */
bool stacks_cut_off(const struct stacks *stacks, uint64_t id);

void stacks_uninit(struct stacks *stacks);

#endif /* EXPTRACE_LIB_STACKS_H */
