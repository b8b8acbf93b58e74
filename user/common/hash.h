/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hash function of all tables, with random keys per process.
 *
 * The author of a trace does not know the keys, and so cannot craft collisions.
 */
#ifndef EXPTRACE_COMMON_HASH_H
#define EXPTRACE_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_KEYS	4

extern uint64_t hash_keys[HASH_KEYS];

/* Draws the keys. Call it before hash_pair(); any thread may call it, and repeatedly. */
void hash_init(void);

/* Folds the upper half of the product into the lower. */
static inline uint64_t hash_multiply(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * Both factors contain unknown keys, so a difference in @a cannot be cancelled by one in @b. The
 * low bits are as good as the high ones.
 */
static inline uint64_t hash_pair(uint64_t a, uint64_t b)
{
	uint64_t hash = hash_multiply(a ^ hash_keys[0], b ^ hash_keys[1]);

	return hash_multiply(hash ^ hash_keys[2], hash_keys[3]);
}

/* Hashes any bytes. Draws the keys if necessary. */
uint64_t hash_bytes(const void *bytes, size_t n);

#endif /* EXPTRACE_COMMON_HASH_H */
