/* SPDX-License-Identifier: GPL-2.0-only */
/* What a recording attempted, against what the observer saw while it lasted. */
#ifndef EXPTRACE_SELFTEST_ATTEMPTS_H
#define EXPTRACE_SELFTEST_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "observe.h"
#include "stream.h"

/*
 * What the observer had counted shortly before and after something began, and before and after it ended. When exactly that
 * was, no user can tell, so there are two bounds: what was attempted from the one to the other is at least what was seen
 * inside and at most what was seen outside.
 */
struct edges {
	struct observation before_start, after_start, before_stop, after_stop;
};

/* By CPU. */
struct attempts {
	uint64_t n[OBSERVED_EXPERIMENTS][OBSERVED_CPUS];
};

void attempts_add(struct attempts *sum, const struct stream_generation *gen);

/* How often the two differ, which is told, as is all if @tell. Nothing seen of an experiment is a difference, too. */
int attempts_differ(const struct attempts *attempts, const struct edges *edges, bool tell);

/* How many events of an experiment were seen, or missed, on all CPUs. */
uint64_t observed_between(const struct observation *from, const struct observation *to, int experiment);

/* How many events can at a moment be counted by the observer and not yet by the recorder, on all CPUs. */
uint64_t observer_slack(void);

#endif
