// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times are right while CLOCK_MONOTONIC runs faster or slower: a program reads it before and after
 * each marker that it writes. And when CLOCK_REALTIME is set, a Sync reports it.
 */
#include <sys/timex.h>

#include "clocks.h"

#define MOST_MARKERS	4000
/*
 * Number and distance of the markers per rate. A straight line between the ends of the generation
 * would be wrong by milliseconds.
 */
#define MARKERS		40
#define APART_US	4000

/*
 * The bound of docs/wire-format.md, plus the time to read both clocks for a Sync on an emulated
 * machine. The emulator itself reads other clocksources, in every update.
 */
#define BOUND_NS	(1000 + 1000)
#define OTHER_BOUND_NS	50000

#define CLOCKSOURCE	"/sys/devices/system/clocksource/clocksource0/current_clocksource"

struct bracket {
	uint64_t before, after;
};

static struct bracket brackets[MOST_MARKERS];
static int nr_brackets;

/* Set the clock's rate: @tick us instead of 10000, plus @ppm. */
static int set_rate(long tick, long ppm)
{
	struct timex t = { .modes = ADJ_TICK | ADJ_FREQUENCY, .tick = tick, .freq = ppm * 65536 };

	return adjtimex(&t) < 0 ? -errno : 0;
}

static int mark(int fd)
{
	struct bracket *b = &brackets[nr_brackets];
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nr_brackets);

	if (nr_brackets == MOST_MARKERS)
		return -ENOSPC;
	b->before = now_ns();
	if (write(fd, text, n) != n)
		return -errno;
	b->after = now_ns();
	nr_brackets++;
	return 0;
}

static int mark_for_a_while(int fd)
{
	int i, err = 0;

	for (i = 0; !err && i < MARKERS; i++) {
		err = mark(fd);
		usleep(APART_US);
	}
	return err;
}

static int mark_at_rate(int fd, long tick, long ppm)
{
	int err = set_rate(tick, ppm);

	return err ? err : mark_for_a_while(fd);
}

/* Distance of the worst marker from its bracket in nanoseconds; -1 if markers are missing. */
static int64_t worst_marker(const struct stream *stream)
{
	const struct stream_event *at = NULL;
	uint64_t worst = 0;
	int n = 0;
	size_t i;

	for (i = 0; i < stream->nr_events; i++) {
		const struct stream_event *e = &stream->events[i];
		const struct stream_generation *g;
		const struct bracket *b;
		uint64_t ns, off;

		if (e->experiment || e->type != EXPTRACE_EVENT_MARKER)
			continue;
		n++;
		g = generation_of(stream, e->generation);
		b = &brackets[atoi(e->arg[0].string)];
		ns = (uint64_t)(stream_ns(g, e->time) + 0.5);
		off = ns < b->before ? b->before - ns : ns > b->after ? ns - b->after : 0;
		if (off <= worst)
			continue;
		worst = off;
		at = e;
	}
	if (at)
		fprintf(stderr, "# generation %llu: marker %s is %llu ns off\n", (unsigned long long)at->generation,
			at->arg[0].string, (unsigned long long)worst);
	return n == nr_brackets ? (int64_t)worst : -1;
}

static void print_syncs(const struct stream *stream)
{
	size_t i;

	for (i = 0; i < stream->nr_generations; i++)
		fprintf(stderr, "# generation %llu has %u Syncs in %.3f s, and lacks %llu\n",
			(unsigned long long)stream->generations[i].number, stream->generations[i].nr_syncs,
			(stream->generations[i].close.mono - stream->generations[i].open.mono) / 1e9,
			(unsigned long long)stream->generations[i].missing_syncs);
}

static int clocksource_set(const char *name)
{
	int fd = open(CLOCKSOURCE, O_WRONLY), n = strlen(name), err;

	if (fd < 0)
		return -errno;
	err = write(fd, name, n) == n ? 0 : -errno;
	close(fd);
	return err;
}

static bool clocksource_is(const char *name)
{
	char text[32] = "";
	int fd = open(CLOCKSOURCE, O_RDONLY), n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && !strncmp(text, name, strlen(name));
}

