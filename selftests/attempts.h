/* SPDX-License-Identifier: GPL-2.0-only */
/* Compare what a recording attempted with what the observer saw. */
#ifndef EXPTRACE_SELFTEST_ATTEMPTS_H
#define EXPTRACE_SELFTEST_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "observe.h"
#include "stream.h"

/*
 * The observer's counts shortly before and after the start, and before and after the stop. User
 * space cannot know the exact moments, so there are two bounds: at least what was seen inside, and
 * at most what was seen outside.
 */
struct edges {
	struct observation before_start, after_start, before_stop, after_stop;
};

/* By CPU. */
struct attempts {
	uint64_t n[OBSERVED_EXPERIMENTS][OBSERVED_CPUS];
};

void attempts_add(struct attempts *sum, const struct stream_generation *gen);

/*
 * Number of differences, which are logged; with @verbose everything is. No event seen of an experiment
 * is a difference, too.
 */
int attempts_differ(const struct attempts *attempts, const struct edges *edges, bool verbose);

/* Number of events of an experiment seen or missed on all CPUs. */
uint64_t observed_between(const struct observation *from, const struct observation *to, int experiment);

/* Number of events on all CPUs that the observer may have counted and the recorder not yet. */
uint64_t observer_slack(void);

#endif
