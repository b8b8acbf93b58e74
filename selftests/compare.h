/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Record while perf sees the same tracepoints: the values must match, event by event. Perf begins
 * before the recording and ends after it. So for each thread or CPU, the recorded events of a
 * tracepoint are a contiguous part of what perf saw, at least from what happened after START
 * returned to what happened before STOP began.
 */
#ifndef EXPTRACE_SELFTEST_COMPARE_H
#define EXPTRACE_SELFTEST_COMPARE_H

#include <sys/wait.h>

#include "perf.h"
#include "recording.h"

/* Recordings until nothing is lost. */
#define COMPARE_ATTEMPTS	10

/*
 * On other CPUs one event may be in progress while the recording starts or stops, with a perf time
 * on the other side.
 */
#define COMPARE_EDGE		1

struct comparison {
	struct recording r;
	struct perf perf;
	pid_t pid;				/* the child, which lived only during the recording */
	uint64_t from, to;			/* while both were on: nanoseconds of CLOCK_MONOTONIC */
	const struct perf_seen **match;		/* perf's event for r.sorted[i], NULL: not compared yet */
	char difference[512];
};

/* Run work() in a child that lives only during the recording: its pid, or -1 if it fails. */
static inline pid_t in_child(void (*work)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		work();
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && !status ? pid : -1;
}

static inline void comparison_free(struct comparison *c)
{
	free(c->match);
	perf_free(&c->perf);
	recording_free(&c->r);
	memset(c, 0, sizeof(*c));
}

static inline int comparison_try(struct comparison *c, int control, const struct perf_tracepoint *tracepoints, int nr,
				 void (*work)(void))
{
	int err = perf_start(&c->perf, tracepoints, nr);

	if (!err)
		err = recording_start(control);
	if (err)
		return err;
	c->from = now_ns();
	c->pid = in_child(work);
	c->to = now_ns();
	err = recording_stop(&c->r, control);
	if (!err)
		err = perf_stop(&c->perf);
	if (!err && c->pid < 0)
		return -ECHILD;
	return !err && stream_lost(&c->r.stream) ? -ENOBUFS : err;
}

/*
 * Record with perf at the same time while a child does work(): 0 or -errno; -ENOENT if perf lacks
 * the tracepoints.
 */
static inline int comparison_record(struct comparison *c, int control, const struct perf_tracepoint *tracepoints, int nr,
				    void (*work)(void))
{
	int attempt, err = -ENOBUFS;

	for (attempt = 0; err == -ENOBUFS && attempt < COMPARE_ATTEMPTS; attempt++) {
		if (attempt)
			comparison_free(c);
		err = comparison_try(c, control, tracepoints, nr, work);
	}
	if (!err)
		c->match = calloc(c->r.nr + 1, sizeof(*c->match));
	return err;
}

#define RECORD_AND_COMPARE(c, tracepoints, work)							\
	do {												\
		int _err = comparison_record(c, self->control, tracepoints,				\
					     sizeof(tracepoints) / sizeof((tracepoints)[0]), work);	\
													\
		if (_err == -ENOENT)									\
			SKIP(return, "tracefs does not show these tracepoints");			\
		ASSERT_EQ(0, _err) {									\
			TH_LOG("%s", (c)->r.stream.error);						\
		}											\
	} while (0)

/* The events of one type; the recorded ones are indices into r.sorted. */
struct comparison_part {
	size_t *recorded, nr_recorded;
	const struct perf_seen **seen;
	size_t nr_seen;
};

/*
 * All events, or (if @pid is not 0) those of a thread, or (if @cpu is not negative) those on a CPU.
 */
static inline struct comparison_part comparison_part(const struct comparison *c, int type, int tracepoint, pid_t pid,
						     int cpu)
{
	struct comparison_part part = {};
	size_t i;

	part.recorded = calloc(c->r.nr + 1, sizeof(*part.recorded));
	part.seen = calloc(c->perf.nr + 1, sizeof(*part.seen));
	for (i = 0; i < c->r.nr; i++) {
		const struct stream_event *e = c->r.sorted[i];

		if (!e->experiment && e->type == type && (!pid || e->pid == pid) && (cpu < 0 || (int)(e->m >> 2) == cpu))
			part.recorded[part.nr_recorded++] = i;
	}
	for (i = 0; i < c->perf.nr; i++) {
		const struct perf_seen *s = &c->perf.seen[i];

		if (s->tracepoint == tracepoint && (!pid || s->tid == pid) && (cpu < 0 || (int)s->cpu == cpu))
			part.seen[part.nr_seen++] = s;
	}
	return part;
}

/*
 * Arguments that perf has no field for, or does not know, are not compared. An int that the
 * tracepoint stores as unsigned may be negative.
 */
static inline bool comparison_same(const struct comparison *c, const struct stream_event *e, const struct perf_seen *s,
				   int *arg)
{
	const struct stream_type *type = &c->r.stream.types[0][e->type];

	for (*arg = 0; *arg < type->nargs; ++*arg) {
		const struct perf_field *field = &c->perf.field[s->tracepoint][*arg];
		uint64_t value = s->value[*arg], recorded = e->arg[*arg].value;
		char text[sizeof(value) + 1] = "";

		if (!field->size || s->unknown & 1U << *arg)
			continue;
		if (type->kind[*arg] == EXPTRACE_KIND_STRING) {
			memcpy(text, &value, sizeof(value));
			if (strncmp(text, e->arg[*arg].string, sizeof(value)))
				return false;
		} else if (recorded != value && !(field->size == 4 && recorded == (uint64_t)(int32_t)value)) {
			return false;
		}
	}
	return e->pid < 0 || e->pid == s->tid;
}

