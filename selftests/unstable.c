// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the TSC becomes unstable during a recording, the generation ends and reports it; the next
 * one uses another clock. The TSC stays unstable until the next boot, so unstable.sh runs this
 * after all other tests.
 */
#include <sys/ioctl.h>

#include "clocks.h"

#define ROUNDS		200
#define MARKERS		5
/* Maximum delay between a marker's own time and its event on an emulated machine. */
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
 * Generations begin on demand only, so the first one ends because the clock is checked. Then each
 * generation uses its clock, in order, and reports what it should.
 */
TEST_F(module, unstable_TSC_is_noticed_and_recorded)
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
	/* In a VM the TSC is only declared unstable: its times are right. */
	EXPECT_TRUE(clock_is_even(&r.stream.generations[0]) && clock_is_even(g));
	EXPECT_EQ(2 * MARKERS, markers_are_in_time(&r.stream, LATE_NS));
	EXPECT_LE(2 * ROUNDS, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, before));
	EXPECT_LE(2 * ROUNDS, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, r.stream.generations[nr - 1].number));
out:
	recording_free(&r);
}

TEST_F(module, next_recording_uses_another_clock)
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
