/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the witness in the kernel (witness.bpf.c) and its reader (witness.c). */
#ifndef EXPTRACE_SELFTEST_WITNESS_H
#define EXPTRACE_SELFTEST_WITNESS_H

enum witness_type {
	WITNESS_SWITCH,
	WITNESS_WAKEUP,
	WITNESS_WAKEUP_NEW,
	WITNESS_MIGRATE,
	WITNESS_FORK,
	WITNESS_EXEC,
	WITNESS_EXIT,
	WITNESS_RENAME,
	WITNESS_KMALLOC,
	WITNESS_KFREE,
	WITNESS_CACHE_ALLOC,
	WITNESS_CACHE_FREE,
	WITNESS_NR,

	/* Counts by a second program for the same memory events. */
	WITNESS_AGAIN = WITNESS_NR,
	WITNESS_COUNTERS = WITNESS_AGAIN + WITNESS_NR - WITNESS_KMALLOC,
};

/* Of one task: number of events by type, and a sum over their arguments. */
struct witness_counts {
	unsigned long long n[WITNESS_COUNTERS];
	unsigned long long sum[WITNESS_COUNTERS];
};

struct witness_control {
	unsigned int root;		/* its descendants are watched, but not itself */
	unsigned int pad;
	unsigned long long born, dead;	/* tasks that were forked, and that left their CPU for the last time */
	unsigned long long errors;	/* tasks without room in the map */
	unsigned long long interrupts;	/* allocations left out because an interrupt made them */
};

/* More than the workload has. */
#define WITNESS_TASKS	1024

#endif
