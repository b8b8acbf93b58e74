/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hash of all tables: keyed with random numbers that are drawn once for each process.
 *
 * Who makes a trace cannot know them, and so cannot choose what shares a slot of a table.
 */
#ifndef EXPTRACE_COMMON_HASH_H
#define EXPTRACE_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_KEYS	4

extern uint64_t hash_keys[HASH_KEYS];

/* Draws the keys; to be called before hash_pair(), any number of times, by any thread. */
void hash_init(void);

/* All bits of the product, those of its upper half too. */
static inline uint64_t hash_multiply(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * What is multiplied is unknown on both sides: a difference in @a cannot be made up for by one
 * in @b. The low bits are as good as the high ones.
 */
static inline uint64_t hash_pair(uint64_t a, uint64_t b)
{
	uint64_t hash = hash_multiply(a ^ hash_keys[0], b ^ hash_keys[1]);

	return hash_multiply(hash ^ hash_keys[2], hash_keys[3]);
}

/* Of any bytes; draws the keys where that was not done. */
uint64_t hash_bytes(const void *bytes, size_t n);

#endif /* EXPTRACE_COMMON_HASH_H */
