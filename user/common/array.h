/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Growing arrays: the one way in which the library and the command make room for an element.
 *
 * An array is a pointer, NULL at first, and the number of elements that it has room for. The
 * library returns -ENOMEM to its caller; the command wraps the call and exits with a message.
 */
#ifndef EXPTRACE_COMMON_ARRAY_H
#define EXPTRACE_COMMON_ARRAY_H

#include <stddef.h>

/*
 * Makes room for element @i. @array points to the pointer to the elements, of @size bytes each.
 * New elements are zero. Room doubles, so that copying costs a constant per element. Returns 0, or
 * -ENOMEM and leaves the array as it is.
 */
int array_reach(void *array, size_t i, size_t *room, size_t size);

#endif /* EXPTRACE_COMMON_ARRAY_H */
