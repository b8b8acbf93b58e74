// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The stacks of a generation, with one or more frames, and the strings that name the frames.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/wire.h>

#include "../common/array.h"
#include "stacks.h"
#include "varint.h"

void stacks_reset(struct stacks *stacks)
{
	size_t i;

	for (i = 0; i < stacks->string_index.n && i < stacks->strings_room; i++) {
		free(stacks->strings[i]);
		stacks->strings[i] = NULL;
	}
	index_clear(&stacks->string_index);
	index_clear(&stacks->stack_index);
	stacks->nframes = 0;
}

static int read_string(struct stacks *stacks, struct table *table)
{
	uint64_t id = table_number(table);
	size_t len;
	const char *string = table_string(table, &len);
	uint32_t n = stacks->string_index.n;
	int64_t i;

	if (!id)
		table_bad(table, "has a string with the number 0");
	if (table->bad)
		return 0;
	i = index_get(&stacks->string_index, id, 0);
	if (i < 0 || array_reach(&stacks->strings, (size_t)i, &stacks->strings_room,
				 sizeof(*stacks->strings)))
		return -ENOMEM;
	if (i < n) {
		table_bad(table, "has two strings with the same number");
		return 0;
	}
	stacks->strings[i] = strndup(string, len);
	return stacks->strings[i] ? 0 : -ENOMEM;
}

int stacks_read_strings(struct stacks *stacks, struct table *table)
{
	int err = 0;

	while (!err && table_more(table)) {
		table_expect(table, EXPTRACE_WIRE_STRING, "has an entry of unknown type");
		if (!table->bad)
			err = read_string(stacks, table);
	}
	return err;
}

/* Reads the id of a string, 0 for none. The string must already be known. */
static const char *read_name(const struct stacks *stacks, struct table *table)
{
	uint64_t id = table_number(table);
	int64_t i = id ? index_find(&stacks->string_index, id, 0) : -ENOENT;

	if (i >= 0 && (size_t)i < stacks->strings_room && stacks->strings[i])
		return stacks->strings[i];
	if (id)
		table_bad(table, "has a frame with a string that is not there");
	return NULL;
}

static int read_frame(struct stacks *stacks, struct table *table, uint64_t text_base)
{
	struct exptrace_frame frame;

	frame.address = text_base + (uint64_t)varint_zigzag(table_number(table));
	frame.function = read_name(stacks, table);
	frame.module = read_name(stacks, table);
	frame.offset = table_number(table);
	if (table->bad)
		return 0;
	if (array_reach(&stacks->frames, stacks->nframes, &stacks->frames_room, sizeof(frame)))
		return -ENOMEM;
	stacks->frames[stacks->nframes++] = frame;
	return 0;
}

static int add_stack(struct stacks *stacks, struct table *table, uint64_t id, struct stack stack)
{
	uint32_t n = stacks->stack_index.n;
	int64_t i = index_get(&stacks->stack_index, id, 0);

	if (i < 0 || array_reach(&stacks->list, (size_t)i, &stacks->room, sizeof(stack)))
		return -ENOMEM;
	if (i < n)
		table_bad(table, "has two stacks with the same number");
	else
		stacks->list[i] = stack;
	return 0;
}

static int read_stack(struct stacks *stacks, struct table *table, uint64_t text_base,
		      bool cut_off)
{
	struct stack stack = { .first = stacks->nframes, .cut_off = cut_off };
	uint64_t id = table_number(table), n = table_number(table);
	int err = 0;

	if (!id)
		table_bad(table, "has a stack with the number 0");
	if (!n || n > STACKS_FRAMES_MAX)
		table_bad(table, "has a stack of no frames, or of more than 128");
	while (!err && !table->bad && stack.n < n) {
		err = read_frame(stacks, table, text_base);
		stack.n++;
	}
	return err || table->bad ? err : add_stack(stacks, table, id, stack);
}

int stacks_read(struct stacks *stacks, struct table *table, uint64_t text_base)
{
	int err = 0;

	while (!err && table_more(table)) {
		bool cut_off = *table->pos == EXPTRACE_WIRE_STACK_CUT;

		table_expect(table, cut_off ? EXPTRACE_WIRE_STACK_CUT : EXPTRACE_WIRE_STACK,
			     "has an entry of unknown type");
		if (!table->bad)
			err = read_stack(stacks, table, text_base, cut_off);
	}
	return err;
}

int stacks_find(const struct stacks *stacks, uint64_t id, const struct exptrace_frame **frames)
{
	int64_t i = index_find(&stacks->stack_index, id, 0);

	/* a damaged stack has no frames */
	if (i < 0 || (size_t)i >= stacks->room || !stacks->list[i].n)
		return -ENOENT;
	*frames = stacks->frames + stacks->list[i].first;
	return (int)stacks->list[i].n;
}

bool stacks_cut_off(const struct stacks *stacks, uint64_t id)
{
	int64_t i = index_find(&stacks->stack_index, id, 0);

	return i >= 0 && (size_t)i < stacks->room && stacks->list[i].cut_off;
}

void stacks_uninit(struct stacks *stacks)
{
	stacks_reset(stacks);
	index_uninit(&stacks->string_index);
	index_uninit(&stacks->stack_index);
	free(stacks->strings);
	free(stacks->list);
	free(stacks->frames);
}
