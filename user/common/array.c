// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Growing arrays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#define ROOM_MIN	4

int array_reach(void *array, size_t i, size_t *room, size_t size)
{
	size_t n = *room ? 2 * *room : ROOM_MIN;
	char *bytes;

	if (i < *room)
		return 0;
	if (n <= i)
		n = i + 1;
	bytes = realloc(*(void **)array, n * size);
	if (!bytes)
		return -ENOMEM;
	memset(bytes + *room * size, 0, (n - *room) * size);
	*(void **)array = bytes;
	*room = n;
	return 0;
}
