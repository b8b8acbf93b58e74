// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names of numbers, for example of interrupts, by the kind of number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "names.h"

/* Larger kinds are strings (docs/wire-format.md), which need no names. */
#define KINDS	128

/* Each writer has its own names of each kind. */
static uint64_t key_of(uint64_t writer, uint64_t kind)
{
	return writer * KINDS + kind;
}

int names_set(struct names *names, struct names_scope scope, uint64_t kind, uint64_t number,
	      const char *text, size_t len)
{
	struct name *name;
	char *copy;
	int64_t i;

	if (kind >= KINDS)
		return 0;
	i = index_get(&names->index, key_of(scope.writer, kind), number);
	if (i < 0 || array_reach(&names->list, (size_t)i, &names->room, sizeof(*names->list)))
		return -ENOMEM;
	name = &names->list[i];
	name->batch = scope.batch;
	if (name->text && strlen(name->text) == len && !memcmp(name->text, text, len))
		return 0;
	copy = strndup(text, len);
	if (!copy)
		return -ENOMEM;
	free(name->text);
	name->text = copy;
	names->kinds |= 1ULL << kind % 64;
	return 0;
}

static const struct name *names_find(const struct names *names, uint64_t writer, uint64_t kind,
			       uint64_t number)
{
	int64_t i = index_find(&names->index, key_of(writer, kind), number);

	/* beyond the array: allocation failed for this one */
	return i < 0 || (size_t)i >= names->room ? NULL : &names->list[i];
}

const char *names_get(const struct names *names, struct names_scope scope, uint64_t kind,
		      uint64_t number)
{
	const struct name *name;

	if (kind >= KINDS || !(names->kinds >> kind % 64 & 1))
		return NULL;
	name = names_find(names, scope.writer, kind, number);
	if (!name || name->batch != scope.batch)
		name = names_find(names, 0, kind, number);
	return name ? name->text : NULL;
}

void names_uninit(struct names *names)
{
	size_t i;

	for (i = 0; i < names->room; i++)
		free(names->list[i].text);
	free(names->list);
	index_uninit(&names->index);
}
