/* SPDX-License-Identifier: GPL-2.0-only */
/* What an observer counts while chaos goes on, and the snapshots that are compared with it (see chaos.c). */
#ifndef EXPTRACE_SELFTEST_LOOKS_H
#define EXPTRACE_SELFTEST_LOOKS_H

#include "attempts.h"

/* Between two looks at what the observer has counted, in microseconds; the most looks of a round. */
#define LOOK_US		10000
#define LOOKS		4096

/* Most snapshots of a round that are compared with that. */
#define SHOTS		1000

extern struct observer *observer;	/* NULL: nobody observes */
extern size_t nr_looks;		/* those before are there to stay */

/* Look once: 0 or -errno. */
int look(void);

/*
 * What a child tells of its snapshot: how much was attempted in its generations but the first and the last. The times are
 * those of Syncs, in the order in which they were written. The second generation was published between the first two: its
 * opening Sync is written before that, and the closing one of the first when no writer uses that any more. Likewise the last
 * one between the last two. So all events in the middle are of the generations in between, and those outside are not.
 */
struct shot {
	uint64_t second_opens, first_closes, last_opens, last_but_one_closes;
	struct attempts attempts;
	bool done;
};

void describe_shot(struct shot *shot, const struct stream *stream);

/* How many can be compared. */
unsigned int comparable(const struct shot *shots);

/* How often what is in snapshots is not what the observer saw; tells of the last one in any case. */
int differences_of_shots(const struct shot *shots);

#endif