/* Length of the common sequence if the first recorded event is number @first of those seen. */
static inline size_t comparison_length(const struct comparison *c, const struct comparison_part *part, size_t first,
				       int *arg)
{
	size_t i;

	for (i = 0; i < part->nr_recorded; i++)
		if (first + i >= part->nr_seen ||
		    !comparison_same(c, c->r.sorted[part->recorded[i]], part->seen[first + i], arg))
			break;
	return i;
}

/* Time of a recorded event in nanoseconds of CLOCK_MONOTONIC. */
static inline double comparison_time(const struct comparison *c, const struct stream_event *e)
{
	return stream_ns(&c->r.stream.generations[0], e->time);
}

/* Sum of the time differences if the first recorded event is number @first of those seen. */
static inline double comparison_distance(const struct comparison *c, const struct comparison_part *part, size_t first)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < part->nr_recorded; i++) {
		double apart = comparison_time(c, c->r.sorted[part->recorded[i]]) - part->seen[first + i]->time;

		sum += apart < 0 ? -apart : apart;
	}
	return sum;
}

/*
 * Find the position of the recorded events among those seen. Those seen from "begin" to "end" must
 * be included. Of several possible positions, use the one with the nearest times.
 */
static inline const char *comparison_place(struct comparison *c, const struct comparison_part *part, size_t begin,
					   size_t end)
{
	size_t first, i, longest = 0, place = SIZE_MAX;
	int arg = 0, longest_arg = 0;
	double nearest = 0;

	for (first = 0; first <= begin; first++) {
		size_t length = comparison_length(c, part, first, &arg);

		if (length >= longest) {
			longest = length;
			longest_arg = arg;
		}
		if (length < part->nr_recorded || first + length < end)
			continue;
		if (place == SIZE_MAX || comparison_distance(c, part, first) < nearest) {
			nearest = comparison_distance(c, part, first);
			place = first;
		}
	}
	if (place != SIZE_MAX) {
		for (i = 0; i < part->nr_recorded; i++)
			c->match[part->recorded[i]] = part->seen[place + i];
		return NULL;
	}
	snprintf(c->difference, sizeof(c->difference),
		 "%zu recorded, %zu seen, of which %zu to %zu must be recorded; at most %zu are the same (then argument %d)",
		 part->nr_recorded, part->nr_seen, begin, end, longest, longest_arg);
	return c->difference;
}

static inline const char *comparison_of(struct comparison *c, int type, int tracepoint, pid_t pid, int cpu)
{
	struct comparison_part part = comparison_part(c, type, tracepoint, pid, cpu);
	size_t begin = 0, end = part.nr_seen;
	const char *difference;

	/* A thread that lived only during the recording has no edges. */
	if (!pid) {
		while (begin < part.nr_seen && part.seen[begin]->time < c->from)
			begin++;
		while (end > begin && part.seen[end - 1]->time > c->to)
			end--;
		begin = begin + COMPARE_EDGE < part.nr_seen ? begin + COMPARE_EDGE : part.nr_seen;
		end = end > COMPARE_EDGE ? end - COMPARE_EDGE : 0;
	}
	difference = comparison_place(c, &part, begin, end);
	free(part.recorded);
	free(part.seen);
	return difference;
}

/*
 * For the child, the events of a type are exactly those that perf saw at this tracepoint: NULL, or
 * the difference.
 */
static inline const char *differs_in_child(struct comparison *c, int type, int tracepoint)
{
	return comparison_of(c, type, tracepoint, c->pid, -1);
}

/* Likewise for every CPU. */
static inline const char *differs_on_cpus(struct comparison *c, int type, int tracepoint)
{
	const char *difference = NULL;
	int cpu;

	for (cpu = 0; !difference && cpu < PERF_CPUS; cpu++)
		difference = comparison_of(c, type, tracepoint, 0, cpu);
	return difference;
}

/*
 * Check that what begins in a context ends there, with the same first argument, before the next
 * begins: the number of pairs, or -1. The tracepoints are attached one after the other, so the
 * first ends may be missing.
 */
static inline int count_pairs(const struct recording *r, int entry, int exit)
{
	const struct stream_event *running[4 * STREAM_CPUS] = {};
	bool ended[4 * STREAM_CPUS] = {};
	int pairs = 0;
	size_t i;

	for (i = 0; i < r->nr; i++) {
		const struct stream_event *e = r->sorted[i];

		if (e->type == entry) {
			if (running[e->m] && ended[e->m])
				return -1;
			running[e->m] = e;
		} else if (e->type == exit) {
			if (running[e->m] && running[e->m]->arg[0].value != e->arg[0].value)
				return -1;
			pairs += !!running[e->m];
			running[e->m] = NULL;
			ended[e->m] = true;
		}
	}
	return pairs;
}

#define EXPECT_SAME(differs)				\
	do {						\
		const char *_difference = differs;	\
							\
		EXPECT_EQ(NULL, _difference) {		\
			TH_LOG("%s", _difference);	\
		}					\
	} while (0)

#endif