TEST_F(module, times_are_right_while_the_clock_is_slewed)
{
	struct recording r = {};
	int err;

	ASSERT_EQ(0, record_only(self->control, "sched_process_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	err = mark_for_a_while(self->control) ?: mark_at_rate(self->control, 10800, 0) ?:
	      mark_at_rate(self->control, 9200, 0) ?: mark_at_rate(self->control, 10000, 500) ?:
	      mark_at_rate(self->control, 10000, -500) ?: mark_at_rate(self->control, 10000, 0);
	EXPECT_EQ(0, set_rate(10000, 0));
	ASSERT_EQ(0, err);
	STOP_AND_DECODE(&r);
	print_syncs(&r.stream);
	EXPECT_EQ(1, r.stream.nr_generations);
	if (!r.stream.generations[0].mono)
		EXPECT_LE(2 + 4, r.stream.generations[0].nr_syncs);
	EXPECT_LE(0, worst_marker(&r.stream));
	EXPECT_GE(BOUND_NS, worst_marker(&r.stream));
	recording_free(&r);
}

/* There are more rate changes than a generation can report, so generations end earlier. */
TEST_F(module, times_are_right_while_the_rate_changes_constantly)
{
	struct recording r = {};
	int i, err = 0;

	ASSERT_EQ(0, record_only(self->control, "sched_process_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	for (i = 0; !err && i < 40; i++) {
		err = set_rate(i % 2 ? 10800 : 9200, 0) ?: mark(self->control);
		usleep(20000);
		err = err ?: mark(self->control);
	}
	EXPECT_EQ(0, set_rate(10000, 0));
	ASSERT_EQ(0, err);
	STOP_AND_DECODE(&r);
	print_syncs(&r.stream);
	if (!r.stream.generations[0].mono)
		EXPECT_LT(1, r.stream.nr_generations);
	for (i = 0; i < (int)r.stream.nr_generations; i++)
		EXPECT_EQ(0, r.stream.generations[i].missing_syncs);
	EXPECT_LE(0, worst_marker(&r.stream));
	EXPECT_GE(BOUND_NS, worst_marker(&r.stream));
	recording_free(&r);
}

/* A full pool has no room for another generation. */
TEST_F(module, rate_changes_without_room_are_counted)
{
	struct exptrace_start args = start_small();
	struct exptrace_advance advance = {};
	const struct stream_generation *last;
	struct recording r = {};
	int i, err = 0;

	args.pool_size = 256 << 10;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	for (i = 0; i < 1000 && !err; i++) {
		ASSERT_LT(0, work_pingpong(500));
		err = device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance);
	}
	ASSERT_EQ(-ENOBUFS, err);
	for (err = 0, i = 0; !err && i < 50; i++) {
		err = set_rate(i % 2 ? 10800 : 9200, 0);
		usleep(5000);
	}
	EXPECT_EQ(0, set_rate(10000, 0));
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, recording_stop_lossy(&r, self->control)) {
		TH_LOG("%s", r.stream.error);
	}
	print_syncs(&r.stream);
	last = &r.stream.generations[r.stream.nr_generations - 1];
	if (last->mono)
		SKIP(goto out, "CLOCK_MONOTONIC is the clock: it has one rate by itself");
	EXPECT_EQ(STREAM_SYNCS, last->nr_syncs);
	EXPECT_LT(0, last->missing_syncs);
out:
	recording_free(&r);
}

TEST_F(module, times_are_right_when_the_clocksource_changes)
{
	struct recording r = {};
	int err;

	if (!clocksource_is("tsc"))
		SKIP(return, "the clocksource is not the TSC");
	if (clocksource_set("hpet") || !clocksource_is("hpet"))
		SKIP(return, "there is no other clocksource");
	ASSERT_EQ(0, clocksource_set("tsc"));
	ASSERT_EQ(0, record_only(self->control, "sched_process_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	err = mark_for_a_while(self->control) ?: clocksource_set("hpet") ?: mark_at_rate(self->control, 10800, 0) ?:
	      clocksource_set("tsc") ?: mark_for_a_while(self->control);
	EXPECT_EQ(0, set_rate(10000, 0));
	EXPECT_EQ(0, clocksource_set("tsc"));
	ASSERT_EQ(0, err);
	STOP_AND_DECODE(&r);
	print_syncs(&r.stream);
	EXPECT_FALSE(r.stream.generations[0].mono);
	EXPECT_LE(0, worst_marker(&r.stream));
	EXPECT_GE(OTHER_BOUND_NS, worst_marker(&r.stream));
	recording_free(&r);
}

/*
 * CLOCK_REALTIME minus CLOCK_MONOTONIC. The latter is read before and after the former; of several
 * attempts use the one with the shortest distance.
 */
static uint64_t wall_offset(void)
{
	uint64_t best = UINT64_MAX, offset = 0;
	int i;

	for (i = 0; i < 20; i++) {
		uint64_t before = now_ns(), after;
		struct timespec wall;

		clock_gettime(CLOCK_REALTIME, &wall);
		after = now_ns();
		if (after - before >= best)
			continue;
		best = after - before;
		offset = wall.tv_sec * 1000000000ULL + wall.tv_nsec - (before + best / 2);
	}
	return offset;
}

static bool is_about(uint64_t a, uint64_t b)
{
	return a - b + SLACK_NS <= 2 * SLACK_NS;
}

TEST_F(module, setting_the_wall_clock_is_recorded)
{
	uint64_t old = wall_offset(), before, after, set, wrong = 0, reported = 0;
	const struct stream_generation *g;
	struct recording r = {};
	struct timespec wall;
	unsigned int i;

	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, mark_time(self->control));
	usleep(20000);
	before = now_ns();
	clock_gettime(CLOCK_REALTIME, &wall);
	wall.tv_sec += 1000;
	ASSERT_EQ(0, clock_settime(CLOCK_REALTIME, &wall));
	after = now_ns();
	set = wall_offset();
	usleep(20000);
	STOP_AND_DECODE(&r);
	wall.tv_sec -= 1000;
	EXPECT_EQ(0, clock_settime(CLOCK_REALTIME, &wall));
	g = &r.stream.generations[0];
	EXPECT_TRUE(is_about(g->open.wall - g->open.mono, old));
	EXPECT_TRUE(is_about(g->close.wall - g->close.mono, set));
	for (i = 0; i < g->nr_syncs; i++) {
		const struct stream_sync *sync = &g->syncs[i];
		bool is_set = is_about(sync->wall - sync->mono, set);

		reported += is_set && sync->mono + BOUND_NS >= before && sync->mono <= after + BOUND_NS;
		wrong += !is_set && !is_about(sync->wall - sync->mono, old);
		wrong += is_set && sync->mono + BOUND_NS < before;
		wrong += !is_set && sync->mono > after + BOUND_NS;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LE(1, reported);
	recording_free(&r);
}

TEST_HARNESS_MAIN
