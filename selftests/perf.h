/* SPDX-License-Identifier: GPL-2.0-only */
/* What perf sees of tracepoints, with the values as they are in memory: addresses neither hashed nor as symbols. */
#ifndef EXPTRACE_SELFTEST_PERF_H
#define EXPTRACE_SELFTEST_PERF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PERF_TRACEPOINTS	8
#define PERF_FIELDS		8
#define PERF_CPUS		64

/* A tracepoint, "group/name", and those of its fields that are wanted; "args[2]" is one of an array's. NULL: none. */
struct perf_tracepoint {
	const char *name;
	const char *field[PERF_FIELDS];
};

/* Where a field is in the tracepoint's data. */
struct perf_field {
	unsigned int offset, size;	/* of more than 8 bytes, the first 8 are its value */
	int is_signed;
};

struct perf_seen {
	uint64_t time;		/* nanoseconds of CLOCK_MONOTONIC */
	unsigned int cpu;
	pid_t tid;		/* who ran; 0: the idle task */
	int tracepoint;		/* its index */
	size_t nth;		/* of those of the same CPU */
	unsigned int unknown;	/* a bit for each value that is not known */
	uint64_t value[PERF_FIELDS];
};

struct perf {
	int nr_tracepoints, nr_fds, fds[PERF_CPUS * PERF_TRACEPOINTS];
	uint16_t id[PERF_TRACEPOINTS];
	struct perf_field field[PERF_TRACEPOINTS][PERF_FIELDS];
	void *ring[PERF_CPUS];	/* NULL: that CPU is offline */
	struct perf_seen *seen;	/* by time, when it has stopped */
	size_t nr;
};

/* From here on all are seen, on all CPUs: 0 or -errno; -ENOENT: the kernel or tracefs has them not. */
int perf_start(struct perf *perf, const struct perf_tracepoint *tracepoints, int nr);

/* 0 or -errno; -ENOBUFS: there was no room for all. */
int perf_stop(struct perf *perf);

/* After either, whatever it returned. */
void perf_free(struct perf *perf);

#endif
