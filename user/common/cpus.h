/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A list of CPUs, as in "0-3,8": read once, then asked for each CPU.
 */
#ifndef EXPTRACE_COMMON_CPUS_H
#define EXPTRACE_COMMON_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpus_range {
	uint64_t first, last;
};

struct cpus {
	struct cpus_range *ranges;	/* in their order, none within another */
	size_t n, room;
};

/* Reads @list, up to what is not in order: 0 or -ENOMEM. */
int cpus_read(struct cpus *cpus, const char *list);

bool cpus_has(const struct cpus *cpus, uint64_t cpu);

void cpus_uninit(struct cpus *cpus);

#endif /* EXPTRACE_COMMON_CPUS_H */
