// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is not recorded costs nothing: a test module counts the probes that exptrace has attached,
 * and there are none.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "recording.h"

#define MSEC		1000000ULL
#define ATTACHED	"/sys/module/exptrace_probes/parameters/attached"

/*
 * Probes of every recording: that of suspend, where only suspend passes (kmod/span/suspend.c), and
 * those for changes of threads, where only new threads, programs, names, exits and moves pass
 * (kmod/tables/changes.c).
 */
#define OF_RECORDING	(1 + 5)
/* Its own probe, and that of kmod/tasks/exec.c, which tells it what has been executed. */
#define OF_SYS_EXIT	2
/* Probes of the tracepoints that a condition needs; see filter/ and trigger/ in kmod. */
#define OF_DURATIONS	3
#define OF_LATENCY	3
#define OF_FOLLOWING	2

static int nr_attached(void)
{
	char text[32], *end;
	long nr = strtol(read_file(ATTACHED, text, sizeof(text)), &end, 10);

	return end == text ? -1 : (int)nr;
}

static int counter_remove(void)
{
	return syscall(SYS_delete_module, "exptrace_probes", 0) ? -errno : 0;
}

/* A failed test may have left it loaded. */
static int counter_load(void)
{
	counter_remove();
	return module_load_helper("exptrace_probes.ko", "");
}

static int filter_set(int fd, struct exptrace_filter filter)
{
	return device_ioctl(fd, EXPTRACE_IOC_SET_FILTER, &filter);
}

static int latency_set(int fd, uint64_t us)
{
	struct exptrace_trigger trigger = { .latency_us = us };

	return device_ioctl(fd, EXPTRACE_IOC_SET_TRIGGER, &trigger);
}

static int start(int fd)
{
	struct exptrace_start args = start_small();

	args.flags = EXPTRACE_START_DISCARD;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

static int stop(int fd)
{
	return device_ioctl(fd, EXPTRACE_IOC_STOP, NULL);
}

TEST_F(module, no_probe_is_attached_without_a_recording)
{
	int round;

	ASSERT_EQ(0, counter_load());
	ASSERT_EQ(0, record_only(self->control, "sched_switch", "sys_enter", "sys_exit", "kmalloc", NULL));
	EXPECT_EQ(0, nr_attached());
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, start(self->control));
		/* The counter does see probes, including those of system calls. */
		EXPECT_EQ(OF_RECORDING + 3 + OF_SYS_EXIT, nr_attached());
		ASSERT_EQ(0, stop(self->control));
		EXPECT_EQ(0, nr_attached());
	}
	EXPECT_EQ(0, counter_remove());
}

TEST_F(module, no_event_has_a_probe_with_all_events_off)
{
	ASSERT_EQ(0, counter_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, start(self->control));
	EXPECT_EQ(OF_RECORDING, nr_attached());
	ASSERT_EQ(0, event_set(self->control, "sched_switch", true));
	EXPECT_EQ(OF_RECORDING + 1, nr_attached());
	ASSERT_EQ(0, event_set(self->control, "sched_switch", false));
	EXPECT_EQ(OF_RECORDING, nr_attached());
	ASSERT_EQ(0, event_set(self->control, "sys_exit", true));
	EXPECT_EQ(OF_RECORDING + OF_SYS_EXIT, nr_attached());
	ASSERT_EQ(0, event_set(self->control, "sys_exit", false));
	EXPECT_EQ(OF_RECORDING, nr_attached());
	/* These conditions need no probe. */
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {
		.nr_cpu_words = 1, .cpus = (uintptr_t)&(uint64_t){ 1 }, .min_switch_ns = MSEC,
	}));
	EXPECT_EQ(OF_RECORDING, nr_attached());
	EXPECT_EQ(5, write(self->control, "hello", 5));
	EXPECT_EQ(OF_RECORDING, nr_attached());
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(0, counter_remove());
}

/* Such probes send every system call down the slow path. */
TEST_F(module, durations_attach_no_probe_without_a_recording)
{
	const struct exptrace_filter durations = { .min_syscall_ns = MSEC };

	ASSERT_EQ(0, counter_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, filter_set(self->control, durations));
	EXPECT_EQ(0, nr_attached());
	ASSERT_EQ(0, start(self->control));
	EXPECT_EQ(OF_RECORDING + OF_DURATIONS, nr_attached());
	/* Replace the filter, remove it, set one again. */
	ASSERT_EQ(0, filter_set(self->control, durations));
	EXPECT_EQ(OF_RECORDING + OF_DURATIONS, nr_attached());
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {}));
	EXPECT_EQ(OF_RECORDING, nr_attached());
	ASSERT_EQ(0, filter_set(self->control, durations));
	EXPECT_EQ(OF_RECORDING + OF_DURATIONS, nr_attached());
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(0, nr_attached());
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {}));
	EXPECT_EQ(0, nr_attached());
	EXPECT_EQ(0, counter_remove());
}

TEST_F(module, latency_attaches_no_probe_without_a_recording)
{
	ASSERT_EQ(0, counter_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, latency_set(self->control, 3000000000ULL));
	EXPECT_EQ(0, nr_attached());
	ASSERT_EQ(0, start(self->control));
	EXPECT_EQ(OF_RECORDING + OF_LATENCY, nr_attached());
	ASSERT_EQ(0, latency_set(self->control, 0));
	EXPECT_EQ(OF_RECORDING, nr_attached());
	ASSERT_EQ(0, latency_set(self->control, 3000000000ULL));
	EXPECT_EQ(OF_RECORDING + OF_LATENCY, nr_attached());
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(0, nr_attached());
	ASSERT_EQ(0, latency_set(self->control, 0));
	EXPECT_EQ(0, counter_remove());
}

/* A threshold set before the recording is in force during it. */
TEST_F(module, latency_is_watched_when_a_recording_starts)
{
	ASSERT_EQ(0, latency_set(self->control, 1));
	ASSERT_LT(0, work_pingpong(50));
	EXPECT_EQ(0, device_info(self->control).triggers);
	ASSERT_EQ(0, start(self->control));
	ASSERT_TRUE(WAIT_FOR((work_pingpong(10), device_info(self->control).triggers)));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, latency_set(self->control, 0));
}

/* The exception: children created before the recording starts must not be missed. */
TEST_F(module, following_keeps_its_probes_while_it_is_set)
{
	const struct exptrace_filter following = {
		.nr_processes = 1, .processes = (uintptr_t)&(uint32_t){ getpid() }, .flags = EXPTRACE_FILTER_CHILDREN,
	};

	ASSERT_EQ(0, counter_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, filter_set(self->control, following));
	EXPECT_EQ(OF_FOLLOWING, nr_attached());
	ASSERT_EQ(0, start(self->control));
	EXPECT_EQ(OF_RECORDING + OF_FOLLOWING, nr_attached());
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(OF_FOLLOWING, nr_attached());
	ASSERT_EQ(0, filter_set(self->control, (struct exptrace_filter) {}));
	EXPECT_EQ(0, nr_attached());
	EXPECT_EQ(0, counter_remove());
}

TEST_HARNESS_MAIN
