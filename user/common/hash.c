// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The hash function of all tables, with random keys per process.
 */
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "hash.h"

uint64_t hash_keys[HASH_KEYS];

/* Fallback if the kernel has no random numbers yet, or denies them to this process. */
static void guess_keys(void)
{
	struct timespec now;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (i = 0; i < HASH_KEYS; i++)
		hash_keys[i] ^= ((uint64_t)now.tv_nsec + i) * 0x9e3779b97f4a7c15ULL ^ (uintptr_t)&now;
}

static void draw_keys(void)
{
	if (getrandom(hash_keys, sizeof(hash_keys), GRND_NONBLOCK) != (ssize_t)sizeof(hash_keys))
		guess_keys();
	hash_keys[3] |= 1;
}

void hash_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, draw_keys);
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
	const uint8_t *pos = bytes;
	uint64_t hash, word = 0;

	hash_init();
	hash = hash_pair(n, 0);
	for (; n >= sizeof(word); n -= sizeof(word), pos += sizeof(word)) {
		memcpy(&word, pos, sizeof(word));
		hash = hash_pair(hash, word);
	}
	if (!n)
		return hash;
	word = 0;
	memcpy(&word, pos, n);
	return hash_pair(hash, word);
}
