/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings in flight mode, and work that fills their pool. */
#ifndef EXPTRACE_SELFTEST_FLIGHT_H
#define EXPTRACE_SELFTEST_FLIGHT_H

#include "recording.h"

#define ROUNDS		3000
#define STORM		5000

#define SYSFS		"/sys/class/misc/exptrace/"

static inline int start_flight(int fd, uint64_t pool_size)
{
	struct exptrace_start args = start_small();

	args.mode = EXPTRACE_MODE_FLIGHT;
	args.pool_size = pool_size;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

/* Each round allocates and frees some ten slab objects. */
static inline void alloc_storm(unsigned int rounds)
{
	int pipes[2];

	while (rounds--) {
		if (pipe(pipes))
			return;
		close(pipes[0]);
		close(pipes[1]);
	}
}

/* Work until @nr more generations are evicted; how much work that takes depends on the kernel. */
static inline bool storm_until_evicted(int fd, unsigned int nr)
{
	uint64_t goal = device_info(fd).evicted_generations + nr;

	return WAIT_FOR((alloc_storm(STORM / 10), device_advance(fd) > 0 && device_info(fd).evicted_generations >= goal));
}

/* Events lost in generations after @last. */
static inline uint64_t lost_after(const struct stream *stream, uint64_t last, int experiment, int reason)
{
	uint64_t sum = 0;
	size_t g;
	int cpu;

	for (g = 0; g < stream->nr_generations; g++)
		for (cpu = 0; stream->generations[g].number > last && cpu < STREAM_CPUS; cpu++)
			sum += stream->generations[g].count[experiment][cpu].lost[reason];
	return sum;
}

static inline uint64_t decoded_of(const struct stream_generation *g, int experiment)
{
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < STREAM_CPUS; cpu++)
		sum += g->count[experiment][cpu].decoded;
	return sum;
}

/* Read and parse everything. */
static inline void read_all(struct __test_metadata *_metadata, FIXTURE_DATA(module) *self, struct stream *stream)
{
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, drain_and_parse(self->reader, stream)) {
		TH_LOG("%s", stream->error);
	}
}

#endif
