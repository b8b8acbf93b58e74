/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arrays that grow: by doubling, so that all copies together cost no more than the elements.
 */
#ifndef EXPTRACE_COMMON_ARRAY_H
#define EXPTRACE_COMMON_ARRAY_H

#include <stddef.h>

/*
 * Makes room for element @i of *@array, a pointer to elements of @size bytes; new elements are
 * zero. 0 or -ENOMEM.
 */
int array_reach(void *array, size_t i, size_t *room, size_t size);

#endif /* EXPTRACE_COMMON_ARRAY_H */
