/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stacks of a generation, with one or more frames, and the strings that name the frames.
 */
#ifndef EXPTRACE_LIB_STACKS_H
#define EXPTRACE_LIB_STACKS_H

#include <libexptrace.h>

#include "../common/index.h"
#include "table.h"

/* Larger stacks count as damage; Go's stacks have at most 128 frames */
#define STACKS_FRAMES_MAX	128

struct stack {
	size_t first;		/* index of its first frame */
	uint32_t n;
	bool cut_off;		/* had more frames */
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

/* Begins a new generation without any stacks. */
void stacks_reset(struct stacks *stacks);

/* Read a batch of strings, or of stacks. Return 0 or -ENOMEM; damage is stored in @table. */
int stacks_read_strings(struct stacks *stacks, struct table *table);
int stacks_read(struct stacks *stacks, struct table *table, uint64_t text_base);

/* Finds the frames of a stack. Returns their number, or -ENOENT. */
int stacks_find(const struct stacks *stacks, uint64_t id, const struct exptrace_frame **frames);

/* Did the stack have more frames? */
bool stacks_cut_off(const struct stacks *stacks, uint64_t id);

void stacks_uninit(struct stacks *stacks);

#endif /* EXPTRACE_LIB_STACKS_H */
