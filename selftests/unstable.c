// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TSC that becomes unstable while it is recorded ends the generation, which says so; the next one has another clock. It
 * stays unstable until the machine is booted again: unstable.sh runs this when no other test needs it any more.
 */
#include <sys/ioctl.h>

#include "clocks.h"

#define ROUNDS		200
#define MARKERS		5
/* What may come between a marker's own time and its event, on an emulated machine. */
#define LATE_NS		1000000000ULL

static const struct stream_generation *first_of(const struct stream *stream, bool mono)
{
	size_t i;

	for (i = 0; i < stream->nr_generations; i++)
		if (stream->generations[i].mono == mono)
			return &stream->generations[i];
	return NULL;
}

static int mark_times(int fd)
{
	int i, err = 0;

	for (i = 0; !err && i < MARKERS; i++)
		err = mark_time(fd);
	return err;
}

/*
 * With generations on demand only: what ends the first one is that the clock is looked at. Then each of them is to be that of
 * its clock, in order, and say what it is to say.
 */
TEST_F(module, TSC_that_becomes_unstable_is_noticed_and_told)
{
	struct recording r = {};
	const struct stream_generation *g;
	uint64_t before;
	size_t i, nr;

	ASSERT_EQ(0, record_only(self->control, "sched_switch", "sched_wakeup", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	before = device_info(self->control).generation;
	ASSERT_EQ(0, mark_times(self->control));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(-EAGAIN, module_load_helper("exptrace_unstable.ko", ""));
	ASSERT_TRUE(WAIT_FOR(device_info(self->control).generation > before));
	ASSERT_EQ(0, mark_times(self->control));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	STOP_AND_DECODE(&r);
	ASSERT_TRUE(stream_all_whole(&r.stream));
	nr = r.stream.nr_generations;
	if (r.stream.generations[0].mono)
		SKIP(goto out, "this machine's TSC was unstable before");
	EXPECT_TRUE(r.stream.generations[nr - 1].mono);
	g = first_of(&r.stream, true);
	ASSERT_NE(NULL, g);
	EXPECT_TRUE(g[-1].clock_unstable);
	EXPECT_TRUE(g->gap);
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(&r.stream.generations[i] >= g, r.stream.generations[i].mono);
		EXPECT_EQ(&r.stream.generations[i] == g - 1, r.stream.generations[i].clock_unstable);
	}
	/* In a VM it is but called so: its times are right. */
	EXPECT_TRUE(clock_is_even(&r.stream.generations[0]) && clock_is_even(g));
	EXPECT_EQ(2 * MARKERS, markers_are_in_time(&r.stream, LATE_NS));
	EXPECT_LE(2 * ROUNDS, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, before));
	EXPECT_LE(2 * ROUNDS, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, r.stream.generations[nr - 1].number));
out:
	recording_free(&r);
}

TEST_F(module, recording_that_starts_then_uses_another_clock)
{
	struct recording r = {};

	if (module_load_helper("exptrace_unstable.ko", "") != -EAGAIN)
		SKIP(return, "this kernel has no TSC");
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, mark_times(self->control));
	STOP_AND_DECODE(&r);
	EXPECT_TRUE(r.stream.generations[0].mono);
	EXPECT_FALSE(r.stream.generations[0].clock_unstable);
	EXPECT_EQ(MARKERS, markers_are_in_time(&r.stream, LATE_NS));
	recording_free(&r);
}

TEST_HARNESS_MAIN
