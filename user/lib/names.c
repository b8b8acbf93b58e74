// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of numbers, of interrupts for example, by the kind of number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

static int names_grow(struct names *names, size_t i)
{
	size_t room = names->room ? 2 * names->room : 64;
	char **list;

	if (i < names->room)
		return 0;
	list = realloc(names->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	memset(list + names->room, 0, (room - names->room) * sizeof(*list));
	names->list = list;
	names->room = room;
	return 0;
}

int names_set(struct names *names, uint64_t kind, uint64_t number, const char *name, size_t len)
{
	int64_t i = index_get(&names->index, kind, number);
	char *copy;

	if (i < 0 || names_grow(names, (size_t)i))
		return -ENOMEM;
	copy = names->list[i];
	if (copy && strlen(copy) == len && !memcmp(copy, name, len))
		return 0;
	copy = strndup(name, len);
	if (!copy)
		return -ENOMEM;
	free(names->list[i]);
	names->list[i] = copy;
	names->kinds |= 1ULL << kind % 64;
	return 0;
}

const char *names_get(const struct names *names, uint64_t kind, uint64_t number)
{
	int64_t i;

	if (!(names->kinds >> kind % 64 & 1))
		return NULL;
	i = index_find(&names->index, kind, number);
	/* past the room: it could not be kept, for want of memory */
	return i < 0 || (size_t)i >= names->room ? NULL : names->list[i];
}

void names_uninit(struct names *names)
{
	size_t i;

	for (i = 0; i < names->room; i++)
		free(names->list[i]);
	free(names->list);
	index_uninit(&names->index);
}
