/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What perf sees at tracepoints, with values as they are in memory: addresses are neither hashed
 * nor symbols.
 */
#ifndef EXPTRACE_SELFTEST_PERF_H
#define EXPTRACE_SELFTEST_PERF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PERF_TRACEPOINTS	8
#define PERF_FIELDS		8
#define PERF_CPUS		64

/*
 * A tracepoint, "group/name", and the fields to read; "args[2]" is an array element. NULL ends the
 * list.
 */
struct perf_tracepoint {
	const char *name;
	const char *field[PERF_FIELDS];
};

/* Position of a field in the tracepoint's data. */
struct perf_field {
	unsigned int offset, size;	/* only the first 8 bytes are read */
	int is_signed;
};

struct perf_seen {
	uint64_t time;		/* nanoseconds of CLOCK_MONOTONIC */
	unsigned int cpu;
	pid_t tid;		/* the running thread; 0: the idle task */
	int tracepoint;		/* index */
	size_t nth;		/* index among those of the same CPU */
	unsigned int unknown;	/* one bit per value that is unknown */
	uint64_t value[PERF_FIELDS];
};

struct perf {
	int nr_tracepoints, nr_fds, fds[PERF_CPUS * PERF_TRACEPOINTS];
	uint16_t id[PERF_TRACEPOINTS];
	struct perf_field field[PERF_TRACEPOINTS][PERF_FIELDS];
	void *ring[PERF_CPUS];	/* NULL: the CPU is offline */
	struct perf_seen *seen;	/* sorted by time, after perf_stop() */
	size_t nr;
};

/*
 * Returns once everything is seen on all CPUs: 0 or -errno; -ENOENT if the kernel or tracefs lacks
 * a tracepoint.
 */
int perf_start(struct perf *perf, const struct perf_tracepoint *tracepoints, int nr);

/* 0 or -errno; -ENOBUFS if a ring was too small. */
int perf_stop(struct perf *perf);

/* Call it after either, whatever they returned. */
void perf_free(struct perf *perf);

#endif
