/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an observer counts during chaos, and the snapshots that are compared with it (see chaos.c).
 */
#ifndef EXPTRACE_SELFTEST_LOOKS_H
#define EXPTRACE_SELFTEST_LOOKS_H

#include "attempts.h"

/* Microseconds between two looks at the observer's counts, and the maximum of looks per round. */
#define LOOK_US		10000
#define LOOKS		4096

/* At most this many snapshots of a round are compared. */
#define SHOTS		1000

extern struct observer *observer;	/* NULL: nobody observes */
extern size_t nr_looks;		/* entries before this one do not change */

/* Look once: 0 or -errno. */
int look(void);

/*
 * What a child reports about its snapshot: the attempts in its generations except the first and the
 * last. The times are those of Syncs, in the order in which they were written. The second
 * generation was published between the first two times: its opening Sync is written before that,
 * and the closing Sync of the first when no writer uses it any more. Likewise the last generation
 * between the last two times. So every event between the two pairs belongs to the generations in
 * between, and no event outside of them does.
 */
struct shot {
	uint64_t second_opens, first_closes, last_opens, last_but_one_closes;
	struct attempts attempts;
	bool done;
};

void describe_shot(struct shot *shot, const struct stream *stream);

/* Number of snapshots that can be compared. */
unsigned int comparable(const struct shot *shots);

/* How often a snapshot differs from what the observer saw; logs the last comparison in any case. */
int differences_of_shots(const struct shot *shots);

#endif
